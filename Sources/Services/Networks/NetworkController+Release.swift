public import EngineAPI
internal import Firewall
internal import Linux
internal import Netlink

extension NetworkController {
    /// Removes everything `attach` and `connect` made for a container. Unknown ids are no error. What could not be
    /// removed is in the error, and tried again at the next start.
    public func release(_ containerID: String) throws(EngineError) {
        try busy.with(containerID) { () throws(EngineError) in try releaseLocked(containerID) }
    }

    func releaseLocked(_ containerID: String) throws(EngineError) {
        guard var record = state.withLock({ $0.sandboxes[containerID] }) else { return }
        let wasReady = record.phase == .ready
        let failure = dismantle(&record)
        if wasReady { for endpoint in record.endpoints { announce("disconnect", endpoint, containerID) } }
        if let failure { throw failure }
    }

    /// The end of a sandbox that was not finished. What cannot be removed is named to `warn`.
    func discard(_ containerID: String) {
        guard var record = state.withLock({ $0.sandboxes[containerID] }) else { return }
        if let failure = dismantle(&record) { configuration.warn(failure.message) }
    }

    /// Takes a sandbox out of the kernel, then out of the records. Every step is tried; the first failure is returned,
    /// and then the record stays on disk for the next start. The program that removes the rules runs beside the rest.
    private func dismantle(_ record: inout SandboxRecord) -> EngineError? {
        let ports = record.published
        let change = endListening(&record)
        resolvers.stop(record.containerID)
        var failures: [String] = []
        var run: Firewall.Run?
        do throws(FirewallError) {
            if !change.isEmpty { run = try firewall.start(change) }
        } catch {
            failures.append(error.description)
        }
        removeInterfaces(of: record, &failures)
        do throws(FirewallError) {
            if let run = run.take() { try run.finish() }
        } catch {
            configuration.warn("putting all rules in order, because: " + error.description)
            do throws(EngineError) { try repairRules() } catch { failures.append(error.message) }
        }
        forgetFlows(of: record, ports)
        do throws(SystemCallError) {
            if failures.isEmpty { try records.removeSandbox(record.containerID) }
        } catch {
            failures.append(error.description)
        }
        state.withLock { $0.removeSandbox(record.containerID) }
        return failures.first.map { .failed("failed to remove network sandbox: " + $0) }
    }

    private func removeInterfaces(of record: SandboxRecord, _ failures: inout [String]) {
        do throws(SystemCallError) {
            let host = try RouteSocket()
            for endpoint in record.endpoints where !endpoint.hostInterface.isEmpty {
                do throws(SystemCallError) {
                    try HostBridge.removeLink(endpoint.hostInterface, host)
                } catch {
                    failures.append(error.description)
                }
            }
            if record.kind == .own { try NetworkNamespace.remove(pinnedAt: record.key) }
        } catch {
            failures.append(error.description)
        }
    }

    // MARK: One network of a running container

    /// Connects a running container to one more network. The whole sandbox as it is then is returned.
    public func connect(
        _ containerID: String, to network: String, _ requested: EndpointSettings
    ) throws(EngineError) -> Sandbox {
        try busy.with(containerID) { () throws(EngineError) in
            var record = try running(containerID)
            let added = try withState { (state) throws(EngineError) in
                let target = try state.network(network)
                try Self.checkConnect(record, target)
                var endpoint = try state.endpoint(on: target, for: record, requested)
                endpoint.isReady = false
                record.endpoints.append(endpoint)
                state.put(record)
                return (endpoint, target)
            }
            do throws(EngineError) {
                try save(record)
                let inside = try SandboxNamespace.open(
                    record.key, resolverPorts: added.1.resolvesNames && record.resolverUDP == 0 ? (0, 0) : nil)
                if inside.resolver != nil { try startResolver(&record, inside) }
                try connectLink(added.0, inside)
                try reroute(&record, inside)
                record.set(isReady: true, added.0.endpointID)
                try save(record)
            } catch {
                let failure = error
                do throws(EngineError) { try leave(added.0, &record) } catch { configuration.warn(error.message) }
                throw failure
            }
            announce("connect", added.0, containerID)
            return view(record)
        }
    }

