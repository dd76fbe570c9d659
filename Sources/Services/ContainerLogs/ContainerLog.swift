internal import CLinux
internal import EngineAPI
internal import Linux
internal import Synchronization

/// The json-file log of one container: the file being written, its rotation, and those who follow it.
public final class ContainerLog: Sendable {
    /// The current file; rotated ones have ".1", ".2", … after the name, the highest oldest.
    public let path: String
    public let configuration: LogConfiguration
    let attributes: [String: String]

    private struct State: ~Copyable {
        var file: Descriptor?
        var size = 0
        var closed = false
        var generation: UInt64 = 0
        var followers: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextFollower: UInt64 = 0
        var failure: SystemCallError?
    }

    private let state: Mutex<State>

    /// Opens the file, made when missing, to append to it.
    public init(path: String, configuration: LogConfiguration, subject: LogSubject) throws(LogError) {
        self.path = path
        self.configuration = configuration
        attributes = try configuration.attributes(of: subject)
        do throws(SystemCallError) {
            let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o640)
            var status = stat()
            fstat(file.number, &status)
            state = Mutex(State(file: file, size: status.st_size))
        } catch {
            throw LogError(error.description, status: 500)
        }
    }

    /// Ends the log: followers read what is there and end. Nothing is written after it.
    public func close() {
        let waiting = state.withLock { state in
            state.closed = true
            state.file = nil
            return Self.takeFollowers(&state)
        }
        for follower in waiting { follower.resume() }
    }

    /// Why the last write failed; nil when it did not.
    public var failure: String? { state.withLock { $0.failure?.description } }

    /// Appends whole records; `ends` are the lengths of `bytes` after each of them. Blocking.
    func append(_ bytes: [UInt8], ends: [Int]) {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard !state.closed, !bytes.isEmpty else { return [] }
            do throws(SystemCallError) {
                try write(bytes, ends, &state)
                state.failure = nil
            } catch {
                // A full disk must not stop the container; the daemon's log tells of it.
                state.failure = error
            }
            state.generation += 1
            return Self.takeFollowers(&state)
        }
        for follower in waiting { follower.resume() }
    }

    private func write(_ bytes: [UInt8], _ ends: [Int], _ state: inout State) throws(SystemCallError) {
        guard let most = configuration.maximumSize else { return try put(bytes[...], &state) }
        var start = 0
        var end = 0
        for next in ends {
            if state.size + end - start >= most {
                try put(bytes[start..<end], &state)
                start = end
                try rotate(&state)
            }
            end = next
        }
        try put(bytes[start..<end], &state)
    }

    private func put(_ bytes: ArraySlice<UInt8>, _ state: inout State) throws(SystemCallError) {
        guard !bytes.isEmpty else { return }
        if state.file == nil { state.file = try open(O_APPEND) }
        guard let number = state.file?.number else { return }
        var written = 0
        while written < bytes.count {
            written += try checked("write", path) {
                bytes.withUnsafeBytes {
                    CLinux.write(number, $0.baseAddress?.advanced(by: written), $0.count - written)
                }
            }
        }
        state.size += written
    }

    private func open(_ flags: Int32) throws(SystemCallError) -> Descriptor {
        try Descriptor.open(path, O_WRONLY | O_CREAT | flags, mode: 0o640)
    }

    private func rotate(_ state: inout State) throws(SystemCallError) {
        state.file = nil
        if configuration.maximumFiles > 1 {
            for number in stride(from: configuration.maximumFiles - 1, to: 1, by: -1) {
                rename("\(path).\(number - 1)", "\(path).\(number)")
            }
            rename(path, path + ".1")
        }
        state.file = try open(O_TRUNC | O_APPEND)
        state.size = 0
    }

    private static func takeFollowers(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        let found = Array(state.followers.values)
        state.followers = [:]
        return found
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
