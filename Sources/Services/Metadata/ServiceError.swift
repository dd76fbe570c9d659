/// Why a service refuses a request: the kind a client can switch on (it becomes the gRPC code) and the words.
public struct ServiceError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        case invalidArgument, notFound, alreadyExists, failedPrecondition, unavailable, notImplemented, canceled
        case deadlineExceeded, outOfRange, aborted, unknown
    }

    public let kind: Kind
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }

    /// `subject: not found`.
    public static func notFound(_ subject: String) -> ServiceError { .init(.notFound, subject + ": not found") }
    /// `subject: already exists`.
    public static func alreadyExists(_ subject: String) -> ServiceError {
        .init(.alreadyExists, subject + ": already exists")
    }
    /// `why: invalid argument`.
    public static func invalidArgument(_ why: String) -> ServiceError {
        .init(.invalidArgument, why + ": invalid argument")
    }
    /// `why: failed precondition`.
    public static func failedPrecondition(_ why: String) -> ServiceError {
        .init(.failedPrecondition, why + ": failed precondition")
    }
    /// `why: not implemented`.
    public static func notImplemented(_ why: String) -> ServiceError {
        .init(.notImplemented, why + ": not implemented")
    }
    /// `why: unavailable`.
    public static func unavailable(_ why: String) -> ServiceError { .init(.unavailable, why + ": unavailable") }

    /// The same refusal with words in front of it.
    public func prefixed(_ words: String) -> ServiceError { ServiceError(kind, words + ": " + message) }
}
