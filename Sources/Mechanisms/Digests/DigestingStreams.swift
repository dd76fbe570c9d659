public import ByteStream

/// A source that hashes what passes through it.
public final class DigestingSource: ByteSource {
    private let source: any ByteSource
    private var hash = Hash()
    /// Bytes that have passed.
    public private(set) var count = 0

    public init(_ source: any ByteSource) { self.source = source }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        let found = try source.read(into: buffer)
        hash.update(UnsafeRawBufferPointer(rebasing: buffer[0..<found]))
        count += found
        return found
    }

    /// The digest of what has passed so far.
    public var digest: Digest { hash.digest() }
}

/// A sink that hashes what passes through it.
public final class DigestingSink: ByteSink {
    private let sink: (any ByteSink)?
    private var hash = Hash()
    /// Bytes that have passed.
    public private(set) var count = 0

    /// With no sink behind it the bytes are hashed and dropped.
    public init(_ sink: (any ByteSink)? = nil) { self.sink = sink }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        try sink?.write(bytes)
        hash.update(bytes)
        count += bytes.count
    }

    /// The digest of what has passed so far.
    public var digest: Digest { hash.digest() }
}
