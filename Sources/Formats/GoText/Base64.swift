/// Base64 (RFC 4648).
public enum Base64 {
    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// With padding; `urlSafe` uses - and _.
    public static func encoded(_ bytes: [UInt8], urlSafe: Bool = false) -> String {
        var letters = standard
        if urlSafe {
            letters[62] = UInt8(ascii: "-")
            letters[63] = UInt8(ascii: "_")
        }
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let a = bytes[index]
            let b = index + 1 < bytes.count ? bytes[index + 1] : 0
            let c = index + 2 < bytes.count ? bytes[index + 2] : 0
            out.append(letters[Int(a >> 2)])
            out.append(letters[Int((a & 3) << 4 | b >> 4)])
            out.append(index + 1 < bytes.count ? letters[Int((b & 15) << 2 | c >> 6)] : UInt8(ascii: "="))
            out.append(index + 2 < bytes.count ? letters[Int(c & 63)] : UInt8(ascii: "="))
            index += 3
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// With either alphabet; nil when a byte is of none.
    public static func decoded(_ text: String) -> [UInt8]? {
        var out: [UInt8] = []
        var value: UInt32 = 0
        var bits = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "=") { break }
            let plain =
                byte == UInt8(ascii: "-") ? UInt8(ascii: "+") : byte == UInt8(ascii: "_") ? UInt8(ascii: "/") : byte
            guard let index = standard.firstIndex(of: plain) else { return nil }
            value = value << 6 | UInt32(index)
            bits += 6
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: value >> UInt32(bits)))
            }
        }
        return out
    }
}
