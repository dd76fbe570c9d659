/// Why a stream of bytes could not be read or written.
public struct StreamError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What a person reads; Go's words where upstream would print them.
    public let message: String
    /// errno when a system call failed, else 0.
    public let number: Int32

    public init(_ message: String, number: Int32 = 0) {
        self.message = message
        self.number = number
    }

    /// The stream ended inside something that was not finished (Go's io.ErrUnexpectedEOF).
    public static let unexpectedEnd = StreamError("unexpected EOF")

    public var description: String { message }
}

/// Bytes that are pulled, by one thread; a call may block.
public protocol ByteSource: AnyObject {
    /// Fills the front of `buffer` (never empty) and says how much; 0 at the end and ever after.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int
}

/// A place for bytes, fed by one thread; a call may block.
public protocol ByteSink: AnyObject {
    /// Takes every byte or throws.
    func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError)
}

extension ByteSink {
    /// Writes an array.
    public func write(_ bytes: [UInt8]) throws(StreamError) {
        try bytes.withUnsafeBufferPointer { (all) throws(StreamError) in try write(UnsafeRawBufferPointer(all)) }
    }
}

extension ByteSource {
    /// Everything up to the end, refused with an error when it is more than `limit` bytes.
    public func readAll(limit: Int = Int.max) throws(StreamError) -> [UInt8] {
        var all: [UInt8] = []
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)
        defer { piece.deallocate() }
        while true {
            let count = try read(into: piece)
            if count == 0 { return all }
            guard all.count + count <= limit else { throw StreamError("stream is larger than \(limit) bytes") }
            all.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[0..<count]))
        }
    }

    /// Moves everything up to the end into `sink` and says how much it was.
    @discardableResult
    public func copy(to sink: any ByteSink, pieces: Int = 262_144) throws(StreamError) -> Int {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieces, alignment: 16)
        defer { piece.deallocate() }
        var total = 0
        while true {
            let count = try read(into: piece)
            if count == 0 { return total }
            try sink.write(UnsafeRawBufferPointer(rebasing: piece[0..<count]))
            total += count
        }
    }
}

/// Bytes held in memory, as a source.
public final class BytesSource: ByteSource {
    private let bytes: [UInt8]
    private var position = 0

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - position)
        guard count > 0 else { return 0 }
        bytes.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
        }
        position += count
        return count
    }
}

/// Bytes collected in memory.
public final class BytesSink: ByteSink {
    /// All that was written.
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public func write(_ piece: UnsafeRawBufferPointer) { bytes.append(contentsOf: piece) }
}
