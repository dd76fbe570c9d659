internal import Archive
internal import ByteStream
internal import CLinux
internal import Compression
internal import ContainerdAPI
internal import ContainerdClient
internal import Digests
internal import Flags
internal import GRPC
internal import GoText
internal import JSON
internal import Linux
internal import OCIImage
internal import TarFormat
internal import Workers

func importImages() -> Command {
    Command("import", usage: "import images", arguments: "[flags] <in>") { flags in
        let base = flags.string(
            "base-name",
            usage: "base image name for added images, when provided only images with this name prefix are imported")
        let digests = flags.bool("digests", usage: "whether to create digest images (default: false)")
        let skip = flags.bool(
            "skip-digest-for-named",
            usage:
                "skip applying --digests option to images named in the importing tar (use it in "
                + "conjunction with --digests)"
        )
        let index = flags.string("index-name", usage: "image name to keep index as, by default index is discarded")
        let all = flags.bool("all-platforms", usage: "imports content for all platforms, false by default")
        let platform = flags.string("platform", usage: "imports content for specific platform")
        let noUnpack = flags.bool("no-unpack", usage: "skip unpacking the images, false by default")
        let compress = flags.bool(
            "compress-blobs", usage: "compress uncompressed blobs when creating manifest (Docker format only)")
        let snapshotter = flags.snapshotter()
        return { (session, arguments) in
            if compress.value { throw CtrError.message("--compress-blobs is not supported yet") }
            var names = ImageNames(base: base.value, digests: digests.value, skipsNamed: skip.value)
            names.index = index.value
            let wanted = try platform.value.isEmpty ? OCIPlatform.host : parsePlatform(platform.value)
            let path = arguments.first ?? ""
            let images = try await session.withLease { client in
                let blobs = try await ArchiveReading(client).read(path)
                let target = try await blobs.index(client)
                let found = try await register(target, names, client, platform: all.value ? nil : wanted)
                if noUnpack.value { return found }
                for image in found {
                    guard let target = image.target?.oci else { continue }
                    Console.out("unpacking " + image.name + " (" + target.digest + ")...")
                    let content = try await ImageContent.find(target, client, platform: wanted)
                    _ = try await unpack(content, client, snapshotter: snapshotterName(snapshotter))
                    session.print("done")
                }
                return found
            }
            _ = images
        }
    }.described(importFormats)
}

private let importFormats = """
    Import images from a tar stream.
    Implemented formats:
    - oci.v1
    - docker.v1.1
    - docker.v1.2


    For OCI v1, you may need to specify --base-name because an OCI archive may
    contain only partial image references (tags without the base image name).
    If no base image name is provided, a name will be generated as "import-%{yyyy-MM-dd}".

    e.g.
      $ ctr images import --base-name foo/bar foobar.tar

    If foobar.tar contains an OCI ref named "latest" and anonymous ref "sha256:deadbeef", the command will create
    "foo/bar:latest" and "foo/bar@sha256:deadbeef" images in the containerd store.

    """

func parsePlatform(_ text: String) throws -> OCIPlatform {
    if text.split(separator: "/", omittingEmptySubsequences: false).count > 3 {
        throw CtrError.message(goQuoted(text) + ": cannot parse platform specifier: invalid argument")
    }
    guard let platform = OCIPlatform(text) else {
        throw CtrError.message(goQuoted(text) + ": unknown operating system or architecture: invalid argument")
    }
    return platform
}

/// How images of an archive are called.
private struct ImageNames {
    /// Given: only images of this name are taken. Not given: tags without a name go under one of today.
    let base: String
    let digests: Bool
    let skipsNamed: Bool
    var index = ""

    private var prefix: String { base.isEmpty ? "import-" + Timestamp.now.date : base }

    func names(_ descriptor: OCIDescriptor) -> [String] {
        var all: [String] = []
        if let full = descriptor.annotation("io.containerd.image.name"), !full.isEmpty {
            all.append(full)
        } else if let ref = descriptor.annotation("org.opencontainers.image.ref.name"), !ref.isEmpty {
            if !ref.contains(where: { "/:@".contains($0) }) {
                all.append(prefix + ":" + ref)
            } else if base.isEmpty || ref.hasPrefix(base) && "/:@".contains(ref.dropFirst(base.count).first ?? "/") {
                all.append(ref)
            }
        }
        if digests && !(skipsNamed && !all.isEmpty) { all.append(prefix + "@" + descriptor.digest) }
        return all
    }
}

