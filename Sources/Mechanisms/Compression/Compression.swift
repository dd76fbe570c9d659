public import ByteStream

/// How a stream is compressed.
public enum Compression: Sendable, Equatable {
    case none, gzip, zstd
    /// Read, never written.
    case bzip2, xz

    /// Bytes of a stream's head that `detect` needs.
    public static let magicLength = 6

    /// Tells by the first bytes (at least `magicLength` of them, or the whole stream).
    public static func detect(_ head: UnsafeRawBufferPointer) -> Compression {
        func starts(_ magic: [UInt8]) -> Bool {
            head.count >= magic.count && head.prefix(magic.count).elementsEqual(magic)
        }
        if starts([0x1F, 0x8B, 0x08]) { return .gzip }
        if starts([0x42, 0x5A, 0x68]) { return .bzip2 }
        if starts([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) { return .xz }
        if starts([0x28, 0xB5, 0x2F, 0xFD]) { return .zstd }
        // A skippable frame is a legal beginning of a zstd stream (RFC 8878, 3.1.2).
        if head.count >= 4 && head[0] & 0xF0 == 0x50 && head[1] == 0x2A && head[2] == 0x4D && head[3] == 0x18 {
            return .zstd
        }
        return .none
    }

    /// The content of a stream, whatever it is compressed with; `found` is what it was.
    public static func decompressed(
        _ source: any ByteSource
    ) throws(StreamError) -> (source: any ByteSource, found: Compression) {
        let buffered = source as? BufferedSource ?? BufferedSource(source)
        let found = detect(try buffered.peek(magicLength))
        switch found {
        case .none: return (buffered, found)
        case .gzip: return (try Inflater(buffered), found)
        case .zstd: return (try ZstdDecompressor(buffered), found)
        case .bzip2: return (try Bzip2Decompressor(buffered), found)
        case .xz: return (try XzDecompressor(buffered), found)
        }
    }
}

/// A sink that must be told when all has been written.
public protocol FinishingSink: ByteSink {
    /// Writes what is still held back. The sink takes nothing after it.
    func finish() throws(StreamError)
}
