public import Archive
internal import Compression
internal import ContainerdClient
internal import Digests
public import EngineAPI
internal import GRPC
internal import JSON
internal import Linux
internal import OCIImage

/// `docker load`.
extension ImageStore {
    /// Hears how far a long operation is.
    public typealias Progress = @Sendable (ProgressMessage) async -> Void

    /// Loads the images of an archive of `docker save` or of an OCI layout, compressed or not, and names them. Nothing
    /// is left behind when it fails.
    public func load(_ archive: ByteChannel, progress: @escaping Progress) async throws(EngineError) {
        let lease = "load-" + randomHex(bytes: 8)
        let client = try await leased(lease)
        do throws(EngineError) {
            let files = try await intake(archive, with: client)
            let load = ArchiveLoad(store: self, client: client, files: files, progress: progress)
            try await load.run()
        } catch {
            await release(lease)
            throw error
        }
        await release(lease)
    }
}

/// One load, once all files are in.
struct ArchiveLoad: Sendable {
    let store: ImageStore
    let client: ContainerdClient
    let files: IntakenFiles
    let progress: ImageStore.Progress

    func run() async throws(EngineError) {
        if files.file("manifest.json") != nil {
            guard let bytes = files.bytes("manifest.json") else { throw .failed("manifest.json is too large") }
            let images: [DockerArchiveImage]
            do throws(JSON.Failure) { images = try DockerArchiveImage.list(parsing: bytes) } catch {
                // Docker reads this file as a stream.
                throw .invalid(error.message == "unexpected end of JSON input" ? "unexpected EOF" : error.message)
            }
            for image in images { try await load(image) }
            return
        }
        guard let bytes = files.bytes("index.json") else {
            if files.file("repositories") != nil {
                throw .failed("archives of Docker 1.9 and older, without a manifest.json, are not supported")
            }
            let folder = store.temporary + "/docker-import-" + String(Int.random(in: 100_000_000...999_999_999))
            // Docker takes what has no manifest for an archive of its first releases: a directory for each layer.
            let missing = files.folders.first { files.file($0 + "/json") == nil }.map { $0 + "/json" } ?? "repositories"
            throw .failed("open \(folder)/\(missing): no such file or directory")
        }
        let index = try store.parsed { () throws(JSON.Failure) in try OCIIndex(parsing: bytes) }
        for entry in index.manifests { try await load(entry) }
    }

    // MARK: docker save

    private func load(_ archived: DockerArchiveImage) async throws(EngineError) {
        guard let config = files.bytes(archived.config) else { throw missing(archived.config) }
        let parsed = try store.parsed { () throws(JSON.Failure) in try Self.config(config) }
        try check(parsed)
        guard parsed.raw["rootfs"]?.object != nil else { throw .failed("invalid image JSON, no RootFS key") }
        guard parsed.diffIDs.count == archived.layers.count else {
            throw .failed(
                "invalid manifest, layers length mismatch: expected \(archived.layers.count), "
                    + "got \(parsed.diffIDs.count)"
            )
        }
        var layers: [OCIDescriptor] = []
        for path in archived.layers { layers.append(try await layer(path, oci: false)) }
        let image = try await store.compose(config: config, layers: layers, with: client)
        try await unpack(image)
        var names: [ImageReference] = []
        for tag in archived.repoTags {
            let name = try ImageStore.reference(tag)
            guard name.tag != nil else { throw .failed("invalid tag \"\(tag)\"") }
            names.append(name)
        }
        try await finish(image, names)
    }

    private static func config(_ bytes: [UInt8]) throws(JSON.Failure) -> OCIImageConfig {
        let json = try JSON(parsing: bytes)
        guard let object = json.object else {
            let kind =
                json.array != nil ? "array" : json.string != nil ? "string" : json.bool != nil ? "bool" : "number"
            throw JSON.Failure("json: cannot unmarshal \(kind) into Go value of type image.Image")
        }
        return try OCIImageConfig(json: object)
    }

    private func missing(_ path: String) -> EngineError {
        let folder = store.temporary + "/docker-import-" + String(Int.random(in: 100_000_000...999_999_999))
        return .failed("open \(folder)/\(path): no such file or directory")
    }

    private func check(_ config: OCIImageConfig) throws(EngineError) {
        let os = config.platform.os
        guard os.isEmpty || os == "linux" else {
            throw .failed("cannot load \(os) image on linux")
        }
    }

    /// A layer of the archive, as content of containerd.
    private func layer(_ path: String, oci: Bool) async throws(EngineError) -> OCIDescriptor {
        switch files.file(path) {
        case .blob(let digest, let size, let compression):
            return OCIDescriptor(mediaType: try mediaType(compression, oci), digest: digest, size: size)
        case .bytes(let bytes):
            let digest = Digest(of: bytes).description
            if oci, Self.path(digest) != path {
                throw .failed(
                    "unexpected commit digest \(digest), expected sha256:\(Files.name(of: path)): failed precondition")
            }
            try await store.store(bytes, digest, [:], client)
            let compression = bytes.withUnsafeBytes { Compression.detect($0) }
            return OCIDescriptor(mediaType: try mediaType(compression, oci), digest: digest, size: bytes.count)
        default: throw missing(path)
        }
    }

