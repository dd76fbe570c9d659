internal import EngineAPI
internal import Linux
internal import Netlink

/// What the daemon knows of networks and sandboxes: which exist, and which addresses and ports are given out. A value
/// with rules and no input or output; its owner is the controller.
struct NetworkState: Sendable {
    private(set) var networks: [String: NetworkRecord] = [:]
    private(set) var sandboxes: [String: SandboxRecord] = [:]
    private var pools: [String: AddressPool<IPv4Address>] = [:]
    private var pools6: [String: AddressPool<IPv6Address>] = [:]
    private var ports: PortTable

    init(freePorts: ClosedRange<UInt16> = 32768...60999) { ports = PortTable(free: freePorts) }

    // MARK: Networks

    /// Every network, oldest first.
    var all: [NetworkRecord] { networks.values.sorted { ($0.created, $0.id) < ($1.created, $1.id) } }

    /// Adds a network or takes over its new record.
    mutating func put(_ network: NetworkRecord) {
        networks[network.id] = network
        NetworkState.put(network.bridge?.four, network.id, &pools)
        NetworkState.put(network.bridge?.six, network.id, &pools6)
    }

    /// A pool that is there already stays as it is when it is the same network's.
    private static func put<Address>(
        _ plan: AddressPlan<Address>?, _ id: String, _ pools: inout [String: AddressPool<Address>]
    ) {
        guard let fresh = plan?.pool else { return }
        if let pool = pools[id], pool.subnet == fresh.subnet, pool.range == fresh.range { return }
        pools[id] = fresh
    }

    mutating func removeNetwork(_ id: String) {
        networks[id] = nil
        pools[id] = nil
        pools6[id] = nil
    }

    /// The network of this name, id, or beginning of an id.
    func network(_ reference: String) throws(EngineError) -> NetworkRecord {
        let ready = networks.values.filter { $0.phase == .ready }
        if let named = ready.first(where: { $0.name == reference }) { return named }
        if let exact = networks[reference], exact.phase == .ready { return exact }
        let beginning = reference.isEmpty ? [] : ready.filter { $0.id.hasPrefix(reference) }
        if beginning.count > 1 {
            throw .invalid(
                "network \(reference) is ambiguous (\(beginning.count) matches found based on ID prefix)")
        }
        guard let found = beginning.first else { throw .notFound("network " + reference + " not found") }
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
            container.ipv6Address = endpoint.address6?.description ?? ""
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
        if let address = endpoint.address6 { pools6[endpoint.networkID]?.release(address.address) }
    }

    mutating func giveBack(_ port: PublishedPort) { ports.release(port.hostIP, port.transport, port.hostPort) }