/// Labels what an index holds so that it is kept, and makes the images. `platform` nil: of every platform.
private func register(
    _ index: OCIDescriptor, _ names: ImageNames, _ client: ContainerdClient, platform: OCIPlatform?
) async throws -> [ImagesService.Image] {
    var images: [ImagesService.Image] = []
    if !names.index.isEmpty { images.append(.init(name: names.index, target: .init(index))) }
    let entries = try OCIIndex(parsing: try await client.content.readAll(index.digest)).manifests
    for entry in entries {
        for name in names.names(entry) {
            images.append(.init(name: name, target: .init(entry)))
        }
    }
    try await labelChildren(of: index, client, platform: platform)
    var stored: [ImagesService.Image] = []
    for image in images {
        do throws(GRPCStatus) {
            stored.append(try await client.images.update(image, paths: ["target"]))
        } catch {
            guard error.isNotFound else { throw error }
            stored.append(try await client.images.create(image))
        }
    }
    return stored
}

/// Labels each blob with those it refers to, all the way down: the collector follows these labels.
private func labelChildren(
    of descriptor: OCIDescriptor, _ client: ContainerdClient, platform: OCIPlatform?
) async throws {
    var labels: [String: String] = [:]
    let prefix = "containerd.io/gc.ref.content."
    if MediaType.isIndex(descriptor.mediaType) {
        let index = try OCIIndex(parsing: try await client.content.readAll(descriptor.digest))
        var number = 0
        for child in index.manifests {
            if let platform, let own = child.platform, !own.matches(platform) { continue }
            try await labelChildren(of: child, client, platform: platform)
            labels[prefix + "m." + String(number)] = child.digest
            number += 1
        }
    } else if MediaType.isManifest(descriptor.mediaType) {
        let manifest = try OCIManifest(parsing: try await client.content.readAll(descriptor.digest))
        labels[prefix + "config"] = manifest.config.digest
        for (number, layer) in manifest.layers.enumerated() { labels[prefix + "l." + String(number)] = layer.digest }
        for child in [manifest.config] + manifest.layers { _ = try await client.content.info(child.digest) }
    }
    if labels.isEmpty { return }
    try await client.content.update(
        .init(digest: descriptor.digest, labels: labels), paths: labels.keys.sorted().map { "labels." + $0 })
}

/// The blobs of an archive, once they are in containerd.
private struct ArchiveBlobs: Sendable {
    var blobs: [String: OCIDescriptor] = [:]
    /// The first bytes of each blob, which tell its compression.
    var heads: [String: [UInt8]] = [:]
    var layout: JSON?
    var docker: [DockerArchiveImage]?

    /// The descriptor of the archive's index, which is made for archives in docker's format.
    func index(_ client: ContainerdClient) async throws -> OCIDescriptor {
        if let layout {
            guard layout["imageLayoutVersion"]?.string == "1.0.0" else {
                throw CtrError.message("unsupported OCI version " + (layout["imageLayoutVersion"]?.string ?? ""))
            }
            guard var index = blobs["index.json"] else { throw CtrError.message("missing index.json in OCI layout") }
            index.mediaType = MediaType.index
            return index
        }
        guard let docker else { throw CtrError.message("unrecognized image format") }
        var index = OCIIndex(mediaType: "", manifests: [])
        for image in docker {
            guard var config = blobs[cleaned(image.config)] else {
                throw CtrError.message("image config " + goQuoted(image.config) + " not found")
            }
            config.mediaType = MediaType.dockerConfig
            var layers: [OCIDescriptor] = []
            for name in image.layers {
                guard var layer = blobs[cleaned(name)] else {
                    throw CtrError.message("layer " + goQuoted(name) + " not found")
                }
                layer.mediaType = mediaType(ofLayer: cleaned(name))
                layers.append(layer)
            }
            let manifest = OCIManifest(mediaType: MediaType.dockerManifest, config: config, layers: layers)
            var stored = try await store(manifest.json, MediaType.dockerManifest, client)
            let configuration = try OCIImageConfig(parsing: try await client.content.readAll(config.digest))
            stored.platform = configuration.platform
            if image.repoTags.isEmpty { index.manifests.append(stored) }
            for tag in image.repoTags {
                let reference = try ImageReference(tag).withDefaultTag
                stored.annotations = [
                    ("io.containerd.image.name", reference.description),
                    ("org.opencontainers.image.ref.name", reference.tag ?? ""),
                ]
                index.manifests.append(stored)
            }
        }
        return try await store(index.json, MediaType.index, client)
    }

    private func mediaType(ofLayer name: String) -> String {
        let head = heads[name] ?? []
        switch head.withUnsafeBytes({ Compression.detect($0) }) {
        case .gzip: return MediaType.dockerLayerGzip
        case .zstd: return MediaType.dockerLayerZstd
        default: return MediaType.dockerLayer
        }
    }

    private func store(
        _ json: JSON, _ mediaType: String, _ client: ContainerdClient
    ) async throws -> OCIDescriptor {
        let bytes = json.encoded()
        let digest = Digest(of: bytes).description
        try await client.content.store(bytes, digest: digest, kind: "manifest")
        return OCIDescriptor(mediaType: mediaType, digest: digest, size: bytes.count)
    }
}

