internal import CLinux
public import EngineAPI
internal import Linux
internal import Netlink

extension NetworkController {
    /// Makes kernel and records agree: sets up the default bridge and the rules, adopts the sandboxes of the containers
    /// that still run, and removes whatever belonged to others. Returns the adopted ones by container id.
    public func restore(live containerIDs: [String]) throws(EngineError) -> [String: Sandbox] {
        let (networks, sandboxes) = try readRecords()
        let live = Set(containerIDs)
        let adopted = sandboxes.filter { live.contains($0.containerID) && isAdoptable($0) }
        for network in networks {
            state.withLock { $0.put(network) }
            if let bridge = network.bridge { _ = formerBridges.withLock { $0.insert(bridge.interface) } }
        }
        _ = formerBridges.withLock { $0.insert("docker0") }
        try addPredefined(keepingBridge: adopted.contains { $0.endpoints.contains { $0.networkName == "bridge" } })
        for record in adopted { state.withLock { $0.adopt(record) } }
        for network in networks where network.phase != .ready { removeUnfinished(network) }
        for network in state.withLock({ $0.all }) { restoreBridge(network) }
        for record in adopted { rejoinBridges(record) }
        try repairRules(dropsForwarding: try enableForwarding())
        removeLeftovers(sandboxes.filter { record in !adopted.contains { $0.containerID == record.containerID } })
        var shown: [String: Sandbox] = [:]
        for record in adopted { shown[record.containerID] = revive(record) }
        return shown
    }

    private func readRecords() throws(EngineError) -> (networks: [NetworkRecord], sandboxes: [SandboxRecord]) {
        do throws(SystemCallError) {
            return try records.readAll(warn: configuration.warn)
        } catch {
            throw .failed("error obtaining controller instance: " + error.description)
        }
    }

    private func isAdoptable(_ record: SandboxRecord) -> Bool {
        record.phase != .removing && (record.kind == .host || NetworkNamespace.isPinned(at: record.key))
    }

    // MARK: Networks

    /// none, host and bridge. The default bridge follows the daemon's flags, unless containers live on it as it was.
    private func addPredefined(keepingBridge: Bool) throws(EngineError) {
        for (name, driver) in [("none", "null"), ("host", "host")] {
            if state.withLock({ $0.hasNetwork(named: name) }) { continue }
            var network = NetworkRecord(id: randomHex(bytes: 32), name: name, created: Self.now(), driver: driver)
            network.phase = .ready
            try write(network)
            state.withLock { $0.put(network) }
        }
        let old = state.withLock { $0.all.first { $0.name == "bridge" } }
        if keepingBridge, old != nil { return }
        if configuration.bridge == "none" {
            if var old {
                old.phase = .removing
                if let bridge = old.bridge {
                    try ignoringAbsence { () throws(SystemCallError) in try HostBridge.remove(bridge) }
                }
                try ignoringAbsence { () throws(SystemCallError) in try self.records.remove(old) }
                state.withLock { $0.removeNetwork(old.id) }
            }
            return
        }
        var network = NetworkRecord(
            id: old?.id ?? randomHex(bytes: 32), name: "bridge", created: old?.created ?? Self.now(), driver: "bridge")
        let bridge = try defaultBridge()
        network.bridge = bridge
        network.options = [
            BridgeSettings.Option.defaultBridge: "true",
            BridgeSettings.Option.icc: String(bridge.allowsContainerTraffic),
            BridgeSettings.Option.masquerade: String(bridge.masquerades),
            BridgeSettings.Option.binding: bridge.publishAddress, BridgeSettings.Option.name: bridge.interface,
            BridgeSettings.Option.mtu: String(bridge.mtu),
        ]
        network.enablesIPv6 = bridge.six != nil
        if bridge.four.range != nil || bridge.four.hasOwnGateway { network.pools.append(Self.shown(bridge.four)) }
        if let six = bridge.six, six.hasOwnGateway { network.pools.append(Self.shown(six)) }
        network.phase = .ready
        if network != old { try write(network) }
        state.withLock { $0.put(network) }
    }

    /// The default bridge's addresses as if somebody had asked for them.
    private static func shown<Address>(_ plan: AddressPlan<Address>) -> IPAMConfig {
        var pool = IPAMConfig()
        pool.subnet = plan.subnet.masked.description
        pool.ipRange = plan.range?.description ?? ""
        pool.gateway = plan.subnet.address.description
        if plan.hasOwnGateway {
            pool.auxiliaryAddresses = ["DefaultGateway" + Address.familyName: plan.gateway.description]
        }
        return pool
    }

    private func ignoringAbsence(_ body: () throws(SystemCallError) -> Void) throws(EngineError) {
        do throws(SystemCallError) { try body() } catch { throw .failed(error.description) }
    }

