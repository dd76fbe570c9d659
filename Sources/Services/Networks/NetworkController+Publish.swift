internal import EngineAPI
internal import Firewall
internal import Linux

extension NetworkController {
    /// Publishes a container's ports through the endpoint that is its way out. On failure nothing stays published.
    func publish(_ record: inout SandboxRecord) throws(EngineError) {
        guard !record.wanted.isEmpty, let endpoint = gatewayEndpoint(record),
            let bridge = state.withLock({ $0.networks[endpoint.networkID]?.bridge }), bridge.macvlan == nil
        else { return }
        var hasRules = false
        do throws(EngineError) {
            let wanted = record.wanted
            let reachesIPv6 = configuration.usesProxy || endpoint.address6 != nil
            record.published = try withState { (state) throws(EngineError) in
                try state.takePorts(wanted, publishAddress: bridge.publishAddress, reachesIPv6: reachesIPv6)
            }
            record.portsNetworkID = endpoint.networkID
            try save(record)
            try listen(&record, endpoint)
            var change = FirewallTransaction()
            for rule in portRules(record) { change.append(rule) }
            state.withLock { $0.put(record) }
            hasRules = true
            try apply(change)
            forgetFlows(to: record.published)
            try save(record)
        } catch {
            unpublish(&record, hasRules: hasRules)
            throw EngineError(
                error.status,
                "driver failed programming external connectivity on endpoint \(record.containerName) "
                    + "(\(endpoint.endpointID)): \(error.message)")
        }
    }

    /// A listener for each port: a proxy, or a socket that keeps others away. A port that was free for anybody and that
    /// somebody else took is replaced by another one.
    private func listen(_ record: inout SandboxRecord, _ endpoint: EndpointRecord) throws(EngineError) {
        guard let proxy else {
            for port in record.published { try holders.hold(port, for: record.containerID) }
            return
        }
        // All start before the first is waited for.
        var starting: [ProxyProcess.Starting] = []
        var waited = 0
        defer { for one in starting[waited...] { ProxyProcess.abandon(one) } }
        for index in record.published.indices { starting.append(try start(proxy, &record, index, endpoint)) }
        while waited < starting.count {
            let one = starting[waited]
            waited += 1
            try wait(one, proxy, &record, waited - 1, endpoint)
        }
    }

    private func wait(
        _ first: ProxyProcess.Starting, _ proxy: ProxyProcess, _ record: inout SandboxRecord, _ index: Int,
        _ endpoint: EndpointRecord
    ) throws(EngineError) {
        var starting = first
        for attempt in 1... {
            do throws(EngineError) {
                try ProxyProcess.wait(starting)
                return
            } catch {
                record.published[index].proxyPID = 0
                guard isFreeChoice(record.published[index], record), attempt < 10 else { throw error }
                let port = record.published[index]
                record.published[index].hostPort = try withState { (state) throws(EngineError) in
                    try state.replacePort(port)
                }
                starting = try start(proxy, &record, index, endpoint)
            }
        }
    }

    private func start(
        _ proxy: ProxyProcess, _ record: inout SandboxRecord, _ index: Int, _ endpoint: EndpointRecord
    ) throws(EngineError) -> ProxyProcess.Starting {
        let port = record.published[index]
        let starting = try proxy.start(port, to: endpoint.target(of: port))
        record.published[index].proxyPID = starting.pid
        record.published[index].proxyStartTime = Process.startTime(starting.pid) ?? 0
        return starting
    }

    private func isFreeChoice(_ port: PublishedPort, _ record: SandboxRecord) -> Bool {
        record.wanted.contains {
            $0.firstHostPort == 0 && $0.containerPort == port.containerPort && $0.transport == port.transport
        }
    }

    /// Ends what `publish` began. What cannot be ended is named to `warn`.
    func unpublish(_ record: inout SandboxRecord, hasRules: Bool = true) {
        let ports = record.published
        let change = endListening(&record)
        record.portsNetworkID = ""
        guard hasRules else { return }
        do throws(EngineError) { try apply(change) } catch { configuration.warn(error.message) }
        forgetFlows(to: ports)
    }

    /// Ends the listeners of the published ports and gives the ports back. The change that removes their rules is
    /// returned.
    func endListening(_ record: inout SandboxRecord) -> FirewallTransaction {
        var change = FirewallTransaction()
        if record.published.isEmpty { return change }
        stopProxies(of: record)
        holders.release(record.containerID)
        for rule in portRules(record) { change.delete(rule) }
        let ports = record.published
        record.published = []
        let left = record
        state.withLock { state in
            for port in ports { state.giveBack(port) }
            state.put(left)
        }
        return change
    }

    func stopProxies(of record: SandboxRecord) {
        let endpoint = record.portsEndpoint
        for port in record.published {
            if port.proxyPID > 0 {
                ProxyProcess.stop(port.proxyPID, startTime: port.proxyStartTime)
            } else if record.phase == .making, let proxy, let endpoint {
                // It may have been started right before the daemon died.
                for pid in proxy.find(port, to: endpoint.target(of: port)) { ProxyProcess.stop(pid, startTime: nil) }
            }
        }
    }
}
