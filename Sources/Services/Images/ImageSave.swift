internal import ByteStream
internal import ContainerdClient
public import EngineAPI
internal import GRPC
internal import JSON
internal import OCIImage
internal import TarFormat

/// `docker save`: an archive that is both Docker's (manifest.json) and an OCI layout (index.json), over one set of
/// blobs.
extension ImageStore {
    /// What is to be saved, found before the first byte goes out so that a name that is unknown is still an error.
    public struct Saving: Sendable {
        fileprivate struct Item: Sendable {
            let image: StoredImage
            var names: [ImageReference]
        }

        fileprivate var items: [Item] = []
    }

    /// Finds the images of names and ids. An image named by its id is saved without names; a repository without a tag
    /// with all its tags.
    public func saving(_ references: [String]) async throws(EngineError) -> Saving {
        var saving = Saving()
        let everything = try await all()
        for reference in references {
            var names: [ImageReference] = []
            let image: StoredImage
            // What is no name may still be an id.
            let parsed = try? ImageReference(reference)
            if let parsed, parsed.tag == nil, parsed.digest == nil,
                case let tagged = everything.filter({ $0.names.contains { $0.name == parsed.name && $0.tag != nil } }),
                !tagged.isEmpty
            {
                for named in tagged {
                    add(named.image, named.names.filter { $0.name == parsed.name && $0.tag != nil }, to: &saving)
                }
                continue
            }
            do throws(EngineError) { image = try await resolve(reference) } catch {
                guard error.status == 404 else { throw error }
                throw parsed?.tag == nil ? .noSuchImage(reference) : EngineError(404, "reference does not exist")
            }
            let named = everything.first { $0.image.id == image.id }
            if let parsed, named?.names.contains(parsed.withDefaultTag) == true { names = [parsed.withDefaultTag] }
            add(image, names, to: &saving)
        }
        return saving
    }

    private func add(_ image: StoredImage, _ names: [ImageReference], to saving: inout Saving) {
        if let index = saving.items.firstIndex(where: { $0.image.id == image.id }) {
            for name in names where !saving.items[index].names.contains(name) { saving.items[index].names.append(name) }
        } else {
            saving.items.append(.init(image: image, names: names))
        }
    }

    /// Writes the archive.
    public func save(_ saving: Saving, write: (sending [UInt8]) async throws -> Void) async throws {
        let date = TarHeader.Time(seconds: 0)
        func directory(_ name: String) throws(StreamError) -> [UInt8] {
            var header = TarHeader(.directory, name, mode: 0o755)
            header.modified = date
            return try TarWriter.encode(header)
        }
        func file(_ name: String, _ content: [UInt8]) throws(StreamError) -> [UInt8] {
            var header = TarHeader(.file, name, mode: 0o644, size: content.count)
            header.modified = date
            return try TarWriter.encode(header) + content + Self.padding(content.count)
        }
        try await write(try directory("blobs/") + directory("blobs/sha256/"))
        var written: Set<String> = []
        for item in saving.items {
            let image = item.image
            for layer in image.manifest.layers where written.insert(layer.digest).inserted {
                try await copy(layer, write)
            }
            for digest in [image.id, image.manifestDigest] where written.insert(digest).inserted {
                try await write(try file("blobs/sha256/" + digest.dropFirst(7), try await blob(digest)))
            }
            publish("save", image.id, name: image.id, image)
        }
        try await write(try file("index.json", Self.index(saving)))
        try await write(try file("manifest.json", Self.manifest(saving)))
        try await write(try file("oci-layout", Array(#"{"imageLayoutVersion": "1.0.0"}"#.utf8)))
        if let repositories = Self.repositories(saving) { try await write(try file("repositories", repositories)) }
        try await write([UInt8](repeating: 0, count: 1024))
    }

    private static func padding(_ size: Int) -> [UInt8] { [UInt8](repeating: 0, count: (512 - size & 511) & 511) }

    private func copy(_ layer: OCIDescriptor, _ write: (sending [UInt8]) async throws -> Void) async throws {
        let header = TarHeader(.file, "blobs/sha256/" + layer.digest.dropFirst(7), mode: 0o644, size: layer.size)
        try await write(try TarWriter.encode(header))
        let parts = try await calling { () async throws(GRPCStatus) in try await client.content.read(layer.digest) }
        var count = 0
        while let part = try await parts.next() {
            count += part.data.count
            try await write(part.data)
        }
        guard count == layer.size else { throw EngineError.failed("content \(layer.digest): unexpected EOF") }
        try await write(Self.padding(layer.size))
    }

    private static func index(_ saving: Saving) -> [UInt8] {
        var entries: [OCIDescriptor] = []
        for item in saving.items {
            var entry = OCIDescriptor(
                mediaType: item.image.manifest.mediaType.isEmpty ? MediaType.manifest : item.image.manifest.mediaType,
                digest: item.image.manifestDigest, size: item.image.manifestSize)
            if item.names.isEmpty { entries.append(entry) }
            for name in item.names {
                entry.annotations = [
                    ("io.containerd.image.name", name.description),
                    ("org.opencontainers.image.ref.name", name.tag ?? ""),
                ]
                entries.append(entry)
            }
        }
        return OCIIndex(manifests: entries).json.encoded()
    }

    private static func manifest(_ saving: Saving) -> [UInt8] {
        let images = saving.items.map { item in
            DockerArchiveImage(
                config: "blobs/sha256/" + item.image.id.dropFirst(7), repoTags: item.names.map(\.familiar),
                layers: item.image.manifest.layers.map { "blobs/sha256/" + $0.digest.dropFirst(7) })
        }
        return JSON.array(images.map(\.json)).encoded() + [10]
    }

    /// Repository, tag and the top layer, for the oldest readers.
    private static func repositories(_ saving: Saving) -> [UInt8]? {
        var all = JSON.Object()
        for item in saving.items {
            for name in item.names {
                var tags = all[name.familiarName]?.object ?? JSON.Object()
                let top = item.image.manifest.layers.last.map { String($0.digest.dropFirst(7)) } ?? ""
                tags[name.tag ?? ""] = .string(top)
                all[name.familiarName] = .object(tags)
            }
        }
        return all.isEmpty ? nil : JSON.object(all).encoded() + [10]
    }
}
