internal import NIOCore
internal import TTRPC

extension Frame {
    /// The frame's bytes.
    func buffer(_ allocator: ByteBufferAllocator) -> ByteBuffer {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return allocator.buffer(bytes: bytes)
    }
}

/// Cuts a stream of bytes into frames.
struct FrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = Frame

    struct TooLarge: Error {}

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return .needMoreData }
        guard length <= Frame.longest else { throw TooLarge() }
        guard buffer.readableBytes >= 10 + Int(length) else { return .needMoreData }
        buffer.moveReaderIndex(forwardBy: 4)
        guard let stream = buffer.readInteger(as: UInt32.self), let kind = buffer.readInteger(as: UInt8.self),
            buffer.readInteger(as: UInt8.self) != nil, let payload = buffer.readBytes(length: Int(length))
        else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(Frame(stream: stream, kind: kind, payload: payload)))
        return .continue
    }
}
