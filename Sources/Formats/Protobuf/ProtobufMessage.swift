/// Bytes that are not the message they should be.
public enum ProtobufError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes end inside a field.
    case truncated
    /// A varint of more than 64 bits.
    case overflow
    /// Field number 0, or a wire type that does not exist.
    case malformedTag
    /// The field is there, but not in the wire type of its declaration.
    case wrongWireType(field: UInt32)

    public var description: String {
        switch self {
        case .truncated: "unexpected EOF"
        case .overflow: "proto: integer overflow"
        case .malformedTag: "proto: illegal tag or wire type"
        case .wrongWireType(let field): "proto: wrong wireType for field " + String(field)
        }
    }
}

/// A message of protocol buffers, version 3: fields have defaults, unknown fields are dropped.
public protocol ProtobufMessage: Sendable {
    /// The full name in the protocol, as an `Any` carries it ("containerd.events.TaskExit").
    static var protobufName: String { get }
    /// Every field at its default.
    init()
    /// Reads fields up to the reader's end over the values that are here, as the format's merge rule has it.
    mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError)
    /// Writes the fields that differ from their default, in the order of their numbers.
    func write(to writer: inout ProtobufWriter)
}

extension ProtobufMessage {
    /// Reads a whole message.
    public init(protobuf bytes: [UInt8]) throws(ProtobufError) {
        self.init()
        var reader = ProtobufReader(bytes)
        try merge(from: &reader)
    }

    /// The message's bytes.
    public func protobuf() -> [UInt8] {
        var writer = ProtobufWriter()
        write(to: &writer)
        return writer.bytes
    }
}

/// An enumeration of protocol buffers: open, so a number that has no name here is kept.
public protocol ProtobufEnum: RawRepresentable, Hashable, Sendable where RawValue == Int32 {
    init(rawValue: Int32)
}

/// One call of a service: its path, its messages, and which sides may send many of them.
public struct ProtobufMethod<Request: ProtobufMessage, Response: ProtobufMessage>: Sendable {
    /// The service's full name ("containerd.services.tasks.v1.Tasks").
    public let service: String
    /// The method's own name ("Create").
    public let name: String
    public let clientStreams: Bool
    public let serverStreams: Bool

    public init(_ service: String, _ name: String, clientStreams: Bool = false, serverStreams: Bool = false) {
        self.service = service
        self.name = name
        self.clientStreams = clientStreams
        self.serverStreams = serverStreams
    }

    /// As gRPC's `:path` has it.
    public var path: String { "/" + service + "/" + name }
}