    private func mediaType(_ compression: Compression, _ oci: Bool) throws(EngineError) -> String {
        switch compression {
        case .none: return oci ? MediaType.layer : MediaType.dockerLayer
        case .gzip: return oci ? MediaType.layerGzip : MediaType.dockerLayerGzip
        case .zstd: return oci ? MediaType.layerZstd : MediaType.dockerLayerZstd
        case .bzip2, .xz: throw .failed("layers compressed with bzip2 or xz are not supported: use gzip, zstd or none")
        }
    }

    // MARK: OCI layout

    private func load(_ entry: OCIDescriptor, named given: [ImageReference] = []) async throws(EngineError) {
        let names = given.isEmpty ? try names(of: entry) : given
        guard let bytes = files.bytes(Self.path(entry.digest)) else { throw missing(Self.path(entry.digest)) }
        guard Digest(of: bytes).description == entry.digest else {
            throw .failed("invalid digest of \(entry.digest)")
        }
        let json = try store.parsed { () throws(JSON.Failure) in try JSON(parsing: bytes) }
        if json["manifests"] != nil {
            let index = try store.parsed { () throws(JSON.Failure) in try OCIIndex(parsing: bytes) }
            for inner in index.manifests where inner.platform.map({ OCIPlatform.host.matches($0) }) ?? true {
                return try await load(inner, named: names)
            }
            throw .failed("no match for platform in manifest: not found")
        }
        let manifest = try store.parsed { () throws(JSON.Failure) in try OCIManifest(parsing: bytes) }
        try await load(entry, manifest, bytes, names)
    }

    private func load(
        _ entry: OCIDescriptor, _ manifest: OCIManifest, _ bytes: [UInt8], _ names: [ImageReference]
    ) async throws(EngineError) {
        guard let config = files.bytes(Self.path(manifest.config.digest)) else {
            throw missing(Self.path(manifest.config.digest))
        }
        let parsed = try store.parsed { () throws(JSON.Failure) in try OCIImageConfig(parsing: config) }
        try check(parsed)
        for layer in manifest.layers {
            // By digest: what an earlier archive of this lease or an earlier load has brought is not in this one again.
            if files.file(Self.path(layer.digest)) == nil {
                let known = try await found { () async throws(GRPCStatus) in try await client.content.info(layer.digest)
                }
                guard known != nil else { throw missing(Self.path(layer.digest)) }
                continue
            }
            _ = try await self.layer(Self.path(layer.digest), oci: true)
        }
        let chainIDs = Digest.chain(of: parsed.diffIDs.compactMap { Digest($0) }).map(\.description)
        let labels = chainIDs.last.map { ["containerd.io/gc.ref.snapshot.overlayfs": $0] } ?? [:]
        guard Digest(of: config).description == manifest.config.digest else {
            throw .failed("invalid digest of \(manifest.config.digest)")
        }
        try await store.store(config, manifest.config.digest, labels, client)
        try await store.store(bytes, entry.digest, ImageStore.references(manifest), client)
        let type = entry.mediaType.isEmpty ? MediaType.manifest : entry.mediaType
        let image = StoredImage(
            id: manifest.config.digest,
            target: OCIDescriptor(mediaType: type, digest: entry.digest, size: bytes.count),
            manifestDigest: entry.digest, manifestSize: bytes.count, manifest: manifest, config: parsed,
            chainIDs: chainIDs, parent: "")
        try await unpack(image)
        try await finish(image, names)
    }

    private static func path(_ digest: String) -> String {
        "blobs/" + digest.split(separator: ":", maxSplits: 1).joined(separator: "/")
    }

    /// containerd's annotation has the whole name; the specification's has a name or a tag alone.
    private func names(of entry: OCIDescriptor) throws(EngineError) -> [ImageReference] {
        if let name = entry.annotation("io.containerd.image.name") { return [try ImageStore.reference(name)] }
        guard let name = entry.annotation("org.opencontainers.image.ref.name"), !name.isEmpty else { return [] }
        // A tag alone names nothing here: there is no repository to it.
        guard name.utf8.contains(UInt8(ascii: ":")) || name.utf8.contains(UInt8(ascii: "/")) else { return [] }
        return [try ImageStore.reference(name)]
    }

    // MARK: Both

    private func unpack(_ image: StoredImage) async throws(EngineError) {
        let progress = progress
        try await store.unpack(image.manifest.layers, image.config.diffIDs, image.chainIDs, with: client) {
            index, size in
            var message = ProgressMessage()
            message.status = "Loading layer"
            message.id = String(image.config.diffIDs[index].dropFirst(7).prefix(12))
            var detail = ProgressDetail()
            detail.current = size
            detail.total = size
            message.progressDetail = detail
            message.progress = ProgressBar.text(current: size, total: size)
            await progress(message)
        }
    }

    private func finish(_ image: StoredImage, _ names: [ImageReference]) async throws(EngineError) {
        if names.isEmpty {
            if try await store.all().contains(where: { $0.image.id == image.id }) == false {
                try await store.keepUnnamed(image)
            }
            await say("Loaded image ID: \(image.id)\n")
        }
        for name in names {
            let name = name.withDefaultTag
            if let loser = try await store.name(image, name.description) {
                await say(
                    "The image \(name.familiar) already exists, "
                        + "renaming the old one with ID \(loser.id) to empty string\n"
                )
            }
            try await store.dropPlaceholder(image)
            await say("Loaded image: \(name.familiar)\n")
        }
        store.publish("load", image.id, name: image.id, image)
    }

    private func say(_ text: String) async {
        var message = ProgressMessage()
        message.stream = text
        await progress(message)
    }
}
