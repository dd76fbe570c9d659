/// Collects one message's bytes. The calls leave out a value that is its field's default.
public struct ProtobufWriter {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []

    public init() {}

    /// Makes room for bytes to come.
    public mutating func reserve(_ count: Int) { bytes.reserveCapacity(bytes.count + count) }

    // MARK: Scalars

    public mutating func uint64(_ field: UInt32, _ value: UInt64) {
        if value == 0 { return }
        tag(field, 0)
        varint(value)
    }

    public mutating func int64(_ field: UInt32, _ value: Int64) { uint64(field, UInt64(bitPattern: value)) }
    public mutating func uint32(_ field: UInt32, _ value: UInt32) { uint64(field, UInt64(value)) }
    /// A negative number takes ten bytes: it is widened to 64 bits first.
    public mutating func int32(_ field: UInt32, _ value: Int32) { int64(field, Int64(value)) }
    public mutating func bool(_ field: UInt32, _ value: Bool) { uint64(field, value ? 1 : 0) }
    public mutating func value<E: ProtobufEnum>(_ field: UInt32, _ value: E) { int32(field, value.rawValue) }

    public mutating func double(_ field: UInt32, _ value: Double) {
        if value.bitPattern == 0 { return }
        tag(field, 1)
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
    }

    public mutating func string(_ field: UInt32, _ value: String) {
        if !value.isEmpty { text(field, value) }
    }

    public mutating func data(_ field: UInt32, _ value: [UInt8]) {
        if value.isEmpty { return }
        reserve(value.count + 16)
        tag(field, 2)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    // MARK: Messages, lists and maps

    public mutating func message<M: ProtobufMessage>(_ field: UInt32, _ value: M?) {
        guard let value else { return }
        let start = open(field)
        value.write(to: &self)
        close(start)
    }

    public mutating func messages<M: ProtobufMessage>(_ field: UInt32, _ list: [M]) {
        for element in list { message(field, element) }
    }

    public mutating func strings(_ field: UInt32, _ list: [String]) {
        for element in list { text(field, element) }
    }

    public mutating func packed(_ field: UInt32, _ list: [UInt64]) {
        if list.isEmpty { return }
        let start = open(field)
        for element in list { varint(element) }
        close(start)
    }

    public mutating func map(_ field: UInt32, _ entries: [String: String]) {
        for (key, value) in entries {
            let start = open(field)
            text(1, key)
            text(2, value)
            close(start)
        }
    }

    public mutating func map<M: ProtobufMessage>(_ field: UInt32, _ entries: [String: M]) {
        for (key, value) in entries {
            let start = open(field)
            text(1, key)
            message(2, value)
            close(start)
        }
    }

    // MARK: Bytes

    private mutating func text(_ field: UInt32, _ value: String) {
        tag(field, 2)
        varint(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    private mutating func tag(_ field: UInt32, _ wireType: UInt32) { varint(UInt64(field << 3 | wireType)) }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Starts a nested value with one byte for its length, which is enough for most; `close` makes room for more.
    private mutating func open(_ field: UInt32) -> Int {
        tag(field, 2)
        bytes.append(0)
        return bytes.count
    }

    private mutating func close(_ start: Int) {
        let count = bytes.count - start
        if count < 0x80 {
            bytes[start - 1] = UInt8(count)
            return
        }
        var length = ProtobufWriter()
        length.varint(UInt64(count))
        bytes.replaceSubrange(start - 1..<start, with: length.bytes)
    }
}
