public import GRPC

extension GRPCStatus {
    /// The failure as Go's clients of containerd word it: the message, and its kind once, at the end.
    public var containerdText: String {
        let kind: String
        switch code {
        case .invalidArgument: kind = "invalid argument"
        case .alreadyExists: kind = "already exists"
        case .notFound: kind = "not found"
        case .unavailable: kind = "unavailable"
        case .failedPrecondition: kind = "failed precondition"
        case .unimplemented: kind = "not implemented"
        case .cancelled: kind = "context canceled"
        case .deadlineExceeded: kind = "context deadline exceeded"
        default: kind = "unknown"
        }
        if message == kind || message.isEmpty { return kind }
        let tail = ": " + kind
        return message.hasSuffix(tail) ? message : message + tail
    }
}
