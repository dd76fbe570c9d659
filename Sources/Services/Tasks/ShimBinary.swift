internal import CLinux
internal import ContainerdAPI
internal import GoText
internal import Linux
internal import Metadata
internal import Protobuf

/// How a shim is started: its program, and what it is told of containerd.
public struct ShimSettings: Sendable {
    /// containerd's own socket, which names this containerd to shims.
    public var address: String
    /// Where shims send events.
    public var eventsAddress: String
    public var debug: Bool

    public init(address: String, eventsAddress: String, debug: Bool) {
        self.address = address
        self.eventsAddress = eventsAddress
        self.debug = debug
    }
}

/// The program of a runtime's shims. All methods block.
struct ShimBinary: Sendable {
    let path: String
    let settings: ShimSettings

    /// The program of a runtime: a path, or a name as `io.containerd.runc.v2`, for `containerd-shim-runc-v2` on PATH or
    /// beside containerd itself.
    static func resolve(_ runtime: String) throws(ServiceError) -> String {
        if runtime.isEmpty { throw ServiceError(.unknown, "no runtime name: unknown") }
        if runtime.hasPrefix("/") {
            if Files.exists(runtime) { return runtime }
            throw ServiceError(
                .unknown, "invalid custom binary path: stat \(runtime): no such file or directory: unknown")
        }
        let parts = runtime.split(separator: ".", omittingEmptySubsequences: false)
        if runtime.contains("/") || parts.count < 2 {
            throw ServiceError(
                .unknown,
                "invalid runtime name \(runtime), correct runtime name should be either format like "
                    + "`io.containerd.runc.v1` or a full path to the binary: unknown")
        }
        let name = "containerd-shim-\(parts[parts.count - 2])-\(parts[parts.count - 1])"
        let search = (Process.environment("PATH") ?? "").split(separator: ":").map(String.init)
        for directory in search + [Files.parent(of: ownPath)] {
            let candidate = directory + "/" + name
            if access(candidate, X_OK) == 0 && !Files.isDirectory(candidate) { return candidate }
        }
        throw ServiceError(
            .unknown,
            "runtime \(goQuoted(runtime)) binary not installed \(goQuoted(name)): file does not exist: unknown")
    }

    /// This containerd's program, which shims run as `publish` when they cannot reach the events socket.
    static var ownPath: String {
        // Without /proc the name it was called by has to do.
        (try? Files.link("/proc/self/exe")) ?? Process.arguments.first ?? "containerd"
    }

    private func arguments(_ bundle: Bundle, _ action: [String]) -> [String] {
        var all = ["-namespace", bundle.namespace, "-address", settings.address, "-publish-binary", ShimBinary.ownPath]
        all += ["-id", bundle.id]
        return [path] + all + action
    }

    private var environment: [String] {
        // What the service manager told us is not for shims: a runtime would take its socket for the container's.
        let replaced = ["GOMAXPROCS=", "TTRPC_ADDRESS=", "NOTIFY_SOCKET="]
        return Process.environment.filter { entry in !replaced.contains { entry.hasPrefix($0) } }
            + ["GOMAXPROCS=2", "TTRPC_ADDRESS=" + settings.eventsAddress]
    }

    /// Starts the shim and answers the address it listens on.
    func start(_ bundle: Bundle, options: TypedBytes?) throws(ServiceError) -> String {
        var input: [UInt8] = []
        if let options { input = ProtobufAny(typeURL: options.type, value: options.bytes).protobuf() }
        var action = settings.debug ? ["-debug"] : []
        action.append("start")
        let run = try ShimRun(self, arguments(bundle, action), environment, bundle.path, input, joined: true)
        let text = String(decoding: run.output, as: UTF8.self)
        if run.status != .exited(0) {
            throw ServiceError(.unknown, "\(text): \(ShimBinary.words(run.status)): unknown")
        }
        guard let address = Bundle.address(in: text) else {
            throw ServiceError(.unknown, "shim printed no address: unknown")
        }
        return address
    }

