/// A source read through one large buffer, whose content can be looked at without copying it out.
public final class BufferedSource: ByteSource {
    private let source: any ByteSource
    private let buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var ended = false

    /// `capacity` is the size of the buffer in bytes, and so the most `peek` can promise.
    public init(_ source: any ByteSource, capacity: Int = 262_144) {
        self.source = source
        buffer = .allocate(byteCount: capacity, alignment: 4096)
    }

    deinit { buffer.deallocate() }

    /// The bytes at hand: at least one unless the stream has ended, at most `most`. Valid until the next call.
    public func window(most: Int) throws(StreamError) -> UnsafeRawBufferPointer {
        if start == end { try refill() }
        return UnsafeRawBufferPointer(rebasing: buffer[start..<start + min(most, end - start)])
    }

    /// Drops bytes that `window` or `peek` showed.
    public func consume(_ count: Int) { start += count }

    /// Up to `count` bytes (no more than the capacity) without consuming them; fewer only at the end of the stream.
    public func peek(_ count: Int) throws(StreamError) -> UnsafeRawBufferPointer {
        if buffer.count - start < count {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
            end -= start
            start = 0
        }
        while end - start < count && !ended { try fill() }
        return UnsafeRawBufferPointer(rebasing: buffer[start..<min(start + count, end)])
    }

    public func read(into target: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        if start == end && target.count >= buffer.count { return try source.read(into: target) }
        let found = try window(most: target.count)
        target.copyMemory(from: found)
        consume(found.count)
        return found.count
    }

    /// Passes over bytes; the stream's end before that is an error.
    public func skip(_ count: Int) throws(StreamError) {
        var left = count
        while left > 0 {
            let found = try window(most: left)
            guard found.count > 0 else { throw .unexpectedEnd }
            consume(found.count)
            left -= found.count
        }
    }

    private func refill() throws(StreamError) {
        start = 0
        end = 0
        if !ended { try fill() }
    }

    private func fill() throws(StreamError) {
        let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
        if count == 0 { ended = true }
        end += count
    }
}
