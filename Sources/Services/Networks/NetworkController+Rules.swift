internal import EngineAPI
internal import Firewall

extension NetworkController {
    /// Makes a change to the host's rules. Where rules it counts on are not there (somebody else cleared them), all of
    /// the daemon's rules are put in order instead.
    func apply(_ change: FirewallTransaction) throws(EngineError) {
        do throws(FirewallError) {
            try firewall.apply(change)
        } catch {
            configuration.warn("putting all rules in order, because: " + error.description)
            try repairRules()
        }
    }

    /// The packet filters that the daemon writes rules into.
    private var families: [FirewallFamily] {
        (configuration.usesIptables ? [.four] : []) + (configuration.usesIP6tables ? [.six] : [])
    }

    /// Reads the host's rules and makes the daemon's what they should be, in one run for each family.
    func repairRules(dropsForwarding: Bool = false) throws(EngineError) {
        let (networks, sandboxes) = state.withLock {
            ($0.all, $0.sandboxes.values.sorted { $0.containerID < $1.containerID })
        }
        let ports = sandboxes.filter { $0.phase != .removing }.flatMap(portRules)
        for family in families {
            var rules = RuleSet()
            rules.family = family
            rules.usesProxy = configuration.usesProxy
            rules.dropsForwarding = dropsForwarding
            rules.formerBridges = formerBridges.withLock { $0 }
            for network in networks where network.phase != .removing {
                rules.bridges += bridgeRules(network).filter { $0.family == family }
            }
            rules.ports = ports.filter { $0.family == family }
            do throws(FirewallError) {
                try firewall.apply(rules.transaction(from: try firewall.read(family)))
            } catch {
                throw .failed(error.description)
            }
        }
    }

    func bridgeRules(_ network: NetworkRecord) -> [BridgeRules] {
        guard let bridge = network.bridge, bridge.macvlan == nil else { return [] }
        return families.compactMap {
            BridgeRules(
                bridge: bridge, isInternal: network.isInternal, usesProxy: configuration.usesProxy, family: $0)
        }
    }

    /// The rules of a container's published ports.
    func portRules(_ sandbox: SandboxRecord) -> [FirewallRule] {
        guard let endpoint = sandbox.portsEndpoint,
            let network = state.withLock({ $0.networks[sandbox.portsNetworkID] })
        else { return [] }
        let rules = bridgeRules(network)
        return sandbox.published.flatMap { port in
            rules.flatMap { $0.publish(port, to: endpoint.target(of: port)) }
        }
    }

    /// For a network that was made just now: in front of the older ones.
    func addRules(of network: NetworkRecord) throws(EngineError) {
        var change = FirewallTransaction()
        for rules in bridgeRules(network) {
            for jump in Chains.jumps(rules.family) { change.delete(jump) }
            for rule in rules.forward.reversed() { change.insert(rule) }
            for rule in rules.forwardLast { change.append(rule) }
            for jump in Chains.jumps(rules.family).reversed() { change.insert(jump) }
            for rule in rules.others.reversed() { change.insert(rule) }
        }
        try apply(change)
    }

    func removeRules(of network: NetworkRecord) throws(EngineError) {
        guard let bridge = network.bridge else { return }
        _ = formerBridges.withLock { $0.insert(bridge.interface) }
        var change = FirewallTransaction()
        for rules in bridgeRules(network) {
            for rule in rules.forward + rules.forwardLast + rules.others { change.delete(rule) }
        }
        try apply(change)
    }
}
