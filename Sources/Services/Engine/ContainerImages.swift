public import ContainerdAPI
public import EngineAPI
public import Images
internal import OCIImage

/// An image as the engine sees it.
public struct EngineImage: Sendable {
    /// "sha256:…", the digest of its configuration.
    public var id: String
    /// What containers of it run unless they say otherwise.
    public var config: ContainerConfig
    /// The image as the store has it; nil in a store of another kind.
    public var stored: StoredImage?

    public init(id: String, config: ContainerConfig, stored: StoredImage? = nil) {
        self.id = id
        self.config = config
        self.stored = stored
    }

    /// What a client should hear of an image that was made for other machines.
    var platformWarnings: [String] {
        // Old images name no system, and are for this one.
        guard let platform = stored?.config.platform, !platform.os.isEmpty, !OCIPlatform.host.matches(platform) else {
            return []
        }
        return [
            "The requested image's platform (\(platform.text)) does not match the detected host platform "
                + "(\(OCIPlatform.host.text)) and no specific platform was requested"
        ]
    }
}

/// What the engine needs of images and of containers' roots. Nothing more.
public protocol ContainerImages: Sendable {
    /// The image of a name, an id or the beginning of one; 404 when there is none.
    func image(_ reference: String) async throws(EngineError) -> EngineImage
    /// Makes the root of a new container and answers how to mount it.
    func prepareRoot(_ key: String, of image: EngineImage) async throws(EngineError) -> [ContainerdTypes.Mount]
    /// How to mount a container's root.
    func rootMounts(_ key: String) async throws(EngineError) -> [ContainerdTypes.Mount]
    /// Removes a container's root. One that is gone already is no error.
    func removeRoot(_ key: String) async throws(EngineError)
    /// The keys of all containers' roots: what no container's record names is swept at start.
    func roots() async throws(EngineError) -> [String]
    /// Bytes that a container added, and bytes with its image.
    func size(ofRoot key: String, image: String) async throws(EngineError) -> RootSize
    /// How many images there are, for /info.
    func count() async throws(EngineError) -> Int
    /// All images, for /system/df.
    func summaries() async throws(EngineError) -> [ImageSummary]
    /// Bytes of all layers, for /system/df.
    func layersSize() async throws(EngineError) -> Int
    /// The ids of the images that references stand for now; empty for none.
    func identifiers(of references: Set<String>) async throws(EngineError) -> [String: String]
    /// For a filter on the ancestor: the ids of an image and of the images made upon it.
    func descendants(of reference: String) async throws(EngineError) -> Set<String>
}

/// How much a container's root holds.
public struct RootSize: Equatable, Sendable {
    /// Bytes that the container added.
    public var own: Int
    /// Bytes with those of its image.
    public var total: Int

    public init(own: Int, total: Int) {
        self.own = own
        self.total = total
    }
}

/// The daemon's own images.
public struct DaemonImages: ContainerImages {
    private let store: ImageStore

    public init(_ store: ImageStore) { self.store = store }

    public func image(_ reference: String) async throws(EngineError) -> EngineImage {
        let found = try await store.resolve(reference)
        return EngineImage(id: found.id, config: found.runConfig, stored: found)
    }

    public func prepareRoot(
        _ key: String, of image: EngineImage
    ) async throws(EngineError) -> [ContainerdTypes.Mount] {
        guard let stored = image.stored else { throw .failed("image \(image.id) is not of this store") }
        return try await store.prepareRoot(key, of: stored)
    }

    public func rootMounts(_ key: String) async throws(EngineError) -> [ContainerdTypes.Mount] {
        try await store.rootMounts(key)
    }

    public func removeRoot(_ key: String) async throws(EngineError) {
        try await store.removeRoot(key)
    }

    public func roots() async throws(EngineError) -> [String] {
        try await store.roots()
    }

    public func size(ofRoot key: String, image: String) async throws(EngineError) -> RootSize {
        let own = try await store.size(ofRoot: key)
        // An image that was removed by force has no size any more.
        let below = (try? await store.list().first { $0.id == image }?.size) ?? 0
        return RootSize(own: own, total: own + below)
    }

    public func count() async throws(EngineError) -> Int {
        try await store.count()
    }

    public func summaries() async throws(EngineError) -> [ImageSummary] {
        var listing = ImageListing()
        listing.sharedSize = true
        let wanted = listing
        return try await store.list(wanted)
    }

    public func layersSize() async throws(EngineError) -> Int {
        try await store.layersSize()
    }

    public func identifiers(of references: Set<String>) async throws(EngineError) -> [String: String] {
        try await store.identifiers(of: references)
    }

    public func descendants(of reference: String) async throws(EngineError) -> Set<String> {
        try await store.descendants(of: reference)
    }
}
