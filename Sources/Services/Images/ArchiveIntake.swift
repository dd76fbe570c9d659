internal import Archive
internal import ByteStream
internal import Compression
internal import ContainerdAPI
internal import ContainerdClient
internal import Digests
internal import EngineAPI
internal import GRPC
internal import Linux
internal import TarFormat
internal import Workers

/// The files of an image archive as they pass by: large ones go straight into containerd's content store, small ones
/// are held. Nothing is written to a temporary file, and nothing read twice.
struct IntakenFiles: Sendable {
    enum File: Sendable {
        case bytes([UInt8])
        case blob(digest: String, size: Int, compression: Compression)
        case link(String)
    }

    var files: [String: File] = [:]

    /// Directories at the top of the archive, sorted.
    var folders: [String] {
        Set(files.keys.filter { $0.utf8.contains(47) }.compactMap { $0.split(separator: "/").first.map { String($0) } })
            .sorted()
    }

    /// The file at a path of the archive, symbolic links followed.
    func file(_ path: String) -> File? {
        var path = Files.cleaned(path)
        for _ in 0..<32 {
            guard case .link(let target)? = files[path] else { return files[path] }
            path = Files.cleaned(
                target.hasPrefix("/") ? String(target.dropFirst()) : Files.parent(of: path) + "/" + target)
        }
        return nil
    }

    /// The content of a small file.
    func bytes(_ path: String) -> [UInt8]? {
        if case .bytes(let bytes)? = file(path) { return bytes }
        return nil
    }
}

/// What the reading thread hands to the side that talks to containerd.
private enum IntakeStep: Sendable {
    /// `size`: nil when the content is expanded on the way.
    case blob(path: String, size: Int?, compression: Compression, content: ByteChannel)
    case end(Result<[String: IntakenFiles.File], EngineError>)
}

extension ImageStore {
    /// Files up to this size are held in memory: manifests and configurations.
    private static let small = 256 << 10
    /// What small files may take together.
    private static let mostHeld = 64 << 20

    /// Takes in an archive, compressed or not. `client` is under a lease.
    func intake(_ archive: ByteChannel, with client: ContainerdClient) async throws(EngineError) -> IntakenFiles {
        let (steps, out) = AsyncStream.makeStream(of: IntakeStep.self)
        Workers.shared.perform {
            let result: Result<[String: IntakenFiles.File], EngineError>
            do throws(StreamError) {
                result = .success(try Self.read(archive) { out.yield($0) })
            } catch {
                result = .failure(EngineError(500, Self.words(error)))
            }
            out.yield(.end(result))
            out.finish()
        }
        var files = IntakenFiles()
        var failure: EngineError?
        for await step in steps {
            switch step {
            case .blob(let path, let size, let compression, let content):
                if failure != nil {
                    content.abandon(StreamError("cancelled"))
                    continue
                }
                do throws(EngineError) {
                    let (digest, size) = try await store(content, path, size, client)
                    files.files[path] = .blob(digest: digest, size: size, compression: compression)
                } catch {
                    failure = error
                    content.abandon(StreamError(error.message))
                    archive.abandon(StreamError(error.message))
                }
            case .end(let result):
                switch result {
                case .success(let held): files.files.merge(held) { streamed, _ in streamed }
                case .failure(let error): failure = failure ?? error
                }
            }
        }
        if let failure { throw failure }
        return files
    }

    /// Docker unpacks in a process of its own, and says so when it fails.
    static func words(_ error: StreamError) -> String {
        "Error processing tar file(exit status 1): " + error.message
    }

    private static func read(
        _ archive: ByteChannel, _ hand: (sending IntakeStep) -> Void
    ) throws(StreamError) -> [String: IntakenFiles.File] {
        let (source, _) = try Compression.decompressed(archive)
        let reader = TarReader(source)
        var held: [String: IntakenFiles.File] = [:]
        var room = mostHeld
        while let header = try reader.next() {
            let path = Files.cleaned(header.nameText)
            switch header.kind {
            case .symbolicLink, .hardLink:
                let target = header.kind == .hardLink ? "/" + header.linkText : header.linkText
                held[path] = .link(target)
            case .file where header.size <= small:
                room -= header.size
                guard room >= 0 else { throw StreamError("archive holds too many small files") }
                let bytes = try reader.content(limit: small)
                if isExpanded(path, bytes.withUnsafeBytes { Compression.detect($0) }) {
                    try expand(BytesSource(bytes), path, ByteChannel(most: 4 << 20, pieceSize: 1 << 20), hand)
                } else {
                    held[path] = .bytes(bytes)
                }
            case .file: try stream(reader, header, path, hand)
            default: break
            }
        }
        try reader.drain()
        return held
    }

