internal import ContainerdAPI
internal import ContainerdClient
internal import Digests
internal import EngineAPI
internal import GRPC
internal import JSON
internal import OCIImage

/// How an image that this daemon composes is put into containerd.
extension ImageStore {
    /// Stores a configuration and the manifest over layers that are there already, with the labels by which the garbage
    /// collector finds one from the other. `with` is under a lease: the image has no name yet.
    func compose(
        config bytes: [UInt8], layers: [OCIDescriptor], parent: String = "", oci: Bool = false,
        with client: ContainerdClient
    ) async throws(EngineError) -> StoredImage {
        let config = try parsed { () throws(JSON.Failure) in try OCIImageConfig(parsing: bytes) }
        var diffIDs: [Digest] = []
        for text in config.diffIDs {
            guard let digest = Digest(text) else { throw .failed("invalid checksum digest format") }
            diffIDs.append(digest)
        }
        let chainIDs = Digest.chain(of: diffIDs).map(\.description)
        let configDescriptor = OCIDescriptor(
            mediaType: oci ? MediaType.config : MediaType.dockerConfig, digest: Digest(of: bytes).description,
            size: bytes.count)
        var labels: [String: String] = [:]
        if let top = chainIDs.last { labels["containerd.io/gc.ref.snapshot.overlayfs"] = top }
        if !parent.isEmpty { labels[Self.parentLabel] = parent }
        try await store(bytes, configDescriptor.digest, labels, client)
        let manifest = OCIManifest(
            mediaType: oci ? MediaType.manifest : MediaType.dockerManifest, config: configDescriptor, layers: layers)
        let target = try await store(manifest, client)
        return StoredImage(
            id: configDescriptor.digest, target: target, manifestDigest: target.digest, manifestSize: target.size,
            manifest: manifest, config: config,
            chainIDs: chainIDs, parent: parent)
    }

    /// Stores a manifest with references to what it lists.
    private func store(_ manifest: OCIManifest, _ client: ContainerdClient) async throws(EngineError) -> OCIDescriptor {
        let bytes = manifest.json.encoded()
        let target = OCIDescriptor(
            mediaType: manifest.mediaType, digest: Digest(of: bytes).description, size: bytes.count)
        try await store(bytes, target.digest, Self.references(manifest), client)
        return target
    }

    /// The labels that make a manifest keep its content.
    static func references(_ manifest: OCIManifest) -> [String: String] {
        var labels = ["containerd.io/gc.ref.content.config": manifest.config.digest]
        for (index, layer) in manifest.layers.enumerated() {
            labels["containerd.io/gc.ref.content.l.\(index)"] = layer.digest
        }
        return labels
    }

    /// Stores a small blob. One that is there already gets the labels all the same, and the lease.
    func store(
        _ bytes: [UInt8], _ digest: String, _ labels: [String: String], _ client: ContainerdClient
    ) async throws(EngineError) {
        try await calling { () async throws(GRPCStatus) in
            try await client.content.store(bytes, digest: digest, labels: labels)
            try await client.content.update(
                .init(digest: digest, labels: labels), paths: labels.keys.sorted().map { "labels." + $0 })
            if let lease = client.lease {
                try await client.leases.addResource(lease, .init(id: digest, type: "content"))
            }
        }
    }

    /// Gives an image a name, taken from another image if need be: that one stays, without a name if it had no other.
    /// Answers the image that lost the name.
    @discardableResult
    func name(_ image: StoredImage, _ name: String) async throws(EngineError) -> StoredImage? {
        let target = ContainerdTypes.Descriptor(
            mediaType: image.target.mediaType, digest: image.target.digest, size: Int64(image.target.size))
        defer { namesChanged() }
        guard let before = try await record(name) else {
            try await calling { () async throws(GRPCStatus) in
                try await client.images.create(.init(name: name, target: target))
            }
            return nil
        }
        // The name's old image may be unreadable; then nothing is worth keeping.
        let loser = try? await self.image(of: before)
        if let loser, loser.target.digest != image.target.digest { try await keep(loser, losing: name) }
        try await calling { () async throws(GRPCStatus) in
            try await client.images.update(.init(name: name, target: target), paths: ["target"])
        }
        return loser?.id == image.id ? nil : loser
    }

    /// Makes sure that an image survives the loss of one of its names.
    func keep(_ image: StoredImage, losing name: String) async throws(EngineError) {
        let records = try await calling { () async throws(GRPCStatus) in try await client.images.list() }
        let hasOther = records.contains { $0.target?.digest == image.target.digest && $0.name != name }
        if !hasOther { try await keepUnnamed(image) }
    }

    /// Keeps an image that has no name of its own.
    func keepUnnamed(_ image: StoredImage) async throws(EngineError) {
        let target = ContainerdTypes.Descriptor(
            mediaType: image.target.mediaType, digest: image.target.digest, size: Int64(image.target.size))
        do throws(GRPCStatus) {
            try await client.images.create(.init(name: Self.dangling + image.target.digest, target: target))
        } catch {
            if error.code != .alreadyExists { throw EngineError(error) }
        }
    }

    /// A name makes the placeholder name superfluous.
    func dropPlaceholder(_ image: StoredImage) async throws(EngineError) {
        _ = try await found { () async throws(GRPCStatus) in
            try await client.images.delete(Self.dangling + image.target.digest)
        }
    }
}
