internal import EngineAPI

/// Turns one stream's bytes into json-file records: a record a line, and one for every 16 KiB of a longer line.
struct RecordWriter {
    /// A line longer than this is cut into records whose text has no line feed at its end, but the last.
    static let longest = 16384

    private let tail: [UInt8]
    /// The line begun and not ended.
    private var pending: [UInt8] = []
    /// All parts of a cut line have the time of the first.
    private var cutTime: [UInt8]?

    init(_ stream: LogStream, attributes: [String: String]) {
        var text = Array("\",\"stream\":\"\(stream.name)\"".utf8)
        if !attributes.isEmpty {
            text += Array(",\"attrs\":{".utf8)
            for (index, attribute) in attributes.sorted(by: { $0.key < $1.key }).enumerated() {
                text += Array((index > 0 ? ",\"" : "\"").utf8)
                Self.escape(Array(attribute.key.utf8), into: &text)
                text += Array("\":\"".utf8)
                Self.escape(Array(attribute.value.utf8), into: &text)
                text.append(UInt8(ascii: "\""))
            }
            text.append(UInt8(ascii: "}"))
        }
        tail = text + Array(",\"time\":\"".utf8)
    }

    /// Appends the records that `bytes` complete; `ends` gets the length of `out` after each.
    mutating func add(_ bytes: UnsafeRawBufferPointer, time: [UInt8], to out: inout [UInt8], ends: inout [Int]) {
        var start = 0
        while start < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            let line = rest.firstIndex(of: 10)
            let text = UnsafeRawBufferPointer(rebasing: rest[..<(line ?? rest.count)])
            start += text.count + (line == nil ? 0 : 1)
            if pending.isEmpty && text.count < Self.longest && line != nil {
                record(text, newLine: true, time: cutTime ?? time, to: &out, ends: &ends)
                cutTime = nil
                continue
            }
            pending.append(contentsOf: text)
            cut(time, &out, &ends)
            if line != nil {
                pending.withUnsafeBytes {
                    record($0, newLine: true, time: cutTime ?? time, to: &out, ends: &ends)
                }
                pending.removeAll(keepingCapacity: pending.capacity <= Self.longest * 2)
                cutTime = nil
            }
        }
    }

    /// The end of the stream: a line that has no line feed gets a record without one.
    mutating func finish(time: [UInt8], to out: inout [UInt8], ends: inout [Int]) {
        guard !pending.isEmpty else { return }
        pending.withUnsafeBytes { record($0, newLine: false, time: cutTime ?? time, to: &out, ends: &ends) }
        pending = []
        cutTime = nil
    }

    private mutating func cut(_ time: [UInt8], _ out: inout [UInt8], _ ends: inout [Int]) {
        var start = 0
        while pending.count - start >= Self.longest {
            let moment = cutTime ?? time
            cutTime = moment
            pending.withUnsafeBytes {
                let piece = UnsafeRawBufferPointer(rebasing: $0[start..<start + Self.longest])
                record(piece, newLine: false, time: moment, to: &out, ends: &ends)
            }
            start += Self.longest
        }
        if start > 0 { pending.removeFirst(start) }
    }

    private func record(
        _ text: UnsafeRawBufferPointer, newLine: Bool, time: [UInt8], to out: inout [UInt8], ends: inout [Int]
    ) {
        out.append(contentsOf: Self.head)
        Self.escape(text, into: &out)
        if newLine { out.append(contentsOf: Self.lineFeed) }
        out.append(contentsOf: tail)
        out.append(contentsOf: time)
        out.append(contentsOf: Self.end)
        ends.append(out.count)
    }

    private static let head = Array("{\"log\":\"".utf8)
    private static let lineFeed = Array("\\n".utf8)
    private static let end = Array("\"}\n".utf8)
    private static let digits = Array("0123456789abcdef".utf8)

    private static func escape(_ text: [UInt8], into out: inout [UInt8]) {
        text.withUnsafeBytes { escape($0, into: &out) }
    }

    /// As Docker's log encoder escapes: `\n`, `\r`, `\"`, `\\` by name, other control characters and <>& by number,
    /// bytes that are no UTF-8 as U+FFFD each.
    static func escape(_ text: UnsafeRawBufferPointer, into out: inout [UInt8]) {
        var start = 0
        var index = 0
        func flush(_ out: inout [UInt8]) {
            if start < index { out.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[start..<index])) }
        }
        while index < text.count {
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
