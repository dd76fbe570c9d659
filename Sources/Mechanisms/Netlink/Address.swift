internal import CLinux

/// An internet address of either family.
public protocol NetworkAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    associatedtype Value: FixedWidthInteger & UnsignedInteger & Sendable
    /// The address as a number: its first byte is the most significant one.
    var value: Value { get }
    init(_ value: Value)
    /// nil for what is no address of this family.
    init?(_ text: String)
    /// AF_*
    static var family: UInt8 { get }
    /// "IPv4" or "IPv6", for messages.
    static var familyName: String { get }
    var isLoopback: Bool { get }
}

extension NetworkAddress {
    public var bytes: [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == MemoryLayout<Value>.size else { return nil }
        self.init(bytes.reduce(0) { $0 << 8 | Value($1) })
    }

    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// An IPv4 address.
public struct IPv4Address: NetworkAddress {
    public let value: UInt32

    public init(_ value: UInt32) { self.value = value }

    /// Four decimal numbers; nil for anything else, leading zeros included.
    public init?(_ text: String) {
        var value: UInt32 = 0
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        for part in parts {
            guard let byte = decimal(part, most: 255) else { return nil }
            value = value << 8 | UInt32(byte)
        }
        self.value = value
    }

    public static let family: UInt8 = 2
    public static let familyName = "IPv4"

    public var description: String {
        bytes.map { String($0) }.joined(separator: ".")
    }

    public var isLoopback: Bool { value >> 24 == 127 }
}

/// An IPv6 address, without a zone.
public struct IPv6Address: NetworkAddress {
    public let value: UInt128

    public init(_ value: UInt128) { self.value = value }

    /// RFC 4291's text forms; nil for anything else.
    public init?(_ text: String) {
        var bytes = in6_addr()
        guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
        value = withUnsafeBytes(of: &bytes) { $0.reduce(0) { $0 << 8 | UInt128($1) } }
    }

    public static let family: UInt8 = 10
    public static let familyName = "IPv6"

    /// The shortest form, as RFC 5952 wants it.
    public var description: String {
        var text = [CChar](repeating: 0, count: 46)
        inet_ntop(AF_INET6, bytes, &text, 46)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    public var isLoopback: Bool { value == 1 }
}

/// Decimal digits without a sign or a leading zero.
private func decimal(_ digits: Substring.UTF8View, most: Int) -> Int? {
    guard !digits.isEmpty, digits.count <= 3, digits.count == 1 || digits.first != UInt8(ascii: "0") else {
        return nil
    }
    var value = 0
    for digit in digits {
        guard digit >= 48, digit <= 57 else { return nil }
        value = value * 10 + Int(digit - 48)
    }
    return value <= most ? value : nil
}

/// An address with the length of its network's prefix, as "10.5.0.1/16".
public struct NetworkPrefix<Address: NetworkAddress>: Hashable, Sendable, CustomStringConvertible {
    public let address: Address
    /// 0 to the number of bits of an address.
    public let length: Int

    public init(_ address: Address, _ length: Int) {
        self.address = address
        self.length = length
    }

    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, let address = Address(String(parts[0]) ?? ""),
            let length = decimal(parts[1], most: Address.Value.bitWidth)
        else { return nil }
        self.init(address, length)
    }

    /// Bits of an address that are the host's.
    public var hostBits: Int { Address.Value.bitWidth - length }
    // A shift by the whole width leaves nothing.
    public var mask: Address.Value { ~0 << hostBits }
    /// The first address of the network.
    public var network: Address { Address(address.value & mask) }
    /// The last one.
    public var last: Address { Address(address.value | ~mask) }
    /// The network itself: the address without its host part.
    public var masked: NetworkPrefix { NetworkPrefix(network, length) }

    public func contains(_ other: Address) -> Bool { other.value & mask == address.value & mask }
    public func overlaps(_ other: NetworkPrefix) -> Bool {
        length <= other.length ? contains(other.address) : other.contains(address)
    }

    public var description: String { address.description + "/" + String(length) }
}

public typealias IPv4Prefix = NetworkPrefix<IPv4Address>
public typealias IPv6Prefix = NetworkPrefix<IPv6Address>
