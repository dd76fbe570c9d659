internal import ContainerdAPI
internal import ContainerdClient
internal import Digests
internal import GRPC
internal import OCIImage

extension ContainerdTypes.Descriptor {
    init(_ descriptor: OCIDescriptor) {
        var annotations: [String: String] = [:]
        for annotation in descriptor.annotations { annotations[annotation.name] = annotation.value }
        self.init(
            mediaType: descriptor.mediaType, digest: descriptor.digest, size: Int64(descriptor.size),
            annotations: annotations)
    }

    var oci: OCIDescriptor { OCIDescriptor(mediaType: mediaType, digest: digest, size: Int(size)) }
}

/// An image's manifest for one platform, with what stands above it.
struct ImageContent {
    /// Bytes of the indexes and of the manifest itself.
    var overhead: Int
    var descriptor: OCIDescriptor
    var manifest: OCIManifest

    /// The digests of the uncompressed layers, from the configuration.
    func configuration(_ client: ContainerdClient) async throws -> OCIImageConfig {
        guard MediaType.isConfig(manifest.config.mediaType) else {
            throw CtrError.message("unknown image config media type " + manifest.config.mediaType)
        }
        return try OCIImageConfig(parsing: try await client.content.readAll(manifest.config.digest))
    }

    /// Everything the image is made of, in bytes.
    var size: Int { overhead + manifest.config.size + manifest.layers.reduce(0) { $0 + $1.size } }

    /// Finds the manifest of `platform` below `target`, which may be an index.
    static func find(
        _ target: OCIDescriptor, _ client: ContainerdClient, platform: OCIPlatform = .host
    ) async throws -> ImageContent {
        let bytes = try await client.content.readAll(target.digest)
        if MediaType.isManifest(target.mediaType) {
            return ImageContent(
                overhead: bytes.count, descriptor: target, manifest: try OCIManifest(parsing: bytes))
        }
        guard MediaType.isIndex(target.mediaType) else {
            throw GRPCStatus(
                .notFound, "unexpected media type " + target.mediaType + " for " + target.digest + ": not found")
        }
        for candidate in try OCIIndex(parsing: bytes).manifests {
            if let own = candidate.platform, !own.matches(platform) { continue }
            do {
                var found = try await find(candidate, client, platform: platform)
                if candidate.platform == nil {
                    guard try await found.configuration(client).platform.matches(platform) else { continue }
                }
                found.overhead += bytes.count
                return found
            } catch let error as GRPCStatus {
                // Content of a platform that was not fetched: another may be here.
                guard error.isNotFound else { throw error }
            }
        }
        throw GRPCStatus(.notFound, "no match for platform in manifest " + target.digest + ": not found")
    }

    /// The platforms an image has content for, by name, in order.
    static func platforms(_ target: OCIDescriptor, _ client: ContainerdClient) async throws -> [String] {
        if MediaType.isIndex(target.mediaType) {
            var all: [String] = []
            for item in try OCIIndex(parsing: try await client.content.readAll(target.digest)).manifests {
                if let platform = item.platform {
                    all.append(platform.text)
                } else {
                    // Content that is not here has no platform to show.
                    all += (try? await platforms(item, client)) ?? []
                }
            }
            return Array(Set(all)).sorted()
        }
        let found = try await find(target, client)
        return [try await found.configuration(client).platform.text]
    }
}

/// The keys of the snapshots that layers become: each names all layers up to its own.
func chainIDs(_ diffIDs: [String]) throws -> [String] {
    var digests: [Digest] = []
    for text in diffIDs {
        guard let digest = Digest(text) else { throw CtrError.message("invalid checksum digest format") }
        digests.append(digest)
    }
    return Digest.chain(of: digests).map { $0.description }
}

/// Refuses what is no sha256 digest, in the words of Go's digest package.
func checkDigest(_ text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw CtrError.message("invalid checksum digest format")
    }
    guard ["sha256", "sha384", "sha512"].contains(parts[0]) else {
        throw CtrError.message("unsupported digest algorithm")
    }
    guard parts[0] != "sha256" || parts[1].utf8.count == 64 else {
        throw CtrError.message("invalid checksum digest length")
    }
}

/// Unpacks an image's layers into snapshots, unless they are there, and answers the key of the topmost.
func unpack(
    _ content: ImageContent, _ client: ContainerdClient, snapshotter: String
) async throws -> String {
    let diffIDs = try await content.configuration(client).diffIDs
    let chain = try chainIDs(diffIDs)
    guard chain.count == content.manifest.layers.count else {
        throw CtrError.message("mismatched image rootfs and manifest layers")
    }
    guard let top = chain.last else { return "" }
    let snapshots = client.snapshots(snapshotter)
    if try await exists(top, snapshots) { return top }
    for (index, layer) in content.manifest.layers.enumerated() {
        if try await exists(chain[index], snapshots) { continue }
        let key = "extract-" + generatedLeaseID() + " " + chain[index]
        let mounts = try await snapshots.prepare(key, parent: index == 0 ? "" : chain[index - 1])
        do {
            let applied = try await client.diff.apply(ContainerdTypes.Descriptor(layer), mounts: mounts)
            guard applied.digest == diffIDs[index] else {
                throw CtrError.message("wrong diff id calculated on extraction " + quotedDigest(applied.digest))
            }
            try await snapshots.commit(chain[index], key: key)
        } catch {
            // The snapshot is half made; what could not be removed is collected with its lease.
            try? await snapshots.remove(key)
            guard let status = error as? GRPCStatus, status.code == .alreadyExists else {
                throw error
            }
        }
        let info = ContentService.Info(digest: layer.digest, labels: ["containerd.io/uncompressed": diffIDs[index]])
        try await client.content.update(info, paths: ["labels.containerd.io/uncompressed"])
    }
    let label = "containerd.io/gc.ref.snapshot." + snapshotter
    let info = ContentService.Info(digest: content.manifest.config.digest, labels: [label: top])
    try await client.content.update(info, paths: ["labels." + label])
    return top
}

private func quotedDigest(_ digest: String) -> String { "\"" + digest + "\"" }

/// Whether a snapshot of that key is there.
func exists(_ key: String, _ snapshots: ContainerdClient.Snapshots) async throws -> Bool {
    do throws(GRPCStatus) {
        _ = try await snapshots.stat(key)
        return true
    } catch {
        if error.isNotFound { return false }
        throw error
    }
}
