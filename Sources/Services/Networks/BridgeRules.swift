internal import Firewall
internal import Netlink

/// The rules of one bridge network and of its published ports, as upstream has them.
struct BridgeRules {
    let bridge: BridgeSettings
    let isInternal: Bool
    /// Without a proxy, ports are reached from the host and from the container itself by rules alone.
    let usesProxy: Bool

    private var name: String { bridge.interface }
    private var subnet: String { bridge.subnet.masked.description }

    /// In front of the forward chain, first rule first.
    var forward: [FirewallRule] {
        var texts: [String] = []
        if !isInternal {
            texts = [
                "-o \(name) -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-o \(name) -j DOCKER",
                "-i \(name) ! -o \(name) -j ACCEPT",
            ]
        }
        if bridge.allowsContainerTraffic { texts.append("-i \(name) -o \(name) -j ACCEPT") }
        return texts.map { FirewallRule(.filter, "FORWARD", $0) }
    }

    /// At the end of the forward chain.
    var forwardLast: [FirewallRule] {
        bridge.allowsContainerTraffic ? [] : [FirewallRule(.filter, "FORWARD", "-i \(name) -o \(name) -j DROP")]
    }

    /// In front of the other chains.
    var others: [FirewallRule] {
        var rules: [FirewallRule] = []
        if isInternal {
            rules.append(FirewallRule(.filter, Chains.isolation1, "! -s \(subnet) -o \(name) -j DROP"))
            rules.append(FirewallRule(.filter, Chains.isolation1, "! -d \(subnet) -i \(name) -j DROP"))
            return rules
        }
        rules.append(FirewallRule(.filter, Chains.isolation1, "-i \(name) ! -o \(name) -j \(Chains.isolation2)"))
        rules.append(FirewallRule(.filter, Chains.isolation2, "-o \(name) -j DROP"))
        if !usesProxy {
            rules.append(FirewallRule(.nat, "POSTROUTING", "-o \(name) -m addrtype --src-type LOCAL -j MASQUERADE"))
        }
        if bridge.masquerades {
            rules.append(FirewallRule(.nat, "POSTROUTING", "-s \(subnet) ! -o \(name) -j MASQUERADE"))
        }
        if bridge.masquerades && usesProxy {
            rules.append(FirewallRule(.nat, Chains.docker, "-i \(name) -j RETURN"))
        }
        return rules
    }

    /// The rules of one published port: the way in, and a container's own way to it by the host's address. A port of an
    /// IPv6 address of the host has none: only its proxy leads to the container.
    func publish(_ port: PublishedPort, to address: IPv4Address) -> [FirewallRule] {
        if port.isIPv6 { return [] }
        let transport = port.transport.rawValue
        let match = "-p \(transport) -m \(transport) --dport "
        let destination = port.hostIP == "0.0.0.0" ? "" : "-d \(port.hostIP)/32 "
        let incoming = usesProxy ? "! -i \(name) " : ""
        return [
            FirewallRule(
                .nat, Chains.docker,
                destination + incoming + match + "\(port.hostPort) -j DNAT --to-destination \(address):"
                    + String(port.containerPort)),
            FirewallRule(
                .filter, Chains.docker,
                "-d \(address)/32 ! -i \(name) -o \(name) " + match + "\(port.containerPort) -j ACCEPT"),
            FirewallRule(
                .nat, "POSTROUTING",
                "-s \(address)/32 -d \(address)/32 " + match + "\(port.containerPort) -j MASQUERADE"),
        ]
    }
}

/// The chains the daemon has to itself, and the jumps into them.
enum Chains {
    static let docker = "DOCKER", isolation1 = "DOCKER-ISOLATION-STAGE-1", isolation2 = "DOCKER-ISOLATION-STAGE-2"
    static let user = "DOCKER-USER"

    static let userJump = FirewallRule(.filter, "FORWARD", "-j " + user)
    static let isolationJump = FirewallRule(.filter, "FORWARD", "-j " + isolation1)
    static let prerouting = FirewallRule(.nat, "PREROUTING", "-m addrtype --dst-type LOCAL -j DOCKER")

