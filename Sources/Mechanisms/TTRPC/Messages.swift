public import Protobuf

/// The envelope of a call.
public struct CallRequest: ProtobufMessage {
    public static var protobufName: String { "ttrpc.Request" }
    public var service = ""
    public var method = ""
    public var payload: [UInt8] = []
    /// Nanoseconds the caller will wait; 0: for ever.
    public var timeout: Int64 = 0
    public var metadata: [Pair] = []

    /// One name and value that a call carries beside its message.
    public struct Pair: ProtobufMessage {
        public static var protobufName: String { "ttrpc.KeyValue" }
        public var key = ""
        public var value = ""

        public init() {}

        public init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }

        public mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
            while let field = try reader.nextField() {
                switch field {
                case 1: key = try reader.string()
                case 2: value = try reader.string()
                default: try reader.skip()
                }
            }
        }

        public func write(to writer: inout ProtobufWriter) {
            writer.string(1, key)
            writer.string(2, value)
        }
    }

    public init() {}

    public init(service: String, method: String, payload: [UInt8], timeout: Int64, metadata: [Pair] = []) {
        self.service = service
        self.method = method
        self.payload = payload
        self.timeout = timeout
        self.metadata = metadata
    }

    public mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
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

    public func write(to writer: inout ProtobufWriter) {
        writer.string(1, service)
        writer.string(2, method)
        writer.data(3, payload)
        writer.int64(4, timeout)
        writer.messages(5, metadata)
    }
}

/// The envelope of an answer.
public struct CallResponse: ProtobufMessage {
    public static var protobufName: String { "ttrpc.Response" }
    public var status: RPCStatus?
    public var payload: [UInt8] = []

    public init() {}

    public mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.merge(into: &status)
            case 2: payload = try reader.data()
            default: try reader.skip()
            }
        }
    }

    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, status)
        writer.data(2, payload)
    }

    /// The message's bytes, or the error that stands in their place.
    func answer() throws(TTRPCError) -> [UInt8] {
        guard let status, status.code != 0 else { return payload }
        throw TTRPCError(TTRPCError.Code(rawValue: status.code), status.message)
    }
}
