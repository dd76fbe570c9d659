internal import EngineClient
internal import Flags
internal import GoText
internal import JSON
internal import Linux

/// What `network create` is asked for.
struct NetworkCreation {
    var name = ""
    var driver = "bridge"
    var scope = ""
    var subnets: [String] = []
    var ranges: [String] = []
    var gateways: [String] = []
    var auxiliary: [(String, String)] = []
    var addressDriver = "default"
    var addressOptions: [(String, String)] = []
    var options: [(String, String)] = []
    var labels: [(String, String)] = []
    var configFrom = ""
    var isInternal = false
    var isAttachable = false
    var isIngress = false
    var isConfigOnly = false
    var ipv4: Bool?
    var ipv6: Bool?

    /// The API's request, for a daemon of an API version.
    func request(version: String) throws(CommandFailure) -> JSON {
        var members: [(String, JSON)] = [("Driver", .string(driver)), ("Scope", .string(scope))]
        if let ipv4 { members.append(("EnableIPv4", .bool(ipv4))) }
        if let ipv6 { members.append(("EnableIPv6", .bool(ipv6))) }
        members += [
            (
                "IPAM",
                .members([
                    ("Driver", .string(addressDriver)), ("Options", textMap(addressOptions)),
                    ("Config", .array(try pools())),
                ])
            ),
            ("Internal", .bool(isInternal)), ("Attachable", .bool(isAttachable)), ("Ingress", .bool(isIngress)),
            ("ConfigOnly", .bool(isConfigOnly)),
            ("ConfigFrom", configFrom.isEmpty ? .null : .members([("Network", .string(configFrom))])),
            ("Options", textMap(options)), ("Labels", textMap(labels)), ("Name", .string(name)),
        ]
        // Later daemons never make two networks of one name.
        if isOlder(version, "1.44") { members.append(("CheckDuplicate", .bool(true))) }
        return .members(members)
    }

    /// One pool for each subnet, with the range, gateway and reserved addresses that lie in it.
    private func pools() throws(CommandFailure) -> [JSON] {
        if subnets.count < ranges.count || subnets.count < gateways.count {
            throw CommandFailure("every ip-range or gateway must have a corresponding subnet")
        }
        var blocks: [AddressBlock?] = []
        for subnet in subnets {
            let block = AddressBlock(subnet)
            if block == nil && subnets.count > 1 { throw CommandFailure("invalid CIDR address: " + subnet) }
            if let block, blocks.contains(where: { $0?.overlaps(block) == true }) {
                throw CommandFailure("multiple overlapping subnet configuration is not supported")
            }
            blocks.append(block)
        }
        var pools = subnets.map { [("Subnet", JSON.string($0))] }
        try place(ranges, "ip-range", "IPRange", blocks, &pools)
        try place(gateways, "gateway", "Gateway", blocks, &pools)
        var reserved: [Int: [(String, String)]] = [:]
        for (name, address) in auxiliary {
            guard let index = blocks.firstIndex(where: { $0?.contains(address) == true }) else {
                throw CommandFailure("no matching subnet for aux-address " + address)
            }
            reserved[index, default: []].append((name, address))
        }
        for (index, pairs) in reserved { pools[index].append(("AuxiliaryAddresses", textMap(pairs))) }
        return pools.map { .members($0) }
    }

    private func place(
        _ values: [String], _ what: String, _ key: String, _ blocks: [AddressBlock?], _ pools: inout [[(String, JSON)]]
    ) throws(CommandFailure) {
        for value in values {
            guard let index = blocks.firstIndex(where: { $0?.contains(value) == true }) else {
                throw CommandFailure("no matching subnet for " + what + " " + value)
            }
            if pools[index].contains(where: { $0.0 == key }) {
                throw CommandFailure("cannot configure multiple " + what + "s (" + value + ") on the same subnet")
            }
            pools[index].append((key, .string(value)))
        }
    }
}

/// A map of text, sorted by name as Go writes it.
func textMap(_ pairs: [(String, String)]) -> JSON {
    var last: [String: String] = [:]
    for (name, value) in pairs { last[name] = value }
    return .members(
        last.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, .string($0.value)) })
}

/// `name=value` texts as pairs; without `=` the value is empty.
func pairs(_ texts: [String]) -> [(String, String)] {
    texts.map { text in
        let (name, value) = splitOnce(text, at: UInt8(ascii: "="))
        return (name, value ?? "")
    }
}

extension FlagSet {
    /// pflag's stringSlice: values separated by commas, repeatable.
    func strings(_ name: String, _ short: String? = nil, usage: String, type: String = "strings") -> Flag<[String]> {
        func parse(_ text: String, _ old: [String]) throws(UsageError) -> [String] { old + commaSeparated(text) }
        if let short { return value(name, short, usage: usage, type: type, default: [], parse: parse) }
        return value(name, usage: usage, type: type, default: [], parse: parse)
    }

    /// docker's map options: `key=value`, repeatable; help shows `map[]`.
    func map(_ name: String, _ short: String? = nil, usage: String) -> Flag<[String]> {
        func parse(_ text: String, _ old: [String]) throws(UsageError) -> [String] { old + [text] }
        if let short {
            return value(name, short, usage: usage, type: "map", default: [], defaultText: "map[]", parse: parse)
        }
        return value(name, usage: usage, type: "map", default: [], defaultText: "map[]", parse: parse)
    }
}

