public import EngineAPI
internal import Linux
internal import Netlink

extension NetworkController {
    /// Gives a container its network before its first process exists. Undone by `release`. What an earlier run left is
    /// removed first.
    public func attach(_ request: SandboxRequest) throws(EngineError) -> Sandbox {
        if request.networkMode.hasPrefix("container:") { return try share(request) }
        return try busy.with(request.containerID) { () throws(EngineError) in
            try releaseLocked(request.containerID)
            var record = try plan(request)
            do throws(EngineError) {
                try save(record)
                try build(&record)
                record.phase = .ready
                try save(record)
            } catch {
                discard(record.containerID)
                throw error
            }
            for endpoint in record.endpoints { announce("connect", endpoint, record.containerID) }
            return view(record)
        }
    }

    /// The network of another container: its namespace, and nothing of one's own.
    private func share(_ request: SandboxRequest) throws(EngineError) -> Sandbox {
        let other = String(request.networkMode.dropFirst("container:".count))
        let found = state.withLock { state in
            state.sandboxes[other] ?? state.sandboxes.values.first { $0.containerName == other }
        }
        guard let record = found, record.phase == .ready else {
            throw .conflict("cannot join network of a non running container: " + other)
        }
        let shown = view(record)
        return Sandbox(
            id: "", key: "", namespacePath: shown.namespacePath, hosts: shown.hosts, resolvConf: shown.resolvConf,
            hostnameFile: shown.hostnameFile)
    }

    // MARK: Planning

    /// Decides everything about a sandbox and takes its addresses. Nothing exists of it yet.
    private func plan(_ request: SandboxRequest) throws(EngineError) -> SandboxRecord {
        let gateway = hostGateway
        let id = randomHex(bytes: 32)
        let mode = Self.networkName(
            request.networkMode, defaultNetwork: configuration.bridge == "none" ? "none" : "bridge")
        var record = SandboxRecord(
            containerID: request.containerID, containerName: request.containerName, id: id,
            kind: mode == "host" ? .host : .own,
            key: configuration.execRoot + "/netns/" + (mode == "host" ? "default" : String(id.prefix(12))))
        record.hostname = request.hostname
        record.domainname = request.domainname
        record.dns = request.dns
        record.dnsSearch = request.dnsSearch
        record.dnsOptions = request.dnsOptions
        for text in request.exposedPorts { record.exposed += try PortRequest.ports(text).map(\.name) }
        if mode != "host" && mode != "none" {
            record.wanted = try PortRequest.all(
                bindings: request.portBindings, exposed: request.exposedPorts, publishAll: request.publishAllPorts)
        }
        for host in request.extraHosts { record.extraHosts.append(try HostsFile.line(host, gateway: gateway)) }
        for server in request.dns where !InternetAddress.isAddress(server) {
            throw .invalid("invalid IP address in dns options: " + server)
        }
        var request = request
        // Without a default bridge, what would be on it has no network.
        if configuration.bridge == "none", request.networkMode != mode { request.networks = [:] }
        let (planned, wanted) = (record, request)
        return try withState { (state) throws(EngineError) in
            var next = state
            var record = planned
            try Self.addEndpoints(&record, mode, wanted, &next)
            try Self.addLinks(&record, wanted.links, next)
            next.put(record)
            state = next
            return record
        }
    }

    /// The network a mode names.
    static func networkName(_ mode: String, defaultNetwork: String) -> String {
        mode.isEmpty || mode == "default" ? defaultNetwork : mode
    }

    /// One end for each network that the container's record names: that of the network mode first, the others by name.
    /// A record that names none means the mode's.
    private static func addEndpoints(
        _ record: inout SandboxRecord, _ mode: String, _ request: SandboxRequest, _ state: inout NetworkState
    ) throws(EngineError) {
        var wanted: [(network: NetworkRecord, settings: EndpointSettings)] = []
        for (name, settings) in request.networks {
            wanted.append((try state.network(name == "default" ? mode : name), settings))
        }
        if wanted.isEmpty { wanted = [(try state.network(mode), EndpointSettings())] }
        func isFirst(_ network: NetworkRecord) -> Bool { network.name == mode || network.id.hasPrefix(mode) }
        wanted.sort { left, right in
            let (a, b) = (isFirst(left.network), isFirst(right.network))
            return a == b ? left.network.name < right.network.name : a
        }
        if wanted.count > 1, let alone = wanted.first(where: { $0.network.bridge == nil })?.network {
            throw .invalid(
                alone.driver == "host"
                    ? "container cannot be disconnected from host network or connected to host network"
                    : "container cannot be connected to multiple networks with one of the networks in private"
                        + " (none) mode"
            )
        }
        for (index, one) in wanted.enumerated() {
            var settings = one.settings
            if index == 0, settings.macAddress.isEmpty { settings.macAddress = request.macAddress }
            record.endpoints.append(try state.endpoint(on: one.network, for: record, settings))
        }
    }

