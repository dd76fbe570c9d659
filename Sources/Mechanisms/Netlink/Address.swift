/// An IPv4 address.
public struct IPv4Address: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The most significant byte is the first of the four.
    public var value: UInt32

    public init(_ value: UInt32) { self.value = value }

    /// Four decimal numbers; nil for anything else, leading zeros included.
    public init?(_ text: String) {
        var value: UInt32 = 0
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        for part in parts {
            guard let byte = IPv4Address.decimal(part, most: 255) else { return nil }
            value = value << 8 | byte
        }
        self.value = value
    }

    /// Decimal digits without a sign or a leading zero.
    static func decimal(_ digits: Substring.UTF8View, most: UInt32) -> UInt32? {
        guard !digits.isEmpty, digits.count <= 3, digits.count == 1 || digits.first != UInt8(ascii: "0") else {
            return nil
        }
        var value: UInt32 = 0
        for digit in digits {
            guard digit >= 48, digit <= 57 else { return nil }
            value = value * 10 + UInt32(digit - 48)
        }
        return value <= most ? value : nil
    }

    public var bytes: [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }

    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 else { return nil }
        value = bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    public var description: String {
        bytes.map { String($0) }.joined(separator: ".")
    }

    public static func < (left: IPv4Address, right: IPv4Address) -> Bool { left.value < right.value }

    public var isLoopback: Bool { value >> 24 == 127 }
}

/// An IPv4 address with the length of its network's prefix, as "10.5.0.1/16".
public struct IPv4Prefix: Hashable, Sendable, CustomStringConvertible {
    public var address: IPv4Address
    /// 0 to 32.
    public var length: Int

    public init(_ address: IPv4Address, _ length: Int) {
        self.address = address
        self.length = length
    }

    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPv4Address(String(parts[0]) ?? ""),
            let length = IPv4Address.decimal(parts[1], most: 32)
        else { return nil }
        self.init(address, Int(length))
    }

    public var mask: UInt32 { length == 0 ? 0 : ~0 << UInt32(32 - length) }
    /// The first address of the network.
    public var network: IPv4Address { IPv4Address(address.value & mask) }
    /// The last one.
    public var broadcast: IPv4Address { IPv4Address(address.value | ~mask) }
    /// The network itself: the address without its host part.
    public var masked: IPv4Prefix { IPv4Prefix(network, length) }

    public func contains(_ other: IPv4Address) -> Bool { other.value & mask == address.value & mask }
    public func overlaps(_ other: IPv4Prefix) -> Bool {
        length <= other.length ? contains(other.address) : other.contains(address)
    }

    public var description: String { address.description + "/" + String(length) }
}
