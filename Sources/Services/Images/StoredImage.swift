public import EngineAPI
public import GoText
public import OCIImage

/// An image that containerd holds for this platform.
public struct StoredImage: Sendable {
    /// "sha256:…", the digest of the configuration.
    public let id: String
    /// What the image's names point to: the manifest, or the index it was found in.
    public let target: OCIDescriptor
    /// The digest of the manifest.
    public let manifestDigest: String
    /// Bytes of the manifest.
    public let manifestSize: Int
    public let manifest: OCIManifest
    public let config: OCIImageConfig
    /// The snapshot of each layer, from the bottom up; the last is the parent of a container's root.
    public let chainIDs: [String]
    /// The image that this one was committed from; empty: none known.
    public let parent: String

    /// The snapshot that a container's root is made upon; empty for an image without layers.
    public var topChainID: String { chainIDs.last ?? "" }

    /// The run configuration.
    public var runConfig: ContainerConfig {
        // A configuration that Docker could not read either gives containers no defaults.
        (try? ContainerConfig(json: config.config)) ?? ContainerConfig()
    }

    /// Go's zero time when the image does not say.
    public var created: Timestamp { Timestamp(rfc3339: config.created) ?? .zero }
}

/// The names under which one image is kept, and the image.
struct NamedImage: Sendable {
    let image: StoredImage
    var names: [ImageReference] = []
    /// containerd's own names for it, those without a meaning to people included.
    var records: [String] = []
    var updated = Timestamp.zero

    /// Familiar names with tags, sorted.
    var tags: [String] { names.filter { $0.tag != nil }.map { $0.with(tag: $0.tag ?? "").familiar }.sorted() }
    /// Familiar names with digests, sorted.
    var digests: [String] {
        names.filter { $0.digest != nil }.map { $0.with(digest: $0.digest ?? "").familiar }.sorted()
    }
}

/// Something that happened to an image, for the event stream.
public struct ImageEvent: Sendable {
    /// "tag", "untag", "delete", "load", "import", "save", "pull", "push", "prune"
    public let action: String
    public let id: String
    public let name: String
    public let labels: [String: String]
}

/// A container's use of an image, told by whoever keeps the containers.
public struct ImageUse: Sendable {
    public let container: String
    public let imageID: String
    /// The image as the client named it.
    public let reference: String
    public let isRunning: Bool

    public init(container: String, imageID: String, reference: String, isRunning: Bool) {
        self.container = container
        self.imageID = imageID
        self.reference = reference
        self.isRunning = isRunning
    }
}
