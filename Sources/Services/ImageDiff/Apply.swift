internal import Archive
internal import ByteStream
internal import CLinux
internal import Compression
public import ContainerdAPI
public import Content
internal import Digests
internal import Linux
public import Metadata
internal import OCIImage

/// Layers onto snapshots, and snapshots into layers. All methods block.
public final class ImageDiff: Sendable {
    let content: ContentStore

    public init(content: ContentStore) { self.content = content }

    /// Unpacks a layer's blob into the tree behind `mounts` and answers the descriptor of what was inside: the
    /// uncompressed archive, its digest and its size. Streams: no layer is in memory as a whole.
    public func apply(
        _ layer: ContainerdTypes.Descriptor, onto mounts: [ContainerdTypes.Mount], syncing: Bool, in scope: Scope
    ) throws(ServiceError) -> ContainerdTypes.Descriptor {
        guard MediaType.isLayer(layer.mediaType) else {
            throw ServiceError(
                .unknown, "failed to get stream processor for \(layer.mediaType): no processor for media-type")
        }
        let layers = try Layers(of: mounts)
        if !layers.isWritable { throw .failedPrecondition("the snapshot is read-only") }
        let blob = try content.open(layer.digest, in: scope)
        let outcome: (digest: String, size: Int)
        do throws(ArchiveError) {
            outcome = try unpack(blob, into: layers, syncing: syncing)
        } catch {
            throw ServiceError(.unknown, "failed to extract layer \(layer.digest): \(error.description)")
        }
        var applied = ContainerdTypes.Descriptor()
        applied.mediaType = MediaType.layer
        applied.digest = outcome.digest
        applied.size = Int64(outcome.size)
        return applied
    }

    private func unpack(_ blob: Blob, into layers: Layers, syncing: Bool) throws(ArchiveError) -> (String, Int) {
        let source: any ByteSource
        do throws(StreamError) {
            source = try Compression.decompressed(BlobSource(blob)).source
        } catch {
            throw .stream(error)
        }
        let hashed = DigestingSource(source)
        var extraction = Extraction()
        extraction.whiteouts = layers.isOverlay ? .overlay : .apply
        extraction.lowerDirectories = layers.lower
        extraction.destination = layers.upper
        let root = try opened(layers.upper)
        try extraction.extract(hashed, into: root)
        if syncing && cl_syncfs(root.number) != 0 {
            throw .system(SystemCallError(number: cl_errno(), operation: "syncfs", subject: layers.upper))
        }
        return (hashed.digest.description, hashed.count)
    }

    func opened(_ path: String) throws(ArchiveError) -> Descriptor {
        do throws(SystemCallError) {
            return try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
        } catch {
            throw .system(error)
        }
    }
}

/// A blob as a stream.
final class BlobSource: ByteSource {
    private let blob: Blob
    private var offset: Int64 = 0

    init(_ blob: Blob) { self.blob = blob }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        do throws(ServiceError) {
            let count = try blob.read(into: buffer, at: offset)
            offset += Int64(count)
            return count
        } catch {
            throw StreamError(error.message)
        }
    }
}
