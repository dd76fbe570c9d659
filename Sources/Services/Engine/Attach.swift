internal import ContainerLogs
public import EngineAPI
internal import GRPC
internal import OCIRuntime

/// A client's end of a connection that carries raw bytes both ways.
public protocol AttachConnection: Sendable {
    /// The next bytes from the client; nil when it sends no more.
    func read() async throws -> [UInt8]?
    func write(_ bytes: [UInt8]) async throws
}

/// Which streams a client wants (`POST /containers/{id}/attach`).
public struct AttachRequest: Sendable {
    public var input = false
    public var output = false
    public var error = false
    /// What the process has written so far comes first.
    public var logs = false
    /// What it writes from now on follows.
    public var stream = false
    /// "ctrl-p,ctrl-q"; empty for the usual ones.
    public var detachKeys = ""
    /// Whether the streams of a process without a terminal are told apart by frames.
    public var multiplexes = true

    public init() {}
}

/// An attachment that has been checked; `run` carries it.
public struct Attachment: Sendable {
    let container: Container
    let engine: Engine
    let request: AttachRequest
    let keys: DetachKeys
    /// A terminal's output is one stream without frames.
    public let hasTerminal: Bool

    private var isFramed: Bool { request.multiplexes && !hasTerminal }

    /// Carries bytes until the process ends, the client goes, or detaches.
    public func run(_ connection: any AttachConnection) async {
        var streams: Set<LogStream> = []
        if request.output { streams.insert(.stdout) }
        if request.error && !hasTerminal { streams.insert(.stderr) }
        // Listening begins before the log is read, so that nothing is missed between the two.
        let listening = request.stream ? container.hub.listen(streams, isFramed: isFramed) : nil
        if request.logs { await writeLogs(connection) }
        guard let listening else { return }
        let record = container.record
        engine.publish("attach", record)
        let session = StreamSession(
            connection: connection, hub: container.hub, listening: listening,
            keys: hasTerminal ? keys : .none, forwardsInput: request.input && record.config.openStdin)
        let outcome = await session.run(
            closesInput: record.config.stdinOnce && !hasTerminal,
            closeInput: { [engine, id = container.id] in await engine.closeInput(id, exec: "") })
        if outcome == .detached { engine.publish("detach", container.record) }
    }

    private func writeLogs(_ connection: any AttachConnection) async {
        var query = LogQuery()
        query.stdout = request.output
        query.stderr = request.error
        query.multiplexed = isFramed
        guard let location = engine.logLocation(container.record) else { return }
        let reader = LogReader(location, query: query)
        // A client that goes away while it reads is served no further.
        try? await reader.read(live: nil) { bytes in try await connection.write(bytes) }
    }
}

extension DetachKeys {
    /// A client's words for them, with upstream's answer to what names no keys.
    init(checking text: String) throws(EngineError) {
        guard let keys = DetachKeys(text) else { throw .invalid("Invalid detach keys (\(text)) provided") }
        self = keys
    }
}

extension Engine {
    /// Checks a client's wish to attach.
    public func attach(_ reference: String, _ request: AttachRequest) throws(EngineError) -> Attachment {
        let container = try find(reference)
        let keys = try DetachKeys(checking: request.detachKeys)
        let record = container.record
        if record.life.phase == .paused {
            throw .conflict("container \(record.id) is paused, unpause the container before attach")
        }
        if record.life.phase == .restarting {
            throw .conflict("container \(record.id) is restarting, wait until the container is running")
        }
        return Attachment(
            container: container, engine: self, request: request, keys: keys, hasTerminal: record.config.tty)
    }

    /// Tells the shim, which holds the fifo open for writing, too.
    func closeInput(_ id: String, exec: String) async {
        do throws(GRPCStatus) {
            try await containerd.tasks.closeIO(id, exec: exec)
        } catch {
            if error.code != .notFound && error.code != .failedPrecondition {
                configuration.report("container \(id): cannot close its input: \(error.containerdText)")
            }
        }
    }

    /// Runs an exec with a client attached; returns when it has ended or the client has gone.
    public func runExec(
        _ id: String, consoleSize: (height: Int, width: Int)?, _ connection: any AttachConnection
    ) async throws(EngineError) {
        let exec = try findExec(id)
        let config = exec.config
        var streams: Set<LogStream> = []
        if config.attachStdout { streams.insert(.stdout) }
        if config.attachStderr && !config.tty { streams.insert(.stderr) }
        let listening = exec.hub.listen(streams, isFramed: !config.tty)
        do throws(EngineError) {
            try await startExec(exec, consoleSize.map { Spec.ConsoleSize(height: $0.height, width: $0.width) })
        } catch {
            exec.hub.unlisten(listening.id)
            throw error
        }
        let session = StreamSession(
            connection: connection, hub: exec.hub, listening: listening,
            keys: config.tty ? exec.detachKeys : .none, forwardsInput: config.attachStdin)
        let outcome = await session.run(
            closesInput: true,
            closeInput: { [self] in await closeInput(exec.containerID, exec: id) })
        if outcome == .detached {
            if let container = registry.withLock({ $0.entries[exec.containerID] }) {
                publish("exec_detach: " + (config.cmd ?? []).joined(separator: " "), container.record, ["execID": id])
            }
            return
        }
        // The client asks for the exit status as soon as the streams end: it must be there.
        if outcome == .ended { _ = await exec.wait() }
    }

    /// Starts an exec that nobody is attached to.
    public func startExecDetached(
        _ id: String, consoleSize: (height: Int, width: Int)?
    ) async throws(EngineError) {
        let exec = try findExec(id)
        try await startExec(exec, consoleSize.map { Spec.ConsoleSize(height: $0.height, width: $0.width) })
    }
}
