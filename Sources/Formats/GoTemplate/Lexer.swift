/// A token inside an action.
struct Token: Equatable {
    enum Kind: Equatable {
        case field, variable, identifier, dot, string, rawString, character, number, bool, null
        case pipe, assign, declare, comma, left, right, space, close, end, bad
    }

    let kind: Kind
    let text: String
    let position: Int
}

/// Splits a template into text and actions.
struct TemplateLexer {
    let name: String
    let source: [UInt8]
    var position = 0

    func failure(_ message: String, at place: Int) -> TemplateFailure {
        let line = 1 + source[0..<min(place, source.count)].reduce(0) { $0 + ($1 == 10 ? 1 : 0) }
        return TemplateFailure("template: " + name + ":" + String(line) + ": " + message)
    }

    func slice(_ from: Int, _ to: Int) -> String { String(decoding: source[from..<to], as: UTF8.self) }

    func starts(_ text: StaticString, at place: Int) -> Bool {
        place + text.utf8CodeUnitCount <= source.count
            && text.withUTF8Buffer { source[place..<(place + $0.count)].elementsEqual($0) }
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 10 || byte == 13 }

    static func isWord(_ byte: UInt8) -> Bool {
        (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte == 95
            || byte >= 128
    }

    /// The text up to the next action, and whether one follows (the position is then inside it). Comments are dropped.
    mutating func nextText(trimLeft: inout Bool) throws(TemplateFailure) -> (text: [UInt8], action: Bool) {
        var start = position
        var text: [UInt8] = []
        while true {
            var open = start
            while open < source.count, !starts("{{", at: open) { open += 1 }
            var piece = Array(source[start..<open])
            if trimLeft { piece = Array(piece.drop(while: Self.isSpace)) }
            trimLeft = false
            if open >= source.count {
                position = source.count
                return (text + piece, false)
            }
            position = open + 2
            if position + 1 < source.count, source[position] == 45, Self.isSpace(source[position + 1]) {
                while let last = piece.last, Self.isSpace(last) { piece.removeLast() }
                position += 2
            }
            text += piece
            var comment = position
            while comment < source.count, Self.isSpace(source[comment]) { comment += 1 }
            guard starts("/*", at: comment) else { return (text, true) }
            comment += 2
            while comment < source.count, !starts("*/", at: comment) { comment += 1 }
            guard comment < source.count else { throw failure("unclosed comment", at: position) }
            comment += 2
            if comment < source.count, Self.isSpace(source[comment]), starts(" -}}", at: comment) {
                trimLeft = true
                start = comment + 4
            } else if starts("}}", at: comment) {
                start = comment + 2
            } else {
                throw failure("comment ends before closing delimiter", at: position)
            }
        }
    }

    /// The tokens of the action at the position, without spaces that mean nothing; the last is `.close`.
    mutating func actionTokens(trimLeft: inout Bool) throws(TemplateFailure) -> [Token] {
        var tokens: [Token] = []
        let start = position
        var depth = 0
        while true {
            guard position < source.count else { throw failure("unclosed action", at: start) }
            let byte = source[position]
            if Self.isSpace(byte) {
                let from = position
                while position < source.count, Self.isSpace(source[position]) { position += 1 }
                if starts("-}}", at: position) {
                    trimLeft = true
                    position += 3
                    if depth > 0 { throw failure("unclosed left paren", at: start) }
                    tokens.append(Token(kind: .close, text: "}}", position: position - 2))
                    return tokens
                }
                tokens.append(Token(kind: .space, text: " ", position: from))
                continue
            }
            if starts("}}", at: position) {
                if depth > 0 { throw failure("unclosed left paren", at: start) }
                tokens.append(Token(kind: .close, text: "}}", position: position))
                position += 2
                return tokens
            }
            let token = try next(byte, depth: &depth)
            tokens.append(token)
        }
    }

    private mutating func next(_ byte: UInt8, depth: inout Int) throws(TemplateFailure) -> Token {
        let start = position
        func token(_ kind: Token.Kind) -> Token { Token(kind: kind, text: slice(start, position), position: start) }
        switch byte {
        case UInt8(ascii: "|"), UInt8(ascii: ","), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "="):
            position += 1
            switch byte {
            case UInt8(ascii: "|"): return token(.pipe)
            case UInt8(ascii: ","): return token(.comma)
            case UInt8(ascii: "="): return token(.assign)
            case UInt8(ascii: "("):
                depth += 1
                return token(.left)
            default:
                depth -= 1
                if depth < 0 { throw failure("unexpected right paren", at: start) }
                return token(.right)
            }
        case UInt8(ascii: ":"):
            guard starts(":=", at: position) else { throw failure("expected :=", at: start) }
            position += 2
            return token(.declare)
        case UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "'"): return try quoted(byte)
        case UInt8(ascii: "."):
            if position + 1 < source.count, (48...57).contains(source[position + 1]) { return try number() }
            position += 1
            skipWord()
            if position > start + 1 { try requireTerminator() }
            return token(position == start + 1 ? .dot : .field)
        case UInt8(ascii: "$"):
            position += 1
            skipWord()
            try requireTerminator()
            return token(.variable)
        case UInt8(ascii: "+"), UInt8(ascii: "-"), 48...57: return try number()
        default: break
        }
        guard Self.isWord(byte) else {
            guard byte > 32, byte < 127 else {
                throw failure("unrecognized character in action: " + shown(byte), at: start)
            }
            position += 1
            return token(.bad)
        }
        skipWord()
        try requireTerminator()
        switch slice(start, position) {
        case "true", "false": return token(.bool)
        case "nil": return token(.null)
        default: return token(.identifier)
        }
    }

    /// A character as %#U prints it.
    private func shown(_ byte: UInt8) -> String {
        let digits = String(UInt32(byte), radix: 16, uppercase: true)
        let padded = String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        return "U+" + padded + " '" + String(decoding: [byte], as: UTF8.self) + "'"
    }

    /// Only some characters may follow a name.
    private func requireTerminator() throws(TemplateFailure) {
        guard position < source.count, !starts("}}", at: position) else { return }
        let byte = source[position]
        if Self.isSpace(byte) || [46, 44, 124, 58, 41, 40].contains(byte) { return }
        throw failure("bad character " + shown(byte), at: position)
    }

    private mutating func skipWord() {
        while position < source.count, Self.isWord(source[position]) { position += 1 }
    }

    private mutating func quoted(_ quote: UInt8) throws(TemplateFailure) -> Token {
        let start = position
        position += 1
        while position < source.count, source[position] != quote {
            if quote != UInt8(ascii: "`") {
                if source[position] == 10 { break }
                if source[position] == UInt8(ascii: "\\") { position += 1 }
            }
            position += 1
        }
        guard position < source.count, source[position] == quote else {
            switch quote {
            case UInt8(ascii: "`"): throw failure("unterminated raw quoted string", at: start)
            case UInt8(ascii: "'"): throw failure("unterminated character constant", at: start)
            default: throw failure("unterminated quoted string", at: start)
            }
        }
        position += 1
        let kind: Token.Kind = quote == 96 ? .rawString : quote == 39 ? .character : .string
        return Token(kind: kind, text: slice(start, position), position: start)
    }

    private mutating func number() throws(TemplateFailure) -> Token {
        let start = position
        if source[position] == 43 || source[position] == 45 { position += 1 }
        while position < source.count,
            Self.isWord(source[position]) || source[position] == 46
                || ((source[position] == 43 || source[position] == 45)
                    && (source[position - 1] | 32) == UInt8(ascii: "e"))
        {
            position += 1
        }
        let text = slice(start, position)
        guard let number = goNumber(text) else { throw failure("bad number syntax: \"" + text + "\"", at: start) }
        if case .float(let value) = number {
            if value.isInfinite { throw failure("illegal number syntax: \"" + text + "\"", at: start) }
            let isWhole = !text.utf8.contains { ".eEpP".utf8.contains($0) }
            if isWhole { throw failure("integer overflow: \"" + text + "\"", at: start) }
        }
        return Token(kind: .number, text: text, position: start)
    }
}

/// A Go number literal.
func goNumber(_ text: String) -> Value? {
    var body = Array(text.utf8)
    var sign = ""
    if let first = body.first, first == 43 || first == 45 {
        sign = first == 45 ? "-" : ""
        body.removeFirst()
    }
    let plain = String(decoding: body.filter { $0 != 95 }, as: UTF8.self)
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0b", 2), ("0o", 8)] where plain.hasPrefix(prefix) {
        return Int(sign + String(plain.dropFirst(2)), radix: radix).map { .int($0) }
    }
    if let whole = Int(sign + plain) { return .int(whole) }
    return Double(sign + plain).map { .float($0) }
}