    /// Without a proxy the loopback addresses lead to containers, too.
    static func output(usesProxy: Bool) -> FirewallRule {
        FirewallRule(
            .nat, "OUTPUT", (usesProxy ? "! -d 127.0.0.0/8 " : "") + "-m addrtype --dst-type LOCAL -j DOCKER")
    }
}

/// All rules of the daemon: what is wanted in the order of networks and sandboxes, and how to get there.
struct RuleSet {
    var usesProxy = true
    /// Newest last; the newest one's rules stand first, as upstream puts them.
    var bridges: [BridgeRules] = []
    /// Of published ports, in the order they were published.
    var ports: [FirewallRule] = []
    /// Bridges there were once: what is left of their rules goes.
    var formerBridges: Set<String> = []
    /// When the daemon has just switched forwarding on, nothing else may be forwarded because of that.
    var dropsForwarding = false

    /// From what is there to what is wanted, in one go. Rules of others stay where they are.
    func transaction(from present: FirewallRules) -> FirewallTransaction {
        var change = FirewallTransaction()
        if dropsForwarding { change.setPolicy(.filter, "FORWARD", "DROP") }
        change.makeEmptyChain(.nat, Chains.docker)
        for chain in [Chains.docker, Chains.isolation1, Chains.isolation2] { change.makeEmptyChain(.filter, chain) }
        if !present.hasChain(.filter, Chains.user) { change.makeEmptyChain(.filter, Chains.user) }
        if present.rules(.filter, Chains.user).isEmpty {
            change.append(FirewallRule(.filter, Chains.user, "-j RETURN"))
        }
        for rule in present.rules where isOurs(rule) { change.delete(rule) }
        for rules in bridges {
            for rule in rules.forward.reversed() { change.insert(rule) }
            for rule in rules.forwardLast { change.append(rule) }
        }
        change.insert(Chains.isolationJump)
        change.insert(Chains.userJump)
        change.append(Chains.prerouting)
        change.append(Chains.output(usesProxy: usesProxy))
        for rules in bridges.reversed() { for rule in rules.others where isOwn(rule.chain) { change.append(rule) } }
        for rules in bridges { for rule in rules.others.reversed() where !isOwn(rule.chain) { change.insert(rule) } }
        for rule in ports { change.append(rule) }
        for chain in [Chains.isolation1, Chains.isolation2] { change.append(FirewallRule(.filter, chain, "-j RETURN")) }
        return change
    }

    private func isOwn(_ chain: String) -> Bool {
        chain == Chains.docker || chain == Chains.isolation1 || chain == Chains.isolation2
    }

    /// Whether a rule that stands in a chain of everybody's was put there by a daemon.
    private func isOurs(_ rule: FirewallRule) -> Bool {
        if isOwn(rule.chain) || rule.chain == Chains.user { return false }
        let words = rule.specification.split(separator: " ").map(String.init)
        guard words.count >= 2, words[words.count - 2] == "-j", let target = words.last else { return false }
        if isOwn(target) || target == Chains.user { return true }
        let names = formerBridges.union(bridges.map(\.bridge.interface))
        func value(_ option: String) -> String? {
            words.firstIndex(of: option).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
        }
        switch rule.chain {
        case "FORWARD":
            let interfaces = [value("-i"), value("-o")].compactMap { $0 }
            return !interfaces.isEmpty && interfaces.allSatisfy(names.contains)
                && (target == "ACCEPT" || target == "DROP") && shapes.contains(shape(words))
        case "POSTROUTING":
            guard target == "MASQUERADE" else { return false }
            if let output = value("-o") { return names.contains(output) && shapes.contains(shape(words)) }
            // A container that reaches its own port.
            guard let source = value("-s"), source == value("-d"), value("--dport") != nil else { return false }
            return source.hasSuffix("/32")
                && bridges.contains { rules in
                    IPv4Prefix(source).map { rules.bridge.subnet.contains($0.address) } ?? false
                }
        default: return false
        }
    }

    /// The options of a rule without their values.
    private func shape(_ words: [String]) -> String {
        words.filter { $0.hasPrefix("-") || $0 == "!" }.joined(separator: " ")
    }

    private let shapes: Set<String> = [
        "-o -m --ctstate -j", "-o -j", "-i ! -o -j", "-i -o -j", "-s ! -o -j", "-o -m --src-type -j",
    ]
}
