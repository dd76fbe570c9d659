internal import EngineAPI
internal import JSON
internal import Netlink

/// A network as it is kept on disk.
struct NetworkRecord: Equatable, Sendable {
    /// A network that is not ready was being made or removed when the daemon died.
    enum Phase: String, Sendable { case making, ready, removing }

    var id: String
    var name: String
    var created: String
    var driver: String
    var phase = Phase.making
    var isInternal = false
    var attachable = false
    var configOnly = false
    var configFrom = ""
    var enablesIPv6 = false
    var options: [String: String] = [:]
    var labels: [String: String] = [:]
    var ipamDriver = "default"
    var ipamOptions: [String: String]?
    /// As the user gave them.
    var pools: [IPAMConfig] = []
    /// nil for the drivers host and null.
    var bridge: BridgeSettings?

    init(id: String, name: String, created: String, driver: String) {
        self.id = id
        self.name = name
        self.created = created
        self.driver = driver
    }

    static let predefined: Set<String> = ["bridge", "host", "none", "default"]

    /// bridge, host and none, which nobody creates or removes.
    var isPredefined: Bool { NetworkRecord.predefined.contains(name) }
    /// Whether containers find each other by name here.
    var resolvesNames: Bool { bridge != nil && !isPredefined }

    /// The pools of a family as the user gave them.
    func pools<Address: NetworkAddress>(of family: Address.Type) -> [IPAMConfig] {
        let isSix = Address.family == IPv6Address.family
        return pools.filter { $0.subnet.utf8.contains(UInt8(ascii: ":")) == isSix }
    }

    /// What is shown of a family: what the user gave, or what the network got.
    private func configuration<Address>(_ plan: AddressPlan<Address>?) -> [IPAMConfig] {
        let given = pools(of: Address.self)
        guard given.isEmpty, let plan else { return given }
        var pool = IPAMConfig()
        pool.subnet = plan.subnet.masked.description
        pool.gateway = plan.gateway.description
        return [pool]
    }

    /// For `/networks`, without containers.
    var resource: NetworkInspect {
        var resource = NetworkInspect()
        resource.name = name
        resource.id = id
        resource.created = created
        resource.scope = "local"
        resource.driver = configOnly ? "null" : driver
        resource.enableIPv4 = true
        resource.enableIPv6 = enablesIPv6
        resource.ipam.driver = ipamDriver
        resource.ipam.options = ipamOptions
        resource.ipam.config = configuration(bridge?.four) + configuration(bridge?.six)
        resource.isInternal = isInternal
        resource.attachable = attachable
        resource.configFrom.network = configFrom
        resource.configOnly = configOnly
        resource.containers = [:]
        resource.options = options
        resource.labels = labels
        return resource
    }
}

extension NetworkRecord {
    var json: JSON {
        .members([
            ("id", .string(id)), ("name", .string(name)), ("created", .string(created)), ("driver", .string(driver)),
            ("phase", .string(phase.rawValue)), ("internal", .bool(isInternal)), ("attachable", .bool(attachable)),
            ("configOnly", .bool(configOnly)), ("configFrom", .string(configFrom)),
            ("ipv6", .bool(enablesIPv6)), ("options", texts(options)),
            ("labels", texts(labels)), ("ipamDriver", .string(ipamDriver)),
            ("ipamOptions", ipamOptions.map(texts) ?? .null), ("pools", .array(pools.map(\.json))),
            ("bridge", bridge?.json ?? .null),
        ])
    }

    init(json: JSON.Object) throws(JSON.Failure) {
        self.init(
            id: try json.string("id"), name: try json.string("name"), created: try json.string("created"),
            driver: try json.string("driver"))
        phase = Phase(rawValue: try json.string("phase")) ?? .making
        isInternal = try json.bool("internal")
        attachable = try json.bool("attachable")
        configOnly = try json.bool("configOnly")
        configFrom = try json.string("configFrom")
        enablesIPv6 = try json.bool("ipv6")
        options = try dictionary(json, "options") ?? [:]
        labels = try dictionary(json, "labels") ?? [:]
        ipamDriver = try json.string("ipamDriver", default: "default")
        ipamOptions = try dictionary(json, "ipamOptions")
        for pool in try json.objects("pools") { pools.append(try IPAMConfig(json: pool)) }
        if let object = try json.object("bridge") { bridge = try BridgeSettings(json: object) }
    }
}

/// A map of texts, sorted by key.
func texts(_ map: [String: String]) -> JSON {
    .members(map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
}

/// A map of texts; nil when absent or null.
func dictionary(_ json: JSON.Object, _ name: String) throws(JSON.Failure) -> [String: String]? {
    guard let member = json[name], !member.isNull else { return nil }
    var map: [String: String] = [:]
    for pair in try json.stringMap(name) { map[pair.name] = pair.value }
    return map
}
