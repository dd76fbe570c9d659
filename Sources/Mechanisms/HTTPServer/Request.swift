/// One request as it stood on the wire, with the body still to be read.
public struct HTTPRequest: Sendable {
    public let method: String
    /// The path as sent, percent-encoded, without the query.
    public let rawPath: String
    public let query: HTTPQuery
    /// In the order sent, names as sent.
    public let headers: [(name: String, value: String)]
    public let body: RequestBody
    /// True for HTTP/1.1 and later: chunked answers are understood.
    public let understandsChunks: Bool

    /// The path with percent-encoding undone.
    public var path: String { percentDecoded(rawPath, plusIsSpace: false) }

    /// The first header of that name, whatever its case.
    public func header(_ name: String) -> String? {
        for header in headers where header.name.count == name.count && header.name.lowercased() == name.lowercased() {
            return header.value
        }
        return nil
    }

    /// Whether the client asks to speak raw bytes from here on (`Connection: Upgrade`, `Upgrade: tcp`).
    public var wantsUpgrade: Bool {
        header("Upgrade") != nil && lowercasedContains(header("Connection") ?? "", "upgrade")
    }
}

private func lowercasedContains(_ text: String, _ part: String) -> Bool {
    let bytes = Array(text.lowercased().utf8)
    let wanted = Array(part.utf8)
    guard bytes.count >= wanted.count else { return false }
    return (0...(bytes.count - wanted.count)).contains { bytes[$0..<($0 + wanted.count)].elementsEqual(wanted) }
}

/// The parameters after `?`, decoded, in the order sent.
public struct HTTPQuery: Sendable, Equatable {
    /// As sent.
    public let text: String
    public let items: [Item]
    /// A `%` in it that no two hexadecimal digits follow, with what follows instead; nil: there is none.
    public let brokenEscape: String?

    public struct Item: Sendable, Equatable {
        public let name: String
        public let value: String
    }

    public init(parsing text: String) {
        self.text = text
        brokenEscape = firstBrokenEscape(in: text)
        items = text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return Item(
                name: percentDecoded(String(parts[0]), plusIsSpace: true),
                value: parts.count > 1 ? percentDecoded(String(parts[1]), plusIsSpace: true) : "")
        }
    }

    /// The first value of that name; nil when it was not sent.
    public subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    public func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    /// As moby's httputils.BoolValue: false for "", "0", "no", "false", "none" and when absent; true for the rest.
    public func bool(_ name: String, default value: Bool = false) -> Bool {
        guard let text = self[name] else { return value }
        switch text.lowercased() {
        case "", "0", "no", "false", "none": return false
        default: return true
        }
    }
}

/// The first `%` of a text that no two hexadecimal digits follow, with what follows instead.
func firstBrokenEscape(in text: String) -> String? {
    let bytes = Array(text.utf8)
    for index in bytes.indices where bytes[index] == 37 {
        let digits = bytes[(index + 1)...].prefix(2)
        if digits.count == 2, digits.allSatisfy({ hexValue($0) != nil }) { continue }
        return String(decoding: bytes[index...].prefix(3), as: UTF8.self)
    }
    return nil
}

/// Undoes %XX; a malformed escape stays as it is.
public func percentDecoded(_ text: String, plusIsSpace: Bool) -> String {
    guard text.utf8.contains(37) || plusIsSpace && text.utf8.contains(43) else { return text }
    let bytes = Array(text.utf8)
    var out: [UInt8] = []
    var index = 0
    while index < bytes.count {
        if bytes[index] == 37, index + 2 < bytes.count, let high = hexValue(bytes[index + 1]),
            let low = hexValue(bytes[index + 2])
        {
            out.append(high << 4 | low)
            index += 3
        } else {
            out.append(plusIsSpace && bytes[index] == 43 ? 32 : bytes[index])
            index += 1
        }
    }
    return String(decoding: out, as: UTF8.self)
}

func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
}

/// The body of a request, read by whoever handles it. What is left unread is dropped with the connection.
public struct RequestBody: Sendable {
    let queue: ByteQueue?
    let onFirstRead: (@Sendable () -> Void)?

    /// An empty body.
    public init() {
        queue = nil
        onFirstRead = nil
    }

    init(queue: ByteQueue, onFirstRead: (@Sendable () -> Void)?) {
        self.queue = queue
        self.onFirstRead = onFirstRead
    }

    /// Whether the request announced a body at all.
    public var isPresent: Bool { queue != nil }

    /// The next piece; nil at the end.
    public func next() async throws(HTTPFailure) -> [UInt8]? {
        onFirstRead?()
        return try await queue?.next()
    }

    /// The whole body; one longer than `most` bytes is refused.
    public func collect(most: Int = 4 << 20) async throws(HTTPFailure) -> [UInt8] {
        var all: [UInt8] = []
        while let piece = try await next() {
            if all.isEmpty { all = piece } else { all += piece }
            if all.count > most { throw HTTPFailure("http: request body too large") }
        }
        return all
    }
}
