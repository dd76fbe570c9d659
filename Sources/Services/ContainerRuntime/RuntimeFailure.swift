public import Cgroups
public import JSON
public import Linux
public import Mounts
public import Seccomp

/// Why the runtime could not do what was asked: words for the user, and the exit status where it is not 1.
public struct RuntimeFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public let message: String
    public let status: Int32

    public init(_ message: String, status: Int32 = 1) {
        self.message = message
        self.status = status
    }

    public init(_ error: SystemCallError) { self.init(error.description) }
    public init(_ error: CgroupFailure) { self.init(error.message) }
    public init(_ error: MountFailure) { self.init(error.message) }
    public init(_ error: SeccompFailure) { self.init(error.message) }
    public init(_ error: JSON.Failure) { self.init(error.message) }

    public var description: String { message }

    /// The same failure with what was being done in front.
    func during(_ words: String) -> RuntimeFailure { RuntimeFailure(words + message, status: status) }
}

/// What is wrong with the JSON of a file, in the words of Go's decoder of streams.
public func streamWords(_ failure: JSON.Failure, _ bytes: [UInt8]) -> String {
    if failure.message != "unexpected end of JSON input" { return failure.message }
    return bytes.allSatisfy { $0 == 32 || $0 >= 9 && $0 <= 13 } ? "EOF" : "unexpected EOF"
}

/// Runs a system operation, its failure as the runtime's.
@discardableResult
func system<Value: ~Copyable>(_ body: () throws(SystemCallError) -> Value) throws(RuntimeFailure) -> Value {
    do throws(SystemCallError) { return try body() } catch { throw RuntimeFailure(error) }
}

/// The same, with what was being done in front of the words.
@discardableResult
func system<Value: ~Copyable>(
    _ during: String, _ body: () throws(SystemCallError) -> Value
) throws(RuntimeFailure) -> Value {
    do throws(SystemCallError) { return try body() } catch { throw RuntimeFailure(during + error.description) }
}
