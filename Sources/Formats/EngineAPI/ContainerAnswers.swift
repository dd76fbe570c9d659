public import JSON

/// The answer to POST /containers/create.
public struct ContainerCreateResponse: EngineObject {
    public var id: String = ""
    public var warnings: [String]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        id = try json.string("Id")
        warnings = try json.optionalStrings("Warnings")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Id", id)
        fields.put("Warnings", warnings)
        return fields.json
    }
}

/// Why waiting for a container failed.
public struct WaitError: EngineObject {
    public var message: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        message = try json.string("Message")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("Message", message)
        return fields.json
    }
}

/// How a container that was waited for ended.
public struct WaitResponse: EngineObject {
    public var error: WaitError?
    public var statusCode: Int = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        error = try json.member("Error")
        statusCode = try json.int("StatusCode")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("Error", error)
        fields.put("StatusCode", statusCode)
        return fields.json
    }
}

/// The processes of a container, as ps prints them.
public struct TopResponse: EngineObject {
    public var processes: [[String]]?
    public var titles: [String]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        processes = try json.rows("Processes")
        titles = try json.optionalStrings("Titles")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Processes", processes)
        fields.put("Titles", titles)
        return fields.json
    }
}

/// The answer to POST /containers/{id}/update.
public struct UpdateResponse: EngineObject {
    public var warnings: [String]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        warnings = try json.optionalStrings("Warnings")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Warnings", warnings)
        return fields.json
    }
}

/// What POST /containers/prune removed.
public struct ContainersPruneReport: EngineObject {
    public var containersDeleted: [String]?
    public var spaceReclaimed: UInt64 = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        containersDeleted = try json.optionalStrings("ContainersDeleted")
        spaceReclaimed = try json.uint("SpaceReclaimed") ?? 0
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("ContainersDeleted", containersDeleted)
        fields.put("SpaceReclaimed", spaceReclaimed)
        return fields.json
    }
}

/// One path that a container changed in its root.
public struct FilesystemChange: EngineObject {
    /// 0: modified, 1: added, 2: deleted.
    public var kind: Int = 0
    public var path: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        kind = try json.int("Kind")
        path = try json.string("Path")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Kind", kind)
        fields.put("Path", path)
        return fields.json
    }
}

/// A path in a container, as docker cp asks for it.
public struct PathStat: EngineObject {
    public var name: String = ""
    public var size: Int = 0
    /// Go's os.FileMode.
    public var mode: UInt64 = 0
    public var mtime: String = ""
    public var linkTarget: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        name = try json.string("name")
        size = try json.int("size")
        mode = try json.uint("mode") ?? 0
        mtime = try json.string("mtime")
        linkTarget = try json.string("linkTarget")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("name", name)
        fields.put("size", size)
        fields.put("mode", mode)
        fields.put("mtime", mtime)
        fields.put("linkTarget", linkTarget)
        return fields.json
    }
}

/// An answer that is an id.
public struct IDResponse: EngineObject {
    public var id: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        id = try json.string("Id")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Id", id)
        return fields.json
    }
}

/// The body of every failure.
public struct ErrorResponse: EngineObject {
    public var message: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        message = try json.string("message")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("message", message)
        return fields.json
    }
}
