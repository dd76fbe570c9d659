extension JSON {
    /// Why bytes are no JSON, or a value not of the wanted type. The words are those of Go's encoding/json.
    public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
        public let message: String
        /// Bytes read before the failure, where it is one of syntax.
        public let offset: Int

        public init(_ message: String, offset: Int = 0) {
            self.message = message
            self.offset = offset
        }

        public var description: String { message }
    }

    /// Parses one value with nothing but white space around it.
    public init(parsing bytes: [UInt8]) throws(Failure) {
        var parser = Parser(bytes: bytes)
        self = try parser.document()
    }

    public init(parsing text: String) throws(Failure) { try self.init(parsing: Array(text.utf8)) }

    /// Values that follow one another with or without white space between them (a stream of progress or events).
    /// What is left of an unfinished last value is returned.
    public static func stream(_ bytes: [UInt8]) throws(Failure) -> (values: [JSON], rest: [UInt8]) {
        var parser = Parser(bytes: bytes)
        var values: [JSON] = []
        while true {
            parser.skipSpace()
            let start = parser.position
            if start == bytes.count { return (values, []) }
            do throws(Failure) {
                let value = try parser.value(depth: 0)
                // A number at the very end may go on in the bytes to come.
                if case .number = value, parser.position == bytes.count { return (values, Array(bytes[start...])) }
                values.append(value)
            } catch {
                if parser.position >= bytes.count { return (values, Array(bytes[start...])) }
                throw error
            }
        }
    }
}

