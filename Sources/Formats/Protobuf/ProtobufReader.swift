/// Reads one message's fields. Every length is checked against the bytes at hand before anything is made of it.
public struct ProtobufReader {
    private let bytes: [UInt8]
    private var position: Int
    /// The end of the message being read; lower than the bytes' own inside a nested one.
    private var end: Int
    private var field: UInt32 = 0
    private var wireType: UInt8 = 0

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    /// The next field's number; nil at the message's end. Read its value, or `skip` it, before asking again.
    public mutating func nextField() throws(ProtobufError) -> UInt32? {
        guard position < end else { return nil }
        let tag = try varint()
        guard tag >> 3 != 0, tag >> 3 <= 0x1fff_ffff else { throw .malformedTag }
        field = UInt32(truncatingIfNeeded: tag >> 3)
        wireType = UInt8(truncatingIfNeeded: tag & 7)
        return field
    }

    /// Passes over the field's value.
    public mutating func skip() throws(ProtobufError) {
        switch wireType {
        case 0: _ = try varint()
        case 1: try advance(8)
        case 2: try advance(try length())
        case 3: try skipGroup()
        case 5: try advance(4)
        default: throw .malformedTag
        }
    }

    // MARK: Scalars

    public mutating func uint64() throws(ProtobufError) -> UInt64 {
        guard wireType == 0 else { throw .wrongWireType(field: field) }
        return try varint()
    }

    public mutating func int64() throws(ProtobufError) -> Int64 { Int64(bitPattern: try uint64()) }
    public mutating func uint32() throws(ProtobufError) -> UInt32 { UInt32(truncatingIfNeeded: try uint64()) }
    public mutating func int32() throws(ProtobufError) -> Int32 { Int32(truncatingIfNeeded: try uint64()) }
    public mutating func bool() throws(ProtobufError) -> Bool { try uint64() != 0 }

    public mutating func double() throws(ProtobufError) -> Double {
        guard wireType == 1 else { throw .wrongWireType(field: field) }
        let start = position
        try advance(8)
        var bits: UInt64 = 0
        for index in (start..<start + 8).reversed() { bits = bits << 8 | UInt64(bytes[index]) }
        return Double(bitPattern: bits)
    }

    public mutating func string() throws(ProtobufError) -> String {
        let range = try delimited()
        return bytes.withUnsafeBufferPointer { String(decoding: $0[range], as: UTF8.self) }
    }

    public mutating func data() throws(ProtobufError) -> [UInt8] { Array(bytes[try delimited()]) }

    public mutating func value<E: ProtobufEnum>(_ type: E.Type = E.self) throws(ProtobufError) -> E {
        E(rawValue: try int32())
    }

    // MARK: Messages, lists and maps

    /// Merges a nested message into `message`, which is made when it is not there yet.
    public mutating func merge<M: ProtobufMessage>(into message: inout M?) throws(ProtobufError) {
        var merged = message ?? M()
        try nested(&merged)
        message = merged
    }

    public mutating func append<M: ProtobufMessage>(to list: inout [M]) throws(ProtobufError) {
        var element = M()
        try nested(&element)
        list.append(element)
    }

    public mutating func append(to list: inout [String]) throws(ProtobufError) { list.append(try string()) }

    /// One number, or a packed run of them.
    public mutating func append(to list: inout [UInt64]) throws(ProtobufError) {
        guard wireType == 2 else { return list.append(try uint64()) }
        let range = try delimited()
        let (after, outerEnd) = (position, end)
        position = range.lowerBound
        end = range.upperBound
        while position < end { list.append(try varint()) }
        position = after
        end = outerEnd
    }

    /// One entry of a map of text to text.
    public mutating func insert(into map: inout [String: String]) throws(ProtobufError) {
        let outerEnd = try enter()
        var key = ""
        var value = ""
        while let number = try nextField() {
            switch number {
            case 1: key = try string()
            case 2: value = try string()
            default: try skip()
            }
        }
        end = outerEnd
        map[key] = value
    }

    /// One entry of a map of text to messages.
    public mutating func insert<M: ProtobufMessage>(into map: inout [String: M]) throws(ProtobufError) {
        let outerEnd = try enter()
        var key = ""
        var value = M()
        while let number = try nextField() {
            switch number {
            case 1: key = try string()
            case 2: try nested(&value)
            default: try skip()
            }
        }
        end = outerEnd
        map[key] = value
    }

    // MARK: Bytes

    private mutating func nested<M: ProtobufMessage>(_ message: inout M) throws(ProtobufError) {
        let outerEnd = try enter()
        try message.merge(from: &self)
        end = outerEnd
    }

    /// Narrows the reader to the nested message at hand and returns the end to restore.
    private mutating func enter() throws(ProtobufError) -> Int {
        let range = try delimited()
        let outerEnd = end
        position = range.lowerBound
        end = range.upperBound
        return outerEnd
    }

    private mutating func delimited() throws(ProtobufError) -> Range<Int> {
        guard wireType == 2 else { throw .wrongWireType(field: field) }
        let count = try length()
        let start = position
        position += count
        return start..<position
    }

    /// A length that the bytes at hand cover.
    private mutating func length() throws(ProtobufError) -> Int {
        let count = try varint()
        guard count <= UInt64(end - position) else { throw .truncated }
        return Int(count)
    }

    private mutating func advance(_ count: Int) throws(ProtobufError) {
        guard count <= end - position else { throw .truncated }
        position += count
    }

    private mutating func varint() throws(ProtobufError) -> UInt64 {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while position < end {
            let byte = bytes[position]
            position += 1
            if shift == 63 && byte > 1 { throw .overflow }
            result |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return result }
            shift += 7
        }
        throw .truncated
    }

    /// Groups are of protocol buffers 1; nested ones are counted, not recursed into, so depth costs nothing.
    private mutating func skipGroup() throws(ProtobufError) {
        var depth = 1
        while depth > 0 {
            guard try nextField() != nil else { throw .truncated }
            switch wireType {
            case 3: depth += 1
            case 4: depth -= 1
            default: try skip()
            }
        }
    }
}