/// A name in an archive without "./" and the like.
private func cleaned(_ name: String) -> String {
    let path = Files.cleaned(name)
    return path.hasPrefix("/") ? String(path.dropFirst()) : path
}

/// Reads an archive on a thread of its own and sends its blobs on as they come.
private struct ArchiveReading {
    /// What the reading thread hands over.
    enum Piece: Sendable {
        case blob(name: String, size: Int)
        case bytes([UInt8])
        case document(name: String, [UInt8])
        case alias(name: String, of: String)
    }

    private let client: ContainerdClient

    init(_ client: ContainerdClient) { self.client = client }

    func read(_ path: String) async throws -> ArchiveBlobs {
        var found = ArchiveBlobs()
        var aliases: [(String, String)] = []
        let tar = TarCursor(path)
        while let piece = try await Workers.shared.run({ () throws(StreamError) in try tar.next() }) {
            switch piece {
            case .document(let name, let bytes):
                if name == "oci-layout" {
                    found.layout = try JSON(parsing: bytes)
                } else {
                    found.docker = try DockerArchiveImage.list(parsing: bytes)
                }
            case .alias(let name, let target): aliases.append((name, target))
            case .blob(let name, let size): try await take(name, size, tar, &found)
            case .bytes: break
            }
        }
        for (name, target) in aliases {
            found.blobs[name] = found.blobs[target]
            found.heads[name] = found.heads[target]
        }
        return found
    }

    /// Stores one blob. Its digest is known only when all of it has passed.
    private func take(_ name: String, _ size: Int, _ tar: TarCursor, _ found: inout ArchiveBlobs) async throws {
        let ref = "tar-" + name + "-" + generatedLeaseID()
        var writer = try await client.content.write(ref: ref, size: Int64(size))
        let hash = HashBox()
        var first = true
        while case .bytes(let bytes)? = try await Workers.shared.run({ () throws(StreamError) in
            let piece = try tar.nextBytes()
            if case .bytes(let bytes)? = piece { hash.update(bytes) }
            return piece
        }) {
            if first { found.heads[name] = Array(bytes.prefix(Compression.magicLength)) }
            first = false
            try await writer.write(bytes)
        }
        let digest = hash.digest
        do throws(GRPCStatus) {
            try await writer.commit(digest: digest, size: Int64(size))
        } catch {
            guard error.code == .alreadyExists else { throw error }
        }
        found.blobs[name] = OCIDescriptor(mediaType: "", digest: digest, size: size)
    }
}

/// Unchecked: used by one worker at a time, each call awaited before the next.
private final class HashBox: @unchecked Sendable {
    private var hash = Hash()
    func update(_ bytes: [UInt8]) { hash.update(bytes) }
    var digest: String { hash.digest().description }
}

/// The members of a tar archive, one after another. Unchecked: as `HashBox`.
private final class TarCursor: @unchecked Sendable {
    private let path: String
    private var reader: TarReader?
    private var left = 0
    private let buffer = 1 << 20

    init(_ path: String) { self.path = path }

    private func opened() throws(StreamError) -> TarReader {
        if let reader { return reader }
        let number = path == "-" ? dup(0) : cl_open(path, O_RDONLY | O_CLOEXEC, 0)
        if number < 0 {
            let reason = cl_errno()
            throw StreamError("open " + path + ": " + errorText(reason), number: reason)
        }
        let source = BufferedSource(DescriptorSource(Descriptor(owning: number)))
        let made = TarReader(try Compression.decompressed(source).source)
        reader = made
        return made
    }

    func next() throws(StreamError) -> ArchiveReading.Piece? {
        let reader = try opened()
        while let header = try reader.next() {
            let name = cleaned(header.nameText)
            switch header.kind {
            case .symbolicLink:
                let folder = Files.parent(of: "/" + name)
                return .alias(name: name, of: cleaned(folder + "/" + header.linkText))
            case .file:
                if name == "oci-layout" || name == "manifest.json" {
                    return .document(name: name, try reader.content(limit: 64 << 20))
                }
                left = header.size
                return .blob(name: name, size: header.size)
            default: continue
            }
        }
        return nil
    }

    /// The next part of the blob at hand; nil at its end.
    func nextBytes() throws(StreamError) -> ArchiveReading.Piece? {
        guard left > 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(left, buffer))
        while bytes.count < buffer, left > 0, let piece = try opened().piece() {
            let count = bytes.count
            switch piece {
            case .data(let data): bytes.append(contentsOf: data)
            case .hole: throw StreamError("sparse blobs are not supported")
            }
            left -= bytes.count - count
        }
        if bytes.isEmpty { throw .unexpectedEnd }
        return .bytes(bytes)
    }
}
