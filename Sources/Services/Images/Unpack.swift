internal import ContainerdAPI
internal import ContainerdClient
internal import EngineAPI
internal import GRPC
internal import Linux
internal import OCIImage

/// Layers become snapshots.
extension ImageStore {
    /// Unpacks an image's layers that have no snapshot yet, from the bottom up.
    func unpack(_ image: StoredImage) async throws(EngineError) {
        let lease = "unpack-" + randomHex(bytes: 8)
        let client = try await leased(lease)
        do throws(EngineError) {
            try await unpack(image.manifest.layers, image.config.diffIDs, image.chainIDs, with: client) { _, _ in }
        } catch {
            await release(lease)
            throw error
        }
        await release(lease)
    }

    /// `done` hears of each layer that was unpacked: its place and its size in the archive.
    func unpack(
        _ layers: [OCIDescriptor], _ diffIDs: [String], _ chainIDs: [String], with client: ContainerdClient,
        done: (Int, Int) async -> Void
    ) async throws(EngineError) {
        guard layers.count == diffIDs.count, layers.count == chainIDs.count else {
            throw .failed("invalid manifest, layers length mismatch: expected \(diffIDs.count), got \(layers.count)")
        }
        for (index, layer) in layers.enumerated() {
            let chainID = chainIDs[index]
            let known = try await found { () async throws(GRPCStatus) in try await client.snapshots.stat(chainID) }
            if known == nil {
                try await unpack(
                    layer, diffIDs[index], upon: index > 0 ? chainIDs[index - 1] : "", as: chainID, place: index, client
                )
                await done(index, layer.size)
            } else if let lease = client.lease {
                // It is only this lease that keeps it until the image has its name.
                _ = try await found { () async throws(GRPCStatus) in
                    try await client.leases.addResource(lease, .init(id: chainID, type: "snapshots/overlayfs"))
                }
            }
        }
    }

    /// One layer onto the snapshot `parent` (empty: onto nothing), as the snapshot `chainID`.
    func unpack(
        _ layer: OCIDescriptor, _ diffID: String, upon parent: String, as chainID: String, place: Int,
        _ client: ContainerdClient
    ) async throws(EngineError) {
        let key = "extract-" + randomHex(bytes: 8) + " " + chainID
        let mounts = try await calling { () async throws(GRPCStatus) in
            try await client.snapshots.prepare(key, parent: parent)
        }
        do throws(EngineError) {
            let descriptor = ContainerdTypes.Descriptor(
                mediaType: layer.mediaType, digest: layer.digest, size: Int64(layer.size))
            let applied: ContainerdTypes.Descriptor
            do throws(GRPCStatus) { applied = try await client.diff.apply(descriptor, mounts: mounts) } catch {
                throw Self.layerFailure(error)
            }
            guard applied.digest == diffID else {
                throw .failed("invalid diffID for layer \(place): expected \"\(diffID)\", got \"\(applied.digest)\"")
            }
            do throws(GRPCStatus) {
                try await client.snapshots.commit(chainID, key: key)
            } catch {
                // Another load was faster: the same content by the same name.
                guard error.code == .alreadyExists else { throw EngineError(error) }
                try await calling { () async throws(GRPCStatus) in try await client.snapshots.remove(key) }
            }
            _ = try await found { () async throws(GRPCStatus) in
                try await client.content.update(
                    .init(digest: layer.digest, labels: ["containerd.io/uncompressed": diffID]),
                    paths: ["labels.containerd.io/uncompressed"])
            }
        } catch {
            // The lease ends and takes the half-filled snapshot with it, should this fail, too.
            try? await client.snapshots.remove(key)
            throw error
        }
    }

    /// What is wrong with a layer, in Docker's words; containerd's name a layer or a directory that is gone by now.
    private static func layerFailure(_ error: GRPCStatus) -> EngineError {
        for words in ["unexpected EOF", "archive/tar: invalid tar header"] where error.message.contains(words) {
            return .failed("Error processing tar file(exit status 1): " + words)
        }
        let parts = error.message.split(separator: ": ", omittingEmptySubsequences: false).map { String($0) }
        guard error.code == .unknown, parts.count > 1, parts[0].hasPrefix("failed to extract layer ") else {
            return EngineError(error)
        }
        let words = parts.dropFirst().filter { $0 != "unknown" && !$0.hasPrefix("mount callback failed") }
        return .failed("Error processing tar file(exit status 1): " + words.joined(separator: ": "))
    }
}
