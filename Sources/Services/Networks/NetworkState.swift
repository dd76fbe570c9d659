internal import EngineAPI
internal import Linux
internal import Netlink

/// What the daemon knows of networks and sandboxes: which exist, and which addresses and ports are given out. A value
/// with rules and no input or output; its owner is the controller.
struct NetworkState: Sendable {
    private(set) var networks: [String: NetworkRecord] = [:]
    private(set) var sandboxes: [String: SandboxRecord] = [:]
    private var pools: [String: AddressPool] = [:]
    private var ports: PortTable

    init(freePorts: ClosedRange<UInt16> = 32768...60999) { ports = PortTable(free: freePorts) }

    // MARK: Networks

    /// Every network, oldest first.
    var all: [NetworkRecord] { networks.values.sorted { ($0.created, $0.id) < ($1.created, $1.id) } }

    /// Adds a network or takes over its new record.
    mutating func put(_ network: NetworkRecord) {
        networks[network.id] = network
        guard let bridge = network.bridge else { return }
        if let pool = pools[network.id], pool.subnet == bridge.subnet.masked,
            pool.range == (bridge.range ?? bridge.subnet).masked
        {
            return
        }
        var pool = AddressPool(subnet: bridge.subnet, range: bridge.range)
        // The gateway and reserved addresses were checked when the network was made; a double one is taken already.
        for address in [bridge.gateway, bridge.subnet.address] + bridge.reserved { try? pool.take(address) }
        pools[network.id] = pool
    }

    mutating func removeNetwork(_ id: String) {
        networks[id] = nil
        pools[id] = nil
    }

    /// The network of this name, id, or beginning of an id.
    func network(_ reference: String) throws(NetworkError) -> NetworkRecord {
        let ready = networks.values.filter { $0.phase == .ready }
        if let named = ready.first(where: { $0.name == reference }) { return named }
        if let exact = networks[reference], exact.phase == .ready { return exact }
        let beginning = reference.isEmpty ? [] : ready.filter { $0.id.hasPrefix(reference) }
        if beginning.count > 1 {
            throw .invalid(
                "network \(reference) is ambiguous (\(beginning.count) matches found based on ID prefix)")
        }
        guard let found = beginning.first else { throw .noSuchNetwork(reference) }
        return found
    }

    func hasNetwork(named name: String) -> Bool { networks.values.contains { $0.name == name } }
    func isInternal(_ networkID: String) -> Bool { networks[networkID]?.isInternal ?? false }

    /// The containers on a network, with their ends of it.
    func endpoints(on networkID: String) -> [(sandbox: SandboxRecord, endpoint: EndpointRecord)] {
        sandboxes.values.flatMap { sandbox in
            sandbox.endpoints.filter { $0.networkID == networkID }.map { (sandbox, $0) }
        }
    }

    /// For inspection, with its containers.
    func inspection(_ network: NetworkRecord) -> NetworkInspect {
        var inspection = network.resource
        var containers: [String: NetworkContainer] = [:]
        for (sandbox, endpoint) in endpoints(on: network.id) {
            var container = NetworkContainer()
            container.name = sandbox.containerName
            container.endpointID = endpoint.endpointID
            container.macAddress = HardwareAddress.text(endpoint.hardwareAddress)
            container.ipv4Address = endpoint.address?.description ?? ""
            containers[sandbox.containerID] = container
        }
        inspection.containers = containers
        return inspection
    }

    // MARK: Sandboxes

    mutating func put(_ sandbox: SandboxRecord) { sandboxes[sandbox.containerID] = sandbox }

    /// Forgets a sandbox and gives its addresses and ports back.
    mutating func removeSandbox(_ containerID: String) {
        guard let sandbox = sandboxes.removeValue(forKey: containerID) else { return }
        for endpoint in sandbox.endpoints { giveBack(endpoint) }
        for port in sandbox.published { giveBack(port) }
    }

