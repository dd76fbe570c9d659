public import JSON

/// The body of POST /containers/create: a ContainerConfig with two members more.
public struct ContainerCreateRequest: EngineObject {
    public var config = ContainerConfig()
    public var hostConfig: HostConfig?
    public var networkingConfig: NetworkingConfig?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        config = try ContainerConfig(json: json)
        hostConfig = try json.member("HostConfig")
        networkingConfig = try json.member("NetworkingConfig")
    }

    public var json: JSON {
        guard case .object(var object) = config.json else { return .null }
        object.add("HostConfig", hostConfig?.json ?? .null)
        object.add("NetworkingConfig", networkingConfig?.json ?? .null)
        return .object(object)
    }
}
