public import JSON

/// How much a volume is used.
public struct VolumeUsage: EngineObject {
    /// -1: not known.
    public var refCount: Int = 0
    /// Bytes; -1: not known.
    public var size: Int = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        refCount = try json.int("RefCount")
        size = try json.int("Size")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("RefCount", refCount)
        fields.put("Size", size)
        return fields.json
    }
}

/// A volume.
public struct Volume: EngineObject {
    public var clusterVolume: JSON = .null
    public var createdAt: String = ""
    public var driver: String = ""
    public var labels: [String: String]?
    public var mountpoint: String = ""
    public var name: String = ""
    public var options: [String: String]?
    public var scope: String = ""
    public var status: JSON = .null
    public var usageData: VolumeUsage?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        clusterVolume = json["ClusterVolume"] ?? .null
        createdAt = try json.string("CreatedAt")
        driver = try json.string("Driver")
        labels = try json.texts("Labels")
        mountpoint = try json.string("Mountpoint")
        name = try json.string("Name")
        options = try json.texts("Options")
        scope = try json.string("Scope")
        status = json["Status"] ?? .null
        usageData = try json.member("UsageData")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("ClusterVolume", clusterVolume)
        fields.putUnlessEmpty("CreatedAt", createdAt)
        fields.put("Driver", driver)
        fields.put("Labels", labels)
        fields.put("Mountpoint", mountpoint)
        fields.put("Name", name)
        fields.put("Options", options)
        fields.put("Scope", scope)
        fields.putUnlessEmpty("Status", status)
        fields.putUnlessEmpty("UsageData", usageData)
        return fields.json
    }
}

/// The answer to GET /volumes.
public struct VolumeList: EngineObject {
    public var volumes: [Volume]?
    public var warnings: [String]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        volumes = try json.optionalList("Volumes")
        warnings = try json.optionalStrings("Warnings")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Volumes", volumes)
        fields.put("Warnings", warnings)
        return fields.json
    }
}

/// The body of POST /volumes/create.
public struct VolumeCreateRequest: EngineObject {
    public var clusterVolumeSpec: JSON = .null
    public var driver: String = ""
    public var driverOpts: [String: String] = [:]
    public var labels: [String: String] = [:]
    public var name: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        clusterVolumeSpec = json["ClusterVolumeSpec"] ?? .null
        driver = try json.string("Driver")
        driverOpts = try json.texts("DriverOpts") ?? [:]
        labels = try json.texts("Labels") ?? [:]
        name = try json.string("Name")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("ClusterVolumeSpec", clusterVolumeSpec)
        fields.putUnlessEmpty("Driver", driver)
        fields.putUnlessEmpty("DriverOpts", driverOpts)
        fields.putUnlessEmpty("Labels", labels)
        fields.putUnlessEmpty("Name", name)
        return fields.json
    }
}

/// What POST /volumes/prune removed.
public struct VolumesPruneReport: EngineObject {
    public var volumesDeleted: [String]?
    public var spaceReclaimed: UInt64 = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        volumesDeleted = try json.optionalStrings("VolumesDeleted")
        spaceReclaimed = try json.uint("SpaceReclaimed") ?? 0
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("VolumesDeleted", volumesDeleted)
        fields.put("SpaceReclaimed", spaceReclaimed)
        return fields.json
    }
}
