public import JSON

/// The layers of an image, by the digests of their contents.
public struct RootFS: EngineObject {
    public var type: String = ""
    public var layers: [String] = []

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        type = try json.string("Type")
        layers = try json.strings("Layers")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("Type", type)
        fields.putUnlessEmpty("Layers", layers)
        return fields.json
    }
}

/// What this engine knows about an image.
public struct ImageMetadata: EngineObject {
    public var lastTagTime: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        lastTagTime = try json.string("LastTagTime")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("LastTagTime", lastTagTime)
        return fields.json
    }
}

/// Everything about one image.
public struct ImageInspect: EngineObject {
    public var id: String = ""
    public var repoTags: [String]?
    public var repoDigests: [String]?
    public var parent: String = ""
    public var comment: String = ""
    public var created: String = ""
    public var dockerVersion: String = ""
    public var author: String = ""
    public var config: JSON = .null
    public var architecture: String = ""
    public var variant: String = ""
    public var os: String = ""
    public var osVersion: String = ""
    public var size: Int = 0
    /// nil for APIs from 1.44 on, which leave it out.
    public var virtualSize: Int?
    public var graphDriver: DriverData = DriverData()
    public var rootFS: RootFS = RootFS()
    public var metadata: ImageMetadata = ImageMetadata()
    public var descriptor: JSON = .null
    public var manifests: JSON = .null

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        id = try json.string("Id")
        repoTags = try json.optionalStrings("RepoTags")
        repoDigests = try json.optionalStrings("RepoDigests")
        parent = try json.string("Parent")
        comment = try json.string("Comment")
        created = try json.string("Created")
        dockerVersion = try json.string("DockerVersion")
        author = try json.string("Author")
        config = json["Config"] ?? .null
        architecture = try json.string("Architecture")
        variant = try json.string("Variant")
        os = try json.string("Os")
        osVersion = try json.string("OsVersion")
        size = try json.int("Size")
        virtualSize = json["VirtualSize"]?.int
        graphDriver = try json.member("GraphDriver") ?? DriverData()
        rootFS = try json.member("RootFS") ?? RootFS()
        metadata = try json.member("Metadata") ?? ImageMetadata()
        descriptor = json["Descriptor"] ?? .null
        manifests = json["Manifests"] ?? .null
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Id", id)
        fields.put("RepoTags", repoTags)
        fields.put("RepoDigests", repoDigests)
        fields.put("Parent", parent)
        fields.put("Comment", comment)
        fields.put("Created", created)
        fields.put("DockerVersion", dockerVersion)
        fields.put("Author", author)
        fields.put("Config", config)
        fields.put("Architecture", architecture)
        fields.putUnlessEmpty("Variant", variant)
        fields.put("Os", os)
        fields.putUnlessEmpty("OsVersion", osVersion)
        fields.put("Size", size)
        if let virtualSize { fields.put("VirtualSize", virtualSize) }
        fields.put("GraphDriver", graphDriver)
        fields.put("RootFS", rootFS)
        fields.put("Metadata", metadata)
        fields.putUnlessEmpty("Descriptor", descriptor)
        fields.putUnlessEmpty("Manifests", manifests)
        return fields.json
    }
}

/// One image in a listing.
public struct ImageSummary: EngineObject {
    public var containers: Int = 0
    /// Seconds since 1970.
    public var created: Int = 0
    public var id: String = ""
    public var labels: [String: String]?
    public var parentID: String = ""
    public var descriptor: JSON = .null
    public var manifests: JSON = .null
    public var repoDigests: [String]?
    public var repoTags: [String]?
    /// Bytes; -1: not computed.
    public var sharedSize: Int = 0
    /// Bytes.
    public var size: Int = 0
    /// nil for APIs from 1.44 on, which leave it out.
    public var virtualSize: Int?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        containers = try json.int("Containers")
        created = try json.int("Created")
        id = try json.string("Id")
        labels = try json.texts("Labels")
        parentID = try json.string("ParentId")
        descriptor = json["Descriptor"] ?? .null
        manifests = json["Manifests"] ?? .null
        repoDigests = try json.optionalStrings("RepoDigests")
        repoTags = try json.optionalStrings("RepoTags")
        sharedSize = try json.int("SharedSize")
        size = try json.int("Size")
        virtualSize = json["VirtualSize"]?.int
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Containers", containers)
        fields.put("Created", created)
        fields.put("Id", id)
        fields.put("Labels", labels)
        fields.put("ParentId", parentID)
        fields.putUnlessEmpty("Descriptor", descriptor)
        fields.putUnlessEmpty("Manifests", manifests)
        fields.put("RepoDigests", repoDigests)
        fields.put("RepoTags", repoTags)
        fields.put("SharedSize", sharedSize)
        fields.put("Size", size)
        if let virtualSize { fields.put("VirtualSize", virtualSize) }
        return fields.json
    }
}

/// One step in the making of an image.
public struct ImageHistoryItem: EngineObject {
    public var comment: String = ""
    public var created: Int = 0
    public var createdBy: String = ""
    public var id: String = ""
    public var size: Int = 0
    public var tags: [String]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        comment = try json.string("Comment")
        created = try json.int("Created")
        createdBy = try json.string("CreatedBy")
        id = try json.string("Id")
        size = try json.int("Size")
        tags = try json.optionalStrings("Tags")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Comment", comment)
        fields.put("Created", created)
        fields.put("CreatedBy", createdBy)
        fields.put("Id", id)
        fields.put("Size", size)
        fields.put("Tags", tags)
        return fields.json
    }
}

/// A name or a layer that went.
public struct ImageDeletion: EngineObject {
    public var untagged: String = ""
    public var deleted: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        untagged = try json.string("Untagged")
        deleted = try json.string("Deleted")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("Untagged", untagged)
        fields.putUnlessEmpty("Deleted", deleted)
        return fields.json
    }
}

/// What POST /images/prune removed.
public struct ImagesPruneReport: EngineObject {
    public var imagesDeleted: [ImageDeletion]?
    public var spaceReclaimed: UInt64 = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        imagesDeleted = try json.optionalList("ImagesDeleted")
        spaceReclaimed = try json.uint("SpaceReclaimed") ?? 0
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("ImagesDeleted", imagesDeleted)
        fields.put("SpaceReclaimed", spaceReclaimed)
        return fields.json
    }
}
