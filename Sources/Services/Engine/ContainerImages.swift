public import ContainerdAPI
public import EngineAPI

/// An image as the engine sees it.
public struct EngineImage: Sendable {
    /// "sha256:…", the digest of its configuration.
    public var id: String
    /// What containers of it run unless they say otherwise.
    public var config: ContainerConfig
    /// "linux"
    public var os: String

    public init(id: String, config: ContainerConfig, os: String = "linux") {
        self.id = id
        self.config = config
        self.os = os
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
    func size(ofRoot key: String, image: String) async throws(EngineError) -> (own: Int, total: Int)
    /// How many images there are, for /info.
    func count() async throws(EngineError) -> Int
    /// All images, for /system/df.
    func summaries() async throws(EngineError) -> [ImageSummary]
    /// Bytes of all layers, for /system/df.
    func layersSize() async throws(EngineError) -> Int
    /// For a filter on the ancestor: the ids of an image and of the images it is made upon.
    func lineage(_ reference: String) async throws(EngineError) -> [String]
}
