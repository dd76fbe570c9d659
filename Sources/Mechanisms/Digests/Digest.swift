/// The name of content by its SHA-256: "sha256:" and 64 hexadecimal digits.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
    /// The digits alone.
    public let hex: String

    /// Reads "sha256:…"; nil when it is anything else (another algorithm, wrong length, capital letters).
    public init?(_ text: String) {
        let prefix = "sha256:"
        guard text.hasPrefix(prefix) else { return nil }
        self.init(hex: String(text.dropFirst(prefix.utf8.count)))
    }

    /// Takes the digits alone; nil when they are not 64 lower-case ones.
    public init?(hex: String) {
        guard hex.utf8.count == 64, hex.utf8.allSatisfy({ ($0 >= 48 && $0 <= 57) || ($0 >= 97 && $0 <= 102) }) else {
            return nil
        }
        self.hex = hex
    }

    /// The digest of bytes in memory.
    public init(of bytes: [UInt8]) {
        var hash = Hash()
        hash.update(bytes)
        self = hash.digest()
    }

    init(raw: [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(raw.count * 2)
        for byte in raw {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        hex = String(decoding: text, as: UTF8.self)
    }

    public var description: String { "sha256:" + hex }
}

extension Digest {
    /// The chain id of each layer, from the bottom up: the name of the file system up to and including it
    /// (OCI image specification, config.md, "Layer ChainID").
    public static func chain(of diffIDs: [Digest]) -> [Digest] {
        var chain: [Digest] = []
        for diffID in diffIDs {
            guard let below = chain.last else {
                chain.append(diffID)
                continue
            }
            chain.append(Digest(of: Array("\(below) \(diffID)".utf8)))
        }
        return chain
    }
}