/// One line of comma-separated values, with quotes as in a spreadsheet's export.
func commaSeparated(_ text: String) -> [String] {
    if text.isEmpty { return [] }
    var fields: [String] = []
    var field: [UInt8] = []
    var quoted = false
    for byte in text.utf8 {
        if byte == 34 {
            quoted.toggle()
        } else if byte == 44 && !quoted {
            fields.append(String(decoding: field, as: UTF8.self))
            field = []
        } else {
            field.append(byte)
        }
    }
    fields.append(String(decoding: field, as: UTF8.self))
    return fields
}

/// `key=value` with a name: what docker's label flags check.
func checkedLabel(_ text: String) throws(UsageError) -> String {
    let name = splitOnce(text, at: UInt8(ascii: "=")).0
    if name.drop(while: { $0 == " " || $0 == "\t" }).isEmpty {
        throw UsageError("invalid label '" + text + "': empty name")
    }
    return text
}

extension FlagSet {
    func labels(_ usage: String) -> Flag<[String]> {
        value("label", usage: usage, type: "list", default: [String]()) { (text, old) throws(UsageError) in
            old + [try checkedLabel(text)]
        }
    }
}

func createNetworkCommand(_ session: Session) -> Command {
    Command("create", "[OPTIONS] NETWORK", "Create a network", .exactly(1)) { flags in
        let attachable = flags.bool("attachable", usage: "Enable manual container attachment")
        let auxiliary = flags.map("aux-address", usage: "Auxiliary IPv4 or IPv6 addresses used by Network driver")
        let from = flags.string("config-from", usage: "The network from which to copy the configuration")
        let configOnly = flags.bool("config-only", usage: "Create a configuration only network")
        let driver = flags.string("driver", "d", usage: "Driver to manage the Network", default: "bridge")
        let gateways = flags.strings("gateway", usage: "IPv4 or IPv6 Gateway for the master subnet")
        let ingress = flags.bool("ingress", usage: "Create swarm routing-mesh network")
        let isInternal = flags.bool("internal", usage: "Restrict external access to the network")
        let ranges = flags.strings("ip-range", usage: "Allocate container ip from a sub-range")
        let addressDriver = flags.string("ipam-driver", usage: "IP Address Management Driver", default: "default")
        let addressOptions = flags.map("ipam-opt", usage: "Set IPAM driver specific options")
        let ipv4 = flags.bool("ipv4", usage: "Enable or disable IPv4 address assignment", default: true)
        let ipv6 = flags.bool("ipv6", usage: "Enable or disable IPv6 address assignment")
        let labels = flags.labels("Set metadata on a network")
        let options = flags.map("opt", "o", usage: "Set driver specific options")
        let scope = flags.string("scope", usage: "Control the network's scope")
        let subnets = flags.strings("subnet", usage: "Subnet in CIDR format that represents a network segment")
        return performing { arguments in
            var creation = NetworkCreation()
            creation.name = arguments[0]
            creation.driver = driver.value
            creation.scope = scope.value
            creation.subnets = subnets.value
            creation.ranges = ranges.value
            creation.gateways = gateways.value
            creation.auxiliary = pairs(auxiliary.value)
            creation.addressDriver = addressDriver.value
            creation.addressOptions = pairs(addressOptions.value)
            creation.options = pairs(options.value)
            creation.labels = pairs(labels.value)
            creation.configFrom = from.value
            creation.isInternal = isInternal.value
            creation.isAttachable = attachable.value
            creation.isIngress = ingress.value
            creation.isConfigOnly = configOnly.value
            creation.ipv4 = ipv4.isSet ? ipv4.value : nil
            creation.ipv6 = ipv6.isSet ? ipv6.value : nil
            let client = try session.client()
            let request = try creation.request(version: try client.version())
            let answer = try client.request("POST", "/networks/create", json: request).json()
            if let warning = answer["Warning"]?.string, !warning.isEmpty { Console.error("WARNING: " + warning + "\n") }
            Console.out((answer["Id"]?.string ?? "") + "\n")
            return 0
        }
    }
}

func connectNetworkCommand(_ session: Session) -> Command {
    Command("connect", "[OPTIONS] NETWORK CONTAINER", "Connect a container to a network", .exactly(2)) { flags in
        let aliases = flags.strings("alias", usage: "Add network-scoped alias for the container")
        let driverOptions = flags.strings("driver-opt", usage: "driver options for the network")
        let priority = flags.int(
            "gw-priority",
            usage: "Highest gw-priority provides the default gateway. Accepts positive and negative values.")
        let ip = flags.string("ip", usage: "IPv4 address (e.g., \"172.30.100.104\")")
        let ip6 = flags.string("ip6", usage: "IPv6 address (e.g., \"2001:db8::33\")")
        let links = flags.list("link", usage: "Add link to another container")
        let linkLocal = flags.strings("link-local-ip", usage: "Add a link-local address for the container")
        return performing { arguments in
            var endpoint = EndpointRequest()
            for option in driverOptions.value {
                let (name, value) = splitOnce(option, at: UInt8(ascii: "="))
                guard let value, !name.isEmpty else {
                    throw CommandFailure("invalid key/value pair format in driver options")
                }
                endpoint.driverOptions.append((name, value))
            }
            endpoint.ipv4 = ip.value
            endpoint.ipv6 = ip6.value
            endpoint.linkLocal = linkLocal.value
            endpoint.links = links.value
            endpoint.aliases = aliases.value
            endpoint.gatewayPriority = priority.value
            let body = JSON.members([
                ("Container", .string(arguments[1])), ("EndpointConfig", endpoint.json(forConnect: true)),
            ])
            _ = try session.client().request("POST", "/networks/" + queryEscaped(arguments[0]) + "/connect", json: body)
                .all()
            return 0
        }
    }
}