    mutating func giveBack(_ endpoint: EndpointRecord) {
        if let address = endpoint.address { pools[endpoint.networkID]?.release(address.address) }
    }

    mutating func giveBack(_ port: PublishedPort) { ports.release(port.hostIP, port.transport, port.hostPort) }

    /// Takes over a sandbox that lives since before the daemon: its addresses and ports are in use.
    mutating func adopt(_ sandbox: SandboxRecord) {
        put(sandbox)
        for endpoint in sandbox.endpoints {
            // An address outside of the network's range is nobody else's: there is nothing to mark.
            if let address = endpoint.address { try? pools[endpoint.networkID]?.take(address.address) }
        }
        for port in sandbox.published {
            // Two records with one port cannot both be right; the kernel decides when the proxies start.
            _ = try? ports.take(port.hostIP, port.transport, first: port.hostPort, last: port.hostPort)
        }
    }

    mutating func rename(_ containerID: String, to name: String) -> SandboxRecord? {
        guard var sandbox = sandboxes[containerID] else { return nil }
        let old = sandbox.containerName
        sandbox.containerName = name
        for index in sandbox.endpoints.indices where !sandbox.endpoints[index].names.isEmpty {
            sandbox.endpoints[index].names = sandbox.endpoints[index].names.map { $0 == old ? name : $0 }
        }
        sandboxes[containerID] = sandbox
        return sandbox
    }

    // MARK: Addresses and ports

    /// An end on a network for a container, with its address taken.
    mutating func endpoint(
        on network: NetworkRecord, for sandbox: SandboxRecord, _ requested: EndpointSettings
    ) throws(NetworkError) -> EndpointRecord {
        var endpoint = EndpointRecord(
            networkID: network.id, networkName: network.name, endpointID: randomHex(bytes: 32))
        endpoint.requested = requested.request
        guard let bridge = network.bridge else { return endpoint }
        try NetworkState.check(requested, on: network)
        endpoint.address = IPv4Prefix(try takeAddress(on: network, requested), bridge.subnet.length)
        endpoint.gateway = bridge.gateway
        let given = requested.macAddress.isEmpty ? nil : HardwareAddress.bytes(requested.macAddress)
        endpoint.hardwareAddress = given ?? endpoint.address.map { HardwareAddress.address(for: $0.address) } ?? []
        endpoint.hostInterface = "veth" + randomHex(bytes: 4).prefix(7)
        let numbers = sandbox.endpoints.compactMap {
            $0.interface.hasPrefix(bridge.interfacePrefix)
                ? Int($0.interface.dropFirst(bridge.interfacePrefix.count)) : nil
        }
        endpoint.interface = bridge.interfacePrefix + String((numbers.max() ?? -1) + 1)
        if network.resolvesNames {
            var names: [String] = []
            for name in [sandbox.containerName] + (requested.aliases ?? [])
                + [String(sandbox.containerID.prefix(12)), sandbox.hostname]
            where !name.isEmpty && !names.contains(name) {
                names.append(name)
            }
            endpoint.names = names
        }
        return endpoint
    }

    /// Whether an end may be asked for in this way.
    static func check(_ requested: EndpointSettings, on network: NetworkRecord) throws(NetworkError) {
        if network.configOnly {
            throw .forbidden("configuration network " + network.name + " cannot be used by containers")
        }
        let wanted = requested.ipamConfig?.ipv4Address ?? ""
        if let six = requested.ipamConfig?.ipv6Address, !six.isEmpty {
            throw .unsupported("IPv6 addresses are not supported: " + six)
        }
        if !wanted.isEmpty {
            guard !network.isPredefined else {
                throw .invalid("user specified IP address is supported on user defined networks only")
            }
            guard !network.pools.isEmpty else {
                throw .invalid(
                    "user specified IP address is supported only when connecting to networks with user"
                        + " configured subnets"
                )
            }
            guard IPv4Address(wanted) != nil else { throw .invalid("invalid IPv4 address: " + wanted) }
        }
        if network.isPredefined, let aliases = requested.aliases, !aliases.isEmpty {
            throw .invalid("network-scoped alias is supported only for containers in user defined networks")
        }
        if !requested.macAddress.isEmpty && HardwareAddress.bytes(requested.macAddress) == nil {
            throw .invalid("invalid MAC address: " + requested.macAddress)
        }
    }

