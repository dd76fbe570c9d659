internal import CLinux
internal import ContainerdAPI
internal import JSON
internal import Linux

/// Why the OCI runtime did not do what it was asked.
struct RuntimeFailure: Error {
    /// As upstream's runtime library words it, with what the runtime printed.
    let message: String
}

/// The OCI runtime of one container, as a command line: runc, or whatever else the options name.
struct Runtime {
    static let defaultRoot = "/run/containerd/runc"

    let bundle: String
    let program: String
    let log: String
    private let global: [String]

    init(bundle: String, namespace: String, options: RuncOptions.Options) {
        self.bundle = bundle
        program = options.binaryName.isEmpty ? "runc" : options.binaryName
        log = bundle + "/log.json"
        let root = options.root.isEmpty ? Runtime.defaultRoot : options.root
        var global = ["--root", root + "/" + namespace, "--log", log, "--log-format", "json"]
        if options.systemdCgroup { global.append("--systemd-cgroup") }
        self.global = global
    }

    /// The whole command, which dies with the shim: what it left half made, `delete` clears away.
    func command(_ arguments: [String], descriptors: [Int32]) -> Spawn {
        var spawn = Spawn(program, [program] + global + arguments)
        spawn.descriptors = descriptors
        spawn.directory = bundle
        spawn.parentDeathSignal = SIGKILL
        return spawn
    }

    /// Whether a signal to the init process is all that the runtime's `kill` does.
    var killsPlainly: Bool {
        let name = Files.name(of: program)
        return name == "runc" || name == "crun"
    }

    /// `failure` in the words of the runtime's own log, where it wrote there.
    func explain(_ failure: RuntimeFailure, _ prefix: String) -> RuntimeFailure {
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try Files.read(log)
        } catch {
            return RuntimeFailure(
                message: prefix + ": unable to retrieve OCI runtime error (" + error.description + "): "
                    + failure.message)
        }
        guard let words = Runtime.lastError(in: bytes) else {
            return RuntimeFailure(message: prefix + ": " + failure.message)
        }
        return RuntimeFailure(message: prefix + ": " + words)
    }

    /// The message of the last line at level "error" of a log in JSON.
    static func lastError(in log: [UInt8]) -> String? {
        var found: String?
        for line in log.split(separator: 10) {
            // A line that is no JSON says nothing that could be shown.
            guard let entry = try? JSON(parsing: Array(line)), entry["level"]?.string == "error",
                let message = entry["msg"]?.string
            else { continue }
            found = trimmed(message)
        }
        return found
    }
}

/// Without the white space at both ends.
func trimmed(_ text: String) -> String {
    var bytes = Array(text.utf8)[...]
    while let byte = bytes.first, byte <= 32 { bytes = bytes.dropFirst() }
    while let byte = bytes.last, byte <= 32 { bytes = bytes.dropLast() }
    return String(decoding: bytes, as: UTF8.self)
}

/// Whether `text` has `part` in it, byte for byte.
func holds(_ text: String, _ part: String) -> Bool {
    let (all, wanted) = (Array(text.utf8), Array(part.utf8))
    guard all.count >= wanted.count else { return false }
    for start in 0...(all.count - wanted.count) where all[start..<start + wanted.count] == wanted[...] { return true }
    return false
}
