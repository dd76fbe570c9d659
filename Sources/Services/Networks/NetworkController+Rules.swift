internal import Firewall
internal import Linux

extension NetworkController {
    /// Makes a change to the host's rules. Where rules it counts on are not there (somebody else cleared them), all of
    /// the daemon's rules are put in order instead.
    func apply(_ change: FirewallTransaction) throws(NetworkError) {
        guard configuration.usesIptables, !change.isEmpty else { return }
        do throws(FirewallError) {
            try firewall.apply(change)
        } catch {
            configuration.warn("putting all rules in order, because: " + error.description)
            try repairRules()
        }
    }

    /// Reads the host's rules and makes the daemon's what they should be, in one run.
    func repairRules(dropsForwarding: Bool = false) throws(NetworkError) {
        guard configuration.usesIptables else { return }
        var rules = RuleSet()
        rules.usesProxy = configuration.usesProxy
        rules.dropsForwarding = dropsForwarding
        rules.formerBridges = formerBridges.withLock { $0 }
        let (networks, sandboxes) = state.withLock {
            ($0.all, $0.sandboxes.values.sorted { $0.containerID < $1.containerID })
        }
        for network in networks where network.phase != .removing {
            if let one = bridgeRules(network) { rules.bridges.append(one) }
        }
        for sandbox in sandboxes where sandbox.phase != .removing { rules.ports += portRules(sandbox) }
        do throws(FirewallError) {
            try firewall.apply(rules.transaction(from: try firewall.read()))
        } catch {
            throw .failed(error.description)
        }
    }

    func bridgeRules(_ network: NetworkRecord) -> BridgeRules? {
        network.bridge.map {
            BridgeRules(bridge: $0, isInternal: network.isInternal, usesProxy: configuration.usesProxy)
        }
    }

    /// The rules of a container's published ports.
    func portRules(_ sandbox: SandboxRecord) -> [FirewallRule] {
        guard let endpoint = sandbox.endpoints.first(where: { $0.networkID == sandbox.portsNetworkID }),
            let address = endpoint.address?.address,
            let network = state.withLock({ $0.networks[sandbox.portsNetworkID] }), let rules = bridgeRules(network)
        else { return [] }
        return sandbox.published.flatMap { rules.publish($0, to: address) }
    }

    /// For a network that was made just now: in front of the older ones.
    func addRules(of network: NetworkRecord) throws(NetworkError) {
        guard let rules = bridgeRules(network) else { return }
        var change = FirewallTransaction()
        change.delete(Chains.userJump)
        change.delete(Chains.isolationJump)
        for rule in rules.forward.reversed() { change.insert(rule) }
        for rule in rules.forwardLast { change.append(rule) }
        change.insert(Chains.isolationJump)
        change.insert(Chains.userJump)
        for rule in rules.others.reversed() { change.insert(rule) }
        try apply(change)
    }

    func removeRules(of network: NetworkRecord) throws(NetworkError) {
        guard let rules = bridgeRules(network) else { return }
        _ = formerBridges.withLock { $0.insert(rules.bridge.interface) }
        var change = FirewallTransaction()
        for rule in rules.forward + rules.forwardLast + rules.others { change.delete(rule) }
        try apply(change)
    }
}
