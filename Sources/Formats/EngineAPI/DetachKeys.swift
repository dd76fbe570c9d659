/// The keys with which a client leaves a container's terminal, looked for in what is typed.
public struct DetachKeys: Equatable, Sendable {
    /// Nothing that is typed detaches.
    public static let none = DetachKeys(bytes: [])

    /// What the keys send, in order.
    public let bytes: [UInt8]
    private var matched = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Letters and `ctrl-X` combinations separated by commas, the usual `ctrl-p,ctrl-q` for an empty text; nil when the
    /// text names no keys.
    public init?(_ text: String) {
        var bytes: [UInt8] = []
        for word in (text.isEmpty ? "ctrl-p,ctrl-q" : text).split(separator: ",", omittingEmptySubsequences: false) {
            let letters = Array(word.utf8)
            if letters.count == 1 {
                bytes.append(letters[0])
                continue
            }
            guard word.hasPrefix("ctrl-"), letters.count == 6 else { return nil }
            switch letters[5] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): bytes.append(letters[5] - 96)
            case UInt8(ascii: "@"), UInt8(ascii: "[")...UInt8(ascii: "_"): bytes.append(letters[5] - 64)
            default: return nil
            }
        }
        self.bytes = bytes
    }

    /// What of `typed` goes on to the process, and whether the sequence is complete. Keys that turn out not to be the
    /// whole sequence are passed on.
    public mutating func filter(_ typed: [UInt8]) -> (passed: [UInt8], detaches: Bool) {
        if bytes.isEmpty { return (typed, false) }
        var passed: [UInt8] = []
        for byte in typed {
            if byte == bytes[matched] {
                matched += 1
                if matched == bytes.count { return (passed, true) }
                continue
            }
            // The key that does not fit is not tried as the first of another sequence.
            passed += bytes[0..<matched] + [byte]
            matched = 0
        }
        return (passed, false)
    }
}
