public import JSON

/// What an event is about.
public struct EventActor: EngineObject {
    public var id: String = ""
    public var attributes: [String: String]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        id = try json.string("ID")
        attributes = try json.texts("Attributes")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("ID", id)
        fields.put("Attributes", attributes)
        return fields.json
    }
}

/// Something that happened in the engine.
public struct EventMessage: EngineObject {
    public var status: String = ""
    public var id: String = ""
    public var from: String = ""
    public var type: String = ""
    public var action: String = ""
    public var actor: EventActor = EventActor()
    public var scope: String = ""
    /// Seconds since 1970.
    public var time: Int = 0
    /// Nanoseconds since 1970.
    public var timeNano: Int = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        status = try json.string("status")
        id = try json.string("id")
        from = try json.string("from")
        type = try json.string("Type")
        action = try json.string("Action")
        actor = try json.member("Actor") ?? EventActor()
        scope = try json.string("scope")
        time = try json.int("time")
        timeNano = try json.int("timeNano")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("status", status)
        fields.putUnlessEmpty("id", id)
        fields.putUnlessEmpty("from", from)
        fields.put("Type", type)
        fields.put("Action", action)
        fields.put("Actor", actor)
        fields.putUnlessEmpty("scope", scope)
        fields.putUnlessEmpty("time", time)
        fields.putUnlessEmpty("timeNano", timeNano)
        return fields.json
    }
}
