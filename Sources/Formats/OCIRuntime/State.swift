public import JSON

/// A container's state as hooks and `runc state` see it (runtime-spec, "State").
public struct State: Equatable, Sendable {
    public var ociVersion: String
    public var id: String
    /// "creating", "created", "running", "stopped"; runc adds "paused".
    public var status: String
    /// 0 when there is no process.
    public var pid: Int32
    public var bundle: String
    public var annotations: [String: String]

    public init(
        ociVersion: String = "1.0.2-dev", id: String, status: String, pid: Int32 = 0, bundle: String,
        annotations: [String: String] = [:]
    ) {
        self.ociVersion = ociVersion
        self.id = id
        self.status = status
        self.pid = pid
        self.bundle = bundle
        self.annotations = annotations
    }

    public init(json: JSON.Object) throws(JSON.Failure) {
        ociVersion = try json.string("ociVersion")
        id = try json.string("id")
        status = try json.string("status")
        pid = Int32(clamping: try json.int("pid"))
        bundle = try json.string("bundle")
        annotations = try json.map("annotations")
    }

    public var json: JSON {
        var members = Members()
        members.always("ociVersion", ociVersion)
        members.always("id", id)
        members.always("status", status)
        members.add("pid", pid == 0 ? nil : pid)
        members.always("bundle", bundle)
        members.add("annotations", annotations)
        return members.json
    }
}
