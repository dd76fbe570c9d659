public import JSON

/// Addresses asked for.
public struct EndpointIPAMConfig: EngineObject {
    public var ipv4Address: String = ""
    public var ipv6Address: String = ""
    public var linkLocalIPs: [String] = []

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        ipv4Address = try json.string("IPv4Address")
        ipv6Address = try json.string("IPv6Address")
        linkLocalIPs = try json.strings("LinkLocalIPs")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("IPv4Address", ipv4Address)
        fields.putUnlessEmpty("IPv6Address", ipv6Address)
        fields.putUnlessEmpty("LinkLocalIPs", linkLocalIPs)
        return fields.json
    }
}

/// A container's place in one network: what was asked for, and what it got.
public struct EndpointSettings: EngineObject {
    public var ipamConfig: EndpointIPAMConfig?
    public var links: [String]?
    public var aliases: [String]?
    public var macAddress: String = ""
    public var driverOpts: [String: String]?
    public var gwPriority: Int = 0
    public var networkID: String = ""
    public var endpointID: String = ""
    public var gateway: String = ""
    public var ipAddress: String = ""
    public var ipPrefixLen: Int = 0
    public var ipv6Gateway: String = ""
    public var globalIPv6Address: String = ""
    public var globalIPv6PrefixLen: Int = 0
    public var dnsNames: [String]?
    /// The hardware address asked for, which the next run gets again. The API shows the one in use alone.
    public var desiredMacAddress: String = ""

    public init() {}

    /// What was asked for, without what a run got.
    public var asked: EndpointSettings {
        var asked = EndpointSettings()
        asked.ipamConfig = ipamConfig
        asked.links = links
        asked.aliases = aliases
        asked.driverOpts = driverOpts
        asked.gwPriority = gwPriority
        asked.macAddress = desiredMacAddress
        asked.desiredMacAddress = desiredMacAddress
        return asked
    }

    public init(json: JSON.Object) throws(JSON.Failure) {
        ipamConfig = try json.member("IPAMConfig")
        links = try json.optionalStrings("Links")
        aliases = try json.optionalStrings("Aliases")
        macAddress = try json.string("MacAddress")
        driverOpts = try json.texts("DriverOpts")
        gwPriority = try json.int("GwPriority")
        networkID = try json.string("NetworkID")
        endpointID = try json.string("EndpointID")
        gateway = try json.string("Gateway")
        ipAddress = try json.string("IPAddress")
        ipPrefixLen = try json.int("IPPrefixLen")
        ipv6Gateway = try json.string("IPv6Gateway")
        globalIPv6Address = try json.string("GlobalIPv6Address")
        globalIPv6PrefixLen = try json.int("GlobalIPv6PrefixLen")
        dnsNames = try json.optionalStrings("DNSNames")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("IPAMConfig", ipamConfig)
        fields.put("Links", links)
        fields.put("Aliases", aliases)
        fields.put("MacAddress", macAddress)
        fields.put("DriverOpts", driverOpts)
        fields.put("GwPriority", gwPriority)
        fields.put("NetworkID", networkID)
        fields.put("EndpointID", endpointID)
        fields.put("Gateway", gateway)
        fields.put("IPAddress", ipAddress)
        fields.put("IPPrefixLen", ipPrefixLen)
        fields.put("IPv6Gateway", ipv6Gateway)
        fields.put("GlobalIPv6Address", globalIPv6Address)
        fields.put("GlobalIPv6PrefixLen", globalIPv6PrefixLen)
        fields.put("DNSNames", dnsNames)
        return fields.json
    }
}

/// The networks a new container joins.
public struct NetworkingConfig: EngineObject {
    public var endpointsConfig: [String: EndpointSettings] = [:]

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        endpointsConfig = try json.map("EndpointsConfig")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("EndpointsConfig", endpointsConfig)
        return fields.json
    }
}

/// One subnet of a network.
public struct IPAMConfig: EngineObject {
    public var subnet: String = ""
    public var ipRange: String = ""
    public var gateway: String = ""
    public var auxiliaryAddresses: [String: String] = [:]

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        subnet = try json.string("Subnet")
        ipRange = try json.string("IPRange")
        gateway = try json.string("Gateway")
        auxiliaryAddresses = try json.texts("AuxiliaryAddresses") ?? [:]
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("Subnet", subnet)
        fields.putUnlessEmpty("IPRange", ipRange)
        fields.putUnlessEmpty("Gateway", gateway)
        fields.putUnlessEmpty("AuxiliaryAddresses", auxiliaryAddresses)
        return fields.json
    }
}

/// A network's addresses.
public struct IPAM: EngineObject {
    public var driver: String = ""
    public var options: [String: String]?
    public var config: [IPAMConfig]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        driver = try json.string("Driver")
        options = try json.texts("Options")
        config = try json.optionalList("Config")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Driver", driver)
        fields.put("Options", options)
        fields.put("Config", config)
        return fields.json
    }
}

/// A network that gives another one its configuration.
public struct ConfigReference: EngineObject {
    public var network: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        network = try json.string("Network")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Network", network)
        return fields.json
    }
}

/// A container in a network.
public struct NetworkContainer: EngineObject {
    public var name: String = ""
    public var endpointID: String = ""
    public var macAddress: String = ""
    public var ipv4Address: String = ""
    public var ipv6Address: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        name = try json.string("Name")
        endpointID = try json.string("EndpointID")
        macAddress = try json.string("MacAddress")
        ipv4Address = try json.string("IPv4Address")
        ipv6Address = try json.string("IPv6Address")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Name", name)
        fields.put("EndpointID", endpointID)
        fields.put("MacAddress", macAddress)
        fields.put("IPv4Address", ipv4Address)
        fields.put("IPv6Address", ipv6Address)
        return fields.json
    }
}

