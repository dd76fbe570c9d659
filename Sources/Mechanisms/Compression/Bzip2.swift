public import ByteStream
internal import CCompression

/// Reads bzip2, streams that follow one another included.
public final class Bzip2Decompressor: ByteSource {
    private let source: BufferedSource
    private let stream: UnsafeMutablePointer<bz_stream>
    private var isBetweenStreams = true

    public init(_ source: any ByteSource) throws(StreamError) {
        self.source = source as? BufferedSource ?? BufferedSource(source)
        stream = .allocate(capacity: 1)
        stream.initialize(to: bz_stream())
        try begin()
    }

    deinit {
        BZ2_bzDecompressEnd(stream)
        stream.deallocate()
    }

    private func begin() throws(StreamError) {
        guard BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK else { throw StreamError("bzip2: cannot allocate memory") }
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        let room = UInt32(clamping: buffer.count)
        stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
        stream.pointee.avail_out = room
        while stream.pointee.avail_out == room && room > 0 {
            let window = try source.window(most: 1 << 30)
            if window.count == 0 {
                guard isBetweenStreams else { throw .unexpectedEnd }
                return 0
            }
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: window.baseAddress?.assumingMemoryBound(to: CChar.self))
            stream.pointee.avail_in = UInt32(window.count)
            let answer = BZ2_bzDecompress(stream)
            source.consume(window.count - Int(stream.pointee.avail_in))
            isBetweenStreams = answer == BZ_STREAM_END
            switch answer {
            case BZ_OK: break
            case BZ_STREAM_END:
                let (next, left) = (stream.pointee.next_out, stream.pointee.avail_out)
                BZ2_bzDecompressEnd(stream)
                try begin()
                (stream.pointee.next_out, stream.pointee.avail_out) = (next, left)
            case BZ_DATA_ERROR_MAGIC: throw StreamError("bzip2 data invalid: bad magic value")
            default: throw StreamError("bzip2 data invalid: damaged block")
            }
        }
        return Int(room - stream.pointee.avail_out)
    }
}
