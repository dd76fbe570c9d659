/// The keys with which a client leaves a container's terminal: "ctrl-p,ctrl-q".
enum DetachKeys {
    static let usual: [UInt8] = [16, 17]

    /// Names to bytes; empty for the usual ones.
    static func parse(_ text: String) throws(EngineError) -> [UInt8] {
        if text.isEmpty { return usual }
        var keys: [UInt8] = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            let bytes = Array(name.utf8)
            if bytes.count == 1 {
                keys.append(bytes[0])
            } else if name.hasPrefix("ctrl-"), bytes.count == 6, let code = control(bytes[5]) {
                keys.append(code)
            } else {
                throw .invalid("Invalid detach keys (\(text)) provided")
            }
        }
        return keys
    }

    private static func control(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 96
        case UInt8(ascii: "@"): 0
        case UInt8(ascii: "["): 27
        case UInt8(ascii: "\\"): 28
        case UInt8(ascii: "]"): 29
        case UInt8(ascii: "^"): 30
        case UInt8(ascii: "_"): 31
        default: nil
        }
    }
}

/// Looks for the detach keys in what a client types. Keys that turn out not to be the whole sequence are passed on.
struct DetachScanner {
    let keys: [UInt8]
    private var matched = 0

    init(_ keys: [UInt8]) { self.keys = keys }

    /// The bytes for the process, and whether the sequence is complete.
    mutating func scan(_ bytes: [UInt8]) -> (passed: [UInt8], detaches: Bool) {
        if keys.isEmpty { return (bytes, false) }
        var passed: [UInt8] = []
        for byte in bytes {
            if byte == keys[matched] {
                matched += 1
                if matched == keys.count { return (passed, true) }
                continue
            }
            passed += keys[0..<matched]
            matched = byte == keys[0] ? 1 : 0
            if matched == 0 { passed.append(byte) }
            if matched == keys.count { return (passed, true) }
        }
        return (passed, false)
    }
}
