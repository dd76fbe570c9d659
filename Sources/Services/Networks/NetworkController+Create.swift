internal import CLinux
public import EngineAPI
internal import GoText
internal import Linux
internal import Netlink

extension NetworkController {
    /// Creates a network of the drivers bridge or macvlan, or a configuration for others to take.
    public func create(_ request: NetworkCreateRequest) throws(EngineError) -> NetworkCreateResponse {
        try checkCreate(request)
        return try busy.with("networks") { () throws(EngineError) in
            if state.withLock({ $0.hasNetwork(named: request.name) }) {
                throw .conflict("network with name " + request.name + " already exists")
            }
            var network = NetworkRecord(
                id: randomHex(bytes: 32), name: request.name, created: Self.now(),
                driver: request.driver == "macvlan" ? "macvlan" : "bridge")
            try fill(&network, from: request)
            if !network.configOnly {
                network.bridge = network.driver == "macvlan" ? try macvlan(for: network) : try bridge(for: network)
            }
            try make(&network)
            announce("create", network)
            var response = NetworkCreateResponse()
            response.id = network.id
            return response
        }
    }

    private func checkCreate(_ request: NetworkCreateRequest) throws(EngineError) {
        if request.name.allSatisfy(\.isWhitespace) { throw .invalid("invalid name: " + request.name) }
        if NetworkRecord.predefined.contains(request.name) {
            throw .forbidden("operation is not permitted on predefined " + request.name + " network ")
        }
        if request.ingress { throw .forbidden("Ingress network can only be global scope network") }
        if request.scope == "swarm" {
            throw .forbidden("cannot create a swarm scoped network when swarm is not active")
        }
        if request.scope == "global" || request.driver == "overlay" {
            throw EngineError(
                503,
                "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to "
                    + "connect this node to swarm and try again.")
        }
        switch request.driver {
        case "", "bridge", "default", "macvlan": break
        case "host", "null": throw .forbidden("only one instance of \"" + request.driver + "\" network is allowed")
        default: throw EngineError.notFound("plugin \"" + request.driver + "\" not found")
        }
        if let driver = request.ipam?.driver, !driver.isEmpty, driver != "default" {
            throw EngineError.notFound("plugin \"" + driver + "\" not found")
        }
        if request.enableIPv4 == false { throw .unsupported("networks without IPv4 are not supported") }
    }

    private func fill(_ network: inout NetworkRecord, from request: NetworkCreateRequest) throws(EngineError) {
        network.isInternal = request.isInternal
        network.attachable = request.attachable
        network.configOnly = request.configOnly
        network.enablesIPv6 = request.enableIPv6 ?? false
        network.options = request.options ?? [:]
        network.labels = request.labels ?? [:]
        network.ipamOptions = request.ipam?.options
        network.pools = request.ipam?.config ?? []
        guard let source = request.configFrom?.network, !source.isEmpty else { return }
        if request.configOnly {
            throw .forbidden("a configuration network cannot depend on another configuration network")
        }
        if network.enablesIPv6 || !network.labels.isEmpty || !(network.ipamOptions ?? [:]).isEmpty
            || !network.pools.isEmpty
        {
            throw .forbidden(
                "user specified configurations are not supported if the network depends on a configuration network")
        }
        if !network.options.isEmpty {
            throw .forbidden(
                "network driver options are not supported if the network depends on a configuration network")
        }
        guard let reference = state.withLock({ $0.all.first { $0.name == source && $0.configOnly } }) else {
            throw EngineError.notFound("configuration network \"" + source + "\" does not exist")
        }
        network.configFrom = reference.name
        network.isInternal = reference.isInternal
        network.enablesIPv6 = reference.enablesIPv6
        network.options = reference.options
        network.ipamOptions = reference.ipamOptions
        network.pools = reference.pools
        network.labels = reference.labels
    }

