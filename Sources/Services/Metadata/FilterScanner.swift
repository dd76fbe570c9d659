/// Cuts a filter text into tokens.
struct FilterScanner {
    struct Token {
        enum Kind {
            case field, value, separator, comparison, end
            /// The mark around it, and what is between them; nil when an escape names no character.
            case quoted(Unicode.Scalar, [UInt8]?)
            /// A character no token begins with.
            case other
            case illegal(String)
        }

        let kind: Kind
        /// Where it begins, in bytes.
        let position: Int
        let text: String
    }

    private let scalars: [Unicode.Scalar]
    private var index = 0
    /// Where the character at `index` begins, in bytes.
    private var offset = 0
    /// After an operator all that is printed belongs to a value.
    private var wantsValue = false
    /// The first thing found wrong.
    private var wrong: String?

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// The next character, nil at the end.
    func peek() -> Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    /// Where the character behind the next begins, in bytes.
    var endOfPeeked: Int { offset + (peek().map { UTF8.width($0) } ?? 0) }

    mutating func scan() -> Token {
        while let next = peek(), next.properties.isWhitespace { advance() }
        let start = index
        let position = offset
        guard let first = advance() else { return Token(kind: .end, position: position, text: "") }
        let kind = kind(of: first)
        return Token(kind: kind, position: position, text: FilterScanner.text(scalars[start..<index]))
    }

    private mutating func kind(of first: Unicode.Scalar) -> Token.Kind {
        switch first {
        case "\u{FFFD}": return illegal("rune error")
        case "\0": return illegal("unexpected null")
        case "/", "|", "\"": return quoted(first)
        case ",", ".":
            wantsValue = false
            return .separator
        case "=", "!", "~":
            skip { "=!~".unicodeScalars.contains($0) }
            wantsValue = true
            return .comparison
        default: break
        }
        if wantsValue {
            skip(FilterScanner.isOfValue)
            wantsValue = false
            return .value
        }
        guard FilterScanner.isOfField(first) else { return .other }
        skip(FilterScanner.isOfField)
        return .field
    }

    @discardableResult
    private mutating func advance() -> Unicode.Scalar? {
        guard let next = peek() else { return nil }
        index += 1
        offset += UTF8.width(next)
        return next
    }

    private mutating func skip(_ belongs: (Unicode.Scalar) -> Bool) {
        while let next = peek(), belongs(next) { advance() }
    }

    private mutating func illegal(_ why: String) -> Token.Kind {
        wrong = wrong ?? why
        return .illegal(wrong ?? why)
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    private static func isOfField(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": true
        default: false
        }
    }

    private static func isOfValue(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "," || scalar.properties.isWhitespace || scalar == "\u{FFFD}" { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return false
        default: return true
        }
    }
}

// MARK: - Quotes

extension FilterScanner {
    /// The rest of a quoted text, its escapes read.
    private mutating func quoted(_ mark: Unicode.Scalar) -> Token.Kind {
        var bytes: [UInt8] = []
        var isLegal = true
        var isKnown = true
        while let next = advance() {
            if next == mark { return isLegal ? .quoted(mark, isKnown ? bytes : nil) : .illegal(wrong ?? "") }
            if next == "\n" { break }
            if next == "\0" { return illegal("unexpected null") }
            if next == "\u{FFFD}" { return illegal("rune error") }
            guard next == "\\" else {
                bytes += UTF8.encode(next).map(Array.init) ?? []
                continue
            }
            switch escape(mark) {
            case .bytes(let some): bytes += some
            case .noCharacter: isKnown = false
            case .illegal: isLegal = false
            }
        }
        return illegal("quoted literal not terminated")
    }

    private enum Escape { case bytes([UInt8]), noCharacter, illegal }

    private static let simple: [Unicode.Scalar: UInt8] = [
        "a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92,
    ]

    private mutating func escape(_ mark: Unicode.Scalar) -> Escape {
        let next = peek()
        if let next, let byte = next == mark ? UInt8(ascii: mark) : FilterScanner.simple[next] {
            advance()
            return .bytes([byte])
        }
        switch next {
        case .some("0"..."7"):
            guard let value = digits(3, base: 8) else { return .illegal }
            return value > 255 ? .noCharacter : .bytes([UInt8(value)])
        case "x":
            advance()
            return digits(2, base: 16).map { .bytes([UInt8($0)]) } ?? .illegal
        case "u", "U":
            advance()
            guard let value = digits(next == "u" ? 4 : 8, base: 16) else { return .illegal }
            if value > 0x10FFFF { return .noCharacter }
            // Half of a surrogate pair is no character of its own.
            return .bytes(Array(String(Unicode.Scalar(value) ?? "\u{FFFD}").utf8))
        default:
            wrong = wrong ?? "illegal escape sequence"
            return .illegal
        }
    }

    private mutating func digits(_ count: Int, base: UInt32) -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let next = peek(), next.isASCII, let digit = Character(next).hexDigitValue, digit < Int(base) else {
                wrong = wrong ?? "illegal numeric escape sequence"
                return nil
            }
            value = value &* base &+ UInt32(digit)
            advance()
        }
        return value
    }
}
