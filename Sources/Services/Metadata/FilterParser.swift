internal import RegularExpressions

/// Reads one filter text: selectors joined by commas, each a path of fields with dots between them, or such a path, an
/// operator and a value. Fields and values may be quoted.
struct FilterParser {
    private let text: String
    private var scanner: FilterScanner

    init(_ text: String) {
        self.text = text
        scanner = FilterScanner(text)
    }

    mutating func selectors() throws(ServiceError) -> [Filter.Selector] {
        var found = [try selector()]
        while let next = scanner.peek() {
            guard next == "," else { throw failure("unexpected input: \(next)", at: scanner.endOfPeeked) }
            _ = scanner.scan()
            found.append(try selector())
        }
        return found
    }

    private mutating func selector() throws(ServiceError) -> Filter.Selector {
        var path = [try field()]
        while scanner.peek() == "." {
            _ = scanner.scan()
            path.append(try field())
        }
        if scanner.peek() == nil || scanner.peek() == "," {
            return Filter.Selector(path: path, comparison: .present, value: "")
        }
        switch try comparison() {
        case "==": return Filter.Selector(path: path, comparison: .equal, value: try value(anyQuote: false))
        case "!=": return Filter.Selector(path: path, comparison: .unequal, value: try value(anyQuote: false))
        default:
            let text = try value(anyQuote: true)
            // One that does not compile matches nothing, as upstream has it.
            let expression = try? RegularExpression(text)
            return Filter.Selector(path: path, comparison: .matches(expression), value: text)
        }
    }

    private mutating func field() throws(ServiceError) -> String {
        let token = scanner.scan()
        switch token.kind {
        case .field: return token.text
        case .quoted(let mark, let bytes): return try unquoted(mark, bytes, anyQuote: false, at: token.position)
        case .illegal(let why): throw failure(why, at: token.position)
        default: throw failure("expected field or quoted", at: token.position)
        }
    }

    private mutating func comparison() throws(ServiceError) -> String {
        let token = scanner.scan()
        switch token.kind {
        case .comparison where ["==", "!=", "~="].contains(token.text): return token.text
        case .comparison: throw failure("unsupported operator \"\(token.text)\"", at: token.position)
        case .illegal(let why): throw failure(why, at: token.position)
        default: throw failure("expected an operator (\"==\"|\"!=\"|\"~=\")", at: token.position)
        }
    }

    private mutating func value(anyQuote: Bool) throws(ServiceError) -> String {
        let token = scanner.scan()
        switch token.kind {
        case .value, .field: return token.text
        case .quoted(let mark, let bytes): return try unquoted(mark, bytes, anyQuote: anyQuote, at: token.position)
        case .illegal(let why): throw failure(why, at: token.position)
        default: throw failure("expected value or quoted", at: token.position)
        }
    }

    /// The quotes `/` and `|` are for expressions alone.
    private func unquoted(
        _ mark: Unicode.Scalar, _ bytes: [UInt8]?, anyQuote: Bool, at position: Int
    ) throws(ServiceError) -> String {
        if !anyQuote, mark != "\"" { throw failure("invalid quote encountered", at: position) }
        guard let bytes else { throw failure("unquoting failed: quote syntax error", at: position) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text with the place marked, and why.
    private func failure(_ why: String, at position: Int) -> ServiceError {
        let bytes = Array(text.utf8)
        func part(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        var shown = text
        if position < bytes.count {
            let after = part((position + 1)..<bytes.count)
            shown = "\(part(0..<position)) >|\(part(position..<(position + 1)))|< \(after)"
        }
        return .invalidArgument("filters: parse error: [\(shown)]: \(why)")
    }
}