/// A network.
public struct NetworkInspect: EngineObject {
    public var name: String = ""
    public var id: String = ""
    public var created: String = ""
    public var scope: String = ""
    public var driver: String = ""
    public var enableIPv4: Bool = false
    public var enableIPv6: Bool = false
    public var ipam: IPAM = IPAM()
    public var isInternal: Bool = false
    public var attachable: Bool = false
    public var ingress: Bool = false
    public var configFrom: ConfigReference = ConfigReference()
    public var configOnly: Bool = false
    public var containers: [String: NetworkContainer] = [:]
    public var options: [String: String]?
    public var labels: [String: String]?
    public var peers: JSON = .null
    public var services: JSON = .null

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        name = try json.string("Name")
        id = try json.string("Id")
        created = try json.string("Created")
        scope = try json.string("Scope")
        driver = try json.string("Driver")
        enableIPv4 = try json.bool("EnableIPv4")
        enableIPv6 = try json.bool("EnableIPv6")
        ipam = try json.member("IPAM") ?? IPAM()
        isInternal = try json.bool("Internal")
        attachable = try json.bool("Attachable")
        ingress = try json.bool("Ingress")
        configFrom = try json.member("ConfigFrom") ?? ConfigReference()
        configOnly = try json.bool("ConfigOnly")
        containers = try json.map("Containers")
        options = try json.texts("Options")
        labels = try json.texts("Labels")
        peers = json["Peers"] ?? .null
        services = json["Services"] ?? .null
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Name", name)
        fields.put("Id", id)
        fields.put("Created", created)
        fields.put("Scope", scope)
        fields.put("Driver", driver)
        fields.put("EnableIPv4", enableIPv4)
        fields.put("EnableIPv6", enableIPv6)
        fields.put("IPAM", ipam)
        fields.put("Internal", isInternal)
        fields.put("Attachable", attachable)
        fields.put("Ingress", ingress)
        fields.put("ConfigFrom", configFrom)
        fields.put("ConfigOnly", configOnly)
        fields.put("Containers", containers)
        fields.put("Options", options)
        fields.put("Labels", labels)
        fields.putUnlessEmpty("Peers", peers)
        fields.putUnlessEmpty("Services", services)
        return fields.json
    }
}

/// The body of POST /networks/create.
public struct NetworkCreateRequest: EngineObject {
    public var name: String = ""
    public var checkDuplicate: Bool = false
    public var driver: String = ""
    public var scope: String = ""
    public var enableIPv4: Bool?
    public var enableIPv6: Bool?
    public var ipam: IPAM?
    public var isInternal: Bool = false
    public var attachable: Bool = false
    public var ingress: Bool = false
    public var configOnly: Bool = false
    public var configFrom: ConfigReference?
    public var options: [String: String]?
    public var labels: [String: String]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        name = try json.string("Name")
        checkDuplicate = try json.bool("CheckDuplicate")
        driver = try json.string("Driver")
        scope = try json.string("Scope")
        enableIPv4 = try json.optionalBool("EnableIPv4")
        enableIPv6 = try json.optionalBool("EnableIPv6")
        ipam = try json.member("IPAM")
        isInternal = try json.bool("Internal")
        attachable = try json.bool("Attachable")
        ingress = try json.bool("Ingress")
        configOnly = try json.bool("ConfigOnly")
        configFrom = try json.member("ConfigFrom")
        options = try json.texts("Options")
        labels = try json.texts("Labels")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Name", name)
        fields.putUnlessEmpty("CheckDuplicate", checkDuplicate)
        fields.put("Driver", driver)
        fields.put("Scope", scope)
        fields.putUnlessEmpty("EnableIPv4", enableIPv4)
        fields.putUnlessEmpty("EnableIPv6", enableIPv6)
        fields.put("IPAM", ipam)
        fields.put("Internal", isInternal)
        fields.put("Attachable", attachable)
        fields.put("Ingress", ingress)
        fields.put("ConfigOnly", configOnly)
        fields.put("ConfigFrom", configFrom)
        fields.put("Options", options)
        fields.put("Labels", labels)
        return fields.json
    }
}

/// The answer to POST /networks/create.
public struct NetworkCreateResponse: EngineObject {
    public var id: String = ""
    public var warning: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        id = try json.string("Id")
        warning = try json.string("Warning")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Id", id)
        fields.put("Warning", warning)
        return fields.json
    }
}

/// The body of POST /networks/{id}/connect.
public struct NetworkConnect: EngineObject {
    public var container: String = ""
    public var endpointConfig: EndpointSettings?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        container = try json.string("Container")
        endpointConfig = try json.member("EndpointConfig")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Container", container)
        fields.putUnlessEmpty("EndpointConfig", endpointConfig)
        return fields.json
    }
}

/// The body of POST /networks/{id}/disconnect.
public struct NetworkDisconnect: EngineObject {
    public var container: String = ""
    public var force: Bool = false

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        container = try json.string("Container")
        force = try json.bool("Force")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Container", container)
        fields.put("Force", force)
        return fields.json
    }
}

/// What POST /networks/prune removed.
public struct NetworksPruneReport: EngineObject {
    public var networksDeleted: [String]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        networksDeleted = try json.optionalStrings("NetworksDeleted")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("NetworksDeleted", networksDeleted)
        return fields.json
    }
}
