public import Archive
internal import ByteStream
internal import Compression
internal import ContainerdClient
internal import Digests
public import EngineAPI
internal import GRPC
internal import JSON
internal import Linux
internal import OCIImage
internal import Workers

/// What `docker import` is told besides the archive.
public struct ImportRequest: Sendable {
    /// Empty: the image gets no name.
    public var repository = ""
    public var tag = ""
    public var message = ""
    /// Dockerfile instructions.
    public var changes: [String] = []
    /// "os/architecture[/variant]"; empty: ours.
    public var platform = ""
    public var dockerVersion = ""

    public init() {}
}

extension ImageStore {
    /// Makes an image of one layer from a tar archive, compressed or not. Answers its id.
    public func importArchive(_ archive: ByteChannel, _ request: ImportRequest) async throws(EngineError) -> String {
        var changes = ConfigChanges(config: ContainerConfig())
        try changes.apply(request.changes)
        let name = request.repository.isEmpty ? nil : try Self.newName(repository: request.repository, tag: request.tag)
        var platform = OCIPlatform.host
        if !request.platform.isEmpty {
            guard let asked = OCIPlatform(request.platform) else {
                throw .invalid("\"\(request.platform)\": unknown operating system or architecture: invalid argument")
            }
            guard asked.os == "linux" else { throw .invalid("operating system is not supported") }
            platform = asked
        }
        let lease = "import-" + randomHex(bytes: 8)
        let client = try await leased(lease)
        let image: StoredImage
        do throws(EngineError) {
            let layer = try await layer(archive, client)
            image = try await compose(
                config: Self.config(layer.digest, changes.config, platform, request), layers: [layer], with: client)
            try await unpack([layer], image.config.diffIDs, image.chainIDs, with: client) { _, _ in }
            if let name { try await tag(image, name) } else { try await keepUnnamed(image) }
        } catch {
            archive.abandon(StreamError(error.message))
            await release(lease)
            throw error
        }
        await release(lease)
        publish("import", image.id, name: image.id, image)
        return image.id
    }

    private static func config(
        _ diffID: String, _ config: ContainerConfig, _ platform: OCIPlatform, _ request: ImportRequest
    ) -> [UInt8] {
        var step = OCIImageConfig.History()
        step.created = now()
        step.comment = request.message.isEmpty ? "Imported from -" : request.message
        var members: [(String, JSON)] = [
            ("architecture", .string(platform.architecture)), ("comment", .string(step.comment)),
            ("config", config.json),
            ("container_config", ContainerConfig().json), ("created", .string(step.created)),
            ("docker_version", .string(request.dockerVersion)), ("history", .array([step.json])),
            ("os", .string(platform.os)),
            ("rootfs", .members([("type", .string("layers")), ("diff_ids", .strings([diffID]))])),
        ]
        if !platform.variant.isEmpty { members.append(("variant", .string(platform.variant))) }
        return JSON.members(members).encoded()
    }

    /// Stores the archive uncompressed, so that its digest is the layer's.
    private func layer(_ archive: ByteChannel, _ client: ContainerdClient) async throws(EngineError) -> OCIDescriptor {
        let content = ByteChannel(most: 4 << 20, pieceSize: 1 << 20)
        Workers.shared.perform {
            do throws(StreamError) {
                let (source, _) = try Compression.decompressed(archive)
                try source.copy(to: content, pieces: 1 << 20)
                try content.flush()
                content.finish()
            } catch {
                content.finish(error)
            }
        }
        let ref = "import-" + randomHex(bytes: 12)
        var hash = Hash()
        var size = 0
        do {
            var writer = try await client.content.write(ref: ref)
            while let piece = try await content.next() {
                hash.update(piece)
                size += piece.count
                try await writer.write(piece)
            }
            try await writer.commit(digest: hash.digest().description, size: Int64(size))
        } catch let error as GRPCStatus {
            guard error.code == .alreadyExists else { throw EngineError(error) }
        } catch let error as StreamError {
            throw .failed(Self.words(error))
        } catch {
            throw .failed(String(describing: error))
        }
        return OCIDescriptor(mediaType: MediaType.dockerLayer, digest: hash.digest().description, size: size)
    }
}
