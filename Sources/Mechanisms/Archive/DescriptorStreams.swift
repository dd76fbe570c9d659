public import ByteStream
internal import CLinux
public import Linux

/// A descriptor as a source. It may block: use it on a thread of `Workers`.
public final class DescriptorSource: ByteSource {
    private let descriptor: Descriptor

    /// Takes the descriptor over.
    public init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        do throws(SystemCallError) {
            return try descriptor.read(into: buffer)
        } catch {
            throw StreamError(error.description, number: error.number)
        }
    }
}

/// A descriptor as a sink. It may block: use it on a thread of `Workers`.
public final class DescriptorSink: ByteSink {
    private let descriptor: Descriptor

    /// Takes the descriptor over.
    public init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        do throws(SystemCallError) {
            try writeWhole(bytes, to: descriptor.number)
        } catch {
            throw StreamError(error.description, number: error.number)
        }
    }
}

/// Writes every byte, however many calls it takes.
func writeWhole(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(SystemCallError) {
    var rest = bytes
    while rest.count > 0 {
        let count = try checked("write") { CLinux.write(descriptor, rest.baseAddress, rest.count) }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
}
