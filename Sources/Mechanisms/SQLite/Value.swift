/// A value bound to a parameter of a statement.
public enum Value: Equatable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case null
    case int(Int64)
    case text(String)
    case blob([UInt8])

    public init(stringLiteral text: String) { self = .text(text) }
    public init(integerLiteral number: Int64) { self = .int(number) }

    /// NULL for nil.
    public init(_ text: String?) { self = text.map { .text($0) } ?? .null }
    /// NULL for nil.
    public init(_ number: Int64?) { self = number.map { .int($0) } ?? .null }
}