    /// Other containers under names of one's own: lines of the hosts file on the default bridge, and answers of the
    /// resolver elsewhere.
    private static func addLinks(
        _ record: inout SandboxRecord, _ links: [SandboxRequest.Link], _ state: NetworkState
    ) throws(EngineError) {
        for link in links {
            record.links.append((link.alias, link.containerName))
            guard record.endpoints.contains(where: { $0.networkName == "bridge" }) else { continue }
            guard let linked = state.sandboxes[link.containerID] else {
                throw .conflict(
                    "Cannot link to a non running container: /\(link.containerName) AS"
                        + " /\(record.containerName)/\(link.alias)"
                )
            }
            guard let address = linked.endpoints.first(where: { $0.networkName == "bridge" })?.address?.address else {
                throw .invalid("Cannot link to /\(link.containerName), as it does not belong to the default network")
            }
            var names: [String] = []
            for name in [link.alias, String(link.containerID.prefix(12)), link.containerName]
            where !names.contains(name) {
                names.append(name)
            }
            record.linkHosts.append(address.description + "\t" + names.joined(separator: " "))
        }
    }

    // MARK: Building

    private func build(_ record: inout SandboxRecord) throws(EngineError) {
        guard record.kind == .own else { return }
        let resolves = state.withLock { state in
            record.endpoints.contains { state.networks[$0.networkID]?.resolvesNames ?? false }
        }
        let inside = try SandboxNamespace.create(record.key, withResolver: resolves)
        if resolves { try startResolver(&record, inside) }
        for endpoint in record.endpoints { try connectLink(endpoint, inside) }
        try setDefaultRoute(record, inside, replacing: false)
        try publish(&record)
    }

    /// The pair of interfaces of one end.
    func connectLink(_ endpoint: EndpointRecord, _ inside: SandboxNamespace) throws(EngineError) {
        guard let address = endpoint.address,
            let bridge = state.withLock({ $0.networks[endpoint.networkID]?.bridge })
        else { return }
        do throws(SystemCallError) {
            if let macvlan = bridge.macvlan {
                try HostBridge.addMacvlan(endpoint, macvlan, mtu: bridge.mtu, inside)
            } else {
                try addVeth(endpoint, bridge, inside)
            }
            let index = try inside.route.link(endpoint.interface).index
            try inside.setSwitches(endpoint)
            var requests: [RouteRequest] = [.addAddress(address, index: index)]
            if let six = endpoint.address6 { requests.append(.addAddress(six, index: index, announced: false)) }
            try inside.route.perform(requests + [.setUp(index)])
        } catch {
            throw .failed(
                "failed to create endpoint on network \(endpoint.networkName): adding interface "
                    + "\(endpoint.hostInterface) to bridge \(bridge.interface) failed: \(error.description)")
        }
    }

    private func addVeth(
        _ endpoint: EndpointRecord, _ bridge: BridgeSettings, _ inside: SandboxNamespace
    ) throws(SystemCallError) {
        let host = try RouteSocket()
        let master = try host.link(bridge.interface)
        try host.perform(
            .addVethPair(
                host: endpoint.hostInterface, master: master.index, mtu: bridge.mtu, peer: endpoint.interface,
                peerAddress: endpoint.hardwareAddress, namespace: inside.namespace.number))
        if !configuration.usesProxy {
            try host.perform(.setHairpin(try host.link(endpoint.hostInterface).index))
        }
    }

    /// The way out: by the gateway of the endpoint that comes first for that.
    func setDefaultRoute(
        _ record: SandboxRecord, _ inside: SandboxNamespace, replacing: Bool
    ) throws(EngineError) {
        do throws(SystemCallError) {
            if replacing {
                try Self.removeRoute(.deleteDefaultRoute(IPv4Address.self), inside.route)
                try Self.removeRoute(.deleteDefaultRoute(IPv6Address.self), inside.route)
            }
            guard let endpoint = gatewayEndpoint(record) else { return }
            let index = try inside.route.link(endpoint.interface).index
            var requests: [RouteRequest] = []
            if let gateway = endpoint.gateway { requests.append(.addDefaultRoute(gateway: gateway, index: index)) }
            if let gateway = endpoint.gateway6 { requests.append(.addDefaultRoute(gateway: gateway, index: index)) }
            try inside.route.perform(requests)
        } catch {
            throw .failed("failed to set gateway: " + error.description)
        }
    }

    private static func removeRoute(_ request: RouteRequest, _ route: borrowing RouteSocket) throws(SystemCallError) {
        do throws(SystemCallError) { try route.perform(request) } catch  where error.number == 3 {
            // ESRCH: there was none, or it went with its interface.
        }
    }

    func gatewayEndpoint(_ record: SandboxRecord) -> EndpointRecord? {
        let networks = state.withLock { $0.networks }
        return record.gatewayEndpoint { networks[$0]?.isInternal ?? false }
    }

    /// Takes over and records what a sandbox is now.
    func save(_ record: SandboxRecord) throws(EngineError) {
        state.withLock { $0.put(record) }
        do throws(SystemCallError) { try records.write(record) } catch { throw .failed(error.description) }
    }

    func announce(_ action: String, _ endpoint: EndpointRecord, _ containerID: String) {
        let driver = state.withLock { $0.networks[endpoint.networkID]?.driver } ?? ""
        configuration.observe(
            NetworkEvent(
                action: action, networkID: endpoint.networkID, networkName: endpoint.networkName, networkType: driver,
                containerID: containerID))
    }
}
