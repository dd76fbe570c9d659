internal import EngineAPI
internal import JSON
internal import Netlink

/// A container's end of one network as it is kept on disk.
struct EndpointRecord: Equatable, Sendable {
    var networkID: String
    var networkName: String
    var endpointID: String
    /// Of the bridge driver; nil on host and none.
    var address: IPv4Prefix?
    var gateway: IPv4Address?
    var address6: IPv6Prefix?
    var gateway6: IPv6Address?
    var hardwareAddress: [UInt8] = []
    /// The end on the host: "veth" and seven digits.
    var hostInterface = ""
    /// The end in the container: "eth0".
    var interface = ""
    /// False while a running container is being connected or disconnected: what is left of it then goes at the next
    /// start of the daemon.
    var isReady = true
    /// What was asked for.
    var requested = EndpointSettings()
    /// The names the container has on this network, for the resolver.
    var names: [String] = []

    /// Names by which the container knows others on this network.
    var links: [(alias: String, name: String)] {
        (requested.links ?? []).map { link in
            let parts = link.split(separator: ":", maxSplits: 1).map(String.init)
            return (parts.last ?? link, parts.first ?? link)
        }
    }

    /// The container's own addresses, IPv4 first.
    var addresses: [String] {
        [address?.address.description, address6?.address.description].compactMap { $0 }
    }

    /// Where a published port leads: an IPv6 one to the IPv6 address, when there is one.
    func target(of port: PublishedPort) -> String {
        (port.isIPv6 ? address6?.address.description : nil) ?? address?.address.description ?? ""
    }

    /// For inspection: what was asked for and what it got.
    var settings: EndpointSettings {
        var settings = requested
        settings.desiredMacAddress = requested.macAddress
        settings.networkID = networkID
        settings.endpointID = endpointID
        settings.gateway = gateway?.description ?? ""
        settings.ipAddress = address?.address.description ?? ""
        settings.ipPrefixLen = address?.length ?? 0
        settings.ipv6Gateway = gateway6?.description ?? ""
        settings.globalIPv6Address = address6?.address.description ?? ""
        settings.globalIPv6PrefixLen = address6?.length ?? 0
        settings.macAddress = HardwareAddress.text(hardwareAddress)
        settings.dnsNames = names.isEmpty ? nil : names
        return settings
    }
}

/// The network of one container as it is kept on disk, written before anything of it exists, so that whoever finds it
/// can remove it.
struct SandboxRecord: Equatable, Sendable {
    enum Phase: String, Sendable { case making, ready, removing }
    enum Kind: String, Sendable { case own, host }

    var containerID: String
    var containerName: String
    var id: String
    var kind: Kind
    var phase = Phase.making
    /// Where the namespace is pinned; for the host's, what inspection shows.
    var key: String
    var hostname = ""
    var domainname = ""
    var dns: [String] = []
    var dnsSearch: [String] = []
    var dnsOptions: [String] = []
    var extraHosts: [String] = []
    /// "address\tnames" of linked containers.
    var linkHosts: [String] = []
    /// Names of other containers by which this one knows them: alias, name of the container.
    var links: [(alias: String, name: String)] = []
    var exposed: [String] = []
    var wanted: [PortRequest] = []
    var endpoints: [EndpointRecord] = []
    /// The network whose endpoint the ports lead to.
    var portsNetworkID = ""
    var published: [PublishedPort] = []
    /// Ports of the resolver in the namespace; 0: none.
    var resolverUDP: UInt16 = 0
    var resolverTCP: UInt16 = 0

    init(containerID: String, containerName: String, id: String, kind: Kind, key: String) {
        self.containerID = containerID
        self.containerName = containerName
        self.id = id
        self.kind = kind
        self.key = key
    }

    mutating func set(isReady: Bool, _ endpointID: String) {
        for index in endpoints.indices where endpoints[index].endpointID == endpointID {
            endpoints[index].isReady = isReady
        }
    }

    /// The endpoint the published ports lead to.
    var portsEndpoint: EndpointRecord? { endpoints.first { $0.networkID == portsNetworkID } }

    /// The endpoint the default routes lead out of: no internal network, highest priority, one with both families, then
    /// the first by name.
    func gatewayEndpoint(_ isInternal: (String) -> Bool) -> EndpointRecord? {
        endpoints.filter { $0.gateway != nil && !isInternal($0.networkID) }.min { left, right in
            let (a, b) = (left.requested.gwPriority, right.requested.gwPriority)
            if a != b { return a > b }
            if (left.gateway6 == nil) != (right.gateway6 == nil) { return right.gateway6 == nil }
            return left.networkName < right.networkName
        }
    }

    static func == (left: SandboxRecord, right: SandboxRecord) -> Bool { left.json == right.json }
}

