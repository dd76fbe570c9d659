public import JSON

/// A port that a container exposes or publishes.
public struct Port: EngineObject {
    public var ip: String = ""
    public var privatePort: Int = 0
    public var publicPort: Int = 0
    public var type: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        ip = try json.string("IP")
        privatePort = try json.int("PrivatePort")
        publicPort = try json.int("PublicPort")
        type = try json.string("Type")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("IP", ip)
        fields.put("PrivatePort", privatePort)
        fields.putUnlessEmpty("PublicPort", publicPort)
        fields.put("Type", type)
        return fields.json
    }
}

/// The part of HostConfig in a listing.
public struct SummaryHostConfig: EngineObject {
    public var networkMode: String = ""
    public var annotations: [String: String] = [:]

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        networkMode = try json.string("NetworkMode")
        annotations = try json.texts("Annotations") ?? [:]
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("NetworkMode", networkMode)
        fields.putUnlessEmpty("Annotations", annotations)
        return fields.json
    }
}

/// The part of NetworkSettings in a listing.
public struct SummaryNetworkSettings: EngineObject {
    public var networks: [String: EndpointSettings] = [:]

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        networks = try json.map("Networks")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Networks", networks)
        return fields.json
    }
}

/// One container in a listing.
public struct ContainerSummary: EngineObject {
    public var id: String = ""
    public var names: [String]?
    public var image: String = ""
    public var imageID: String = ""
    public var imageManifestDescriptor: JSON = .null
    public var command: String = ""
    /// Seconds since 1970.
    public var created: Int = 0
    public var ports: [Port]?
    public var sizeRw: Int = 0
    public var sizeRootFs: Int = 0
    public var labels: [String: String]?
    public var state: String = ""
    /// "Up 5 minutes (healthy)".
    public var status: String = ""
    public var hostConfig: SummaryHostConfig = SummaryHostConfig()
    public var networkSettings: SummaryNetworkSettings?
    public var mounts: [MountPoint]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        id = try json.string("Id")
        names = try json.optionalStrings("Names")
        image = try json.string("Image")
        imageID = try json.string("ImageID")
        imageManifestDescriptor = json["ImageManifestDescriptor"] ?? .null
        command = try json.string("Command")
        created = try json.int("Created")
        ports = try json.optionalList("Ports")
        sizeRw = try json.int("SizeRw")
        sizeRootFs = try json.int("SizeRootFs")
        labels = try json.texts("Labels")
        state = try json.string("State")
        status = try json.string("Status")
        hostConfig = try json.member("HostConfig") ?? SummaryHostConfig()
        networkSettings = try json.member("NetworkSettings")
        mounts = try json.optionalList("Mounts")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Id", id)
        fields.put("Names", names)
        fields.put("Image", image)
        fields.put("ImageID", imageID)
        fields.putUnlessEmpty("ImageManifestDescriptor", imageManifestDescriptor)
        fields.put("Command", command)
        fields.put("Created", created)
        fields.put("Ports", ports)
        fields.putUnlessEmpty("SizeRw", sizeRw)
        fields.putUnlessEmpty("SizeRootFs", sizeRootFs)
        fields.put("Labels", labels)
        fields.put("State", state)
        fields.put("Status", status)
        fields.put("HostConfig", hostConfig)
        fields.put("NetworkSettings", networkSettings)
        fields.put("Mounts", mounts)
        return fields.json
    }
}
