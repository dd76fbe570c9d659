internal import NIOCore

/// Puts messages together from DATA frames: one byte "compressed", four bytes of length, the message.
struct MessageDecoder {
    private var buffer = ByteBuffer()
    private let limit: Int

    init(limit: Int = grpcMessageLimit) { self.limit = limit }

    /// Whether bytes of an unfinished message are at hand.
    var isInsideMessage: Bool { buffer.readableBytes > 0 }

    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole message; nil when more bytes are needed.
    mutating func next() throws(GRPCStatus) -> [UInt8]? {
        guard let flag = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self),
            let length = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt32.self)
        else { return nil }
        guard flag == 0 else {
            throw GRPCStatus(.internalError, "grpc: compressed flag set with identity or empty encoding")
        }
        guard length <= limit else {
            throw GRPCStatus(
                .resourceExhausted,
                "grpc: received message larger than max (" + String(length) + " vs. " + String(limit) + ")")
        }
        guard buffer.readableBytes >= 5 + Int(length) else {
            // Room for all of it at once: frames bring 16 KiB each.
            if buffer.readableBytes + buffer.writableBytes < 5 + Int(length) {
                buffer.reserveCapacity(minimumWritableBytes: 5 + Int(length) - buffer.readableBytes)
            }
            return nil
        }
        buffer.moveReaderIndex(forwardBy: 5)
        let message = buffer.readBytes(length: Int(length))
        if buffer.readableBytes == 0 { buffer = ByteBuffer() }
        return message
    }
}

/// One message as it goes into DATA frames.
func framed(_ message: [UInt8]) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: 5 + message.count)
    buffer.writeInteger(UInt8(0))
    buffer.writeInteger(UInt32(message.count))
    buffer.writeBytes(message)
    return buffer
}
