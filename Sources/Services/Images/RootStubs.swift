internal import ByteStream
internal import CLinux
internal import ContainerdAPI
internal import ContainerdClient
internal import Digests
internal import EngineAPI
internal import GRPC
internal import Linux
internal import OCIImage
internal import TarFormat

/// The thin layer between an image and its containers: the places that every container gets something mounted on, and
/// /.dockerenv. One for each image, shared by its containers; `docker diff` and `docker commit` do not show it.
extension ImageStore {
    /// The snapshot's name.
    static func stubs(_ image: StoredImage) -> String { "moby-init@" + image.topChainID }

    /// Makes the snapshot. The image's configuration keeps it from the garbage collector.
    func makeStubs(_ image: StoredImage) async throws(EngineError) {
        try await unpack(image)
        let name = Self.stubs(image)
        let lease = "init-" + randomHex(bytes: 8)
        let client = try await leased(lease)
        do throws(EngineError) {
            let bytes = try Self.stubArchive()
            let digest = Digest(of: bytes).description
            try await store(bytes, digest, [:], client)
            let layer = OCIDescriptor(mediaType: MediaType.dockerLayer, digest: digest, size: bytes.count)
            try await unpack(layer, digest, upon: image.topChainID, as: name, place: 0, client)
            try await calling { () async throws(GRPCStatus) in
                try await client.content.update(
                    .init(digest: image.id, labels: [Self.stubsLabel: name]), paths: ["labels." + Self.stubsLabel])
            }
        } catch {
            await release(lease)
            throw error
        }
        await release(lease)
    }

    private static let stubsLabel = "containerd.io/gc.ref.snapshot.overlayfs/init"

    private static func stubArchive() throws(EngineError) -> [UInt8] {
        let now = TarHeader.Time(seconds: time(nil))
        let sink = BytesSink()
        let writer = TarWriter(sink)
        func add(_ kind: TarHeader.Kind, _ name: String, _ mode: UInt32, link: String = "") throws(StreamError) {
            var header = TarHeader(kind, name, mode: mode)
            header.linkName = Array(link.utf8)
            header.modified = now
            try writer.add(header)
        }
        do throws(StreamError) {
            try add(.file, ".dockerenv", 0o755)
            try add(.file, "dev/console", 0o755)
            for directory in ["dev/pts/", "dev/shm/"] { try add(.directory, directory, 0o755) }
            for file in ["etc/hostname", "etc/hosts"] { try add(.file, file, 0o755) }
            try add(.symbolicLink, "etc/mtab", 0o777, link: "/proc/mounts")
            try add(.file, "etc/resolv.conf", 0o755)
            for directory in ["proc/", "sys/"] { try add(.directory, directory, 0o755) }
            try writer.finish()
        } catch {
            throw .failed(error.message)
        }
        return sink.bytes
    }
}
