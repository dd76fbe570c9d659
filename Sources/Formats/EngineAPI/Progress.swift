public import JSON

/// How far a step is.
public struct ProgressDetail: EngineObject {
    public var current: Int = 0
    public var total: Int = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        current = try json.int("current")
        total = try json.int("total")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("current", current)
        fields.putUnlessEmpty("total", total)
        return fields.json
    }
}

/// A failure at the end of a stream of progress.
public struct ErrorDetail: EngineObject {
    public var code: Int = 0
    public var message: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        code = try json.int("code")
        message = try json.string("message")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("code", code)
        fields.putUnlessEmpty("message", message)
        return fields.json
    }
}

/// One line of a pull, push, load, import or build stream.
public struct ProgressMessage: EngineObject {
    public var stream: String = ""
    public var status: String = ""
    public var progressDetail: ProgressDetail?
    public var progress: String = ""
    public var id: String = ""
    public var from: String = ""
    public var time: Int = 0
    public var timeNano: Int = 0
    public var errorDetail: ErrorDetail?
    public var error: String = ""
    public var aux: JSON = .null

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        stream = try json.string("stream")
        status = try json.string("status")
        progressDetail = try json.member("progressDetail")
        progress = try json.string("progress")
        id = try json.string("id")
        from = try json.string("from")
        time = try json.int("time")
        timeNano = try json.int("timeNano")
        errorDetail = try json.member("errorDetail")
        error = try json.string("error")
        aux = json["aux"] ?? .null
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("stream", stream)
        fields.putUnlessEmpty("status", status)
        fields.putUnlessEmpty("progressDetail", progressDetail)
        fields.putUnlessEmpty("progress", progress)
        fields.putUnlessEmpty("id", id)
        fields.putUnlessEmpty("from", from)
        fields.putUnlessEmpty("time", time)
        fields.putUnlessEmpty("timeNano", timeNano)
        fields.putUnlessEmpty("errorDetail", errorDetail)
        fields.putUnlessEmpty("error", error)
        fields.putUnlessEmpty("aux", aux)
        return fields.json
    }
}
