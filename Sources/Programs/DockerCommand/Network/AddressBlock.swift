internal import CLinux
internal import Flags

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

/// The 4 or 16 bytes of an IP address; nil when the text is none.
func addressBytes(_ text: String) -> [UInt8]? {
    var four = [UInt8](repeating: 0, count: 4)
    if inet_pton(AF_INET, text, &four) == 1 { return four }
    var sixteen = [UInt8](repeating: 0, count: 16)
    return inet_pton(AF_INET6, text, &sixteen) == 1 ? sixteen : nil
}