    /// Takes over a sandbox that lives since before the daemon: its addresses and ports are in use.
    mutating func adopt(_ sandbox: SandboxRecord) {
        put(sandbox)
        for endpoint in sandbox.endpoints {
            // An address outside of the network's range is nobody else's: there is nothing to mark.
            if let address = endpoint.address { try? pools[endpoint.networkID]?.take(address.address) }
            if let address = endpoint.address6 { try? pools6[endpoint.networkID]?.take(address.address) }
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
    ) throws(EngineError) -> EndpointRecord {
        var endpoint = EndpointRecord(
            networkID: network.id, networkName: network.name, endpointID: randomHex(bytes: 32))
        var asking = requested
        asking.desiredMacAddress = requested.macAddress
        endpoint.requested = asking.asked
        guard let bridge = network.bridge else { return endpoint }
        try NetworkState.check(requested, on: network)
        endpoint.address = IPv4Prefix(
            try NetworkState.take(requested.ipamConfig?.ipv4Address ?? "", on: network, from: &pools),
            bridge.subnet.length)
        endpoint.gateway = bridge.four.gateway
        let given = requested.macAddress.isEmpty ? nil : HardwareAddress.bytes(requested.macAddress)
        endpoint.hardwareAddress = given ?? endpoint.address.map { HardwareAddress.address(for: $0.address) } ?? []
        if let six = bridge.six {
            var wanted = requested.ipamConfig?.ipv6Address ?? ""
            if wanted.isEmpty && bridge.derivesIPv6 {
                wanted = six.subnet.address(for: endpoint.hardwareAddress).description
            }
            do throws(EngineError) {
                endpoint.address6 = IPv6Prefix(
                    try NetworkState.take(wanted, on: network, from: &pools6), six.subnet.length)
            } catch {
                giveBack(endpoint)
                throw error
            }
            endpoint.gateway6 = six.gateway
        }
        if bridge.macvlan == nil { endpoint.hostInterface = "veth" + randomHex(bytes: 4).prefix(7) }
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
    static func check(_ requested: EndpointSettings, on network: NetworkRecord) throws(EngineError) {
        if network.configOnly {
            throw .forbidden("configuration network " + network.name + " cannot be used by containers")
        }
        try check(requested.ipamConfig?.ipv4Address ?? "", IPv4Address.self, on: network)
        try check(requested.ipamConfig?.ipv6Address ?? "", IPv6Address.self, on: network)
        if let linkLocal = requested.ipamConfig?.linkLocalIPs, !linkLocal.isEmpty {
            throw .unsupported(
                "link-local addresses for a container are not supported: " + linkLocal.joined(separator: ", "))
        }
        if network.isPredefined, let aliases = requested.aliases, !aliases.isEmpty {
            throw .invalid("network-scoped alias is supported only for containers in user defined networks")
        }
        if !requested.macAddress.isEmpty && HardwareAddress.bytes(requested.macAddress) == nil {
            throw .invalid("invalid MAC address: " + requested.macAddress)
        }
        try requested.checkSwitches()
    }

    private static func check<Address: NetworkAddress>(
        _ wanted: String, _ family: Address.Type, on network: NetworkRecord
    ) throws(EngineError) {
        if wanted.isEmpty { return }
        guard !network.isPredefined else {
            throw .invalid("user specified IP address is supported on user defined networks only")
        }
        guard !network.pools(of: Address.self).isEmpty else {
            throw .invalid(
                "user specified IP address is supported only when connecting to networks with user"
                    + " configured subnets"
            )
        }
        guard Address(wanted) != nil else { throw .invalid("invalid \(Address.familyName) address: " + wanted) }
    }

    /// The address wanted, or any.
    private static func take<Address>(
        _ wanted: String, on network: NetworkRecord, from pools: inout [String: AddressPool<Address>]
    ) throws(EngineError) -> Address {
        do throws(AddressPool<Address>.Failure) {
            guard var pool = pools.removeValue(forKey: network.id) else { throw .exhausted }
            defer { pools[network.id] = pool }
            guard let address = Address(wanted) else { return try pool.take() }
            try pool.take(address)
            return address
        } catch {
            switch error {
            case .inUse: throw .forbidden("Address already in use")
            case .outside:
                throw .invalid(
                    "Invalid address \(wanted): It does not belong to any of this network's subnets")
            case .exhausted:
                throw .failed(
                    "no available \(Address.familyName) addresses on this network's address pools:"
                        + " \(network.name) (\(network.id))")
            }
        }
    }

    /// Host ports for what is to be published, taken. Nothing is taken on failure.
    mutating func takePorts(
        _ requests: [PortRequest], publishAddress: String, reachesIPv6: Bool
    ) throws(EngineError) -> [PublishedPort] {
        var published: [PublishedPort] = []
        do throws(EngineError) {
            for request in requests {
                var first = request.firstHostPort
                var last = request.lastHostPort
                for hostIP in NetworkState.addresses(request.hostIP, publishAddress, reachesIPv6: reachesIPv6) {
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
    mutating func replacePort(_ port: PublishedPort) throws(EngineError) -> UInt16 {
        let next = try takePort(port.hostIP, port.transport, first: 0, last: 0)
        giveBack(port)
        return next
    }

    private mutating func takePort(
        _ hostIP: String, _ transport: PortProtocol, first: UInt16, last: UInt16
    ) throws(EngineError) -> UInt16 {
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

    /// The host's addresses for a request. One that names none is reachable at every address of both families.
    /// `reachesIPv6`: whether something leads from the host's IPv6 addresses to the container.
    static func addresses(_ hostIP: String, _ publishAddress: String, reachesIPv6: Bool) -> [String] {
        let sixPossible = reachesIPv6 && InternetAddress.canListenOnIPv6
        if hostIP.isEmpty {
            return publishAddress == "0.0.0.0" && sixPossible ? ["0.0.0.0", "::"] : [publishAddress]
        }
        if IPv4Address(hostIP) == nil { return sixPossible ? [hostIP] : [] }
        return [hostIP]
    }
}