    private func defaultBridge() throws(EngineError) -> BridgeSettings {
        let name = configuration.bridge.isEmpty ? "docker0" : configuration.bridge
        let subnet = try defaultSubnet(name)
        var bridge = BridgeSettings(interface: name, subnet: subnet, gateway: subnet.address)
        bridge.ownsInterface = configuration.bridge.isEmpty
        bridge.mtu = configuration.mtu > 0 ? configuration.mtu : 1500
        bridge.allowsContainerTraffic = configuration.interContainerCommunication
        bridge.masquerades = configuration.masquerades && configuration.usesIptables
        bridge.publishAddress = configuration.publishAddress
        if !configuration.fixedCIDR.isEmpty {
            guard let range = IPv4Prefix(configuration.fixedCIDR) else {
                throw .failed("parse CIDR failed: invalid CIDR address: " + configuration.fixedCIDR)
            }
            bridge.four.range = range.masked
        }
        if !configuration.defaultGateway.isEmpty {
            guard let gateway = IPv4Address(configuration.defaultGateway), subnet.contains(gateway) else {
                throw .failed(
                    "default gateway " + configuration.defaultGateway + " is not in " + subnet.masked.description)
            }
            bridge.four.gateway = gateway
        }
        if configuration.enablesIPv6 { try addDefaultIPv6(&bridge) }
        return bridge
    }

    /// `--fixed-cidr-v6` and `--default-gateway-v6`.
    private func addDefaultIPv6(_ bridge: inout BridgeSettings) throws(EngineError) {
        try Self.checkIPv6()
        if configuration.fixedCIDRv6.isEmpty {
            throw .failed(
                "Error initializing network controller: IPv6 is enabled for the default bridge, but no subnet is"
                    + " configured. Specify an IPv6 subnet using --fixed-cidr-v6")
        }
        guard let subnet = IPv6Prefix(configuration.fixedCIDRv6)?.masked, subnet.hostBits > 1 else {
            throw .failed(
                "Error initializing network controller: invalid CIDR address: " + configuration.fixedCIDRv6)
        }
        let own = IPv6Address(subnet.network.value + 1)
        var six = AddressPlan(subnet: IPv6Prefix(own, subnet.length), gateway: own)
        if !configuration.defaultGatewayV6.isEmpty {
            guard let gateway = IPv6Address(configuration.defaultGatewayV6), subnet.contains(gateway) else {
                throw .failed(
                    "Error initializing network controller: Error creating default \"bridge\" network: auxiliary"
                        + " address: (DefaultGatewayIPv6:\(configuration.defaultGatewayV6)) must belong to the master"
                        + " pool: \(subnet)")
            }
            six.gateway = gateway
        }
        bridge.six = six
        // There is room for a hardware address behind the prefix.
        bridge.derivesIPv6 = subnet.length <= 80
    }

    /// `--bip`, or what the bridge has, or the first pool that nothing on this host overlaps.
    private func defaultSubnet(_ name: String) throws(EngineError) -> IPv4Prefix {
        if !configuration.bridgeAddress.isEmpty {
            guard let given = IPv4Prefix(configuration.bridgeAddress), given.address != given.network else {
                throw .failed("invalid CIDR address: " + configuration.bridgeAddress)
            }
            return given
        }
        let link: Link?
        do throws(SystemCallError) {
            let route = try RouteSocket()
            link = try route.links().first { $0.name == name }
            if let link, let present = try route.addresses().first(where: { $0.index == link.index }) {
                return present.prefix
            }
        } catch {
            throw .failed("failed to read the host's interfaces: " + error.description)
        }
        if link == nil && !configuration.bridge.isEmpty {
            throw .failed("bridge device with non default name " + name + " must be created manually")
        }
        let free: IPv4Prefix = try freeSubnet(for: name)
        return IPv4Prefix(IPv4Address(free.network.value + 1), free.length)
    }

    /// A network that was being made or removed when the daemon died.
    private func removeUnfinished(_ network: NetworkRecord) {
        do throws(SystemCallError) {
            if let bridge = network.bridge { try HostBridge.remove(bridge) }
            try records.remove(network)
        } catch {
            configuration.warn("network " + network.name + " was not removed completely: " + error.description)
        }
        state.withLock { $0.removeNetwork(network.id) }
    }

    /// The bridge of a network that was there before: a reboot took it.
    private func restoreBridge(_ network: NetworkRecord) {
        guard let bridge = network.bridge else { return }
        do throws(EngineError) { try ensure(bridge) } catch {
            configuration.warn("network " + network.name + ": " + error.message)
        }
    }

    /// Whether this call switched forwarding on: then the daemon closes it for everybody else.
    private func enableForwarding() throws(EngineError) -> Bool {
        guard configuration.enablesForwarding, HostBridge.value("ipv4/ip_forward") == "0" else { return false }
        do throws(SystemCallError) {
            try HostBridge.set("ipv4/ip_forward", "1")
        } catch {
            throw .failed("failed to enable IP forwarding: " + error.description)
        }
        return true
    }

