internal import CCrypto
internal import GoText

/// The frames of a WebSocket client (RFC 6455) out of bytes, as a value that does no I/O.
struct WebSocketFrames {
    enum Event: Equatable {
        /// A piece of a message: a stream of bytes has no use for where messages end.
        case data([UInt8])
        case ping([UInt8])
        case close([UInt8])
    }

    struct Malformed: Error, Equatable {}

    private enum Kind: UInt8 { case continuation = 0, text, binary, close = 8, ping, pong }

    private struct Frame {
        var kind: Kind
        var left: Int
        var mask: [UInt8]
        var position = 0
    }

    private var bytes: [UInt8] = []
    private var frame: Frame?

    mutating func append(_ more: [UInt8]) { bytes += more }

    /// The next event; nil when more bytes are needed.
    mutating func next() throws(Malformed) -> Event? {
        while true {
            if frame == nil, try !head() { return nil }
            guard var current = frame else { return nil }
            let isControl = current.kind.rawValue >= Kind.close.rawValue
            // A control frame is short and comes whole; data is passed on as it arrives.
            if isControl ? bytes.count < current.left : bytes.isEmpty && current.left > 0 { return nil }
            let payload = take(min(current.left, bytes.count), &current)
            frame = current.left == 0 ? nil : current
            switch current.kind {
            case .close: return .close(payload)
            case .ping: return .ping(payload)
            case .pong: continue
            case .continuation, .text, .binary: if !payload.isEmpty { return .data(payload) }
            }
        }
    }

    /// Reads the head of a frame; false when it is not whole yet. A client's frames are masked.
    private mutating func head() throws(Malformed) -> Bool {
        guard bytes.count >= 2 else { return false }
        guard bytes[0] & 0x70 == 0, bytes[1] & 0x80 != 0, let kind = Kind(rawValue: bytes[0] & 15) else {
            throw Malformed()
        }
        let short = Int(bytes[1] & 127)
        let extra = short == 126 ? 2 : short == 127 ? 8 : 0
        guard bytes.count >= 6 + extra else { return false }
        var length = extra == 0 ? short : 0
        for byte in bytes[2..<(2 + extra)] {
            guard length < 1 << 48 else { throw Malformed() }
            length = length << 8 | Int(byte)
        }
        if kind.rawValue >= Kind.close.rawValue && length > 125 { throw Malformed() }
        frame = Frame(kind: kind, left: length, mask: Array(bytes[(2 + extra)..<(6 + extra)]))
        bytes.removeFirst(6 + extra)
        return true
    }

    private mutating func take(_ count: Int, _ frame: inout Frame) -> [UInt8] {
        var payload = Array(bytes[..<count])
        for index in payload.indices { payload[index] ^= frame.mask[(frame.position + index) & 3] }
        bytes.removeFirst(count)
        frame.left -= count
        frame.position += count
        return payload
    }

    /// A whole message of the server's in one frame, unmasked. `code`: 2 for bytes, 8 to close, 10 for a pong.
    static func frame(_ code: UInt8, _ payload: [UInt8]) -> [UInt8] {
        var head: [UInt8] = [0x80 | code]
        switch payload.count {
        case ..<126: head.append(UInt8(payload.count))
        case ..<65536: head += [126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default: head += [127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        return head + payload
    }
}

/// A hijacked connection whose client speaks WebSocket: bytes both ways, in binary messages.
public actor WebSocket {
    private let connection: HijackedConnection
    private var frames = WebSocketFrames()
    private var isClosed = false

    init(_ connection: HijackedConnection) { self.connection = connection }

    /// The next bytes from the client; nil when its connection ends. One that closes wants no more either: that throws.
    public func read() async throws(HTTPFailure) -> [UInt8]? {
        while true {
            let event: WebSocketFrames.Event?
            do throws(WebSocketFrames.Malformed) { event = try frames.next() } catch {
                await close([3, 234])  // 1002, a protocol error
                throw HTTPFailure("malformed WebSocket frame")
            }
            switch event {
            case .data(let bytes): return bytes
            case .ping(let payload): try await connection.write(WebSocketFrames.frame(10, payload))
            case .close(let reason):
                await close(Array(reason.prefix(2)))
                throw HTTPFailure("the client closed its WebSocket")
            case nil:
                guard let more = try await connection.read() else { return nil }
                frames.append(more)
            }
        }
    }

    /// Sends bytes as one message.
    public nonisolated func write(_ bytes: [UInt8]) async throws(HTTPFailure) {
        if !bytes.isEmpty { try await connection.write(WebSocketFrames.frame(2, bytes)) }
    }

    /// Says that nothing more will be said.
    public func close() async { await close([3, 232]) }  // 1000, all is well

    private func close(_ reason: [UInt8]) async {
        if isClosed { return }
        isClosed = true
        // A client that has gone needs no farewell.
        try? await connection.write(WebSocketFrames.frame(8, reason))
    }
}

extension HTTPResponse {
    /// The change to the WebSocket protocol that a request asks for; nil when it does not ask properly.
    public static func webSocket(
        _ request: HTTPRequest, _ converse: @escaping @Sendable (WebSocket) async -> Void
    ) -> HTTPResponse? {
        guard request.wantsUpgrade, request.header("Upgrade")?.lowercased() == "websocket",
            request.header("Sec-WebSocket-Version") == "13", let key = request.header("Sec-WebSocket-Key"),
            !key.isEmpty
        else { return nil }
        let digest = SHA1.digest(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        let headers = [
            ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", Base64.encoded(digest)),
        ]
        return HTTPResponse(
            status: 101, headers: headers,
            body: .hijack { connection in
                let socket = WebSocket(connection)
                await converse(socket)
                await socket.close()
            })
    }
}

/// SHA-1, which the handshake of WebSocket asks for: no security rests on it.
enum SHA1 {
    static func digest(_ message: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        EVP_Digest(message, message.count, &digest, nil, EVP_sha1(), nil)
        return digest
    }
}