/// Recursive descent over bytes. Nesting is limited so that hostile input cannot exhaust the stack.
struct Parser {
    let bytes: [UInt8]
    var position = 0
    static let deepest = 500

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSON.Failure) -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        if position < bytes.count { throw unexpected("after top-level value") }
        return value
    }

    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 32, 9, 10, 13: position += 1
            default: return
            }
        }
    }

    mutating func value(depth: Int) throws(JSON.Failure) -> JSON {
        if depth > Parser.deepest { throw JSON.Failure("exceeded max depth", offset: position) }
        skipSpace()
        guard position < bytes.count else { throw atEnd }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw unexpected("looking for beginning of value")
        }
    }

    private mutating func object(depth: Int) throws(JSON.Failure) -> JSON {
        position += 1
        var object = JSON.Object()
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(object) }
        while true {
            skipSpace()
            guard position < bytes.count else { throw atEnd }
            guard bytes[position] == UInt8(ascii: "\"") else {
                throw unexpected("looking for beginning of object key string")
            }
            let name = try string()
            skipSpace()
            guard position < bytes.count else { throw atEnd }
            guard take(UInt8(ascii: ":")) else { throw unexpected("after object key") }
            object[name] = try value(depth: depth + 1)
            skipSpace()
            guard position < bytes.count else { throw atEnd }
            if take(UInt8(ascii: "}")) { return .object(object) }
            guard take(UInt8(ascii: ",")) else { throw unexpected("after object key:value pair") }
        }
    }

    private mutating func array(depth: Int) throws(JSON.Failure) -> JSON {
        position += 1
        var items: [JSON] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(items) }
        while true {
            items.append(try value(depth: depth + 1))
            skipSpace()
            guard position < bytes.count else { throw atEnd }
            if take(UInt8(ascii: "]")) { return .array(items) }
            guard take(UInt8(ascii: ",")) else { throw unexpected("after array element") }
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSON) throws(JSON.Failure) -> JSON {
        for index in 0..<word.utf8CodeUnitCount {
            guard position < bytes.count else { throw atEnd }
            let expected = word.utf8Start[index]
            guard bytes[position] == expected else {
                let letter = String(decoding: [expected], as: UTF8.self)
                throw unexpected("in literal " + word.description + " (expecting '" + letter + "')")
            }
            position += 1
        }
        return value
    }

    private mutating func number() throws(JSON.Failure) -> JSON {
        let start = position
        _ = take(UInt8(ascii: "-"))
        guard position < bytes.count else { throw atEnd }
        if !take(UInt8(ascii: "0")) { try digits("in numeric literal") }
        if take(UInt8(ascii: ".")) { try digits("after decimal point in numeric literal") }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits("in exponent of numeric literal")
        }
        return .number(JSON.Number(text: String(decoding: bytes[start..<position], as: UTF8.self)))
    }

    private mutating func digits(_ place: String) throws(JSON.Failure) {
        guard position < bytes.count else { throw atEnd }
        guard isDigit(bytes[position]) else { throw unexpected(place) }
        while position < bytes.count, isDigit(bytes[position]) { position += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

    private mutating func string() throws(JSON.Failure) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: bytes[start..<(position - 1)], as: UTF8.self)
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case 0..<32: throw unexpected("in string literal")
            default: position += 1
            }
        }
        throw atEnd
    }

    private mutating func escapedString(from start: Int) throws(JSON.Failure) -> String {
        var text = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &text)
            case 0..<32: throw unexpected("in string literal")
            default:
                text.append(byte)
                position += 1
            }
        }
        throw atEnd
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSON.Failure) {
        guard position < bytes.count else { throw atEnd }
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
            position += 1
            appendUTF8(try scalar(), to: &text)
            return
        default: throw unexpected("in string escape code")
        }
        position += 1
    }

    /// The scalar of `\uXXXX`, or of a surrogate pair; a lone surrogate is U+FFFD as in Go.
    private mutating func scalar() throws(JSON.Failure) -> UInt32 {
        let first = try fourHexDigits()
        guard first >= 0xD800, first <= 0xDFFF else { return first }
        guard first < 0xDC00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { return 0xFFFD }
        let mark = position
        position += 2
        let second = try fourHexDigits()
        guard second >= 0xDC00, second <= 0xDFFF else {
            position = mark
            return 0xFFFD
        }
        return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
    }

    private mutating func fourHexDigits() throws(JSON.Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count else { throw atEnd }
            let byte = bytes[position]
            switch byte {
            case 48...57: value = value << 4 | UInt32(byte - 48)
            case 65...70: value = value << 4 | UInt32(byte - 55)
            case 97...102: value = value << 4 | UInt32(byte - 87)
            default: throw unexpected("in \\u hexadecimal character escape")
            }
            position += 1
        }
        return value
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private var atEnd: JSON.Failure { JSON.Failure("unexpected end of JSON input", offset: position) }

    private func unexpected(_ place: String) -> JSON.Failure {
        let byte = bytes[position]
        let shown: String
        switch byte {
        case UInt8(ascii: "'"): shown = "'\\''"
        case 10: shown = "'\\n'"
        case 9: shown = "'\\t'"
        case 13: shown = "'\\r'"
        case 32..<127: shown = "'" + String(decoding: [byte], as: UTF8.self) + "'"
        default: shown = "'\\x" + hexByte(byte) + "'"
        }
        return JSON.Failure("invalid character " + shown + " " + place, offset: position + 1)
    }
}

func hexByte(_ byte: UInt8) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: [digits[Int(byte >> 4)], digits[Int(byte & 15)]], as: UTF8.self)
}

func appendUTF8(_ scalar: UInt32, to text: inout [UInt8]) {
    switch scalar {
    case 0..<0x80: text.append(UInt8(scalar))
    case 0x80..<0x800:
        text.append(UInt8(0xC0 | scalar >> 6))
        text.append(UInt8(0x80 | scalar & 0x3F))
    case 0x800..<0x10000:
        text.append(UInt8(0xE0 | scalar >> 12))
        text.append(UInt8(0x80 | scalar >> 6 & 0x3F))
        text.append(UInt8(0x80 | scalar & 0x3F))
    default:
        text.append(UInt8(0xF0 | scalar >> 18))
        text.append(UInt8(0x80 | scalar >> 12 & 0x3F))
        text.append(UInt8(0x80 | scalar >> 6 & 0x3F))
        text.append(UInt8(0x80 | scalar & 0x3F))
    }
}
