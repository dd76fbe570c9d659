internal import JSON

/// How a container is to be attached to a network.
struct EndpointRequest {
    var ipv4 = ""
    var ipv6 = ""
    var linkLocal: [String] = []
    var links: [String] = []
    var aliases: [String] = []
    var macAddress = ""
    var driverOptions: [(String, String)] = []
    var gatewayPriority = 0

    /// The API's EndpointSettings. `network connect` writes empty lists where `run` writes null.
    func json(forConnect: Bool = false) -> JSON {
        var addresses: [(String, JSON)] = []
        if !ipv4.isEmpty { addresses.append(("IPv4Address", .string(ipv4))) }
        if !ipv6.isEmpty { addresses.append(("IPv6Address", .string(ipv6))) }
        if !linkLocal.isEmpty { addresses.append(("LinkLocalIPs", .strings(linkLocal))) }
        let options: JSON = driverOptions.isEmpty && !forConnect ? .null : textMap(driverOptions)
        return .members([
            ("IPAMConfig", addresses.isEmpty && !forConnect ? .null : .members(addresses)),
            ("Links", links.isEmpty ? .null : .strings(links)),
            ("Aliases", aliases.isEmpty && !forConnect ? .null : .strings(aliases)),
            ("MacAddress", .string(macAddress)),
            ("DriverOpts", options), ("GwPriority", .int(gatewayPriority)), ("NetworkID", .string("")),
            ("EndpointID", .string("")), ("Gateway", .string("")), ("IPAddress", .string("")), ("IPPrefixLen", .int(0)),
            ("IPv6Gateway", .string("")), ("GlobalIPv6Address", .string("")), ("GlobalIPv6PrefixLen", .int(0)),
            ("DNSNames", .null),
        ])
    }
}
