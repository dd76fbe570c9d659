public import JSON

/// A block device's weight of its own.
public struct WeightDevice: EngineObject {
    public var path: String = ""
    public var weight: Int = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        path = try json.string("Path")
        weight = try json.int("Weight")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Path", path)
        fields.put("Weight", weight)
        return fields.json
    }
}

/// A block device's rate, in bytes or operations each second.
public struct ThrottleDevice: EngineObject {
    public var path: String = ""
    public var rate: UInt64 = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        path = try json.string("Path")
        rate = try json.uint("Rate") ?? 0
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Path", path)
        fields.put("Rate", rate)
        return fields.json
    }
}

/// A device of the host that the container sees.
public struct DeviceMapping: EngineObject {
    public var pathOnHost: String = ""
    public var pathInContainer: String = ""
    public var cgroupPermissions: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        pathOnHost = try json.string("PathOnHost")
        pathInContainer = try json.string("PathInContainer")
        cgroupPermissions = try json.string("CgroupPermissions")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("PathOnHost", pathOnHost)
        fields.put("PathInContainer", pathInContainer)
        fields.put("CgroupPermissions", cgroupPermissions)
        return fields.json
    }
}

/// Devices asked of a driver ("--gpus").
public struct DeviceRequest: EngineObject {
    public var driver: String = ""
    public var count: Int = 0
    public var deviceIDs: [String]?
    public var capabilities: [[String]]?
    public var options: [String: String]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        driver = try json.string("Driver")
        count = try json.int("Count")
        deviceIDs = try json.optionalStrings("DeviceIDs")
        capabilities = try json.rows("Capabilities")
        options = try json.texts("Options")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Driver", driver)
        fields.put("Count", count)
        fields.put("DeviceIDs", deviceIDs)
        fields.put("Capabilities", capabilities)
        fields.put("Options", options)
        return fields.json
    }
}

/// A resource limit of the first process; -1 is unlimited.
public struct Ulimit: EngineObject {
    public var name: String = ""
    public var hard: Int = 0
    public var soft: Int = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        name = try json.string("Name")
        hard = try json.int("Hard")
        soft = try json.int("Soft")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Name", name)
        fields.put("Hard", hard)
        fields.put("Soft", soft)
        return fields.json
    }
}
