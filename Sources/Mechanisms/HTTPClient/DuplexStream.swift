internal import CLinux
internal import Linux

/// A connection that carries bytes both ways. What is written is queued and goes out as the peer takes it, so that one
/// poll loop can serve a stream and a terminal without either waiting for the other.
public class DuplexStream {
    /// For poll(2): readable when bytes or the end have come.
    public let descriptor: Int32
    /// Bytes that wait to be sent.
    public var pending: Int { 0 }

    init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit { _ = CLinux.close(descriptor) }

    /// What has come, without waiting: nil when nothing has, empty at the end.
    public func receive() throws(HTTPFailure) -> [UInt8]? { nil }

    /// Adds bytes to what waits to be sent, and sends what goes without waiting.
    public func queue(_ bytes: [UInt8]) throws(HTTPFailure) {}

    /// Sends what goes without waiting.
    public func flush() throws(HTTPFailure) {}

    /// Tells the peer that no more will be sent; what waits is sent first. Reading goes on.
    public func finishWriting() throws(HTTPFailure) {}

    /// Waits for bytes; empty at the end.
    public func read() throws(HTTPFailure) -> [UInt8] {
        while true {
            if let bytes = try receive() { return bytes }
            try wait(Int16(POLLIN) | (pending > 0 ? Int16(POLLOUT) : 0))
            if pending > 0 { try flush() }
        }
    }

    /// Sends bytes, waiting as long as the peer needs.
    public func write(_ bytes: [UInt8]) throws(HTTPFailure) {
        try queue(bytes)
        while pending > 0 {
            try wait(Int16(POLLOUT))
            try flush()
        }
    }

    func wait(_ events: Int16) throws(HTTPFailure) {
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        do throws(SystemCallError) {
            try checked("poll") { poll(&entry, 1, -1) }
        } catch {
            throw HTTPFailure(.transport, error.reason)
        }
    }
}

/// Why a request failed below HTTP.
public struct HTTPFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Kind: Equatable, Sendable {
        /// Nobody answers at the address (errno).
        case connect(Int32)
        /// The connection broke.
        case transport
        /// The peer does not speak HTTP, or TLS could not be agreed on.
        case format
    }

    public let kind: Kind
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}

/// A socket without encryption.
final class PlainStream: DuplexStream {
    private var outgoing: [UInt8] = []
    private var sent = 0
    private var buffer = [UInt8](repeating: 0, count: 65536)
    /// Asked, when the end comes before any byte, why that is.
    var emptyEnd: (() -> String?)?

    override var pending: Int { outgoing.count - sent }

    override func receive() throws(HTTPFailure) -> [UInt8]? {
        while true {
            let count = buffer.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
            }
            if count == 0, let why = emptyEnd?() { throw HTTPFailure(.transport, why) }
            if count >= 0 {
                emptyEnd = nil
                return Array(buffer[0..<count])
            }
            let number = cl_errno()
            if number == EAGAIN { return nil }
            if number == EINTR { continue }
            throw HTTPFailure(.transport, emptyEnd?() ?? "read: " + errorText(number))
        }
    }

    override func queue(_ bytes: [UInt8]) throws(HTTPFailure) {
        if outgoing.isEmpty { outgoing = bytes } else { outgoing += bytes }
        try flush()
    }

    override func flush() throws(HTTPFailure) {
        while sent < outgoing.count {
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            let count = outgoing.withUnsafeBytes { bytes in
                send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, flags)
            }
            if count >= 0 {
                sent += count
                continue
            }
            let number = cl_errno()
            if number == EAGAIN { return }
            if number == EINTR { continue }
            outgoing = []
            sent = 0
            throw HTTPFailure(.transport, emptyEnd?() ?? "write: " + errorText(number))
        }
        outgoing = []
        sent = 0
    }

    override func finishWriting() throws(HTTPFailure) {
        while pending > 0 {
            try wait(Int16(POLLOUT))
            try flush()
        }
        // A peer that is gone needs no telling.
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }
}
