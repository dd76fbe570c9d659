extension JSON {
    /// The value as Go's json.Marshal writes it: no white space, and `<`, `>`, `&`, U+2028, U+2029 escaped unless
    /// `escapingHTML` is false.
    public func encoded(escapingHTML: Bool = true) -> [UInt8] {
        var out: [UInt8] = []
        append(to: &out, escapingHTML: escapingHTML)
        return out
    }

    public func text(escapingHTML: Bool = true) -> String {
        String(decoding: encoded(escapingHTML: escapingHTML), as: UTF8.self)
    }

    /// The value as Go's json.MarshalIndent writes it with an empty prefix.
    public func indented(_ indent: String, escapingHTML: Bool = true) -> String {
        var out: [UInt8] = []
        append(to: &out, indent: Array(indent.utf8), level: 0, escapingHTML: escapingHTML)
        return String(decoding: out, as: UTF8.self)
    }

    /// Appends the compact form.
    public func append(to out: inout [UInt8], escapingHTML: Bool = true) {
        switch self {
        case .null, .bool, .number, .string: appendScalar(to: &out, escapingHTML: escapingHTML)
        case .array(let items):
            out.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                item.append(to: &out, escapingHTML: escapingHTML)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let object):
            out.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSON.appendString(member.name, to: &out, escapingHTML: escapingHTML)
                out.append(UInt8(ascii: ":"))
                member.value.append(to: &out, escapingHTML: escapingHTML)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    private func appendScalar(to out: inout [UInt8], escapingHTML: Bool) {
        switch self {
        case .bool(true): out.append(contentsOf: "true".utf8)
        case .bool(false): out.append(contentsOf: "false".utf8)
        case .number(let number): out.append(contentsOf: number.text.utf8)
        case .string(let text): JSON.appendString(text, to: &out, escapingHTML: escapingHTML)
        default: out.append(contentsOf: "null".utf8)
        }
    }

    private func append(to out: inout [UInt8], indent: [UInt8], level: Int, escapingHTML: Bool) {
        func newLine(_ level: Int) {
            out.append(10)
            for _ in 0..<level { out.append(contentsOf: indent) }
        }
        switch self {
        case .array(let items) where !items.isEmpty:
            out.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                newLine(level + 1)
                item.append(to: &out, indent: indent, level: level + 1, escapingHTML: escapingHTML)
            }
            newLine(level)
            out.append(UInt8(ascii: "]"))
        case .object(let object) where !object.isEmpty:
            out.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                newLine(level + 1)
                JSON.appendString(member.name, to: &out, escapingHTML: escapingHTML)
                out.append(UInt8(ascii: ":"))
                out.append(32)
                member.value.append(to: &out, indent: indent, level: level + 1, escapingHTML: escapingHTML)
            }
            newLine(level)
            out.append(UInt8(ascii: "}"))
        default: append(to: &out, escapingHTML: escapingHTML)
        }
    }

    /// Appends a string literal, escaped as Go's encoder escapes it.
    public static func appendString(_ text: String, to out: inout [UInt8], escapingHTML: Bool = true) {
        out.append(UInt8(ascii: "\""))
        var previous: UInt8 = 0
        var beforePrevious: UInt8 = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                out.append(UInt8(ascii: "\\"))
                out.append(byte)
            case 10: out.append(contentsOf: "\\n".utf8)
            case 13: out.append(contentsOf: "\\r".utf8)
            case 9: out.append(contentsOf: "\\t".utf8)
            case 8: out.append(contentsOf: "\\b".utf8)
            case 12: out.append(contentsOf: "\\f".utf8)
            case 0..<32: appendEscape(byte, to: &out)
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
                if escapingHTML { appendEscape(byte, to: &out) } else { out.append(byte) }
            case 0xA8, 0xA9:
                // U+2028 and U+2029 are E2 80 A8 and E2 80 A9: line ends in JavaScript, so Go escapes them always.
                if beforePrevious == 0xE2 && previous == 0x80 {
                    out.removeLast(2)
                    out.append(contentsOf: (byte == 0xA8 ? "\\u2028" : "\\u2029").utf8)
                } else {
                    out.append(byte)
                }
            default: out.append(byte)
            }
            beforePrevious = previous
            previous = byte
        }
        out.append(UInt8(ascii: "\""))
    }

    private static func appendEscape(_ byte: UInt8, to out: inout [UInt8]) {
        out.append(contentsOf: "\\u00".utf8)
        out.append(contentsOf: hexByte(byte).utf8)
    }
}
