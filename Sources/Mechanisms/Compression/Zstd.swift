public import ByteStream
internal import CCompression

/// Reads zstd (RFC 8878), frames that follow one another included.
public final class ZstdDecompressor: ByteSource {
    private let source: BufferedSource
    private let stream: OpaquePointer
    private var betweenFrames = true

    public init(_ source: any ByteSource) throws(StreamError) {
        self.source = source as? BufferedSource ?? BufferedSource(source)
        guard let made = ZSTD_createDStream() else { throw StreamError("zstd: cannot allocate memory") }
        stream = made
        // 128 MiB of window: what `zstd -d` accepts unasked.
        ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 27)
    }

    deinit { ZSTD_freeDStream(stream) }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        while output.pos == 0 {
            let window = try source.window(most: 1 << 30)
            var input = ZSTD_inBuffer(src: window.baseAddress, size: window.count, pos: 0)
            if window.count == 0 && betweenFrames { return 0 }
            let hint = ZSTD_decompressStream(stream, &output, &input)
            guard ZSTD_isError(hint) == 0 else {
                throw StreamError("zstd: " + String(cString: ZSTD_getErrorName(hint)))
            }
            source.consume(input.pos)
            if window.count == 0 && output.pos == 0 { throw .unexpectedEnd }
            betweenFrames = hint == 0
        }
        return output.pos
    }
}

/// Writes zstd, one frame.
public final class ZstdCompressor: FinishingSink {
    private let sink: any ByteSink
    private let stream: OpaquePointer
    private let out = UnsafeMutableRawBufferPointer.allocate(byteCount: 131_072, alignment: 16)

    /// `level` as zstd counts, 1 to 19.
    public init(_ sink: any ByteSink, level: Int32 = 3) throws(StreamError) {
        self.sink = sink
        guard let made = ZSTD_createCStream() else { throw StreamError("zstd: cannot allocate memory") }
        stream = made
        ZSTD_CCtx_setParameter(stream, ZSTD_c_compressionLevel, level)
        ZSTD_CCtx_setParameter(stream, ZSTD_c_checksumFlag, 1)
    }

    deinit {
        ZSTD_freeCStream(stream)
        out.deallocate()
    }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) { try run(bytes, ZSTD_e_continue) }

    public func finish() throws(StreamError) { try run(UnsafeRawBufferPointer(start: nil, count: 0), ZSTD_e_end) }

    private func run(_ bytes: UnsafeRawBufferPointer, _ end: ZSTD_EndDirective) throws(StreamError) {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while true {
            var output = ZSTD_outBuffer(dst: out.baseAddress, size: out.count, pos: 0)
            let left = ZSTD_compressStream2(stream, &output, &input, end)
            guard ZSTD_isError(left) == 0 else {
                throw StreamError("zstd: " + String(cString: ZSTD_getErrorName(left)))
            }
            if output.pos > 0 { try sink.write(UnsafeRawBufferPointer(rebasing: out[0..<output.pos])) }
            if end == ZSTD_e_end ? left == 0 : input.pos == input.size { return }
        }
    }
}
