/// google.protobuf.Any: a message under its name. containerd writes the bare name, without a host before it.
public struct ProtobufAny: ProtobufMessage, Equatable {
    public static var protobufName: String { "google.protobuf.Any" }
    public var typeURL = ""
    public var value: [UInt8] = []

    public init() {}

    public init(typeURL: String, value: [UInt8]) {
        self.typeURL = typeURL
        self.value = value
    }

    /// Packs `message` under its own name.
    public init<M: ProtobufMessage>(packing message: M) {
        typeURL = M.protobufName
        value = message.protobuf()
    }

    /// The name after the last slash: `type.googleapis.com/x.Y` and `x.Y` are the same type.
    public var typeName: String {
        guard let slash = typeURL.utf8.lastIndex(of: 47) else { return typeURL }
        return String(decoding: Array(typeURL.utf8[typeURL.utf8.index(after: slash)...]), as: UTF8.self)
    }

    /// The message inside, when it is of this type; nil when it is of another.
    public func unpack<M: ProtobufMessage>(_ type: M.Type = M.self) throws(ProtobufError) -> M? {
        typeName == M.protobufName ? try M(protobuf: value) : nil
    }

    public mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
        while let field = try reader.nextField() {
            switch field {
            case 1: typeURL = try reader.string()
            case 2: value = try reader.data()
            default: try reader.skip()
            }
        }
    }

    public func write(to writer: inout ProtobufWriter) {
        writer.string(1, typeURL)
        writer.data(2, value)
    }
}

/// google.protobuf.Timestamp: seconds since 1970, and nanoseconds 0...999999999 forward from there.
public struct ProtobufTimestamp: ProtobufMessage, Equatable, Comparable {
    public static var protobufName: String { "google.protobuf.Timestamp" }
    public var seconds: Int64 = 0
    public var nanos: Int32 = 0

    public init() {}

    public init(seconds: Int64, nanos: Int32) {
        self.seconds = seconds
        self.nanos = nanos
    }

    /// Go's zero time, the first of January of year 1: how a Go peer writes "never" where a time must be.
    public static var goZero: ProtobufTimestamp { ProtobufTimestamp(seconds: -62_135_596_800, nanos: 0) }
    public var isGoZero: Bool { self == .goZero }

    public static func < (one: ProtobufTimestamp, other: ProtobufTimestamp) -> Bool {
        one.seconds != other.seconds ? one.seconds < other.seconds : one.nanos < other.nanos
    }

    public mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
        while let field = try reader.nextField() {
            switch field {
            case 1: seconds = try reader.int64()
            case 2: nanos = try reader.int32()
            default: try reader.skip()
            }
        }
    }

    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, seconds)
        writer.int32(2, nanos)
    }
}

/// google.protobuf.Empty.
public struct ProtobufEmpty: ProtobufMessage, Equatable {
    public static var protobufName: String { "google.protobuf.Empty" }

    public init() {}

    public mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
        while try reader.nextField() != nil { try reader.skip() }
    }

    public func write(to writer: inout ProtobufWriter) {}
}

/// google.protobuf.FieldMask: the fields that an update means, by their names in the protocol.
public struct ProtobufFieldMask: ProtobufMessage, Equatable {
    public static var protobufName: String { "google.protobuf.FieldMask" }
    public var paths: [String] = []

    public init() {}
    public init(paths: [String]) { self.paths = paths }

    public mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.append(to: &paths)
            default: try reader.skip()
            }
        }
    }

    public func write(to writer: inout ProtobufWriter) { writer.strings(1, paths) }
}

/// google.rpc.Status: how a call failed. The codes are gRPC's.
public struct RPCStatus: ProtobufMessage, Equatable {
    public static var protobufName: String { "google.rpc.Status" }
    public var code: Int32 = 0
    public var message = ""
    public var details: [ProtobufAny] = []

    public init() {}

    public init(code: Int32, message: String, details: [ProtobufAny] = []) {
        self.code = code
        self.message = message
        self.details = details
    }

    public mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
        while let field = try reader.nextField() {
            switch field {
            case 1: code = try reader.int32()
            case 2: message = try reader.string()
            case 3: try reader.append(to: &details)
            default: try reader.skip()
            }
        }
    }

    public func write(to writer: inout ProtobufWriter) {
        writer.int32(1, code)
        writer.string(2, message)
        writer.messages(3, details)
    }
}
