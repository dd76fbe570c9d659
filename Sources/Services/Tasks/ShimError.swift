internal import Metadata
internal import Protobuf

extension ServiceError {
    /// What a shim answered, as containerd passes it on: the class of the code, its words at the end of the message.
    init(_ status: RPCStatus) {
        let kind: Kind
        let words: String
        switch status.code {
        case 1: (kind, words) = (.canceled, "context canceled")
        case 3: (kind, words) = (.invalidArgument, "invalid argument")
        case 4: (kind, words) = (.deadlineExceeded, "context deadline exceeded")
        case 5: (kind, words) = (.notFound, "not found")
        case 6: (kind, words) = (.alreadyExists, "already exists")
        case 9: (kind, words) = (.failedPrecondition, "failed precondition")
        case 12: (kind, words) = (.notImplemented, "not implemented")
        case 14: (kind, words) = (.unavailable, "unavailable")
        default: (kind, words) = (.unknown, "unknown")
        }
        let suffix = ": " + words
        let ends = status.message.hasSuffix(suffix) || status.message == words
        self.init(kind, ends ? status.message : status.message + suffix)
    }

    /// The connection to the shim is gone.
    static var shimGone: ServiceError { ServiceError(.unknown, "ttrpc: closed: unknown") }

    var isShimGone: Bool { self == .shimGone }
}