    // MARK: Sandboxes

    /// A bridge that had to be made anew has lost its ports.
    private func rejoinBridges(_ record: SandboxRecord) {
        do throws(SystemCallError) {
            let route = try RouteSocket()
            for endpoint in record.endpoints where !endpoint.hostInterface.isEmpty && endpoint.isReady {
                guard let bridge = state.withLock({ $0.networks[endpoint.networkID]?.bridge }) else { continue }
                let master = try route.link(bridge.interface).index
                let port = try route.link(endpoint.hostInterface)
                if port.master != master { try route.perform(.setMaster(port.index, master)) }
            }
        } catch {
            configuration.warn("network of container " + record.containerName + ": " + error.description)
        }
    }

    /// Brings back what died with the daemon: proxies that died too, sockets, the resolver. Ports that somebody else
    /// took meanwhile are named to `warn`.
    private func revive(_ old: SandboxRecord) -> Sandbox {
        var record = old
        record.phase = .ready
        mend(&record)
        let endpoint = record.portsEndpoint
        for index in record.published.indices {
            let port = record.published[index]
            do throws(EngineError) {
                guard let proxy, let endpoint else {
                    try holders.hold(port, for: record.containerID)
                    continue
                }
                if port.proxyPID > 0, Process.startTime(port.proxyPID) == port.proxyStartTime { continue }
                let target = endpoint.target(of: port)
                for pid in proxy.find(port, to: target) { ProxyProcess.stop(pid, startTime: nil) }
                let starting = try proxy.start(port, to: target)
                record.published[index].proxyPID = starting.pid
                record.published[index].proxyStartTime = Process.startTime(starting.pid) ?? 0
                try ProxyProcess.wait(starting)
            } catch {
                configuration.warn(
                    "port \(port.hostIP):\(port.hostPort) of container \(record.containerName): \(error.message)")
            }
        }
        do throws(EngineError) {
            if record.resolverUDP != 0 {
                let inside = try SandboxNamespace.open(
                    record.key, resolverPorts: (record.resolverUDP, record.resolverTCP))
                try startResolver(&record, inside)
            }
            try save(record)
        } catch {
            configuration.warn("names of container " + record.containerName + ": " + error.message)
        }
        return view(record)
    }

    /// Ends a change of networks that the daemon did not live to see the end of.
    private func mend(_ record: inout SandboxRecord) {
        do throws(EngineError) {
            for endpoint in record.endpoints where !endpoint.isReady { try leave(endpoint, &record) }
            let way = gatewayEndpoint(record)?.networkID ?? ""
            if record.kind == .own, !record.wanted.isEmpty, way != record.portsNetworkID {
                try reroute(&record, try SandboxNamespace.open(record.key))
            }
        } catch {
            configuration.warn("networks of container " + record.containerName + ": " + error.message)
        }
    }

    /// Sandboxes of containers that are gone, and what no record speaks of. Their rules went with the repair.
    private func removeLeftovers(_ records: [SandboxRecord]) {
        for record in records {
            stopProxies(of: record)
            forgetFlows(of: record, record.published)
            do throws(SystemCallError) {
                let host = try RouteSocket()
                for endpoint in record.endpoints where !endpoint.hostInterface.isEmpty {
                    try HostBridge.removeLink(endpoint.hostInterface, host)
                }
                if record.kind == .own { try NetworkNamespace.remove(pinnedAt: record.key) }
                try self.records.removeSandbox(record.containerID)
            } catch {
                configuration.warn("sandbox of container " + record.containerName + ": " + error.description)
            }
        }
        do throws(SystemCallError) {
            try removeUnknownPins()
            try removeUnknownPorts()
        } catch {
            configuration.warn("leftovers of networks: " + error.description)
        }
    }

    private func removeUnknownPins() throws(SystemCallError) {
        let directory = configuration.execRoot + "/netns"
        guard Files.isDirectory(directory) else { return }
        let known = Set(state.withLock { $0.sandboxes.values.map { Files.name(of: $0.key) } })
        for name in try Files.names(in: directory) where name.utf8.count == 12 && !known.contains(name) {
            try NetworkNamespace.remove(pinnedAt: directory + "/" + name)
        }
    }

    /// Interfaces on the daemon's own bridges that are no living container's.
    private func removeUnknownPorts() throws(SystemCallError) {
        let (bridges, known) = state.withLock { state in
            (
                Set(state.all.compactMap { $0.bridge?.ownsInterface == true ? $0.bridge?.interface : nil }),
                Set(state.sandboxes.values.flatMap { $0.endpoints.map(\.hostInterface) })
            )
        }
        let route = try RouteSocket()
        let links = try route.links()
        let masters = Set(links.filter { bridges.contains($0.name) }.map(\.index))
        for link in links where link.kind == "veth" && masters.contains(link.master) && !known.contains(link.name) {
            try HostBridge.removeLink(link.name, route)
        }
    }
}
