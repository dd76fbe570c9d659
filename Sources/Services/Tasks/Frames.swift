internal import NIOCore
internal import Protobuf

/// One message of ttrpc: a header of ten bytes (length, stream, kind, flags) and its payload.
struct Frame {
    static let request: UInt8 = 1
    static let response: UInt8 = 2
    /// The most bytes a payload may have; ttrpc's own limit.
    static let limit = 4 << 20

    var stream: UInt32
    var kind: UInt8
    var payload: [UInt8]

    func buffer(_ allocator: ByteBufferAllocator) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: 10 + payload.count)
        buffer.writeInteger(UInt32(payload.count))
        buffer.writeInteger(stream)
        buffer.writeInteger(kind)
        buffer.writeInteger(UInt8(0))
        buffer.writeBytes(payload)
        return buffer
    }
}

/// Cuts a stream of bytes into frames.
struct FrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = Frame

    struct TooLarge: Error {}

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return .needMoreData }
        guard length <= Frame.limit else { throw TooLarge() }
        guard buffer.readableBytes >= 10 + Int(length) else { return .needMoreData }
        buffer.moveReaderIndex(forwardBy: 4)
        guard let stream = buffer.readInteger(as: UInt32.self), let kind = buffer.readInteger(as: UInt8.self),
            buffer.readInteger(as: UInt8.self) != nil, let payload = buffer.readBytes(length: Int(length))
        else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(Frame(stream: stream, kind: kind, payload: payload)))
        return .continue
    }
}

/// A call: ttrpc's Request.
struct CallRequest: ProtobufMessage {
    static var protobufName: String { "ttrpc.Request" }
    var service = ""
    var method = ""
    var payload: [UInt8] = []
    /// Nanoseconds the caller will wait; 0: as long as it takes.
    var timeout: Int64 = 0
    var metadata: [Pair] = []

    struct Pair: ProtobufMessage {
        static var protobufName: String { "ttrpc.KeyValue" }
        var key = ""
        var value = ""

        init() {}

        init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }

        mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
            while let field = try reader.nextField() {
                switch field {
                case 1: key = try reader.string()
                case 2: value = try reader.string()
                default: try reader.skip()
                }
            }
        }

        func write(to writer: inout ProtobufWriter) {
            writer.string(1, key)
            writer.string(2, value)
        }
    }

    init() {}

    mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
        while let field = try reader.nextField() {
            switch field {
            case 1: service = try reader.string()
            case 2: method = try reader.string()
            case 3: payload = try reader.data()
            case 4: timeout = try reader.int64()
            case 5: try reader.append(to: &metadata)
            default: try reader.skip()
            }
        }
    }

    func write(to writer: inout ProtobufWriter) {
        writer.string(1, service)
        writer.string(2, method)
        writer.data(3, payload)
        writer.int64(4, timeout)
        writer.messages(5, metadata)
    }
}

/// An answer: ttrpc's Response.
struct CallResponse: ProtobufMessage {
    static var protobufName: String { "ttrpc.Response" }
    var status: RPCStatus?
    var payload: [UInt8] = []

    init() {}

    mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.merge(into: &status)
            case 2: payload = try reader.data()
            default: try reader.skip()
            }
        }
    }

    func write(to writer: inout ProtobufWriter) {
        writer.message(1, status)
        writer.data(2, payload)
    }
}
