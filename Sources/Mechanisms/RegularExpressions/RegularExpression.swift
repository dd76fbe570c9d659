internal import CLinux

/// An expression that does not compile; `description` is in the words of Go's regexp.
public struct RegularExpressionError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
}

/// A regular expression of filters and options. The C library's extended expressions stand in for Go's; `\d`, `\w`,
/// `\s` and groups that only group are rewritten to what they know.
public final class RegularExpression: Sendable {
    /// Written once in the initialiser; regexec(3) may run in many threads on one compiled expression.
    nonisolated(unsafe) private let compiled: UnsafeMutablePointer<regex_t>

    /// Compiles an expression.
    public init(_ expression: String) throws(RegularExpressionError) {
        let memory = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
        let status = regcomp(memory, Self.translated(expression), REG_EXTENDED | REG_NOSUB)
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

    private static func translated(_ expression: String) -> String {
        var out: [UInt8] = []
        var rest = Array(expression.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let next = rest.popFirst() {
                switch next {
                case UInt8(ascii: "d"): out += Array("[0-9]".utf8)
                case UInt8(ascii: "A"): out.append(UInt8(ascii: "^"))
                case UInt8(ascii: "z"): out.append(UInt8(ascii: "$"))
                default: out += [byte, next]
                }
            } else if byte == UInt8(ascii: "("), rest.starts(with: "?:".utf8) {
                rest = rest.dropFirst(2)
                out.append(byte)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
