internal import GoText

/// Rules for names that clients give.
public enum Identifier {
    static let longest = 76
    static let longestLabel = 4096

    /// Namespaces, containers and leases: letters and digits, with single `.`, `_` or `-` between them.
    public static func check(_ text: String) throws(ServiceError) {
        if text.isEmpty { throw .invalidArgument("identifier must not be empty") }
        if text.utf8.count > longest {
            throw .invalidArgument(
                "identifier \(goQuoted(text)) greater than maximum length (\(longest) characters)")
        }
        var afterSeparator = true
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                afterSeparator = false
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                if afterSeparator { throw mismatch(text) }
                afterSeparator = true
            default: throw mismatch(text)
            }
        }
        if afterSeparator { throw mismatch(text) }
    }

    private static func mismatch(_ text: String) -> ServiceError {
        .invalidArgument(
            "identifier \(goQuoted(text)) must match ^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$")
    }

    /// A digest as `sha256:` and 64 lower-case hexadecimal digits.
    public static func checkDigest(_ digest: String) throws(ServiceError) {
        let bytes = Array(digest.utf8)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0, colon + 1 < bytes.count else {
            throw .invalidArgument("invalid checksum digest format")
        }
        guard digest.hasPrefix("sha256:") else { throw .invalidArgument("unsupported digest algorithm") }
        guard bytes.count == 71 else { throw .invalidArgument("invalid checksum digest length") }
        for byte in bytes[7...] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): continue
            default: throw .invalidArgument("invalid checksum digest format")
            }
        }
    }

    /// No label may be longer, key and value together, than 4096 bytes.
    public static func checkLabels(_ labels: Labels, of subject: String = "") throws(ServiceError) {
        for (key, value) in labels where key.utf8.count + value.utf8.count > longestLabel {
            let start = String(decoding: Array(key.utf8.prefix(10)), as: UTF8.self)
            let error = ServiceError.invalidArgument(
                "label key and value greater than maximum size (\(longestLabel) bytes), key: \(start)")
            throw subject.isEmpty ? error : error.prefixed(subject)
        }
    }
}
