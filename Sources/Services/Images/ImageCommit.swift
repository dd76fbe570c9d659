internal import ContainerdAPI
internal import ContainerdClient
internal import Digests
public import EngineAPI
internal import GRPC
internal import JSON
internal import Linux
internal import OCIImage

/// What a commit needs to know about a container.
public struct CommitRequest: Sendable {
    public var container: String
    /// The key of its root, and the id of the image it was made from.
    public var root: String
    public var image: String
    /// Its configuration as it runs.
    public var containerConfig = ContainerConfig()
    /// The configuration of the new image, before the changes.
    public var config = ContainerConfig()
    public var author = ""
    public var comment = ""
    /// Dockerfile instructions.
    public var changes: [String] = []
    /// Empty: the image gets no name.
    public var repository = ""
    public var tag = ""
    /// The release that the image says it was made by.
    public var dockerVersion = ""

    public init(container: String, root: String, image: String) {
        self.container = container
        self.root = root
        self.image = image
    }

    /// The new image's name in short; empty when it gets none, or a bad one.
    public var familiarName: String {
        if repository.isEmpty { return "" }
        return (try? ImageStore.newName(repository: repository, tag: tag))?.familiar ?? ""
    }
}

extension ImageStore {
    /// `docker commit`: an image of what a container has changed. Answers its id. Pausing is up to the caller.
    public func commit(_ request: CommitRequest) async throws(EngineError) -> String {
        var changes = ConfigChanges(config: request.config)
        try changes.apply(request.changes)
        let config = Self.merged(changes.config, with: request.config)
        let name = request.repository.isEmpty ? nil : try Self.newName(repository: request.repository, tag: request.tag)
        let parent = try await resolve(request.image)
        let lease = "commit-" + randomHex(bytes: 8)
        let client = try await leased(lease)
        let image: StoredImage
        do throws(EngineError) {
            image = try await commit(request, config, parent, client)
            if let name { try await tag(image, name) } else { try await nameIfNew(image) }
        } catch {
            await release(lease)
            throw error
        }
        await release(lease)
        return image.id
    }

    /// What the changes have left empty is the container's, as when a container is made of an image.
    private static func merged(_ changed: ContainerConfig, with old: ContainerConfig) -> ContainerConfig {
        var config = changed
        guard (config.entrypoint ?? []).isEmpty else { return config }
        if (config.cmd ?? []).isEmpty { config.cmd = old.cmd }
        if config.entrypoint == nil { config.entrypoint = old.entrypoint }
        return config
    }

    private func nameIfNew(_ image: StoredImage) async throws(EngineError) {
        if try await all().contains(where: { $0.image.id == image.id }) == false { try await keepUnnamed(image) }
    }

    private func commit(
        _ request: CommitRequest, _ config: ContainerConfig, _ parent: StoredImage, _ client: ContainerdClient
    ) async throws(EngineError) -> StoredImage {
        let layer = try await difference(request.root, client)
        var step = OCIImageConfig.History()
        step.created = Self.now()
        step.author = request.author
        step.createdBy = (request.containerConfig.cmd ?? []).joined(separator: " ")
        step.comment = request.comment
        step.emptyLayer = layer == nil
        let diffIDs = parent.config.diffIDs + (layer.map { [$0.digest] } ?? [])
        var members: [(String, JSON)] = [("architecture", .string(parent.config.platform.architecture))]
        if !request.author.isEmpty { members.append(("author", .string(request.author))) }
        if !request.comment.isEmpty { members.append(("comment", .string(request.comment))) }
        members += [
            ("config", config.json), ("container", .string(request.container)),
            ("container_config", request.containerConfig.json), ("created", .string(step.created)),
            ("docker_version", .string(request.dockerVersion)),
            ("history", .array((parent.config.history + [step]).map(\.json))),
            ("os", .string(parent.config.platform.os)),
            ("rootfs", .members([("type", .string("layers")), ("diff_ids", .strings(diffIDs))])),
        ]
        let image = try await compose(
            config: JSON.members(members).encoded(), layers: parent.manifest.layers + (layer.map { [$0] } ?? []),
            parent: parent.id, with: client)
        try await unpack(image.manifest.layers, image.config.diffIDs, image.chainIDs, with: client) { _, _ in }
        return image
    }

    /// The layer of what a container changed; nil when it changed nothing.
    private func difference(
        _ root: String, _ client: ContainerdClient
    ) async throws(EngineError) -> OCIDescriptor? {
        let view = "commit-" + randomHex(bytes: 8)
        let made = try await calling { () async throws(GRPCStatus) in
            let right = try await client.snapshots.mounts(root)
            // What lies between the image and the container is neither's.
            let below = try await client.snapshots.stat(root).parent
            let left = try await client.snapshots.view(view, parent: below)
            let layer: Result<ContainerdTypes.Descriptor, GRPCStatus>
            do throws(GRPCStatus) {
                layer = .success(
                    try await client.diff.make(left: left, right: right, mediaType: MediaType.layer, ref: view))
            } catch {
                layer = .failure(error)
            }
            try await client.snapshots.remove(view)
            return try layer.get()
        }
        // Two blocks of zeros: an archive of nothing.
        let empty = Digest(of: [UInt8](repeating: 0, count: 1024)).description
        if made.digest == empty { return nil }
        return OCIDescriptor(mediaType: MediaType.dockerLayer, digest: made.digest, size: Int(made.size))
    }
}
