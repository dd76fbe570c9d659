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
