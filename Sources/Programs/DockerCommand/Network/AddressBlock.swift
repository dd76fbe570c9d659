internal import CLinux
internal import Flags
internal import HTTPClient

/// A network in CIDR notation.
struct AddressBlock: Equatable {
    private let bytes: [UInt8]
    private let bits: Int

    /// nil when the text is no CIDR address.
    init?(_ text: String) {
        let (address, length) = splitOnce(text, at: UInt8(ascii: "/"))
        guard let bytes = addressBytes(address), let length, let bits = Int(length), bits >= 0, bits <= bytes.count * 8
        else {
            return nil
        }
        self.bytes = bytes
        self.bits = bits
    }

    /// Whether an address, or the first address of a block, lies in it.
    func contains(_ text: String) -> Bool {
        let address = splitOnce(text, at: UInt8(ascii: "/")).0
        guard let other = addressBytes(address) else { return false }
        return matches(other, bits)
    }

    func overlaps(_ other: AddressBlock) -> Bool { matches(other.bytes, min(bits, other.bits)) }

    private func matches(_ other: [UInt8], _ count: Int) -> Bool {
        guard other.count == bytes.count else { return false }
        for bit in 0..<count {
            let mask = UInt8(0x80) >> UInt8(bit % 8)
            if bytes[bit / 8] & mask != other[bit / 8] & mask { return false }
        }
        return true
    }
}
