public import ByteStream
public import Linux

/// Why an archive could not be read into a tree or a tree into an archive.
public enum ArchiveError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The stream itself: damage, an early end, the other side gone.
    case stream(StreamError)
    /// The file system.
    case system(SystemCallError)
    /// Content that is not let in; the words are Docker's.
    case refused(String)

    public var description: String {
        switch self {
        case .stream(let error): error.message
        case .system(let error): error.description
        case .refused(let message): message
        }
    }
}

/// Runs stream operations where an `ArchiveError` is thrown.
@inline(__always)
func streaming<Value>(_ body: () throws(StreamError) -> Value) throws(ArchiveError) -> Value {
    do throws(StreamError) { return try body() } catch { throw .stream(error) }
}

/// Runs system calls where an `ArchiveError` is thrown.
@inline(__always)
func calling<Value: ~Copyable>(_ body: () throws(SystemCallError) -> Value) throws(ArchiveError) -> Value {
    do throws(SystemCallError) { return try body() } catch { throw .system(error) }
}
