/// Text inside a JSON record.
enum JSONText {
    static let lineFeed = Array("\\n".utf8)
    private static let digits = Array("0123456789abcdef".utf8)

    /// As Docker's log encoder escapes: `\n`, `\r`, `\"`, `\\` by name, other control characters and <>& by number,
    /// bytes that are no UTF-8 as U+FFFD each.
    static func escape(_ text: UnsafeRawBufferPointer, into out: inout [UInt8]) {
        var start = 0
        var index = 0
        func flush(_ out: inout [UInt8]) {
            if start < index { out.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[start..<index])) }
        }
        while index < text.count {
            index += plain(text, index)
            guard index < text.count else { break }
            let byte = text[index]
            if byte >= 0x80 {
                let length = scalarLength(text, index)
                if length > 0 && !isLineSeparator(text, index, length) {
                    index += length
                    continue
                }
                flush(&out)
                let separator = length > 0 ? "\\u202\(text[index + 2] == 0xA8 ? 8 : 9)" : "\\ufffd"
                out.append(contentsOf: separator.utf8)
                index += max(1, length)
                start = index
                continue
            }
            if byte >= 0x20 && byte != 0x22 && byte != 0x5C && byte != 0x3C && byte != 0x3E && byte != 0x26 {
                index += 1
                continue
            }
            flush(&out)
            switch byte {
            case 0x22, 0x5C: out += [0x5C, byte]
            case 10: out.append(contentsOf: lineFeed)
            case 13: out += [0x5C, UInt8(ascii: "r")]
            default: out += [0x5C, 0x75, 0x30, 0x30, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
            index += 1
            start = index
        }
        flush(&out)
    }

    /// How many bytes from `start` on stand for themselves, counted in sixteens.
    private static func plain(_ text: UnsafeRawBufferPointer, _ start: Int) -> Int {
        var end = start
        while end + 16 <= text.count {
            let bytes = text.loadUnaligned(fromByteOffset: end, as: SIMD16<UInt8>.self)
            // Control characters wrap to the top and join the bytes that are no ASCII.
            let shifted: SIMD16<UInt8> = bytes &- SIMD16<UInt8>(repeating: 0x20)
            var special: SIMDMask<SIMD16<Int8>> = shifted .>= SIMD16<UInt8>(repeating: 0x60)
            special = special .| (bytes .== SIMD16<UInt8>(repeating: 0x22))
            special = special .| (bytes .== SIMD16<UInt8>(repeating: 0x5C))
            special = special .| (bytes .== SIMD16<UInt8>(repeating: 0x3C))
            special = special .| (bytes .== SIMD16<UInt8>(repeating: 0x3E))
            special = special .| (bytes .== SIMD16<UInt8>(repeating: 0x26))
            let lanes = unsafeBitCast(special, to: SIMD2<UInt64>.self)
            if lanes.x | lanes.y != 0 { break }
            end += 16
        }
        return end - start
    }

    private static func isLineSeparator(_ text: UnsafeRawBufferPointer, _ at: Int, _ length: Int) -> Bool {
        length == 3 && text[at] == 0xE2 && text[at + 1] == 0x80 && (text[at + 2] == 0xA8 || text[at + 2] == 0xA9)
    }

    /// Bytes of the UTF-8 sequence at `at`; 0 when it is none (RFC 3629, section 4).
    private static func scalarLength(_ text: UnsafeRawBufferPointer, _ at: Int) -> Int {
        let first = text[at]
        let length: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if first == 0xE0 { low = 0xA0 }
            if first == 0xED { high = 0x9F }
        case 0xF0...0xF4:
            length = 4
            if first == 0xF0 { low = 0x90 }
            if first == 0xF4 { high = 0x8F }
        default: return 0
        }
        guard at + length <= text.count, text[at + 1] >= low, text[at + 1] <= high else { return 0 }
        for index in (at + 2)..<(at + max(length, 2)) where text[index] & 0xC0 != 0x80 { return 0 }
        return length
    }
}
