/// How a call failed: gRPC's code and words for a person.
public struct GRPCStatus: Error, Hashable, Sendable, CustomStringConvertible {
    /// The codes of gRPC, by their numbers.
    public enum Code: Int, Sendable {
        case ok = 0
        case cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied
        case resourceExhausted, failedPrecondition, aborted, outOfRange, unimplemented, internalError, unavailable
        case dataLoss, unauthenticated

        /// The name as Go's gRPC prints it.
        public var name: String {
            switch self {
            case .ok: "OK"
            case .cancelled: "Canceled"
            case .unknown: "Unknown"
            case .invalidArgument: "InvalidArgument"
            case .deadlineExceeded: "DeadlineExceeded"
            case .notFound: "NotFound"
            case .alreadyExists: "AlreadyExists"
            case .permissionDenied: "PermissionDenied"
            case .resourceExhausted: "ResourceExhausted"
            case .failedPrecondition: "FailedPrecondition"
            case .aborted: "Aborted"
            case .outOfRange: "OutOfRange"
            case .unimplemented: "Unimplemented"
            case .internalError: "Internal"
            case .unavailable: "Unavailable"
            case .dataLoss: "DataLoss"
            case .unauthenticated: "Unauthenticated"
            }
        }
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// As Go's gRPC prints it.
    public var description: String { "rpc error: code = " + code.name + " desc = " + message }

    /// What a call whose caller went away fails with.
    public static var cancelled: GRPCStatus { GRPCStatus(.cancelled, "context canceled") }
    /// What a call that took longer than it was given fails with.
    public static var deadlineExceeded: GRPCStatus { GRPCStatus(.deadlineExceeded, "context deadline exceeded") }
}

/// The most bytes one message may have, on both sides.
public let grpcMessageLimit = 16 << 20
