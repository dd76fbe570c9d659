/// HTTP/1.1 requests out of bytes (RFC 9112), as a value that does no I/O. Bytes after a request stay in the parser
/// until asked for: a hijacked connection continues with them, which is why no pipelining decoder can stand here.
struct RequestParser {
    enum Event: Equatable {
        case head(Head)
        case body([UInt8])
        case end
    }

    struct Head: Equatable {
        var method: String
        var target: String
        var minorVersion: Int
        var headers: [Header]
        var hasBody: Bool
        var expectsContinue: Bool
        var keepsAlive: Bool
    }

    struct Header: Equatable {
        var name: String
        var value: String
    }

    /// Bytes that are no request this server takes; `words` are shown to the client behind the reason.
    struct Malformed: Error, Equatable {
        var status = 400
        var words = ""
    }

    private enum Phase: Equatable {
        case head, fixed(left: Int), chunkSize, chunk(left: Int), chunkEnd, trailer, done
    }

    private var phase = Phase.head
    private var bytes: [UInt8] = []
    private var start = 0
    /// The request has ended, and the event that says so is still to be given.
    private var pendingEnd = false
    private static let largestHead = 1 << 20

    /// Bytes received and not yet part of an event.
    var leftover: [UInt8] { Array(bytes[start...]) }

    mutating func append(_ more: [UInt8]) {
        if start == bytes.count {
            bytes = more
            start = 0
        } else {
            bytes += more
        }
    }

    /// Makes the parser ready for the next request on the connection.
    mutating func nextRequest() { phase = .head }

    /// The next event, or nil when more bytes are needed (or the request has ended).
    mutating func next() throws(Malformed) -> Event? {
        while true {
            switch phase {
            case .head: return try head()
            case .fixed(let left):
                guard let piece = take(atMost: left) else { return nil }
                phase = piece.count == left ? .done : .fixed(left: left - piece.count)
                pendingEnd = piece.count == left
                return .body(piece)
            case .chunkSize:
                guard let line = try line() else { return nil }
                guard let size = chunkSize(line) else {
                    throw Malformed(words: "invalid byte in chunk length")
                }
                phase = size == 0 ? .trailer : .chunk(left: size)
            case .chunk(let left):
                guard let piece = take(atMost: left) else { return nil }
                phase = piece.count == left ? .chunkEnd : .chunk(left: left - piece.count)
                return .body(piece)
            case .chunkEnd:
                guard let line = try line() else { return nil }
                guard line.isEmpty else { throw Malformed(words: "malformed chunked encoding") }
                phase = .chunkSize
            case .trailer:
                guard let line = try line() else { return nil }
                if line.isEmpty {
                    phase = .done
                    return .end
                }
            case .done:
                if pendingEnd {
                    pendingEnd = false
                    return .end
                }
                return nil
            }
        }
    }

    private mutating func take(atMost count: Int) -> [UInt8]? {
        let available = min(count, bytes.count - start)
        guard available > 0 else { return nil }
        if start == 0 && available == bytes.count {
            let all = bytes
            bytes = []
            return all
        }
        let piece = Array(bytes[start..<(start + available)])
        start += available
        return piece
    }

    /// A line without its end; nil when it is not whole yet.
    private mutating func line() throws(Malformed) -> ArraySlice<UInt8>? {
        guard let end = bytes[start...].firstIndex(of: 10) else {
            if bytes.count - start > 16384 { throw Malformed(words: "header line too long") }
            return nil
        }
        let line = bytes[start..<end]
        start = end + 1
        return line.last == 13 ? line.dropLast() : line
    }

    private func chunkSize(_ line: ArraySlice<UInt8>) -> Int? {
        var size = 0
        var digits = 0
        for byte in line {
            if byte == UInt8(ascii: ";") || byte == 32 { break }
            guard let value = hexValue(byte), digits < 15 else { return nil }
            size = size << 4 | Int(value)
            digits += 1
        }
        return digits > 0 ? size : nil
    }

    private mutating func head() throws(Malformed) -> Event? {
        while start < bytes.count, bytes[start] == 13 || bytes[start] == 10 { start += 1 }
        guard let end = endOfHead() else {
            if bytes.count - start > RequestParser.largestHead {
                throw Malformed(status: 431)
            }
            return nil
        }
        let lines = bytes[start..<end].split(separator: 10)
        start = end
        guard let first = lines.first else { throw Malformed() }
        let words = trimmed(first).split(separator: 32)
        guard words.count == 3, isToken(words[0]), isTarget(words[1]) else { throw Malformed() }
        let minor = try minorVersion(words[2])
        var headers: [Header] = []
        for line in lines.dropFirst() {
            let content = trimmed(line)
            if content.isEmpty { continue }
            guard let colon = content.firstIndex(of: 58), colon > content.startIndex else { throw Malformed() }
            guard isToken(content[..<colon]) else { throw Malformed(words: "invalid header name") }
            headers.append(
                Header(
                    name: String(decoding: content[..<colon], as: UTF8.self),
                    value: String(decoding: trimmed(content[(colon + 1)...]), as: UTF8.self)))
        }
        return .head(
            try framed(
                Head(
                    method: String(decoding: words[0], as: UTF8.self),
                    target: String(decoding: originForm(words[1]), as: UTF8.self),
                    minorVersion: minor, headers: headers, hasBody: false, expectsContinue: false,
                    keepsAlive: minor > 0)))
    }

