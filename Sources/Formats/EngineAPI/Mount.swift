public import JSON

/// How a path of the host is mounted.
public struct BindOptions: EngineObject {
    public var propagation: String = ""
    public var nonRecursive: Bool = false
    public var createMountpoint: Bool = false
    public var readOnlyNonRecursive: Bool = false
    public var readOnlyForceRecursive: Bool = false

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        propagation = try json.string("Propagation")
        nonRecursive = try json.bool("NonRecursive")
        createMountpoint = try json.bool("CreateMountpoint")
        readOnlyNonRecursive = try json.bool("ReadOnlyNonRecursive")
        readOnlyForceRecursive = try json.bool("ReadOnlyForceRecursive")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("Propagation", propagation)
        fields.putUnlessEmpty("NonRecursive", nonRecursive)
        fields.putUnlessEmpty("CreateMountpoint", createMountpoint)
        fields.putUnlessEmpty("ReadOnlyNonRecursive", readOnlyNonRecursive)
        fields.putUnlessEmpty("ReadOnlyForceRecursive", readOnlyForceRecursive)
        return fields.json
    }
}

/// A volume driver and its options.
public struct DriverConfig: EngineObject {
    public var name: String = ""
    public var options: [String: String] = [:]

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        name = try json.string("Name")
        options = try json.texts("Options") ?? [:]
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("Name", name)
        fields.putUnlessEmpty("Options", options)
        return fields.json
    }
}

/// How a volume is made and mounted.
public struct VolumeOptions: EngineObject {
    public var noCopy: Bool = false
    public var labels: [String: String] = [:]
    public var subpath: String = ""
    public var driverConfig: DriverConfig?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        noCopy = try json.bool("NoCopy")
        labels = try json.texts("Labels") ?? [:]
        subpath = try json.string("Subpath")
        driverConfig = try json.member("DriverConfig")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("NoCopy", noCopy)
        fields.putUnlessEmpty("Labels", labels)
        fields.putUnlessEmpty("Subpath", subpath)
        fields.putUnlessEmpty("DriverConfig", driverConfig)
        return fields.json
    }
}

/// How an image is mounted.
public struct ImageOptions: EngineObject {
    public var subpath: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        subpath = try json.string("Subpath")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("Subpath", subpath)
        return fields.json
    }
}

/// How a tmpfs is mounted.
public struct TmpfsOptions: EngineObject {
    public var sizeBytes: Int = 0
    public var mode: Int = 0
    public var options: [[String]] = []

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        sizeBytes = try json.int("SizeBytes")
        mode = try json.int("Mode")
        options = try json.rows("Options") ?? []
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("SizeBytes", sizeBytes)
        fields.putUnlessEmpty("Mode", mode)
        fields.putUnlessEmpty("Options", options)
        return fields.json
    }
}

/// A mount asked for in the long form ("--mount").
public struct Mount: EngineObject {
    public var type: String = ""
    public var source: String = ""
    public var target: String = ""
    public var readOnly: Bool = false
    public var consistency: String = ""
    public var bindOptions: BindOptions?
    public var volumeOptions: VolumeOptions?
    public var imageOptions: ImageOptions?
    public var tmpfsOptions: TmpfsOptions?
    public var clusterOptions: JSON = .null

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        type = try json.string("Type")
        source = try json.string("Source")
        target = try json.string("Target")
        readOnly = try json.bool("ReadOnly")
        consistency = try json.string("Consistency")
        bindOptions = try json.member("BindOptions")
        volumeOptions = try json.member("VolumeOptions")
        imageOptions = try json.member("ImageOptions")
        tmpfsOptions = try json.member("TmpfsOptions")
        clusterOptions = json["ClusterOptions"] ?? .null
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("Type", type)
        fields.putUnlessEmpty("Source", source)
        fields.putUnlessEmpty("Target", target)
        fields.putUnlessEmpty("ReadOnly", readOnly)
        fields.putUnlessEmpty("Consistency", consistency)
        fields.putUnlessEmpty("BindOptions", bindOptions)
        fields.putUnlessEmpty("VolumeOptions", volumeOptions)
        fields.putUnlessEmpty("ImageOptions", imageOptions)
        fields.putUnlessEmpty("TmpfsOptions", tmpfsOptions)
        fields.putUnlessEmpty("ClusterOptions", clusterOptions)
        return fields.json
    }
}

/// A mount that a container has.
public struct MountPoint: EngineObject {
    public var type: String = ""
    public var name: String = ""
    public var source: String = ""
    public var destination: String = ""
    public var driver: String = ""
    public var mode: String = ""
    public var rw: Bool = false
    public var propagation: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        type = try json.string("Type")
        name = try json.string("Name")
        source = try json.string("Source")
        destination = try json.string("Destination")
        driver = try json.string("Driver")
        mode = try json.string("Mode")
        rw = try json.bool("RW")
        propagation = try json.string("Propagation")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("Type", type)
        fields.putUnlessEmpty("Name", name)
        fields.put("Source", source)
        fields.put("Destination", destination)
        fields.putUnlessEmpty("Driver", driver)
        fields.put("Mode", mode)
        fields.put("RW", rw)
        fields.put("Propagation", propagation)
        return fields.json
    }
}