    /// Has the shim's program remove what a dead shim left, and answers how the task ended.
    func delete(_ bundle: Bundle) throws(ServiceError) -> TaskAPI.DeleteResponse {
        var action = ["-bundle", bundle.path]
        if settings.debug { action.append("-debug") }
        action.append("delete")
        let run = try ShimRun(self, arguments(bundle, action), environment, bundle.path, [], joined: false)
        if run.status != .exited(0) {
            let words = String(decoding: run.errors, as: UTF8.self)
            throw ServiceError(.unknown, "\(words): \(ShimBinary.words(run.status)): unknown")
        }
        do throws(ProtobufError) {
            return try TaskAPI.DeleteResponse(protobuf: run.output)
        } catch {
            throw ServiceError(.unknown, "shim delete: \(error.description): unknown")
        }
    }

    private static func words(_ status: ExitStatus) -> String {
        switch status {
        case .exited(let code): "exit status \(code)"
        case .signaled(let signal): "signal: \(signal)"
        }
    }
}

/// One run of a shim's program to its end, with a limit in time.
private struct ShimRun {
    private(set) var output: [UInt8] = []
    private(set) var errors: [UInt8] = []
    private(set) var status = ExitStatus.exited(0)

    /// Seconds after which it is killed: it starts a process and makes a socket, or removes a container.
    private static let limit: Int32 = 30

    /// `joined`: standard error goes where standard output goes.
    init(
        _ binary: ShimBinary, _ arguments: [String], _ environment: [String], _ directory: String, _ input: [UInt8],
        joined: Bool
    ) throws(ServiceError) {
        do throws(SystemCallError) {
            try run(binary, arguments, environment, directory, input, joined)
        } catch {
            throw ServiceError(.unknown, "fork/\(error.description): unknown")
        }
    }

    private mutating func run(
        _ binary: ShimBinary, _ arguments: [String], _ environment: [String], _ directory: String, _ input: [UInt8],
        _ joined: Bool
    ) throws(SystemCallError) {
        let standardInput = try Pipe()
        let standardOutput = try Pipe()
        let standardError = try Pipe()
        var spawn = Spawn(binary.path, arguments, environment: environment)
        spawn.directory = directory
        spawn.newProcessGroup = true
        let errorsTo = joined ? standardOutput.writer.number : standardError.writer.number
        spawn.descriptors = [standardInput.reader.number, standardOutput.writer.number, errorsTo]
        let pid = try spawn.start()
        // The child has its own copies: its end must be ours to see.
        close(standardOutput.writer)
        close(standardError.writer)
        // A shim that does not read its options is no failure of ours; they fit into the pipe.
        try? standardInput.writer.writeAll(input)
        close(standardInput.writer)
        close(standardInput.reader)
        collect(standardOutput.reader.number, standardError.reader.number, killing: pid)
        status = try Process.wait(pid)
    }

    private mutating func collect(_ out: Int32, _ err: Int32, killing pid: Int32) {
        var open = [out, err]
        let end = time(nil) + Int(ShimRun.limit)
        var piece = [UInt8](repeating: 0, count: 4096)
        while !open.isEmpty {
            var polled = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let left = Int32(truncatingIfNeeded: end - time(nil))
            let count = left <= 0 ? 0 : poll(&polled, UInt(polled.count), left * 1000)
            if count == 0 {
                kill(pid, SIGKILL)
                return
            }
            for entry in polled where entry.revents != 0 {
                let got = read(entry.fd, &piece, piece.count)
                if got > 0 {
                    if entry.fd == out { output += piece[0..<got] } else { errors += piece[0..<got] }
                } else if got == 0 || cl_errno() != EINTR {
                    open.removeAll { $0 == entry.fd }
                }
            }
        }
    }
}

private func close(_ descriptor: consuming Descriptor) {}
