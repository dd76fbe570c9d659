/// What travels on a ttrpc connection: a header of ten bytes, then a message. All numbers are big-endian.
public struct Frame: Equatable, Sendable {
    public enum Kind {
        public static let request: UInt8 = 1
        public static let response: UInt8 = 2
    }

    /// The longest message either side accepts.
    public static let longest = 4 << 20
    static let headerLength = 10

    /// Names one call on its connection; a client's are odd and rise.
    public var stream: UInt32
    public var kind: UInt8
    public var payload: [UInt8]

    public init(stream: UInt32, kind: UInt8, payload: [UInt8]) {
        self.stream = stream
        self.kind = kind
        self.payload = payload
    }

    /// Appends the frame's bytes.
    public func append(to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + Frame.headerLength + payload.count)
        appendBigEndian(UInt32(payload.count), to: &bytes)
        appendBigEndian(stream, to: &bytes)
        bytes.append(kind)
        bytes.append(0)
        bytes.append(contentsOf: payload)
    }
}

/// Cuts a stream of bytes into frames.
public struct FrameReader: Sendable {
    private var bytes: [UInt8] = []
    private var start = 0

    public init() {}

    public mutating func append(_ more: UnsafeRawBufferPointer) { bytes.append(contentsOf: more) }

    /// The next whole frame, or nil until more bytes have come. Throws when a frame is longer than allowed: the
    /// connection cannot go on.
    public mutating func next() throws(TTRPCError) -> Frame? {
        let available = bytes.count - start
        guard available >= Frame.headerLength else { return compact() }
        let length = Int(bigEndian(at: start))
        if length > Frame.longest {
            throw TTRPCError(
                .resourceExhausted,
                "message length \(length) exceed maximum message size of \(Frame.longest)")
        }
        guard available >= Frame.headerLength + length else { return compact() }
        let body = start + Frame.headerLength
        let frame = Frame(
            stream: bigEndian(at: start + 4), kind: bytes[start + 8], payload: Array(bytes[body..<body + length]))
        start = body + length
        return frame
    }

    /// Drops what has been handed out; an empty buffer gives its memory back.
    private mutating func compact() -> Frame? {
        if start == bytes.count {
            bytes = []
        } else if start > 0 {
            bytes.removeSubrange(0..<start)
        }
        start = 0
        return nil
    }

    private func bigEndian(at index: Int) -> UInt32 {
        UInt32(bytes[index]) << 24 | UInt32(bytes[index + 1]) << 16 | UInt32(bytes[index + 2]) << 8
            | UInt32(bytes[index + 3])
    }
}

private func appendBigEndian(_ value: UInt32, to bytes: inout [UInt8]) {
    for shift in [UInt32(24), 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
}