    private static func checkConnect(_ record: SandboxRecord, _ network: NetworkRecord) throws(EngineError) {
        if record.kind == .host || network.driver == "host" {
            throw .invalid("container cannot be disconnected from host network or connected to host network")
        }
        if network.driver == "null" || record.endpoints.contains(where: { $0.networkName == "none" }) {
            throw .invalid(
                "container cannot be connected to multiple networks with one of the networks in private (none) mode")
        }
        if record.endpoints.contains(where: { $0.networkID == network.id }) {
            throw .forbidden("endpoint with name \(record.containerName) already exists in network \(network.name)")
        }
    }

    /// Takes a running container off a network. The whole sandbox as it is then is returned. With `force`, a network
    /// that is gone is no error.
    public func disconnect(
        _ containerID: String, from network: String, force: Bool = false
    ) throws(EngineError) -> Sandbox {
        try busy.with(containerID) { () throws(EngineError) in
            var record = try running(containerID)
            let target = try withState { (state) throws(EngineError) in try state.network(network) }
            if record.kind == .host || target.driver == "host" {
                throw .invalid("container cannot be disconnected from host network or connected to host network")
            }
            guard let endpoint = record.endpoints.first(where: { $0.networkID == target.id }) else {
                throw .failed("container \(containerID) is not connected to network \(target.name)")
            }
            record.set(isReady: false, endpoint.endpointID)
            try save(record)
            try leave(endpoint, &record)
            announce("disconnect", endpoint, containerID)
            return view(record)
        }
    }

    private func running(_ containerID: String) throws(EngineError) -> SandboxRecord {
        guard let record = state.withLock({ $0.sandboxes[containerID] }), record.phase == .ready else {
            throw .conflict("container " + containerID + " has no network")
        }
        return record
    }

    /// Takes an end of a running container away; the way out and the ports follow.
    func leave(_ endpoint: EndpointRecord, _ record: inout SandboxRecord) throws(EngineError) {
        if record.portsNetworkID == endpoint.networkID { unpublish(&record) }
        let inside = try SandboxNamespace.open(record.key)
        drop(endpoint, &record, inside)
        if endpoint.address6 != nil && !record.endpoints.contains(where: { $0.address6 != nil }) {
            do throws(SystemCallError) { try inside.withdrawIPv6() } catch { configuration.warn(error.description) }
        }
        try reroute(&record, inside)
        try save(record)
    }

    /// Removes one end and gives its address back.
    private func drop(_ endpoint: EndpointRecord, _ record: inout SandboxRecord, _ inside: SandboxNamespace) {
        do throws(SystemCallError) {
            if !endpoint.hostInterface.isEmpty {
                try HostBridge.removeLink(endpoint.hostInterface, try RouteSocket())
            } else if !endpoint.interface.isEmpty {
                try HostBridge.removeLink(endpoint.interface, inside.route)
            }
        } catch {
            configuration.warn("interface " + endpoint.interface + " was not removed: " + error.description)
        }
        record.endpoints.removeAll { $0.endpointID == endpoint.endpointID }
        let left = record
        state.withLock { state in
            state.giveBack(endpoint)
            state.put(left)
        }
        do throws(SystemCallError) { try records.write(left) } catch { configuration.warn(error.description) }
    }

    /// After the endpoints changed: the default route, and the ports, follow the way out.
    func reroute(_ record: inout SandboxRecord, _ inside: SandboxNamespace) throws(EngineError) {
        try setDefaultRoute(record, inside, replacing: true)
        let way = gatewayEndpoint(record)?.networkID ?? ""
        guard way != record.portsNetworkID else { return }
        if !record.published.isEmpty { unpublish(&record) }
        try publish(&record)
    }
}
