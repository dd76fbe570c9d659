internal import Firewall
internal import Netlink

extension FirewallFamily {
    /// The address of the loopback, and the length of a prefix that is one address.
    fileprivate var loopback: String { self == .four ? "127.0.0.0/8" : "::1/128" }
    fileprivate var host: String { self == .four ? "/32" : "/128" }
}

/// The rules of one bridge network and of its published ports in one family, as upstream has them.
struct BridgeRules {
    let bridge: BridgeSettings
    let isInternal: Bool
    /// Without a proxy, ports are reached from the host and from the container itself by rules alone.
    let usesProxy: Bool
    let family: FirewallFamily

    private let name: String
    private let subnet: String

    /// nil when the bridge has no addresses of that family.
    init?(bridge: BridgeSettings, isInternal: Bool, usesProxy: Bool, family: FirewallFamily = .four) {
        switch family {
        case .four: subnet = bridge.subnet.masked.description
        case .six:
            guard let six = bridge.six else { return nil }
            subnet = six.subnet.masked.description
        }
        self.bridge = bridge
        self.isInternal = isInternal
        self.usesProxy = usesProxy
        self.family = family
        name = bridge.interface
    }

    private func rule(_ table: FirewallTable, _ chain: String, _ specification: String) -> FirewallRule {
        FirewallRule(table, chain, specification, family)
    }

    /// Whether an address, or one in a prefix, is a container's.
    func contains(_ text: String) -> Bool {
        let address = String(text.prefix { $0 != "/" })
        switch family {
        case .four: return IPv4Address(address).map(bridge.subnet.contains) ?? false
        case .six: return IPv6Address(address).flatMap { bridge.six?.subnet.contains($0) } ?? false
        }
    }

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
        return texts.map { rule(.filter, "FORWARD", $0) }
    }

    /// At the end of the forward chain.
    var forwardLast: [FirewallRule] {
        bridge.allowsContainerTraffic ? [] : [rule(.filter, "FORWARD", "-i \(name) -o \(name) -j DROP")]
    }

    /// In front of the other chains.
    var others: [FirewallRule] {
        var rules: [FirewallRule] = []
        if isInternal {
            rules.append(rule(.filter, Chains.isolation1, "! -s \(subnet) -o \(name) -j DROP"))
            rules.append(rule(.filter, Chains.isolation1, "! -d \(subnet) -i \(name) -j DROP"))
            return rules
        }
        rules.append(rule(.filter, Chains.isolation1, "-i \(name) ! -o \(name) -j \(Chains.isolation2)"))
        rules.append(rule(.filter, Chains.isolation2, "-o \(name) -j DROP"))
        if !usesProxy {
            rules.append(rule(.nat, "POSTROUTING", "-o \(name) -m addrtype --src-type LOCAL -j MASQUERADE"))
        }
        if bridge.masquerades {
            rules.append(rule(.nat, "POSTROUTING", "-s \(subnet) ! -o \(name) -j MASQUERADE"))
        }
        if bridge.masquerades && usesProxy {
            rules.append(rule(.nat, Chains.docker, "-i \(name) -j RETURN"))
        }
        return rules
    }

    /// The rules of one published port: the way in, and a container's own way to it by the host's address. `address`:
    /// the container's. A port of the host's other family has none: only its proxy leads to the container.
    func publish(_ port: PublishedPort, to address: String) -> [FirewallRule] {
        guard port.isIPv6 == (family == .six) else { return [] }
        let transport = port.transport.rawValue
        let match = "-p \(transport) -m \(transport) --dport "
        let own = address + family.host
        let isAny = port.hostIP == "0.0.0.0" || port.hostIP == "::"
        let destination = isAny ? "" : "-d \(port.hostIP)\(family.host) "
        let incoming = usesProxy ? "! -i \(name) " : ""
        let target = (family == .six ? "[" + address + "]" : address) + ":" + String(port.containerPort)
        return [
            rule(
                .nat, Chains.docker,
                destination + incoming + match + "\(port.hostPort) -j DNAT --to-destination " + target),
            rule(
                .filter, Chains.docker,
                "-d \(own) ! -i \(name) -o \(name) " + match + "\(port.containerPort) -j ACCEPT"),
            rule(.nat, "POSTROUTING", "-s \(own) -d \(own) " + match + "\(port.containerPort) -j MASQUERADE"),
        ]
    }
}

/// The chains the daemon has to itself, and the jumps into them.
enum Chains {
    static let docker = "DOCKER", isolation1 = "DOCKER-ISOLATION-STAGE-1", isolation2 = "DOCKER-ISOLATION-STAGE-2"
    static let user = "DOCKER-USER"

    /// In front of the forward chain, first one first. There is no chain for the user's IPv6 rules.
    static func jumps(_ family: FirewallFamily) -> [FirewallRule] {
        (family == .four ? [user, isolation1] : [isolation1]).map {
            FirewallRule(.filter, "FORWARD", "-j " + $0, family)
        }
    }

    static func prerouting(_ family: FirewallFamily) -> FirewallRule {
        FirewallRule(.nat, "PREROUTING", "-m addrtype --dst-type LOCAL -j DOCKER", family)
    }

    /// Without a proxy the loopback addresses lead to containers, too.
    static func output(_ family: FirewallFamily, usesProxy: Bool) -> FirewallRule {
        FirewallRule(
            .nat, "OUTPUT",
            (usesProxy ? "! -d " + family.loopback + " " : "") + "-m addrtype --dst-type LOCAL -j DOCKER", family)
    }
}

/// All rules of the daemon in one family: what is wanted in the order of networks and sandboxes, and how to get there.
struct RuleSet {
    var family = FirewallFamily.four
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
        if dropsForwarding { change.setPolicy(.filter, "FORWARD", "DROP", family) }
        change.makeEmptyChain(.nat, Chains.docker, family)
        for chain in [Chains.docker, Chains.isolation1, Chains.isolation2] {
            change.makeEmptyChain(.filter, chain, family)
        }
        if family == .four {
            if !present.hasChain(.filter, Chains.user) { change.makeEmptyChain(.filter, Chains.user) }
            if present.rules(.filter, Chains.user).isEmpty {
                change.append(FirewallRule(.filter, Chains.user, "-j RETURN"))
            }
        }
        for rule in present.rules where isOurs(rule) { change.delete(rule) }
        for rules in bridges {
            for rule in rules.forward.reversed() { change.insert(rule) }
            for rule in rules.forwardLast { change.append(rule) }
        }
        for jump in Chains.jumps(family).reversed() { change.insert(jump) }
        change.append(Chains.prerouting(family))
        change.append(Chains.output(family, usesProxy: usesProxy))
        for rules in bridges.reversed() { for rule in rules.others where isOwn(rule.chain) { change.append(rule) } }
        for rules in bridges { for rule in rules.others.reversed() where !isOwn(rule.chain) { change.insert(rule) } }
        for rule in ports { change.append(rule) }
        for chain in [Chains.isolation1, Chains.isolation2] {
            change.append(FirewallRule(.filter, chain, "-j RETURN", family))
        }
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
            return source.hasSuffix(family.host) && bridges.contains { $0.contains(source) }
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
