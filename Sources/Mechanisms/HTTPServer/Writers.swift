internal import CLinux
internal import NIOCore
import Synchronization

/// Holds writers back while the channel has more to send than the peer takes.
final class WriteGate: Sendable {
    private struct State {
        var waiting: [CheckedContinuation<Void, Never>] = []
        var shut = false
    }

    private let state = Mutex(State())

    func open() { release { _ in } }
    func shut() { release { $0.shut = true } }

    private func release(_ change: (inout State) -> Void) {
        let waiting = state.withLock { state in
            change(&state)
            let waiting = state.waiting
            state.waiting = []
            return waiting
        }
        for writer in waiting { writer.resume() }
    }

    var isShut: Bool { state.withLock { $0.shut } }

    /// Waits until the channel takes more. It may have become writable meanwhile, so the loop is asked again.
    func pass(_ channel: any Channel) async throws(HTTPFailure) {
        while !channel.isWritable && channel.isActive && !isShut {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state -> Bool in
                    if state.shut { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if now { continuation.resume() } else { recheck(channel) }
            }
        }
        if isShut || !channel.isActive { throw HTTPFailure("connection closed") }
    }

    private func recheck(_ channel: any Channel) {
        channel.eventLoop.execute { if channel.isWritable || !channel.isActive { self.open() } }
    }
}

/// Does something once, whichever thread asks first.
final class Once: Sendable {
    private let done = Mutex(false)

    func first() -> Bool {
        done.withLock { done in
            defer { done = true }
            return !done
        }
    }
}

/// The body of a streamed answer.
public struct ResponseWriter: Sendable {
    let channel: any Channel
    let gate: WriteGate
    let chunked: Bool

    /// Sends bytes at once. Suspends while the client is slower than we are; throws when it has gone.
    public func write(_ bytes: [UInt8]) async throws(HTTPFailure) {
        if bytes.isEmpty { return }
        if Task.isCancelled { throw HTTPFailure("the request was cancelled") }
        var buffer = channel.allocator.buffer(capacity: bytes.count + 16)
        if chunked { buffer.writeString(String(bytes.count, radix: 16) + "\r\n") }
        buffer.writeBytes(bytes)
        if chunked { buffer.writeString("\r\n") }
        channel.writeAndFlush(buffer, promise: nil)
        try await gate.pass(channel)
    }
}

/// A connection that carries raw bytes both ways (attach, exec). The reader sees the end of the client's input; the
/// writer may go on after it.
public struct HijackedConnection: Sendable {
    let channel: any Channel
    let queue: ByteQueue
    let gate: WriteGate

    /// The next bytes from the client; nil when it will send no more.
    public func read() async throws(HTTPFailure) -> [UInt8]? { try await queue.next() }

    /// Sends bytes at once. Suspends while the client is slower than we are; throws when it has gone.
    public func write(_ bytes: [UInt8]) async throws(HTTPFailure) {
        if bytes.isEmpty { return }
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        try await gate.pass(channel)
    }

    /// Ends the connection once everything written has been sent.
    public func close() async {
        await withCheckedContinuation { continuation in
            closeWhenSent(channel) { continuation.resume() }
        }
    }
}

/// Closes a channel after its last byte: a close by itself throws away what the peer has not taken yet.
func closeWhenSent(_ channel: any Channel, then done: @escaping @Sendable () -> Void = {}) {
    // Writes are completed in order, and fail together when the peer goes.
    channel.writeAndFlush(ByteBuffer()).whenComplete { _ in
        channel.close(mode: .all).whenComplete { _ in done() }
    }
}

/// The Date header, made anew once a second.
enum HTTPDate {
    private static let last = Mutex<(second: Int, text: String)>((0, ""))
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func now() -> String {
        let second = time(nil)
        return last.withLock { last in
            if last.second != second { last = (second, format(second)) }
            return last.text
        }
    }

    private static func format(_ second: Int) -> String {
        var moment = second
        var parts = tm()
        gmtime_r(&moment, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0" + String(value) : String(value) }
        return days[Int(parts.tm_wday)] + ", " + two(parts.tm_mday) + " " + months[Int(parts.tm_mon)] + " "
            + String(parts.tm_year + 1900) + " " + two(parts.tm_hour) + ":" + two(parts.tm_min) + ":"
            + two(parts.tm_sec)
            + " GMT"
    }
}
