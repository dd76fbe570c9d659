public import Protobuf

/// The messages of one side of a call, as they come. For one reader; ends with the call, well or with its status.
public struct GRPCMessages<Message: ProtobufMessage>: AsyncSequence, Sendable {
    public typealias Element = Message
    public typealias Failure = GRPCStatus

    let queue: MessageQueue
    let onCancel: @Sendable () -> Void

    /// The next message; nil at the end.
    public func next() async throws(GRPCStatus) -> Message? {
        guard let bytes = try await queue.next(onCancel: onCancel) else { return nil }
        return try decoded(bytes)
    }

    public func makeAsyncIterator() -> Iterator { Iterator(messages: self) }

    public struct Iterator: AsyncIteratorProtocol {
        let messages: GRPCMessages

        public mutating func next() async throws(GRPCStatus) -> Message? { try await messages.next() }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(GRPCStatus) -> Message? {
            try await messages.next()
        }
    }
}

/// Reads a message, or says as Go's gRPC does why it cannot be one.
func decoded<Message: ProtobufMessage>(_ bytes: [UInt8]) throws(GRPCStatus) -> Message {
    do throws(ProtobufError) {
        return try Message(protobuf: bytes)
    } catch {
        throw GRPCStatus(.internalError, "grpc: error while unmarshalling: " + error.description)
    }
}
