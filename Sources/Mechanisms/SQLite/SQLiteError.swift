/// A call of SQLite that failed: its extended result code and its words.
public struct SQLiteError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The extended result code (sqlite3_extended_errcode).
    public let code: Int32
    public let message: String

    /// Whether a UNIQUE or PRIMARY KEY constraint was violated.
    public var isDuplicate: Bool { code == 2067 || code == 1555 }

    public var description: String { "sqlite: " + message }
}
