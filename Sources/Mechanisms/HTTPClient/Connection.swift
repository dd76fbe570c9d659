/// What is asked of a server.
public struct HTTPRequest {
    public enum Body {
        case none
        case bytes([UInt8])
        /// Pieces of unknown number, sent chunked; nil ends them.
        case stream(() throws(HTTPFailure) -> [UInt8]?)
        /// Pieces that a writer hands over one by one, sent chunked.
        case written((_ send: ([UInt8]) throws(HTTPFailure) -> Void) throws(HTTPFailure) -> Void)
    }

    public var method: String
    /// Path and query, as the request line has them.
    public var target: String
    public var headers: [(name: String, value: String)] = []
    public var body: Body = .none

    public init(_ method: String, _ target: String) {
        self.method = method
        self.target = target
    }
}

/// The first part of an answer.
public struct HTTPResponse {
    public let status: Int
    public let reason: String
    public let headers: [(name: String, value: String)]

    /// The value of a header, whatever the case of its name.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}

/// One HTTP/1.1 connection, used by one request at a time.
public final class HTTPConnection {
    public let stream: DuplexStream
    private let host: String
    /// The proxy at the other end, which is told the whole address of what is asked.
    public var proxy: Proxy?
    private var buffer: [UInt8] = []
    private var position = 0
    private var framing = Framing.none
    /// Whether another request may be sent: the last answer was read to its end and the peer keeps the connection.
    public private(set) var isReusable = true

    private enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
        case untilClose
    }

    /// `host` is what the Host header says.
    public init(_ stream: DuplexStream, host: String) {
        self.stream = stream
        self.host = host
    }

    // MARK: Requests

    /// Sends a request and reads the head of the answer.
    public func exchange(_ request: HTTPRequest) throws(HTTPFailure) -> HTTPResponse {
        isReusable = false
        let target = proxy == nil ? request.target : "http://" + host + request.target
        var head = request.method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n"
        if let proxy, !proxy.authorization.isEmpty {
            head += "Proxy-Authorization: " + proxy.authorization + "\r\n"
        }
        for header in request.headers { head += header.name + ": " + header.value + "\r\n" }
        switch request.body {
        case .none:
            if request.method != "GET" && request.method != "HEAD" { head += "Content-Length: 0\r\n" }
            try stream.write(Array((head + "\r\n").utf8))
        case .bytes(let bytes):
            head += "Content-Length: " + String(bytes.count) + "\r\n\r\n"
            try stream.write(Array(head.utf8) + bytes)
        case .written(let writer):
            head += "Transfer-Encoding: chunked\r\n\r\n"
            try stream.write(Array(head.utf8))
            try writer { (piece) throws(HTTPFailure) in
                if !piece.isEmpty { try sendChunk(piece) }
            }
            try stream.write(Array("0\r\n\r\n".utf8))
        case .stream(let next):
            head += "Transfer-Encoding: chunked\r\n\r\n"
            try stream.write(Array(head.utf8))
            try send(next)
        }
        return try readHead(for: request)
    }

    private func send(_ next: () throws(HTTPFailure) -> [UInt8]?) throws(HTTPFailure) {
        while let piece = try next() {
            if piece.isEmpty { continue }
            do throws(HTTPFailure) {
                try sendChunk(piece)
            } catch {
                // A server that answers early stops reading: its answer says why.
                return
            }
        }
        try stream.write(Array("0\r\n\r\n".utf8))
    }

    private func sendChunk(_ piece: [UInt8]) throws(HTTPFailure) {
        try stream.write(Array((String(piece.count, radix: 16) + "\r\n").utf8) + piece + [13, 10])
    }

    // MARK: Answers

    private func readHead(for request: HTTPRequest) throws(HTTPFailure) -> HTTPResponse {
        while true {
            let response = try parseHead()
            if response.status >= 100 && response.status < 200 && response.status != 101 { continue }
            framing = try framing(of: response, request)
            if framing == .none || framing == .length(0) { finish(response) }
            return response
        }
    }