    private mutating func takeAddress(
        on network: NetworkRecord, _ requested: EndpointSettings
    ) throws(NetworkError) -> IPv4Address {
        do throws(AddressPool.Failure) {
            guard var pool = pools[network.id] else { throw .exhausted }
            pools[network.id] = nil
            defer { pools[network.id] = pool }
            guard let wanted = IPv4Address(requested.ipamConfig?.ipv4Address ?? "") else { return try pool.take() }
            try pool.take(wanted)
            return wanted
        } catch {
            switch error {
            case .inUse: throw .forbidden("Address already in use")
            case .outside:
                throw .invalid(
                    "Invalid address \(requested.ipamConfig?.ipv4Address ?? ""): It does not belong to any of"
                        + " this network's subnets"
                )
            case .exhausted:
                throw .failed(
                    "no available IPv4 addresses on this network's address pools: \(network.name) (\(network.id))")
            }
        }
    }

    /// Host ports for what is to be published, taken. Nothing is taken on failure.
    mutating func takePorts(
        _ requests: [PortRequest], publishAddress: String, usesProxy: Bool
    ) throws(NetworkError) -> [PublishedPort] {
        var published: [PublishedPort] = []
        do throws(NetworkError) {
            for request in requests {
                var first = request.firstHostPort
                var last = request.lastHostPort
                for hostIP in NetworkState.addresses(request.hostIP, publishAddress, usesProxy: usesProxy) {
                    let port = try takePort(hostIP, request.transport, first: first, last: last)
                    published.append(
                        PublishedPort(
                            transport: request.transport, containerPort: request.containerPort, hostIP: hostIP,
                            hostPort: port))
                    // Both families under one number.
                    (first, last) = (port, port)
                }
            }
        } catch {
            for port in published { giveBack(port) }
            throw error
        }
        return published
    }

    /// Another port in the place of one that turned out to be in use by somebody else.
    mutating func replacePort(_ port: PublishedPort) throws(NetworkError) -> UInt16 {
        let next = try takePort(port.hostIP, port.transport, first: 0, last: 0)
        giveBack(port)
        return next
    }

    private mutating func takePort(
        _ hostIP: String, _ transport: PortProtocol, first: UInt16, last: UInt16
    ) throws(NetworkError) -> UInt16 {
        do throws(PortTable.Failure) {
            return try ports.take(hostIP, transport, first: first, last: last)
        } catch {
            switch error {
            case .allocated(let port):
                throw .failed("Bind for \(hostIP):\(port) failed: port is already allocated")
            case .exhausted: throw .failed("all ports are allocated")
            }
        }
    }

    /// The host's addresses for a request. One that names none is reachable at every address of both families; an IPv6
    /// one needs the proxy, which speaks to the container's IPv4 address.
    static func addresses(_ hostIP: String, _ publishAddress: String, usesProxy: Bool) -> [String] {
        let sixPossible = usesProxy && InternetAddress.canListenOnIPv6
        if hostIP.isEmpty {
            return publishAddress == "0.0.0.0" && sixPossible ? ["0.0.0.0", "::"] : [publishAddress]
        }
        if IPv4Address(hostIP) == nil { return sixPossible ? [hostIP] : [] }
        return [hostIP]
    }
}

extension EndpointSettings {
    /// Only what a user asks for.
    var request: EndpointSettings {
        var request = EndpointSettings()
        request.ipamConfig = ipamConfig
        request.links = links
        request.aliases = aliases
        request.driverOpts = driverOpts
        request.gwPriority = gwPriority
        return request
    }
}
