internal import ContainerdAPI
public import ContainerdClient
internal import Digests
public import EngineAPI
internal import GRPC
internal import GoText
internal import JSON
internal import OCIImage
internal import Protobuf
internal import Synchronization

/// The daemon's images. They live in containerd under their whole names, so that `ctr -n moby images ls` shows them;
/// this keeps nothing but a cache of what never changes: configurations and manifests by digest.
public final class ImageStore: Sendable {
    /// Prefix of the containerd name of an image that has no other.
    static let dangling = "moby-dangling@"
    /// Label of a configuration blob: the image it was committed from.
    static let parentLabel = "org.mobyproject.image.parent"

    public let client: ContainerdClient
    let temporary: String
    private let cache = Mutex<[String: StoredImage]>([:])
    let sizes = Mutex<[String: Int]>([:])
    private let hooks = Mutex(Hooks())

    private let meanings = Mutex(Meanings())

    /// What references are known to stand for: the id of an image, or nothing.
    private struct Meanings {
        var generation = 0
        var identifiers: [String: String] = [:]
    }

    private struct Hooks {
        var event: @Sendable (ImageEvent) -> Void = { _ in }
        var uses: @Sendable () -> [ImageUse] = { [] }
    }

    /// `client` speaks in the namespace of the daemon. `dataRoot`: temporary files lie in its `tmp`.
    public init(client: ContainerdClient, dataRoot: String) {
        self.client = client
        temporary = dataRoot + "/tmp"
    }

    /// Says who hears of events, and who knows which containers use which images. Call before serving.
    public func connect(
        events: @escaping @Sendable (ImageEvent) -> Void, uses: @escaping @Sendable () -> [ImageUse]
    ) {
        hooks.withLock { $0 = Hooks(event: events, uses: uses) }
    }

    func publish(_ action: String, _ id: String, name: String, _ image: StoredImage?) {
        let labels = image?.runConfig.labels ?? [:]
        let event = hooks.withLock { $0.event }
        event(ImageEvent(action: action, id: id, name: name, labels: labels))
    }

    var uses: [ImageUse] {
        let uses = hooks.withLock { $0.uses }
        return uses()
    }

    // MARK: Finding

    /// The image of a name, an id, or the beginning of an id.
    public func resolve(_ reference: String) async throws(EngineError) -> StoredImage {
        if let digest = Digest(reference) ?? Digest(hex: reference) {
            let all = try await all()
            guard
                let found = all.first(where: {
                    $0.image.id == digest.description || $0.image.target.digest == digest.description
                })
            else { throw .noSuchImage(reference) }
            return found.image
        }
        let name = try Self.reference(reference)
        if name.digest == nil, let record = try await record(name.withDefaultTag.description) {
            return try await image(of: record)
        }
        if let found = Self.find(reference, name, in: try await all()) { return found }
        throw .noSuchImage(name.withDefaultTag.familiar)
    }

    /// The same among images that are at hand.
    private static func find(_ reference: String, _ name: ImageReference, in all: [NamedImage]) -> StoredImage? {
        if let digest = name.digest {
            let wanted = all.first { named in
                (named.image.target.digest == digest || named.image.manifestDigest == digest)
                    && named.names.contains { $0.name == name.name }
            }
            if let wanted { return wanted.image }
        }
        let beginning = reference.hasPrefix("sha256:") ? String(reference.dropFirst(7)) : reference
        let isHex =
            !beginning.isEmpty && beginning.utf8.allSatisfy { ($0 >= 48 && $0 <= 57) || ($0 >= 97 && $0 <= 102) }
        if isHex {
            let matching = all.filter { $0.image.id.dropFirst(7).hasPrefix(beginning) }
            if matching.count == 1 { return matching[0].image }
        }
        return nil
    }

    /// The ids of the images that references stand for now; empty for none. containerd is only asked
    /// when the daemon has changed a name since the last time.
    public func identifiers(of references: Set<String>) async throws(EngineError) -> [String: String] {
        let (generation, known) = meanings.withLock { ($0.generation, $0.identifiers) }
        if references.allSatisfy({ known[$0] != nil }) { return known }
        let all = try await all()
        var found: [String: String] = [:]
        for reference in references {
            // What cannot be read stands for nothing.
            let name = try? Self.reference(reference)
            let tagged = name?.withDefaultTag
            let image = all.first { named in named.names.contains { $0 == tagged } }?.image
            found[reference] = (image ?? name.flatMap { Self.find(reference, $0, in: all) })?.id ?? ""
        }
        meanings.withLock { if $0.generation == generation { $0.identifiers.merge(found) { $1 } } }
        return found
    }