    private func parseHead() throws(HTTPFailure) -> HTTPResponse {
        let line = try readLine()
        let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let status = Int(parts[1]) else {
            throw HTTPFailure(.format, "malformed HTTP response \"" + line + "\"")
        }
        var headers: [(name: String, value: String)] = []
        while true {
            let line = try readLine()
            if line.isEmpty { break }
            guard let colon = line.firstIndex(of: ":") else {
                throw HTTPFailure(.format, "malformed MIME header line: " + line)
            }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.append((String(line[..<colon]), String(value)))
        }
        return HTTPResponse(status: status, reason: parts.count > 2 ? String(parts[2]) : "", headers: headers)
    }

    private var closes = false

    private func framing(of response: HTTPResponse, _ request: HTTPRequest) throws(HTTPFailure) -> Framing {
        closes = response.header("Connection")?.lowercased() == "close"
        if response.status == 101 { return .untilClose }
        if request.method == "HEAD" || response.status == 204 || response.status == 304 { return .none }
        if response.header("Transfer-Encoding")?.lowercased() == "chunked" { return .chunked }
        if let text = response.header("Content-Length") {
            guard let length = Int(text), length >= 0 else {
                throw HTTPFailure(.format, "bad Content-Length \"" + text + "\"")
            }
            return .length(length)
        }
        return .untilClose
    }

    private func finish(_ response: HTTPResponse? = nil) {
        framing = .none
        isReusable = !closes
    }

    /// The next bytes of the body; empty at its end.
    public func readBody() throws(HTTPFailure) -> [UInt8] {
        switch framing {
        case .none: return []
        case .untilClose:
            let bytes = try take(Int.max)
            if bytes.isEmpty { framing = .none }
            return bytes
        case .length(let left):
            let bytes = try take(left)
            if bytes.isEmpty { throw HTTPFailure(.transport, "unexpected EOF") }
            framing = .length(left - bytes.count)
            if left == bytes.count { finish() }
            return bytes
        case .chunked: return try readChunk()
        }
    }

    private var chunkLeft = 0

    private func readChunk() throws(HTTPFailure) -> [UInt8] {
        if chunkLeft == 0 {
            let line = try readLine()
            let digits = line.prefix { $0 != ";" && $0 != " " }
            guard let size = Int(digits, radix: 16), size >= 0 else {
                throw HTTPFailure(.format, "invalid byte in chunk length")
            }
            if size == 0 {
                while !(try readLine()).isEmpty {}
                finish()
                return []
            }
            chunkLeft = size
        }
        let bytes = try take(chunkLeft)
        if bytes.isEmpty { throw HTTPFailure(.transport, "unexpected EOF") }
        chunkLeft -= bytes.count
        if chunkLeft == 0 { _ = try readLine() }
        return bytes
    }

    /// The bytes that came after the head of an answer that turned the connection into a raw stream.
    public func takeBuffered() -> [UInt8] {
        let bytes = Array(buffer[position...])
        buffer = []
        position = 0
        isReusable = false
        return bytes
    }

    // MARK: Bytes

    private func take(_ limit: Int) throws(HTTPFailure) -> [UInt8] {
        if position == buffer.count {
            buffer = try stream.read()
            position = 0
        }
        let end = limit < buffer.count - position ? position + limit : buffer.count
        let bytes = position == 0 && end == buffer.count ? buffer : Array(buffer[position..<end])
        position = end
        return bytes
    }

    private func readLine() throws(HTTPFailure) -> String {
        var line: [UInt8] = []
        while true {
            if position == buffer.count {
                buffer = try stream.read()
                position = 0
                if buffer.isEmpty { throw HTTPFailure(.transport, "EOF") }
            }
            let byte = buffer[position]
            position += 1
            if byte == 10 { break }
            line.append(byte)
            if line.count > 1 << 20 { throw HTTPFailure(.format, "header line too long") }
        }
        if line.last == 13 { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }
}
