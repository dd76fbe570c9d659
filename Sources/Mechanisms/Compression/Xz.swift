public import ByteStream
internal import CCompression

/// Reads xz, streams that follow one another included.
public final class XzDecompressor: ByteSource {
    private let source: BufferedSource
    private let stream: UnsafeMutablePointer<lzma_stream>
    private var hasEnded = false
    /// What a decoder may take: the dictionary of `xz -9` is 64 MiB.
    private static let mostMemory: UInt64 = 256 << 20

    /// `LZMA_CONCATENATED`, a macro that Swift cannot see.
    private static let concatenated: UInt32 = 0x08

    public init(_ source: any ByteSource) throws(StreamError) {
        self.source = source as? BufferedSource ?? BufferedSource(source)
        stream = .allocate(capacity: 1)
        stream.initialize(to: lzma_stream())
        guard lzma_stream_decoder(stream, Self.mostMemory, Self.concatenated) == LZMA_OK else {
            throw StreamError("xz: cannot allocate memory")
        }
    }

    deinit {
        lzma_end(stream)
        stream.deallocate()
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        guard !hasEnded else { return 0 }
        stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = buffer.count
        while stream.pointee.avail_out == buffer.count && buffer.count > 0 {
            let window = try source.window(most: 1 << 30)
            stream.pointee.next_in = window.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = window.count
            let answer = lzma_code(stream, window.count == 0 ? LZMA_FINISH : LZMA_RUN)
            source.consume(window.count - stream.pointee.avail_in)
            switch answer {
            case LZMA_OK: break
            case LZMA_STREAM_END:
                hasEnded = true
                return buffer.count - stream.pointee.avail_out
            case LZMA_BUF_ERROR where window.count == 0: throw .unexpectedEnd
            case LZMA_MEMLIMIT_ERROR: throw StreamError("xz: the dictionary is too large")
            case LZMA_FORMAT_ERROR: throw StreamError("xz: file format not recognized")
            default: throw StreamError("xz: compressed data is corrupt")
            }
        }
        return buffer.count - stream.pointee.avail_out
    }
}
