internal import Linux
internal import RegularExpressions

/// What a filter looks at: the value at a path of field names, nil when it is not there.
public typealias FieldReader = (_ path: [String]) -> String?

/// containerd's filter language: `field==value`, `field!=value`, `field~=regex`, a field alone for its presence, all
/// of them joined by commas; several filters are alternatives.
public struct Filter: Sendable {
    enum Operator: Sendable { case present, equal, unequal, matches(RegularExpression) }

    struct Selector: Sendable {
        let path: [String]
        let comparison: Operator
        let value: String

        func matches(_ read: FieldReader) -> Bool {
            let found = read(path)
            switch comparison {
            case .present: return found != nil
            case .equal: return found == value
            case .unequal: return found != value
            case .matches(let pattern): return found.map(pattern.matches) ?? false
            }
        }
    }

    private let alternatives: [[Selector]]

    /// Parses filters; none at all matches everything.
    public init(_ texts: [String]) throws(ServiceError) {
        var alternatives: [[Selector]] = []
        for text in texts {
            // A filter without selectors lets everything through.
            if text.isEmpty {
                alternatives.append([])
                continue
            }
            var parser = FilterParser(text)
            alternatives.append(try parser.selectors())
        }
        self.alternatives = alternatives
    }

    public var matchesEverything: Bool { alternatives.isEmpty }

    public func matches(_ read: FieldReader) -> Bool {
        if alternatives.isEmpty { return true }
        return alternatives.contains { $0.allSatisfy { $0.matches(read) } }
    }
}

extension Labels {
    /// The value of a label whose key, dots and all, is the rest of a path.
    public func read(_ path: ArraySlice<String>) -> String? { self[path.joined(separator: ".")] }
}

/// Reads one filter text.
private struct FilterParser {
    private let text: String
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    mutating func selectors() throws(ServiceError) -> [Filter.Selector] {
        var found: [Filter.Selector] = []
        while true {
            found.append(try selector())
            if position == bytes.count { return found }
            guard bytes[position] == UInt8(ascii: ",") else { throw failure("unexpected input") }
            position += 1
            skipSpace()
        }
    }

    private mutating func selector() throws(ServiceError) -> Filter.Selector {
        var path = [try field()]
        while position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            path.append(try field())
        }
        skipSpace()
        guard position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "=") else {
            if position < bytes.count, bytes[position] != UInt8(ascii: ",") {
                throw failure("expected an operator (\"==\"|\"!=\"|\"~=\")")
            }
            return Filter.Selector(path: path, comparison: .present, value: "")
        }
        let sign = bytes[position]
        position += 2
        switch sign {
        case UInt8(ascii: "="): return Filter.Selector(path: path, comparison: .equal, value: try value(false))
        case UInt8(ascii: "!"): return Filter.Selector(path: path, comparison: .unequal, value: try value(false))
        case UInt8(ascii: "~"):
            let expression = try value(true)
            do throws(RegularExpressionError) {
                let pattern = try RegularExpression(expression)
                return Filter.Selector(path: path, comparison: .matches(pattern), value: expression)
            } catch {
                throw failure("invalid regular expression")
            }
        default: throw failure("expected an operator (\"==\"|\"!=\"|\"~=\")")
        }
    }

    private mutating func field() throws(ServiceError) -> String {
        guard position < bytes.count else { throw failure("expected field or quoted") }
        if bytes[position] == UInt8(ascii: "\"") { return try quoted(UInt8(ascii: "\"")) }
        let start = position
        while position < bytes.count, isWord(bytes[position]) { position += 1 }
        if start == position { throw failure("expected field or quoted") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func value(_ isExpression: Bool) throws(ServiceError) -> String {
        guard position < bytes.count else { throw failure("expected value or quoted") }
        let first = bytes[position]
        if first == UInt8(ascii: "\"") { return try quoted(first) }
        if isExpression, first == UInt8(ascii: "/") || first == UInt8(ascii: "|") { return try quoted(first) }
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: ","), bytes[position] > 32 { position += 1 }
        if start == position { throw failure("expected value or quoted") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// A quoted text; inside `"` the escapes of Go, inside `/` and `|` only the quote itself is escaped.
    private mutating func quoted(_ mark: UInt8) throws(ServiceError) -> String {
        position += 1
        var out: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == mark { return String(decoding: out, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\"), position < bytes.count else {
                out.append(byte)
                continue
            }
            let escaped = bytes[position]
            position += 1
            switch escaped {
            case mark: out.append(escaped)
            case UInt8(ascii: "\\") where mark == UInt8(ascii: "\""): out.append(escaped)
            case UInt8(ascii: "n") where mark == UInt8(ascii: "\""): out.append(10)
            case UInt8(ascii: "t") where mark == UInt8(ascii: "\""): out.append(9)
            default: out += [byte, escaped]
            }
        }
        throw failure("quoted literal not terminated")
    }

    private func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] == 32 || bytes[position] == 9 { position += 1 }
    }

    /// The text with the place marked, and why; its class stands twice at the end, as upstream has it.
    private func failure(_ why: String) -> ServiceError {
        func part(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        var shown = text
        if position < bytes.count {
            let after = part((position + 1)..<bytes.count)
            shown = "\(part(0..<position)) >|\(part(position..<(position + 1)))|< \(after)"
        }
        return .invalidArgument("filters: parse error: [\(shown)]: \(why): invalid argument")
    }
}
