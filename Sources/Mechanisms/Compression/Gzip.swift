public import ByteStream
internal import CCompression

/// Reads gzip (RFC 1952), members that follow one another included.
public final class Inflater: ByteSource {
    private let source: BufferedSource
    private let stream: UnsafeMutablePointer<z_stream>
    private var insideMember = true
    private var ended = false

    public init(_ source: any ByteSource) throws(StreamError) {
        self.source = source as? BufferedSource ?? BufferedSource(source)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard cc_inflate_init(stream, 15 + 16) == Z_OK else { throw StreamError("gzip: cannot allocate memory") }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        guard !ended else { return 0 }
        let room = min(buffer.count, Int(UInt32.max))
        stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(room)
        while stream.pointee.avail_out == UInt32(room) {
            let input = try source.window(most: 1 << 30)
            if input.count == 0 {
                guard !insideMember else { throw .unexpectedEnd }
                ended = true
                return 0
            }
            guard try beginMember(input) else { return 0 }
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.pointee.avail_in = UInt32(input.count)
            let answer = inflate(stream, Z_NO_FLUSH)
            source.consume(input.count - Int(stream.pointee.avail_in))
            switch answer {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END: insideMember = false
            default: throw StreamError(Self.message(stream.pointee.msg))
            }
        }
        return room - Int(stream.pointee.avail_out)
    }

    /// After a member: zeros are padding that tools tolerate, a magic number begins the next.
    private func beginMember(_ input: UnsafeRawBufferPointer) throws(StreamError) -> Bool {
        guard !insideMember else { return true }
        if input[0] == 0 {
            ended = true
            return false
        }
        guard input[0] == 0x1F else { throw StreamError("gzip: invalid header") }
        inflateReset(stream)
        insideMember = true
        return true
    }

    /// Go's words for what zlib found.
    private static func message(_ text: UnsafePointer<CChar>?) -> String {
        let found = text.map { String(cString: $0) } ?? ""
        if found.hasPrefix("incorrect data check") || found.hasPrefix("incorrect length") {
            return "gzip: invalid checksum"
        }
        if found.hasPrefix("incorrect header") || found.hasPrefix("unknown") { return "gzip: invalid header" }
        return "flate: corrupt input: " + found
    }
}

/// Writes gzip.
public final class Deflater: FinishingSink {
    private let sink: any ByteSink
    private let stream: UnsafeMutablePointer<z_stream>
    private let out = UnsafeMutableRawBufferPointer.allocate(byteCount: 131_072, alignment: 16)

    /// `level` 1 to 9, or -1 for zlib's default.
    public init(_ sink: any ByteSink, level: Int32 = -1) throws(StreamError) {
        self.sink = sink
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard cc_deflate_init(stream, level, 15 + 16) == Z_OK else { throw StreamError("gzip: cannot allocate memory") }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        out.deallocate()
    }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        var rest = bytes
        while rest.count > 0 {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            try run(piece, Z_NO_FLUSH)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
        }
    }

    public func finish() throws(StreamError) { try run(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH) }

    private func run(_ input: UnsafeRawBufferPointer, _ flush: Int32) throws(StreamError) {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(input.count)
        while true {
            stream.pointee.next_out = out.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(out.count)
            let answer = deflate(stream, flush)
            guard answer == Z_OK || answer == Z_STREAM_END || answer == Z_BUF_ERROR else {
                throw StreamError("gzip: deflate failed")
            }
            let made = out.count - Int(stream.pointee.avail_out)
            if made > 0 { try sink.write(UnsafeRawBufferPointer(rebasing: out[0..<made])) }
            if flush == Z_FINISH ? answer == Z_STREAM_END : stream.pointee.avail_out > 0 { return }
        }
    }
}