extension EndpointRecord {
    var json: JSON {
        .members([
            ("networkID", .string(networkID)), ("networkName", .string(networkName)),
            ("endpointID", .string(endpointID)), ("address", .string(address?.description ?? "")),
            ("gateway", .string(gateway?.description ?? "")),
            ("address6", .string(address6?.description ?? "")), ("gateway6", .string(gateway6?.description ?? "")),
            ("hardwareAddress", .string(HardwareAddress.text(hardwareAddress))),
            ("hostInterface", .string(hostInterface)), ("interface", .string(interface)),
            ("requested", requested.json), ("ready", .bool(isReady)), ("names", .strings(names)),
        ])
    }

    init(json: JSON.Object) throws(JSON.Failure) {
        self.init(
            networkID: try json.string("networkID"), networkName: try json.string("networkName"),
            endpointID: try json.string("endpointID"))
        address = IPv4Prefix(try json.string("address"))
        gateway = IPv4Address(try json.string("gateway"))
        address6 = IPv6Prefix(try json.string("address6"))
        gateway6 = IPv6Address(try json.string("gateway6"))
        hardwareAddress = HardwareAddress.bytes(try json.string("hardwareAddress")) ?? []
        hostInterface = try json.string("hostInterface")
        interface = try json.string("interface")
        if let object = try json.object("requested") { requested = try EndpointSettings(json: object) }
        isReady = try json.bool("ready", default: true)
        names = try json.strings("names")
    }
}

extension SandboxRecord {
    var json: JSON {
        .members([
            ("containerID", .string(containerID)), ("containerName", .string(containerName)), ("id", .string(id)),
            ("kind", .string(kind.rawValue)), ("phase", .string(phase.rawValue)), ("key", .string(key)),
            ("hostname", .string(hostname)), ("domainname", .string(domainname)), ("dns", .strings(dns)),
            ("dnsSearch", .strings(dnsSearch)), ("dnsOptions", .strings(dnsOptions)),
            ("extraHosts", .strings(extraHosts)), ("linkHosts", .strings(linkHosts)),
            ("links", .array(links.map { .strings([$0.alias, $0.name]) })), ("exposed", .strings(exposed)),
            ("wanted", .array(wanted.map(\.json))), ("endpoints", .array(endpoints.map(\.json))),
            ("portsNetworkID", .string(portsNetworkID)), ("published", .array(published.map(\.json))),
            ("resolverUDP", .int(resolverUDP)), ("resolverTCP", .int(resolverTCP)),
        ])
    }

    init(json: JSON.Object) throws(JSON.Failure) {
        self.init(
            containerID: try json.string("containerID"), containerName: try json.string("containerName"),
            id: try json.string("id"), kind: Kind(rawValue: try json.string("kind")) ?? .own,
            key: try json.string("key"))
        phase = Phase(rawValue: try json.string("phase")) ?? .making
        hostname = try json.string("hostname")
        domainname = try json.string("domainname")
        dns = try json.strings("dns")
        dnsSearch = try json.strings("dnsSearch")
        dnsOptions = try json.strings("dnsOptions")
        extraHosts = try json.strings("extraHosts")
        linkHosts = try json.strings("linkHosts")
        for pair in try json.array("links") ?? [] {
            if let alias = pair[0]?.string, let name = pair[1]?.string { links.append((alias, name)) }
        }
        exposed = try json.strings("exposed")
        for one in try json.objects("wanted") { wanted.append(try PortRequest(json: one)) }
        for one in try json.objects("endpoints") { endpoints.append(try EndpointRecord(json: one)) }
        portsNetworkID = try json.string("portsNetworkID")
        for one in try json.objects("published") { published.append(try PublishedPort(json: one)) }
        resolverUDP = UInt16(clamping: try json.int("resolverUDP"))
        resolverTCP = UInt16(clamping: try json.int("resolverTCP"))
    }
}

/// Ethernet addresses as text.
enum HardwareAddress {
    static func text(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return bytes.map { String([digits[Int($0 >> 4)], digits[Int($0 & 15)]]) }.joined(separator: ":")
    }

    /// Six pairs of hexadecimal digits between colons or dashes; nil for anything else.
    static func bytes(_ text: String) -> [UInt8]? {
        let parts = text.split(omittingEmptySubsequences: false) { $0 == ":" || $0 == "-" }
        let bytes = parts.compactMap { $0.count == 2 && $0.allSatisfy(\.isHexDigit) ? UInt8($0, radix: 16) : nil }
        return parts.count == 6 && bytes.count == 6 ? bytes : nil
    }

    /// Upstream's address for a container: 02:42 and its IPv4 address.
    static func address(for ip: IPv4Address) -> [UInt8] { [0x02, 0x42] + ip.bytes }
}