    /// What the kernel and the records get; undone when it fails half way.
    func make(_ network: inout NetworkRecord) throws(EngineError) {
        state.withLock { $0.put(network) }
        do throws(EngineError) {
            try write(network)
            if let bridge = network.bridge {
                try ensure(bridge)
                try addRules(of: network)
            }
            network.phase = .ready
            try write(network)
            state.withLock { $0.put(network) }
        } catch {
            network.phase = .removing
            unmake(network)
            throw error
        }
    }

    /// What a network has on the host, but for its rules.
    func ensure(_ bridge: BridgeSettings) throws(EngineError) {
        if bridge.macvlan != nil { return try HostBridge.ensureParent(bridge) }
        try HostBridge.ensure(bridge)
        try setSwitches(of: bridge)
    }

    func write(_ network: NetworkRecord) throws(EngineError) {
        do throws(SystemCallError) { try records.write(network) } catch { throw .failed(error.description) }
    }

    /// Switches of the network stack that a bridge's rules rely on.
    private func setSwitches(of bridge: BridgeSettings) throws(EngineError) {
        do throws(SystemCallError) {
            // Without a proxy, packets to 127.0.0.1 are redirected to the container.
            if bridge.six != nil && configuration.enablesForwarding {
                for name in ["default", "all"] { try HostBridge.set("ipv6/conf/" + name + "/forwarding", "1") }
            }
            if !configuration.usesProxy { try HostBridge.set("ipv4/conf/" + bridge.interface + "/route_localnet", "1") }
            if !bridge.allowsContainerTraffic && configuration.usesIptables {
                guard HostBridge.value("bridge/bridge-nf-call-iptables") != nil else {
                    configuration.warn(
                        "bridged packets are not filtered here: containers of " + bridge.interface + " reach each other"
                    )
                    return
                }
                try HostBridge.set("bridge/bridge-nf-call-iptables", "1")
            }
        } catch {
            throw .failed("failed to set up bridge " + bridge.interface + ": " + error.description)
        }
    }

    private func bridge(for network: NetworkRecord) throws(EngineError) -> BridgeSettings {
        var settings = BridgeSettings(interface: "br-" + network.id.prefix(12), try plan(network))
        if network.enablesIPv6 {
            try Self.checkIPv6()
            settings.six = try plan(network)
        }
        // `--ip` and `--mtu` are for the default bridge alone.
        try settings.apply(options: network.options)
        try checkInterface(&settings, for: network)
        return settings
    }

    private func checkInterface(_ bridge: inout BridgeSettings, for network: NetworkRecord) throws(EngineError) {
        let name = bridge.interface
        if name.utf8.count > 15 {
            throw .invalid("failed to check bridge interface existence: numerical result out of range")
        }
        for text in [name, bridge.interfacePrefix] where !Self.isInterfaceName(text) {
            throw .invalid("invalid interface name: \"" + text + "\"")
        }
        if bridge.interfacePrefix.utf8.count > 11 {
            throw .invalid("interface prefix too long: " + bridge.interfacePrefix)
        }
        if let other = state.withLock({ $0.all.first { $0.bridge?.interface == name } }) {
            throw .forbidden(
                "cannot create network \(network.id) (\(name)): conflicts with network \(other.id) (\(name)): "
                    + "networks have same bridge name")
        }
        do throws(SystemCallError) {
            if try RouteSocket().links().contains(where: { $0.name == name }) { bridge.ownsInterface = false }
        } catch {
            throw .failed("failed to check bridge interface existence: " + error.description)
        }
    }

    /// Interface names end up in rules: nothing but what cannot be taken for something else.
    static func isInterfaceName(_ name: String) -> Bool {
        guard !name.isEmpty, name != ".", name != "..", !name.hasPrefix("-") else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case 48...57, 65...90, 97...122: true
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
            default: false
            }
        }
    }

    /// RFC 3339 with nanoseconds.
    static func now() -> String {
        Timestamp(WallClock.now).description
    }

    func announce(_ action: String, _ network: NetworkRecord, containerID: String? = nil) {
        configuration.observe(
            NetworkEvent(
                action: action, networkID: network.id, networkName: network.name, networkType: network.driver,
                containerID: containerID))
    }
}