    /// To be called after every change of a name in containerd.
    func namesChanged() { meanings.withLock { $0 = Meanings(generation: $0.generation + 1) } }

    /// The image with all its names.
    func named(_ reference: String) async throws(EngineError) -> NamedImage {
        let image = try await resolve(reference)
        return try await all().first { $0.image.id == image.id } ?? NamedImage(image: image)
    }

    static func reference(_ text: String) throws(EngineError) -> ImageReference {
        do throws(ReferenceError) { return try ImageReference(text) } catch { throw .invalid(error.message) }
    }

    func record(_ name: String) async throws(EngineError) -> ImagesService.Image? {
        try await found { () async throws(GRPCStatus) in try await client.images.get(name) }
    }

    /// Every image with its names. What cannot be read (another platform, content gone) is passed over.
    func all() async throws(EngineError) -> [NamedImage] {
        let records = try await calling { () async throws(GRPCStatus) in try await client.images.list() }
        var order: [String] = []
        var byID: [String: NamedImage] = [:]
        for record in records {
            // An image of another platform, or one whose content is incomplete: it cannot be used, nor named.
            guard let image = try? await image(of: record) else { continue }
            if byID[image.id] == nil { order.append(image.id) }
            var named = byID[image.id] ?? NamedImage(image: image)
            named.records.append(record.name)
            // Not a name: no tag.
            if !record.name.hasPrefix(Self.dangling), let name = try? ImageReference(record.name) {
                named.names.append(name)
            }
            if let updated = record.updatedAt {
                named.updated = max(
                    named.updated, Timestamp(seconds: Int(updated.seconds), nanoseconds: Int(updated.nanos)))
            }
            byID[image.id] = named
        }
        return order.compactMap { byID[$0] }
    }

    /// Reads what a record points to, from the cache when it is known.
    func image(of record: ImagesService.Image) async throws(EngineError) -> StoredImage {
        guard let target = record.target else { throw .failed("image \(record.name) has no target") }
        return try await image(
            target: OCIDescriptor(mediaType: target.mediaType, digest: target.digest, size: Int(target.size)))
    }

    func image(target: OCIDescriptor) async throws(EngineError) -> StoredImage {
        if let known = cache.withLock({ $0[target.digest] }) { return known }
        let (manifest, digest, size) = try await manifest(target)
        let bytes = try await blob(manifest.config.digest)
        let config = try parsed { () throws(JSON.Failure) in try OCIImageConfig(parsing: bytes) }
        let info = try await calling { () async throws(GRPCStatus) in
            try await client.content.info(manifest.config.digest)
        }
        let image = StoredImage(
            id: manifest.config.digest, target: target, manifestDigest: digest, manifestSize: size, manifest: manifest,
            config: config,
            chainIDs: Digest.chain(of: config.diffIDs.compactMap { Digest($0) }).map(\.description),
            parent: info.labels[Self.parentLabel] ?? "")
        cache.withLock { $0[target.digest] = image }
        return image
    }

    func forget(_ target: String) { _ = cache.withLock { $0.removeValue(forKey: target) } }

    /// The manifest for this platform, through indexes.
    private func manifest(_ target: OCIDescriptor) async throws(EngineError) -> (OCIManifest, String, Int) {
        let bytes = try await blob(target.digest)
        let json = try parsed { () throws(JSON.Failure) in try JSON(parsing: bytes) }
        if json["manifests"] != nil {
            let index = try parsed { () throws(JSON.Failure) in try OCIIndex(parsing: bytes) }
            for entry in index.manifests where entry.platform.map({ OCIPlatform.host.matches($0) }) ?? true {
                return try await manifest(entry)
            }
            throw EngineError.notFound("no match for platform in manifest: not found")
        }
        return (try parsed { () throws(JSON.Failure) in try OCIManifest(parsing: bytes) }, target.digest, bytes.count)
    }

    /// A small blob.
    func blob(_ digest: String) async throws(EngineError) -> [UInt8] {
        try await calling { () async throws(GRPCStatus) in try await client.content.readAll(digest, limit: 16 << 20) }
    }

    func parsed<Value>(_ body: () throws(JSON.Failure) -> Value) throws(EngineError) -> Value {
        do throws(JSON.Failure) { return try body() } catch { throw .invalid(error.message) }
    }
}
