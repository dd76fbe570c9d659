internal import CLinux
public import EngineAPI
internal import Linux
internal import Synchronization

/// The log of one container while it is written: the current file, its rotation, and those who follow it.
public final class ContainerLog: Sendable {
    let location: LogLocation
    private let configuration: LogConfiguration
    private let attributes: [String: String]
    /// In the mode "non-blocking": what waits to be written.
    private let queue: LogQueue?

    private struct State: ~Copyable {
        var files: LogFiles
        var closed = false
        var generation: UInt64 = 0
        var followers: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextFollower: UInt64 = 0
        /// The last write failed.
        var isFailing = false
    }

    private let state: Mutex<State>
    private let report: @Sendable (String) -> Void

    /// Opens the log of a container whose record lies in `folder`, its file made when missing; nil for the driver
    /// "none". `report` is told, from any thread, when writing begins to fail.
    public init?(
        folder: String, configuration: LogConfiguration, subject: LogSubject,
        report: @escaping @Sendable (String) -> Void
    ) throws(EngineError) {
        guard let location = configuration.location(folder: folder, id: subject.id) else { return nil }
        self.location = location
        self.configuration = configuration
        self.report = report
        attributes = try configuration.attributes(of: subject)
        queue = try configuration.bufferSize.map { size throws(EngineError) in try LogQueue(limit: size) }
        do throws(SystemCallError) {
            if location.format == .local {
                try Files.makeDirectories(Files.parent(of: location.path), mode: 0o700)
            }
            state = Mutex(State(files: try LogFiles(location.path, configuration)))
        } catch {
            throw .failed(error.description)
        }
        queue?.start { [weak self] bytes, ends in self?.store(bytes, ends: ends) }
        // A daemon that ended before it had compressed a file left it to the next.
        if configuration.compresses { LogCompressor.start(self) }
    }

    deinit { queue?.close() }

    /// The writer of one of the container's streams.
    func writer(_ stream: LogStream) -> RecordWriter {
        RecordWriter(LogEncoding(location.format, stream, attributes: attributes))
    }

    /// Ends the log: followers read what is there and end. Nothing is written after it.
    public func close() {
        queue?.close()
        let waiting = state.withLock { state in
            state.closed = true
            state.files.close()
            return Self.takeFollowers(&state)
        }
        for follower in waiting { follower.resume() }
    }

    /// Appends whole records; `ends` are the lengths of `bytes` after each of them. Blocking, unless the log has a
    /// queue: what finds no room there is lost.
    func append(_ bytes: [UInt8], ends: [Int]) {
        if let queue { queue.offer(bytes, ends: ends) } else { store(bytes, ends: ends) }
    }

    private func store(_ bytes: [UInt8], ends: [Int]) {
        var rotated = false
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard !state.closed, !bytes.isEmpty else { return [] }
            let before = state.files.rotations
            do throws(SystemCallError) {
                try state.files.append(bytes, ends)
                state.isFailing = false
            } catch {
                // A full disk must not stop the container.
                if !state.isFailing { report("cannot write the log \(location.path): \(error.description)") }
                state.isFailing = true
            }
            rotated = state.files.rotations != before
            state.generation += 1
            return Self.takeFollowers(&state)
        }
        for follower in waiting { follower.resume() }
        if rotated && configuration.compresses { LogCompressor.start(self) }
    }

    private static func takeFollowers(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        let found = Array(state.followers.values)
        state.followers = [:]
        return found
    }

    /// Looks at the files while none of them is written or renamed. Short work only.
    func withFiles<Value: ~Copyable, Failure: Error>(
        _ body: (inout LogFiles) throws(Failure) -> sending Value
    ) throws(Failure) -> sending Value {
        try state.withLock { state throws(Failure) in try body(&state.files) }
    }

    // MARK: Following

    /// A number that grows with every write.
    var generation: UInt64 { state.withLock { $0.generation } }

    /// Waits until something was written after `generation`; false when nothing more will be, or the task is cancelled.
    func waitForMore(than generation: UInt64) async -> Bool {
        let ticket = state.withLock { state in
            state.nextFollower += 1
            return state.nextFollower
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state in
                    if state.generation != generation || state.closed || Task.isCancelled { return true }
                    state.followers[ticket] = continuation
                    return false
                }
                if now { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.followers.removeValue(forKey: ticket) }?.resume()
        }
        return state.withLock { $0.generation != generation } && !Task.isCancelled
    }
}
