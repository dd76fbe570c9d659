internal import Protobuf

/// The envelope of a call.
struct CallRequest: ProtobufMessage {
    static var protobufName: String { "ttrpc.Request" }
    var service = ""
    var method = ""
    var payload: [UInt8] = []
    /// Nanoseconds the caller will wait; 0: for ever.
    var timeout: Int64 = 0

    init() {}

    init(service: String, method: String, payload: [UInt8], timeout: Int64) {
        self.service = service
        self.method = method
        self.payload = payload
        self.timeout = timeout
    }

    mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
        while let field = try reader.nextField() {
            switch field {
            case 1: service = try reader.string()
            case 2: method = try reader.string()
            case 3: payload = try reader.data()
            case 4: timeout = try reader.int64()
            default: try reader.skip()
            }
        }
    }

    func write(to writer: inout ProtobufWriter) {
        writer.string(1, service)
        writer.string(2, method)
        writer.data(3, payload)
        writer.int64(4, timeout)
    }
}

/// The envelope of an answer.
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

    /// The message's bytes, or the error that stands in their place.
    func answer() throws(TTRPCError) -> [UInt8] {
        guard let status, status.code != 0 else { return payload }
        throw TTRPCError(TTRPCError.Code(rawValue: status.code), status.message)
    }
}
