/// One request to the kernel's routing tables, as the bytes after `nlmsghdr` (rtnetlink(7)).
public struct RouteRequest: Equatable, Sendable {
    /// RTM_*
    public var type: UInt16
    /// NLM_F_*; NLM_F_REQUEST and NLM_F_ACK are added when it is sent.
    public var flags: UInt16
    public var body: [UInt8]
    /// The interface or address it is about, for errors.
    public var subject: String

    public init(type: UInt16, flags: UInt16, body: [UInt8], subject: String) {
        self.type = type
        self.flags = flags
        self.body = body
        self.subject = subject
    }

    /// The whole message with its header.
    func message(sequence: UInt32, adding extra: UInt16) -> [UInt8] {
        var bytes = MessageBytes()
        bytes.put32(UInt32(body.count + 16))
        bytes.put16(type)
        bytes.put16(flags | extra)
        bytes.put32(sequence)
        bytes.put32(0)
        bytes.append(body)
        return bytes.all
    }

    /// The name of the request in errors.
    var operation: String {
        switch type {
        case Route.newLink: "link add"
        case Route.deleteLink: "link delete"
        case Route.setLink: "link set"
        case Route.newAddress: "address add"
        case Route.deleteAddress: "address delete"
        case Route.newRoute: "route add"
        case Route.deleteRoute: "route delete"
        default: "netlink"
        }
    }
}

/// Bytes in the machine's order, attributes padded to four (netlink(7)).
struct MessageBytes {
    private(set) var all: [UInt8] = []

    mutating func put8(_ value: UInt8) { all.append(value) }
    mutating func put16(_ value: UInt16) { withUnsafeBytes(of: value) { all.append(contentsOf: $0) } }
    mutating func put32(_ value: UInt32) { withUnsafeBytes(of: value) { all.append(contentsOf: $0) } }
    mutating func append(_ bytes: [UInt8]) { all.append(contentsOf: bytes) }

    mutating func attribute(_ type: UInt16, _ bytes: [UInt8]) {
        put16(UInt16(bytes.count + 4))
        put16(type)
        append(bytes)
        while all.count % 4 != 0 { all.append(0) }
    }

    mutating func attribute(_ type: UInt16, _ value: UInt32) {
        attribute(type, withUnsafeBytes(of: value) { Array($0) })
    }

    /// A text with its terminating zero.
    mutating func attribute(_ type: UInt16, _ text: String) { attribute(type, Array(text.utf8) + [0]) }

    mutating func nested(_ type: UInt16, _ fill: (inout MessageBytes) -> Void) {
        var inner = MessageBytes()
        fill(&inner)
        attribute(type, inner.all)
    }
}

/// Reads what the kernel sent; anything cut short reads as absent.
struct MessageReader {
    let bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    func u8(_ offset: Int) -> UInt8? {
        offset >= 0 && offset < bytes.count ? bytes[bytes.startIndex + offset] : nil
    }

    func u16(_ offset: Int) -> UInt16? { value(offset) }
    func u32(_ offset: Int) -> UInt32? { value(offset) }
    func u64(_ offset: Int) -> UInt64? { value(offset) }

    private func value<Value: FixedWidthInteger>(_ offset: Int) -> Value? {
        let size = MemoryLayout<Value>.size
        guard offset >= 0, offset + size <= bytes.count else { return nil }
        var found: Value = 0
        withUnsafeMutableBytes(of: &found) { target in
            for index in 0..<size { target[index] = bytes[bytes.startIndex + offset + index] }
        }
        return found
    }

    /// The attributes from `offset` on, by type without its flag bits.
    func attributes(from offset: Int) -> [UInt16: ArraySlice<UInt8>] {
        var found: [UInt16: ArraySlice<UInt8>] = [:]
        var position = offset
        while let length = u16(position), let type = u16(position + 2) {
            let end = position + Int(length)
            guard length >= 4, end <= bytes.count else { break }
            found[type & 0x3FFF] = bytes[(bytes.startIndex + position + 4)..<(bytes.startIndex + end)]
            position += (Int(length) + 3) & ~3
        }
        return found
    }
}

/// Numbers of rtnetlink(7) that its headers define.
enum Route {
    static let newLink: UInt16 = 16, deleteLink: UInt16 = 17, getLink: UInt16 = 18, setLink: UInt16 = 19
    static let newAddress: UInt16 = 20, deleteAddress: UInt16 = 21, getAddress: UInt16 = 22
    static let newRoute: UInt16 = 24, deleteRoute: UInt16 = 25, getRoute: UInt16 = 26

    static let request: UInt16 = 1, acknowledge: UInt16 = 4, dump: UInt16 = 0x300
    static let replace: UInt16 = 0x100, exclusive: UInt16 = 0x200, create: UInt16 = 0x400

    static let messageError: UInt16 = 2, messageDone: UInt16 = 3
}
