/// Go's path.Match: `*`, `?`, `[a-z]`, `[^…]` and `\`, none of them across a slash.
struct Pattern {
    private let pattern: [UInt8]

    init(_ text: String) { pattern = Array(text.utf8) }

    /// Whether every `[` is closed and every `\` followed by something.
    var isValid: Bool {
        var rest = pattern[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.popFirst() == nil { return false }
            guard byte == UInt8(ascii: "[") else { continue }
            guard let close = rest.dropFirst().firstIndex(of: 93) else { return false }
            rest = rest[(close + 1)...]
        }
        return true
    }

    func matches(_ text: String) -> Bool { Self.match(pattern[...], Array(text.utf8)[...]) }

    private static func match(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        switch first {
        case UInt8(ascii: "*"):
            var rest = text
            while true {
                if match(pattern.dropFirst(), rest) { return true }
                guard let next = rest.first, next != 47 else { return false }
                rest = rest.dropFirst()
            }
        case UInt8(ascii: "["):
            guard let next = text.first, let close = pattern.dropFirst(2).firstIndex(of: 93) else { return false }
            let inside = pattern[(pattern.startIndex + 1)..<close]
            guard contains(inside, next) else { return false }
            return match(pattern[(close + 1)...], text.dropFirst())
        case UInt8(ascii: "?"):
            guard let next = text.first, next != 47 else { return false }
            return match(pattern.dropFirst(), text.dropFirst())
        case UInt8(ascii: "\\"):
            guard let literal = pattern.dropFirst().first, literal == text.first else { return false }
            return match(pattern.dropFirst(2), text.dropFirst())
        default: return first == text.first && match(pattern.dropFirst(), text.dropFirst())
        }
    }

    private static func contains(_ set: ArraySlice<UInt8>, _ byte: UInt8) -> Bool {
        var rest = set
        let negated = rest.first == UInt8(ascii: "^")
        if negated { rest = rest.dropFirst() }
        var found = false
        while let low = rest.first {
            rest = rest.dropFirst()
            var high = low
            if rest.first == UInt8(ascii: "-"), let end = rest.dropFirst().first {
                high = end
                rest = rest.dropFirst(2)
            }
            if byte >= low && byte <= high { found = true }
        }
        return found != negated
    }
}
