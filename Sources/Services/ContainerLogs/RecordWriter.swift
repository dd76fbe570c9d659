internal import CLinux
internal import Linux

/// Turns one stream's bytes into records: a record a line, and one for every 16 KiB of a longer line.
struct RecordWriter {
    /// A line longer than this is cut into records of which only the last ends the line.
    static let longest = 16384

    private let encoding: LogEncoding
    /// The line begun and not ended.
    private var pending: [UInt8] = []
    /// The line being cut, and when its first piece came: all have that time.
    private var cut: (part: LogPart, time: LogMoment)?

    init(_ encoding: LogEncoding) { self.encoding = encoding }

    /// Appends the records that `bytes` complete; `ends` gets the length of `out` after each.
    mutating func add(_ bytes: UnsafeRawBufferPointer, time: LogMoment, to out: inout [UInt8], ends: inout [Int]) {
        var start = 0
        while start < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            let line = rest.baseAddress.flatMap { base in
                memchr(base, 10, rest.count).map { UnsafeRawPointer($0) - base }
            }
            let text = UnsafeRawBufferPointer(rebasing: rest[..<(line ?? rest.count)])
            start += text.count + (line == nil ? 0 : 1)
            if pending.isEmpty && text.count < Self.longest && line != nil {
                endLine(text, time, &out, &ends)
                continue
            }
            pending.append(contentsOf: text)
            cutPieces(time, &out, &ends)
            guard line != nil else { continue }
            pending.withUnsafeBytes { endLine($0, time, &out, &ends) }
            pending.removeAll(keepingCapacity: pending.capacity <= Self.longest * 2)
        }
    }

    /// The end of the stream: a line that has no line feed is a piece that no other follows.
    mutating func finish(time: LogMoment, to out: inout [UInt8], ends: inout [Int]) {
        guard !pending.isEmpty else { return }
        pending.withUnsafeBytes { piece($0, time, &out, &ends) }
        pending = []
    }

    private mutating func cutPieces(_ time: LogMoment, _ out: inout [UInt8], _ ends: inout [Int]) {
        var start = 0
        while pending.count - start >= Self.longest {
            pending.withUnsafeBytes {
                piece(UnsafeRawBufferPointer(rebasing: $0[start..<start + Self.longest]), time, &out, &ends)
            }
            start += Self.longest
        }
        if start > 0 { pending.removeFirst(start) }
    }

    private mutating func piece(
        _ text: UnsafeRawBufferPointer, _ time: LogMoment, _ out: inout [UInt8], _ ends: inout [Int]
    ) {
        let current = cut ?? (LogPart(id: Array(randomHex(bytes: 32).utf8)), time)
        encoding.append(text, current.part, current.time, to: &out)
        ends.append(out.count)
        cut = current
        cut?.part.ordinal += 1
    }

    private mutating func endLine(
        _ text: UnsafeRawBufferPointer, _ time: LogMoment, _ out: inout [UInt8], _ ends: inout [Int]
    ) {
        if let begun = cut {
            cut = nil
            let last = LogPart(id: begun.part.id, ordinal: begun.part.ordinal, isLast: true)
            encoding.append(text, last, begun.time, to: &out)
        } else {
            encoding.append(text, nil, time, to: &out)
        }
        ends.append(out.count)
    }
}
