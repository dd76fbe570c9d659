internal import CLinux

/// An expression that does not compile; `description` is in the words of Go's regexp.
public struct RegularExpressionError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
}

/// A regular expression of filters and options. The C library's extended expressions stand in for Go's: what is written
/// another way in those (classes such as `\d`, groups that only group, `(?i)`, lazy repetitions) is rewritten.
public final class RegularExpression: Sendable {
    /// Written once in the initialiser; regexec(3) may run in many threads on one compiled expression.
    nonisolated(unsafe) private let compiled: UnsafeMutablePointer<regex_t>

    /// Compiles an expression.
    public init(_ expression: String) throws(RegularExpressionError) {
        var rest = Array(expression.utf8)[...]
        var flags = REG_EXTENDED | REG_NOSUB
        if rest.starts(with: "(?i)".utf8) {
            rest = rest.dropFirst(4)
            flags |= REG_ICASE
        }
        let memory = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
        let status = Self.translated(rest).map { regcomp(memory, $0, flags) } ?? -1
        guard status == 0 else {
            memory.deallocate()
            let reason =
                switch status {
                case Int32(_REG_EPAREN.rawValue): "missing closing )"
                case Int32(_REG_EBRACK.rawValue): "missing closing ]"
                case Int32(_REG_BADRPT.rawValue): "missing argument to repetition operator"
                case Int32(_REG_ERANGE.rawValue): "invalid character class range"
                case Int32(_REG_EESCAPE.rawValue): "trailing backslash at end of expression"
                default: "invalid expression"
                }
            throw RegularExpressionError(description: "error parsing regexp: " + reason + ": `" + expression + "`")
        }
        compiled = memory
    }

    deinit {
        regfree(compiled)
        compiled.deallocate()
    }

    /// Whether the expression matches anywhere in the text.
    public func matches(_ text: String) -> Bool { regexec(compiled, text, 0, nil, 0) == 0 }

    /// Whether an expression matches anywhere in a text. One that does not compile matches nothing.
    public static func matches(_ expression: String, in text: String) -> Bool {
        // What is wrong with it is not told: filters of names are passed over then.
        (try? RegularExpression(expression))?.matches(text) ?? false
    }

    /// nil for what Go refuses and the C library does not: references back, groups of another kind.
    private static func translated(_ expression: ArraySlice<UInt8>) -> String? {
        var out: [UInt8] = []
        var rest = expression
        var isBracketed = false
        var follows = false  // a repetition, which a question mark makes lazy
        while let byte = rest.popFirst() {
            let followed = follows
            follows = false
            switch byte {
            case UInt8(ascii: "\\"):
                guard let next = rest.popFirst() else {
                    out.append(byte)
                    break
                }
                guard let text = escape(next, isBracketed) else { return nil }
                out += Array(text.utf8)
            case UInt8(ascii: "["):
                if isBracketed, rest.first == UInt8(ascii: ":"), let end = rest.firstIndex(of: UInt8(ascii: "]")) {
                    out += [byte] + rest[...end]
                    rest = rest[(end + 1)...]
                    continue
                }
                out.append(byte)
                if isBracketed { continue }
                isBracketed = true
                if rest.first == UInt8(ascii: "^") { out.append(rest.removeFirst()) }
                // A bracket that comes first stands for itself.
                if rest.first == UInt8(ascii: "]") { out.append(rest.removeFirst()) }
            case UInt8(ascii: "]"):
                isBracketed = false
                out.append(byte)
            case UInt8(ascii: "(") where !isBracketed && rest.first == UInt8(ascii: "?"):
                guard rest.starts(with: "?:".utf8) else { return nil }
                rest = rest.dropFirst(2)
                out.append(byte)
            case UInt8(ascii: "?") where followed: break
            default:
                follows = !isBracketed && "*+?}".utf8.contains(byte)
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// What stands for `\` and a letter.
    private static func escape(_ letter: UInt8, _ isBracketed: Bool) -> String? {
        let classes: [UInt8: String] = [
            UInt8(ascii: "d"): "[:digit:]", UInt8(ascii: "w"): "[:alnum:]_", UInt8(ascii: "s"): "[:space:]",
        ]
        if let members = classes[letter] { return isBracketed ? members : "[" + members + "]" }
        if let members = classes[letter | 0x20], !isBracketed { return "[^" + members + "]" }
        switch letter {
        case UInt8(ascii: "A"): return "^"
        case UInt8(ascii: "z"): return "$"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "b"), UInt8(ascii: "B"): return "\\" + String(UnicodeScalar(letter))
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...:
            return nil
        default: return isBracketed ? String(UnicodeScalar(letter)) : "\\" + String(UnicodeScalar(letter))
        }
    }
}
