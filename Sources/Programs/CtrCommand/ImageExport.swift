internal import Archive
internal import ByteStream
internal import CLinux
internal import ContainerdAPI
internal import ContainerdClient
internal import Flags
internal import GRPC
internal import JSON
internal import Linux
internal import OCIImage
internal import TarFormat
internal import Workers

func exportImages() -> Command {
    Command("export", usage: "export images", arguments: "[flags] <out> <image> ...") { flags in
        let skipManifest = flags.bool(
            "skip-manifest-json", usage: "do not add Docker compatible manifest.json to archive")
        let skipForeign = flags.bool(
            "skip-non-distributable", usage: "do not add non-distributable blobs such as Windows layers to archive")
        let platforms = flags.list("platform", usage: "Pull content from a specific platform", type: "value")
        let all = flags.bool("all-platforms", usage: "exports content from all platforms")
        return { (session, arguments) in
            guard arguments.count > 1, !arguments[0].isEmpty, !arguments[1].isEmpty else {
                throw CtrError.message("please provide both an output filename and an image reference to export")
            }
            var export = ImageExport(try await session.client())
            export.skipsForeign = skipForeign.value
            if !all.value {
                export.platforms = try platforms.value.isEmpty ? [.host] : platforms.value.map { try parsePlatform($0) }
            }
            for name in arguments.dropFirst() { try await export.add(name) }
            try await export.write(to: arguments[0], dockerManifest: !skipManifest.value)
        }
    }.described(
        """
        Exports images to an OCI tar archive.

        Tar output is formatted as an OCI archive, a Docker manifest is provided for the platform.
        Use '--skip-manifest-json' to avoid including the Docker manifest.json file.
        Use '--platform' to define the output platform.
        When '--all-platforms' is given all images in a manifest list must be available.

        """)
}

/// What goes into an archive of images.
private struct ImageExport {
    /// Empty: all.
    var platforms: [OCIPlatform] = []
    var skipsForeign = false
    private let client: ContainerdClient
    private var index = OCIIndex(mediaType: "", manifests: [])
    private var blobs: [String: Int] = [:]
    private var docker: [DockerArchiveImage] = []

    init(_ client: ContainerdClient) { self.client = client }

    mutating func add(_ name: String) async throws {
        let image = try await client.images.get(name)
        guard var descriptor = image.target?.oci else { return }
        try await collect(descriptor)
        descriptor.annotations = [("io.containerd.image.name", name)]
        let reference = try? ImageReference(name)  // a name that is no reference has no tag to show
        if let tag = reference?.tag { descriptor.annotations.append(("org.opencontainers.image.ref.name", tag)) }
        index.manifests.append(descriptor)
        let content = try await ImageContent.find(descriptor, client, platform: platforms.first ?? .host)
        let config = path(content.manifest.config.digest)
        let tag = reference.map { $0.familiar } ?? name
        if let known = docker.firstIndex(where: { $0.config == config }) {
            docker[known].repoTags.append(tag)
        } else {
            docker.append(
                DockerArchiveImage(
                    config: config, repoTags: [tag], layers: content.manifest.layers.map { path($0.digest) }))
        }
    }

    /// Everything below a descriptor, for the platforms asked for.
    private mutating func collect(_ descriptor: OCIDescriptor) async throws {
        if skipsForeign && descriptor.mediaType == MediaType.dockerForeignLayer { return }
        if MediaType.isIndex(descriptor.mediaType) {
            let bytes = try await client.content.readAll(descriptor.digest)
            blobs[descriptor.digest] = bytes.count
            for child in try OCIIndex(parsing: bytes).manifests {
                if let own = child.platform, !platforms.isEmpty, !platforms.contains(where: { own.matches($0) }) {
                    continue
                }
                try await collect(child)
            }
        } else if MediaType.isManifest(descriptor.mediaType) {
            let bytes = try await client.content.readAll(descriptor.digest)
            blobs[descriptor.digest] = bytes.count
            let manifest = try OCIManifest(parsing: bytes)
            for child in [manifest.config] + manifest.layers { try await collect(child) }
        } else {
            blobs[descriptor.digest] = Int(try await client.content.info(descriptor.digest).size)
        }
    }

    private func path(_ digest: String) -> String {
        "blobs/" + digest.split(separator: ":", maxSplits: 1).joined(separator: "/")
    }

    func write(to target: String, dockerManifest: Bool) async throws {
        let file: Descriptor
        if target == "-" {
            file = Descriptor(owning: dup(1))
        } else {
            file = try Descriptor.open(target, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        }
        let tar = ArchiveWriting(TarWriter(DescriptorSink(file)))
        try await tar.run { (writer) throws(StreamError) in
            try writer.add(directory("blobs/"))
            try writer.add(directory("blobs/sha256/"))
        }
        for (digest, size) in blobs.sorted(by: { $0.key < $1.key }) {
            let header = member(path(digest), size, 0o444)
            try await tar.run { (writer) throws(StreamError) in try writer.add(header) }
            let parts = try await client.content.read(digest)
            while let part = try await parts.next() {
                try await tar.run { (writer) throws(StreamError) in try writer.write(part.data) }
            }
        }
        var members = [("index.json", index.json.encoded(), 0o644 as UInt32)]
        if dockerManifest { members.append(("manifest.json", JSON.array(docker.map { $0.json }).encoded(), 0o644)) }
        members.append(("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8), 0o444))
        for (name, bytes, mode) in members {
            let header = member(name, bytes.count, mode)
            try await tar.run { (writer) throws(StreamError) in try writer.add(header, content: bytes) }
        }
        try await tar.run { (writer) throws(StreamError) in try writer.finish() }
    }
}

private func directory(_ name: String) -> TarHeader { TarHeader(.directory, name, mode: 0o755) }

private func member(_ name: String, _ size: Int, _ mode: UInt32) -> TarHeader {
    TarHeader(.file, name, mode: mode, size: size)
}

/// Writes on a thread where it may block. Unchecked: one call at a time, each awaited before the next.
private final class ArchiveWriting: @unchecked Sendable {
    private let writer: TarWriter

    init(_ writer: TarWriter) { self.writer = writer }

    func run(_ body: @escaping @Sendable (TarWriter) throws(StreamError) -> Void) async throws {
        try await Workers.shared.run { () throws(StreamError) in try body(self.writer) }
    }
}

extension TarWriter {
    fileprivate func write(_ bytes: [UInt8]) throws(StreamError) {
        try bytes.withUnsafeBufferPointer { (all) throws(StreamError) in try write(UnsafeRawBufferPointer(all)) }
    }
}
