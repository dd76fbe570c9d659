internal import CLinux
internal import ContainerdAPI
internal import GRPC
internal import JSON
internal import Linux
internal import Synchronization
internal import Workers

/// What the programs beside the daemon say of themselves. Asked once.
struct ProgramVersions: Sendable {
    var containerdVersion = "N/A"
    var containerdCommit = "N/A"
    var runcVersion = "N/A"
    var runcCommit = "N/A"
    var initVersion = "N/A"
    var initCommit = "N/A"
    /// `runc features`, compact JSON; empty when the runtime does not tell.
    var features = ""

    fileprivate static let kept = Mutex<ProgramVersions?>(nil)
}

extension Engine {
    func programVersions() async -> ProgramVersions {
        if let kept = ProgramVersions.kept.withLock({ $0 }) { return kept }
        var versions = ProgramVersions()
        var isWhole = true
        do throws(GRPCStatus) {
            let found = try await containerd.with(timeout: .seconds(5)).version()
            versions.containerdVersion = found.version
            versions.containerdCommit = found.revision
        } catch {
            isWhole = false
        }
        let runc = configuration.runtimes[configuration.defaultRuntime] ?? "runc"
        let initPath = configuration.initPath
        let told = await Workers.shared.run { () -> (runc: String, features: String, initial: String) in
            (
                ProgramOutput.of(runc, ["--version"]), ProgramOutput.of(runc, ["features"]),
                ProgramOutput.of(initPath, ["--version"])
            )
        }
        for line in told.runc.split(separator: "\n") {
            let words = line.split(separator: " ").map { String($0) }
            if line.hasPrefix("runc version"), words.count > 2 { versions.runcVersion = words[2] }
            if line.hasPrefix("commit:"), words.count > 1 { versions.runcCommit = words[1] }
        }
        let words = told.initial.split(separator: "\n").first?.split(separator: " ").map { String($0) } ?? []
        if words.count > 2 { versions.initVersion = words[2] }
        versions.initCommit = words.count > 4 ? words[4] : ""
        versions.features = ProgramOutput.compact(told.features)
        if isWhole {
            let complete = versions
            ProgramVersions.kept.withLock { $0 = complete }
        }
        return versions
    }
}

/// What a small program prints.
enum ProgramOutput {
    /// Empty when it cannot be run: the program is not there, which is what "N/A" says.
    static func of(_ path: String, _ arguments: [String]) -> String {
        guard let ran = try? run(path, arguments), ran.status == 0 else { return "" }
        return ran.text
    }

    /// Runs it to its end; takes what it writes to descriptor 1, or to 2, and the status it ends with.
    static func run(
        _ path: String, _ arguments: [String], descriptor: Int = 1
    ) throws(SystemCallError) -> (text: String, status: Int32) {
        var ends: (Int32, Int32) = (-1, -1)
        try checked("pipe2") {
            withUnsafeMutablePointer(to: &ends) {
                $0.withMemoryRebound(to: Int32.self, capacity: 2) { cl_pipe2($0, O_CLOEXEC) }
            }
        }
        let reader = Descriptor(owning: ends.0)
        var spawn = Spawn(path, [path] + arguments)
        spawn.descriptors = [-1, -1, -1]
        spawn.descriptors[descriptor] = ends.1
        let pid: Int32
        do throws(SystemCallError) {
            pid = try spawn.start()
        } catch {
            close(ends.1)
            throw error
        }
        close(ends.1)
        let bytes = try reader.readAll()
        let status = try Linux.Process.wait(pid)
        return (String(decoding: bytes, as: UTF8.self), status.shellStatus)
    }

    /// JSON without white space; empty when it is none.
    static func compact(_ text: String) -> String { (try? JSON(parsing: text))?.text() ?? "" }
}
