internal import Archive
internal import ByteStream
internal import Compression
public import ContainerdAPI
internal import Content
internal import Digests
internal import Linux
public import Metadata
internal import OCIImage
internal import TarFormat

/// What a difference is to be stored as.
public struct DiffRequest: Sendable {
    /// Empty: a gzip layer of OCI's.
    public var mediaType: String
    /// The reference to write under; empty: one of our own.
    public var reference: String
    public var labels: Labels

    public init(mediaType: String, reference: String, labels: Labels) {
        self.mediaType = mediaType
        self.reference = reference
        self.labels = labels
    }
}

extension ImageDiff {
    private static let uncompressedLabel = "containerd.io/uncompressed"

    /// Stores what the tree behind `right` has over that behind `left` as a layer, and answers its descriptor. `right`
    /// must stand on `left`, as a snapshot does on its parent.
    public func create(
        from left: [ContainerdTypes.Mount], to right: [ContainerdTypes.Mount], as request: DiffRequest, in scope: Scope
    ) throws(ServiceError) -> ContainerdTypes.Descriptor {
        let mediaType = request.mediaType.isEmpty ? MediaType.layerGzip : request.mediaType
        let compression: Compression
        switch mediaType {
        case MediaType.layer, MediaType.dockerLayer: compression = .none
        case MediaType.layerGzip, MediaType.dockerLayerGzip: compression = .gzip
        case MediaType.layerZstd, MediaType.dockerLayerZstd: compression = .zstd
        default: throw .notImplemented("unsupported diff media type: \(mediaType)")
        }
        let lower = try Layers(of: left)
        let upper = try Layers(of: right)
        guard upper.stands(on: lower) else {
            throw .notImplemented("a diff of snapshots of which one does not stand on the other")
        }
        let reference = request.reference.isEmpty ? "upload-" + randomHex(bytes: 12) : request.reference
        let writer = try content.writer(reference, total: 0, expected: "", in: scope)
        defer { writer.close() }
        if writer.offset > 0 { try writer.truncate(to: 0) }
        let inner = try write(upper, compression, to: writer)
        var labels = request.labels
        if compression != .none { labels[ImageDiff.uncompressedLabel] = inner }
        let digest = writer.digest
        let size = writer.offset
        do throws(ServiceError) {
            try writer.commit(size: size, expected: digest, labels: labels)
        } catch {
            // The same layer is there already: that is what was asked for, with the labels it needs.
            guard error.kind == .alreadyExists else { throw error }
            if compression != .none {
                let paths = ["labels." + ImageDiff.uncompressedLabel]
                _ = try content.update(digest, labels: labels, paths: paths, in: scope)
            }
        }
        var descriptor = ContainerdTypes.Descriptor()
        descriptor.mediaType = mediaType
        descriptor.digest = digest
        descriptor.size = size
        return descriptor
    }

    /// Writes the archive of an upper directory and answers the digest of the uncompressed bytes.
    private func write(
        _ layers: Layers, _ compression: Compression, to writer: ContentWriter
    ) throws(ServiceError) -> String {
        do throws(ArchiveError) {
            let root = try opened(layers.upper)
            let sink = WriterSink(writer)
            let packer: (any FinishingSink)?
            do throws(StreamError) {
                switch compression {
                case .gzip: packer = try Deflater(sink)
                case .zstd: packer = try ZstdCompressor(sink)
                default: packer = nil
                }
            } catch {
                throw .stream(error)
            }
            let hashed = DigestingSink(packer ?? sink)
            let archive = TarWriter(hashed)
            var choices = TreeArchive.Choices()
            choices.convertsOverlay = true
            try TreeArchive(root: root.number, writer: archive, choices: choices).addAll()
            do throws(StreamError) {
                try archive.finish()
                try packer?.finish()
                try sink.flush()
            } catch {
                throw .stream(error)
            }
            return hashed.digest.description
        } catch {
            throw ServiceError(.unknown, "failed to write diff: " + error.description)
        }
    }
}

/// A writer of the content store as a sink, in pieces worth a system call.
private final class WriterSink: ByteSink {
    private let writer: ContentWriter
    private var held: [UInt8] = []
    private static let piece = 1 << 17

    init(_ writer: ContentWriter) {
        self.writer = writer
        held.reserveCapacity(WriterSink.piece)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        held.append(contentsOf: bytes)
        if held.count >= WriterSink.piece { try flush() }
    }

    func flush() throws(StreamError) {
        do throws(ServiceError) {
            try writer.write(held)
        } catch {
            throw StreamError(error.message)
        }
        held.removeAll(keepingCapacity: true)
    }
}
