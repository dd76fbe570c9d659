public import ContainerLogs
internal import Synchronization

/// What an attached client still has to get of a process's output.
final class OutputQueue: Sendable {
    struct Piece: Sendable {
        let stream: LogStream
        let bytes: [UInt8]
    }

    private struct Line {
        var pieces: [Piece] = []
        var size = 0
        var isEnded = false
        var waiting: CheckedContinuation<Piece?, Never>?
    }

    /// Bytes held for a slow client before the process is held back.
    private static let most = 1 << 20

    private let line = Mutex(Line())
    private let streams: Set<LogStream>
    private let whenDrained: @Sendable () -> Void

    /// `whenDrained` is called when there is room again after `push` has answered false.
    init(streams: Set<LogStream>, whenDrained: @escaping @Sendable () -> Void) {
        self.streams = streams
        self.whenDrained = whenDrained
    }

    /// False when the client has too much waiting: hold the process back.
    func push(_ bytes: [UInt8], _ stream: LogStream) -> Bool {
        guard streams.contains(stream) else { return true }
        let piece = Piece(stream: stream, bytes: bytes)
        let (waiting, hasRoom) = line.withLock { line -> (CheckedContinuation<Piece?, Never>?, Bool) in
            if line.isEnded { return (nil, true) }
            if let waiting = line.waiting {
                line.waiting = nil
                return (waiting, true)
            }
            line.pieces.append(piece)
            line.size += bytes.count
            return (nil, line.size < OutputQueue.most)
        }
        waiting?.resume(returning: piece)
        return hasRoom
    }

    var hasRoom: Bool { line.withLock { $0.isEnded || $0.size < OutputQueue.most } }

    /// No more will come.
    func end() {
        let waiting = line.withLock { line -> CheckedContinuation<Piece?, Never>? in
            line.isEnded = true
            defer { line.waiting = nil }
            return line.waiting
        }
        waiting?.resume(returning: nil)
    }

    /// The next piece; nil at the end. One reader at a time.
    func next() async -> Piece? {
        var drained = false
        let piece: Piece? = await withCheckedContinuation { continuation in
            enum Outcome { case now(Piece?), later }
            let outcome = line.withLock { line -> Outcome in
                if !line.pieces.isEmpty {
                    let wasFull = line.size >= OutputQueue.most
                    let first = line.pieces.removeFirst()
                    line.size -= first.bytes.count
                    drained = wasFull && line.size < OutputQueue.most
                    return .now(first)
                }
                if line.isEnded { return .now(nil) }
                line.waiting = continuation
                return .later
            }
            if case .now(let piece) = outcome { continuation.resume(returning: piece) }
        }
        if drained { whenDrained() }
        return piece
    }
}

/// The frames in which two streams share one connection: a byte for the stream, three zeros, the length, the bytes.
public func multiplexed(_ bytes: [UInt8], _ stream: LogStream) -> [UInt8] {
    let count = UInt32(bytes.count)
    var frame: [UInt8] = [
        stream.rawValue, 0, 0, 0, UInt8(count >> 24), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255),
        UInt8(count & 255),
    ]
    frame.reserveCapacity(bytes.count + 8)
    frame += bytes
    return frame
}