    /// Reads the headers that frame the message, and decides what comes after the head. A request with both a length
    /// and chunks, or two lengths, is refused: two readers could disagree about where it ends (RFC 9112, 6.3).
    private mutating func framed(_ given: Head) throws(Malformed) -> Head {
        var head = given
        var length: Int?
        var chunked = false
        var hosts = 0
        for header in head.headers {
            switch header.name.lowercased() {
            case "content-length":
                guard let value = Int(header.value), value >= 0, length == nil || length == value,
                    header.value.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 })
                else { throw Malformed() }
                length = value
            case "transfer-encoding":
                guard header.value.lowercased() == "chunked" else {
                    throw Malformed(status: 501, words: "Unsupported transfer encoding")
                }
                chunked = true
            case "expect":
                guard header.value.lowercased() == "100-continue" else { throw Malformed(status: 417) }
                head.expectsContinue = true
            case "connection":
                let wishes = header.value.lowercased().split(whereSeparator: { $0 == "," || $0 == " " })
                if wishes.contains("close") { head.keepsAlive = false }
                if wishes.contains("keep-alive") { head.keepsAlive = true }
            case "host": hosts += 1
            default: break
            }
        }
        if chunked && length != nil { throw Malformed() }
        if hosts == 0 && head.minorVersion > 0 { throw Malformed(words: "missing required Host header") }
        if hosts > 1 { throw Malformed() }
        head.hasBody = chunked || (length ?? 0) > 0
        pendingEnd = !head.hasBody
        phase = chunked ? .chunkSize : (length ?? 0) > 0 ? .fixed(left: length ?? 0) : .done
        return head
    }

    /// The minor number of `HTTP/1.x`; other majors are a protocol that is not spoken here.
    private func minorVersion(_ word: ArraySlice<UInt8>) throws(Malformed) -> Int {
        let digits = Array(word.dropFirst(5))
        guard word.starts(with: Array("HTTP/".utf8)), digits.count == 3, digits[1] == UInt8(ascii: "."),
            let major = hexValue(digits[0]), let minor = hexValue(digits[2]), major < 10, minor < 10
        else { throw Malformed() }
        guard major == 1 else { throw Malformed(status: 505, words: "unsupported protocol version") }
        return Int(minor)
    }

    /// A path, an absolute URL or `*`, without broken escapes in its path.
    private func isTarget(_ target: ArraySlice<UInt8>) -> Bool {
        if target.elementsEqual([UInt8(ascii: "*")]) { return true }
        guard target.first == UInt8(ascii: "/") || target.starts(with: Array("http".utf8)) else { return false }
        let path = target.prefix { $0 != UInt8(ascii: "?") }
        return firstBrokenEscape(in: String(decoding: path, as: UTF8.self)) == nil
    }

    /// The index after the empty line that ends the head.
    private func endOfHead() -> Int? {
        var index = start
        while let newline = bytes[index...].firstIndex(of: 10) {
            if newline + 1 < bytes.count, bytes[newline + 1] == 10 { return newline + 2 }
            if newline + 2 < bytes.count, bytes[newline + 1] == 13, bytes[newline + 2] == 10 { return newline + 3 }
            index = newline + 1
        }
        return nil
    }

    private func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        while let last = line.last, last == 13 || last == 32 || last == 9 { line = line.dropLast() }
        while let first = line.first, first == 32 || first == 9 { line = line.dropFirst() }
        return line
    }

    private func isToken(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { $0 > 32 && $0 < 127 && $0 != 58 && $0 != 40 && $0 != 41 }
    }
}

/// The path and query of a target. The client of a proxy writes the whole address, which every server must take
/// (RFC 9112, 3.2.2).
private func originForm<Bytes: BidirectionalCollection>(_ target: Bytes) -> [UInt8] where Bytes.Element == UInt8 {
    let bytes = Array(target)
    guard bytes.first != 47, let colon = bytes.firstIndex(of: 58), bytes[colon...].starts(with: [58, 47, 47]) else {
        return bytes
    }
    let rest = bytes[(colon + 3)...].drop { $0 != 47 && $0 != 63 }
    return rest.first == 47 ? Array(rest) : [47] + rest
}