    private static func stream(
        _ reader: TarReader, _ header: TarHeader, _ path: String, _ hand: (sending IntakeStep) -> Void
    ) throws(StreamError) {
        let content = ByteChannel(most: 4 << 20, pieceSize: 1 << 20)
        var begun = false
        do throws(StreamError) {
            while let piece = try reader.piece() {
                switch piece {
                case .data(let bytes):
                    if !begun {
                        begun = true
                        let compression = Compression.detect(bytes)
                        if isExpanded(path, compression) {
                            return try expand(MemberSource(Array(bytes), reader), path, content, hand)
                        }
                        hand(.blob(path: path, size: header.size, compression: compression, content: content))
                    }
                    try content.write(bytes)
                case .hole: throw StreamError("archive/tar: sparse file in an image archive")
                }
            }
            try content.flush()
            content.finish()
        } catch {
            content.finish(error)
            throw error
        }
    }

    /// Layers compressed so are not for containerd; Docker's archives may have them, for they name no blobs by digest.
    private static func isExpanded(_ path: String, _ compression: Compression) -> Bool {
        (compression == .bzip2 || compression == .xz) && !path.hasPrefix("blobs/")
    }

    private static func expand(
        _ packed: any ByteSource, _ path: String, _ content: ByteChannel, _ hand: (sending IntakeStep) -> Void
    ) throws(StreamError) {
        hand(.blob(path: path, size: nil, compression: .none, content: content))
        do throws(StreamError) {
            _ = try Compression.decompressed(packed).source.copy(to: content)
            try content.flush()
            content.finish()
        } catch {
            content.finish(error)
            throw error
        }
    }

    /// Writes one blob. Its digest is in its path in newer archives; in older ones it is made here on the way.
    private func store(
        _ content: ByteChannel, _ path: String, _ size: Int?, _ client: ContainerdClient
    ) async throws(EngineError) -> (digest: String, size: Int) {
        let named = path.hasPrefix("blobs/sha256/") ? Digest(hex: String(path.dropFirst(13))) : nil
        let ref = "load-" + randomHex(bytes: 12)
        var filled: (digest: Digest, size: Int)?
        do throws(GRPCStatus) {
            var writer = try await client.content.write(
                ref: ref, size: Int64(size ?? 0), digest: named?.description ?? "")
            let blob = try await fill(&writer, content, named)
            filled = blob
            try await writer.commit(digest: blob.digest.description, size: Int64(blob.size))
            return (blob.digest.description, blob.size)
        } catch {
            if error.code == .cancelled { throw .failed(error.message) }
            guard error.code == .alreadyExists else { throw EngineError(error) }
        }
        // It is there already: found at the commit, when all has been hashed, or at once, when its name told.
        let blob: (digest: Digest, size: Int)
        if let filled { blob = filled } else { blob = try await rest(content, named) }
        let digest = blob.digest.description
        if let lease = client.lease {
            try await calling { () async throws(GRPCStatus) in
                try await client.leases.addResource(lease, .init(id: digest, type: "content"))
            }
        }
        return (digest, blob.size)
    }

    private func fill(
        _ writer: inout ContainerdClient.BlobWriter, _ content: ByteChannel, _ named: Digest?
    ) async throws(GRPCStatus) -> (digest: Digest, size: Int) {
        var hash = Hash()
        var size = 0
        // A blob that another namespace has is begun with all its bytes: containerd shares it.
        var present = Int(writer.offset)
        while true {
            let piece: [UInt8]?
            do throws(StreamError) { piece = try await content.next() } catch {
                writer.close()
                throw GRPCStatus(.cancelled, Self.words(error))
            }
            guard let piece else { break }
            if named == nil { hash.update(piece) }
            size += piece.count
            let known = min(present, piece.count)
            present -= known
            if known < piece.count { try await writer.write(known == 0 ? piece : Array(piece[known...])) }
        }
        return (named ?? hash.digest(), size)
    }

    private func rest(
        _ content: ByteChannel, _ named: Digest?
    ) async throws(EngineError) -> (digest: Digest, size: Int) {
        var hash = Hash()
        var size = 0
        do throws(StreamError) {
            while let piece = try await content.next() {
                if named == nil { hash.update(piece) }
                size += piece.count
            }
        } catch {
            throw .failed(Self.words(error))
        }
        return (named ?? hash.digest(), size)
    }
}

/// The content of an archive's member: what has been read of it, then the rest.
private final class MemberSource: ByteSource {
    private var held: BytesSource
    private let reader: TarReader

    init(_ first: [UInt8], _ reader: TarReader) {
        held = BytesSource(first)
        self.reader = reader
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        let count = held.read(into: buffer)
        if count > 0 { return count }
        guard case .data(let bytes)? = try reader.piece() else { return 0 }
        held = BytesSource(Array(bytes))
        return held.read(into: buffer)
    }
}
