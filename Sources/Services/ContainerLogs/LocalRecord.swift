internal import GoText

extension LogRecord {
    /// Longest record of the local driver that is believed; a greater length means that the file is damaged.
    static let longestLocal = 1_000_000

    /// Reads a record of the local driver, without the lengths around it; nil when it is none.
    init?(local bytes: UnsafeRawBufferPointer) {
        text = []
        isStderr = false
        time = []
        var isPiece = false
        var fields = Fields(bytes)
        while let field = fields.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let name)): isStderr = name.elementsEqual("stderr".utf8)
            case (2, .number(let nanoseconds)):
                let time = Int(truncatingIfNeeded: nanoseconds)
                moment = Timestamp(seconds: time / 1_000_000_000, nanoseconds: time % 1_000_000_000)
            case (3, .bytes(let line)): text = Array(line)
            case (4, .number(let partial)): isPiece = partial != 0
            case (5, .bytes(let part)):
                var inside = Fields(part)
                while let field = inside.next() {
                    if field.number == 1, case .number(let last) = field.value, last != 0 { isPiece = false }
                }
            default: break
            }
        }
        guard fields.isWhole else { return nil }
        if !isPiece { text.append(10) }
    }

    /// The fields of a message in the wire format of protocol buffers.
    private struct Fields {
        enum Value {
            case number(UInt64)
            case bytes(UnsafeRawBufferPointer)
        }

        private var rest: UnsafeRawBufferPointer
        /// False after something that is no field.
        private(set) var isWhole = true

        init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

        mutating func next() -> (number: UInt64, value: Value)? {
            guard rest.count > 0 else { return nil }
            isWhole = false
            guard let tag = varint(), let value = varint() else { return nil }
            switch tag & 7 {
            case 0:
                isWhole = true
                return (tag >> 3, .number(value))
            case 2:
                guard value <= UInt64(rest.count) else { return nil }
                let bytes = UnsafeRawBufferPointer(rebasing: rest[..<Int(value)])
                rest = UnsafeRawBufferPointer(rebasing: rest[Int(value)...])
                isWhole = true
                return (tag >> 3, .bytes(bytes))
            default: return nil
            }
        }

        private mutating func varint() -> UInt64? {
            var value: UInt64 = 0
            for index in 0..<min(10, rest.count) {
                value |= UInt64(rest[index] & 0x7F) << UInt64(7 * index)
                if rest[index] < 0x80 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[(index + 1)...])
                    return value
                }
            }
            return nil
        }
    }
}
