public import Protobuf

/// Why a call failed: a code of gRPC's and words, as the other side gave them or as the connection made them.
public struct TTRPCError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The codes of gRPC that a shim and containerd use.
    public struct Code: Equatable, Sendable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }

        public static let canceled = Code(rawValue: 1)
        public static let unknown = Code(rawValue: 2)
        public static let invalidArgument = Code(rawValue: 3)
        public static let deadlineExceeded = Code(rawValue: 4)
        public static let notFound = Code(rawValue: 5)
        public static let alreadyExists = Code(rawValue: 6)
        public static let resourceExhausted = Code(rawValue: 8)
        public static let failedPrecondition = Code(rawValue: 9)
        public static let unimplemented = Code(rawValue: 12)
        public static let `internal` = Code(rawValue: 13)
        public static let unavailable = Code(rawValue: 14)
    }

    public let code: Code
    public let message: String
    /// The connection is gone, so nobody knows whether the call was done.
    public let isClosed: Bool

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
        isClosed = false
    }

    private init(closed message: String) {
        code = .unavailable
        self.message = message
        isClosed = true
    }

    /// ttrpc's own words for a connection that ended.
    public static let closed = TTRPCError(closed: "ttrpc: closed")

    public var description: String { message }

    public var status: RPCStatus { RPCStatus(code: code.rawValue, message: message) }
}
