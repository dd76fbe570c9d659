internal import ContainerdClient
public import EngineAPI
internal import GRPC

extension ImageStore {
    /// Bytes of all layers as they are unpacked; of the archives where one is not.
    func size(of image: StoredImage) async throws(EngineError) -> Int {
        var total = 0
        for index in image.chainIDs.indices { total += try await layerSize(image, index) }
        return total
    }

    /// Bytes of one layer.
    func layerSize(_ image: StoredImage, _ index: Int) async throws(EngineError) -> Int {
        let chainID = image.chainIDs[index]
        if let known = sizes.withLock({ $0[chainID] }) { return known }
        let usage = try await found { () async throws(GRPCStatus) in try await client.snapshots.usage(chainID) }
        guard let usage else { return index < image.manifest.layers.count ? image.manifest.layers[index].size : 0 }
        sizes.withLock { $0[chainID] = Int(usage.size) }
        return Int(usage.size)
    }

    /// Bytes of all layers, each counted once.
    public func layersSize() async throws(EngineError) -> Int {
        var seen: Set<String> = []
        var total = 0
        for named in try await all() {
            for (index, chainID) in named.image.chainIDs.enumerated() where seen.insert(chainID).inserted {
                total += try await layerSize(named.image, index)
            }
        }
        return total
    }
}
