public import JSON

/// The list of what one image is made of (OCI manifest.md, Docker schema 2).
public struct OCIManifest: Equatable, Sendable {
    public var mediaType: String
    public var config: OCIDescriptor
    public var layers: [OCIDescriptor]
    public var annotations: [(name: String, value: String)] = []

    public init(mediaType: String, config: OCIDescriptor, layers: [OCIDescriptor]) {
        self.mediaType = mediaType
        self.config = config
        self.layers = layers
    }

    public init(json: JSON.Object) throws(JSON.Failure) {
        mediaType = try json.string("mediaType")
        guard let config = try json.object("config") else { throw JSON.Failure("manifest has no config") }
        self.config = try OCIDescriptor(json: config)
        layers = []
        for layer in try json.objects("layers") { layers.append(try OCIDescriptor(json: layer)) }
        annotations = try json.stringMap("annotations")
    }

    public init(parsing bytes: [UInt8]) throws(JSON.Failure) {
        guard let object = try JSON(parsing: bytes).object else { throw JSON.Failure("manifest is no object") }
        try self.init(json: object)
    }

    public var json: JSON {
        var object = JSON.Object([("schemaVersion", .int(2))])
        if !mediaType.isEmpty { object["mediaType"] = .string(mediaType) }
        object["config"] = config.json
        object["layers"] = .array(layers.map { $0.json })
        if !annotations.isEmpty { object["annotations"] = .members(annotations.map { ($0.name, .string($0.value)) }) }
        return .object(object)
    }

    public static func == (left: OCIManifest, right: OCIManifest) -> Bool { left.json == right.json }
}

/// A list of manifests, one for each platform or name (OCI image-index.md, Docker manifest list).
public struct OCIIndex: Equatable, Sendable {
    public var mediaType: String
    public var manifests: [OCIDescriptor]
    public var annotations: [(name: String, value: String)] = []

    public init(mediaType: String = MediaType.index, manifests: [OCIDescriptor]) {
        self.mediaType = mediaType
        self.manifests = manifests
    }

    public init(json: JSON.Object) throws(JSON.Failure) {
        mediaType = try json.string("mediaType")
        manifests = []
        for manifest in try json.objects("manifests") { manifests.append(try OCIDescriptor(json: manifest)) }
        annotations = try json.stringMap("annotations")
    }

    public init(parsing bytes: [UInt8]) throws(JSON.Failure) {
        guard let object = try JSON(parsing: bytes).object else { throw JSON.Failure("index is no object") }
        try self.init(json: object)
    }

    public var json: JSON {
        var object = JSON.Object([("schemaVersion", .int(2))])
        if !mediaType.isEmpty { object["mediaType"] = .string(mediaType) }
        object["manifests"] = .array(manifests.map { $0.json })
        if !annotations.isEmpty { object["annotations"] = .members(annotations.map { ($0.name, .string($0.value)) }) }
        return .object(object)
    }

    public static func == (left: OCIIndex, right: OCIIndex) -> Bool { left.json == right.json }
}

/// One image in the manifest.json of a `docker save` archive.
public struct DockerArchiveImage: Equatable, Sendable {
    /// The path of the config in the archive.
    public var config: String
    /// Familiar names with tags; empty for an image saved by its id.
    public var repoTags: [String]
    /// Paths of the layers in the archive, from the bottom up.
    public var layers: [String]

    public init(config: String, repoTags: [String], layers: [String]) {
        self.config = config
        self.repoTags = repoTags
        self.layers = layers
    }

    public init(json: JSON.Object) throws(JSON.Failure) {
        config = try json.string("Config")
        repoTags = try json.strings("RepoTags")
        layers = try json.strings("Layers")
    }

    /// The images of a manifest.json.
    public static func list(parsing bytes: [UInt8]) throws(JSON.Failure) -> [DockerArchiveImage] {
        guard let items = try JSON(parsing: bytes).array else {
            throw JSON.Failure("json: cannot unmarshal object into Go value of type []tarexport.manifestItem")
        }
        var images: [DockerArchiveImage] = []
        for item in items {
            guard let object = item.object else { throw JSON.Failure("manifest.json holds no object") }
            images.append(try DockerArchiveImage(json: object))
        }
        return images
    }

    public var json: JSON {
        .members([
            ("Config", .string(config)), ("RepoTags", repoTags.isEmpty ? .null : .strings(repoTags)),
            ("Layers", .strings(layers)),
        ])
    }
}
