public import ContainerLogs
internal import Synchronization

/// What an attached client still has to get of a process's output.
final class OutputQueue: Sendable {
    private struct Line {
        var bytes: [UInt8] = []
        var isEnded = false
        var waiting: CheckedContinuation<[UInt8]?, Never>?

        mutating func takeAll() -> [UInt8] {
            defer { bytes = [] }
            return bytes
        }
    }

    /// Bytes held for a slow client before the process is held back.
    private static let most = 1 << 19

    private let line = Mutex(Line())
    private let streams: Set<LogStream>
    private let isFramed: Bool
    private let whenDrained: @Sendable () -> Void

    /// `isFramed`: each piece of output is told to be of one stream or the other. `whenDrained` is called when there is
    /// room again after `push` has answered false.
    init(streams: Set<LogStream>, isFramed: Bool, whenDrained: @escaping @Sendable () -> Void) {
        self.streams = streams
        self.isFramed = isFramed
        self.whenDrained = whenDrained
    }

    /// False when the client has too much waiting: hold the process back.
    func push(_ bytes: UnsafeRawBufferPointer, _ stream: LogStream) -> Bool {
        guard streams.contains(stream) else { return true }
        let (waiting, all, hasRoom) = line.withLock { line -> (CheckedContinuation<[UInt8]?, Never>?, [UInt8], Bool) in
            if line.isEnded { return (nil, [], true) }
            if isFramed { line.bytes += frameHead(bytes.count, stream) }
            line.bytes.append(contentsOf: bytes)
            guard let waiting = line.waiting else { return (nil, [], line.bytes.count < OutputQueue.most) }
            line.waiting = nil
            return (waiting, line.takeAll(), true)
        }
        waiting?.resume(returning: all)
        return hasRoom
    }

    var hasRoom: Bool { line.withLock { $0.isEnded || $0.bytes.count < OutputQueue.most } }

    /// No more will come.
    func end() {
        let waiting = line.withLock { line -> CheckedContinuation<[UInt8]?, Never>? in
            line.isEnded = true
            defer { line.waiting = nil }
            return line.waiting
        }
        waiting?.resume(returning: nil)
    }

    /// All that waits; nil at the end. One reader at a time.
    func next() async -> [UInt8]? {
        var drained = false
        let bytes: [UInt8]? = await withCheckedContinuation { continuation in
            enum Outcome { case now([UInt8]?), later }
            let outcome = line.withLock { line -> Outcome in
                if !line.bytes.isEmpty {
                    drained = line.bytes.count >= OutputQueue.most
                    return .now(line.takeAll())
                }
                if line.isEnded { return .now(nil) }
                line.waiting = continuation
                return .later
            }
            if case .now(let bytes) = outcome { continuation.resume(returning: bytes) }
        }
        if drained { whenDrained() }
        return bytes
    }
}

/// A frame, of which many share one connection: a byte for the stream, three zeros, the length, the bytes.
public func multiplexed(_ bytes: [UInt8], _ stream: LogStream) -> [UInt8] { frameHead(bytes.count, stream) + bytes }

private func frameHead(_ length: Int, _ stream: LogStream) -> [UInt8] {
    let count = UInt32(length)
    return [
        stream.rawValue, 0, 0, 0, UInt8(count >> 24), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255),
        UInt8(count & 255),
    ]
}
