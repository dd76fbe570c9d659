internal import ContainerLogs
internal import Synchronization

/// Everyone who listens to a process, before it runs, while it runs and until it has ended.
final class StreamHub: Sendable {
    private struct Line {
        var queues: [Int: OutputQueue] = [:]
        var next = 0
        var run: ProcessStreams?
        var takesInput = false
        var inputWaiters: [CheckedContinuation<StandardInput?, Never>] = []
    }

    private let line = Mutex(Line())

    init() {}

    /// A new listener, from now on until the end of the run that is, or is to come.
    func listen(_ streams: Set<LogStream>, isFramed: Bool) -> (id: Int, queue: OutputQueue) {
        let queue = OutputQueue(streams: streams, isFramed: isFramed) { [weak self] in self?.resume() }
        let id = line.withLock { line -> Int in
            line.next += 1
            line.queues[line.next] = queue
            return line.next
        }
        return (id, queue)
    }

    func unlisten(_ id: Int) {
        let queue = line.withLock { $0.queues.removeValue(forKey: id) }
        queue?.end()
        resume()
    }

    private func resume() { if hasRoom { line.withLock { $0.run }?.resume() } }

    var hasRoom: Bool { line.withLock { $0.queues.values.allSatisfy(\.hasRoom) } }

    /// False when a listener has no room.
    func deliver(_ bytes: UnsafeRawBufferPointer, _ stream: LogStream) -> Bool {
        let queues = line.withLock { Array($0.queues.values) }
        if queues.isEmpty { return true }
        if bytes.isEmpty { return queues.allSatisfy(\.hasRoom) }
        var hasRoom = true
        for queue in queues where !queue.push(bytes, stream) { hasRoom = false }
        return hasRoom
    }

    /// A run has its streams.
    func begin(_ run: ProcessStreams) { line.withLock { $0.run = run } }

    /// The shim holds the other ends: what is written to the standard input, and its end, will reach the process.
    func startInput(_ run: ProcessStreams) {
        let waiting = line.withLock { line -> [CheckedContinuation<StandardInput?, Never>] in
            guard line.run === run else { return [] }
            line.takesInput = true
            defer { line.inputWaiters = [] }
            return line.inputWaiters
        }
        for continuation in waiting { continuation.resume(returning: run.input) }
    }

    /// The run is over; nil: there was none (a start that failed).
    func end(_ run: ProcessStreams?) {
        let found = line.withLock { line -> Line? in
            if let run, line.run !== run { return nil }
            let found = line
            line.queues = [:]
            line.run = nil
            line.takesInput = false
            line.inputWaiters = []
            return found
        }
        guard let found else { return }
        for queue in found.queues.values { queue.end() }
        for continuation in found.inputWaiters { continuation.resume(returning: nil) }
    }

    /// The standard input of the run that is; nil when there is none.
    var presentInput: StandardInput? { line.withLock { $0.takesInput ? $0.run : nil }?.input }

    /// The standard input of the run that is, or is to come; nil when it has none.
    func input() async -> StandardInput? {
        await withCheckedContinuation { continuation in
            let run = line.withLock { line -> ProcessStreams? in
                if line.takesInput { return line.run }
                line.inputWaiters.append(continuation)
                return nil
            }
            if let run { continuation.resume(returning: run.input) }
        }
    }
}
