/// The tables rules are in.
public enum FirewallTable: String, Hashable, Sendable, CaseIterable {
    case nat
    case filter
}

/// Which of the two packet filters.
public enum FirewallFamily: Hashable, Sendable, CaseIterable {
    case four
    case six
}

/// One rule, written as iptables-save(8) writes it, so that what is wanted and what is there compare as text.
public struct FirewallRule: Hashable, Sendable {
    public var family: FirewallFamily
    public var table: FirewallTable
    public var chain: String
    /// All behind `-A CHAIN`.
    public var specification: String

    public init(
        _ table: FirewallTable, _ chain: String, _ specification: String, _ family: FirewallFamily = .four
    ) {
        self.family = family
        self.table = table
        self.chain = chain
        self.specification = specification
    }
}

/// Changes that are made in one run of iptables-restore(8) for each family, a table at a time: all of a table's changes
/// or none.
public struct FirewallTransaction: Equatable, Sendable {
    private struct Place: Hashable {
        let family: FirewallFamily
        let table: FirewallTable
    }

    private var lines: [Place: [String]] = [:]
    private var declarations: [Place: [String]] = [:]

    public init() {}

    public var isEmpty: Bool { lines.isEmpty && declarations.isEmpty }
    public func isEmpty(_ family: FirewallFamily) -> Bool {
        !lines.keys.contains { $0.family == family } && !declarations.keys.contains { $0.family == family }
    }

    /// Makes a chain, or empties it if there is one.
    public mutating func makeEmptyChain(
        _ table: FirewallTable, _ chain: String, _ family: FirewallFamily = .four
    ) {
        declarations[Place(family: family, table: table), default: []].append(":" + chain + " - [0:0]")
    }

    /// What becomes of packets that no rule of a built-in chain decides: "ACCEPT" or "DROP".
    public mutating func setPolicy(
        _ table: FirewallTable, _ chain: String, _ policy: String, _ family: FirewallFamily = .four
    ) {
        declarations[Place(family: family, table: table), default: []].append(":" + chain + " " + policy + " [0:0]")
    }

    public mutating func append(_ rule: FirewallRule) { add("-A", rule) }

    /// Puts the rule in front of the others.
    public mutating func insert(_ rule: FirewallRule) { add("-I", rule) }

    /// Removes the rule; one that is not there makes the whole transaction fail.
    public mutating func delete(_ rule: FirewallRule) { add("-D", rule) }

    private mutating func add(_ verb: String, _ rule: FirewallRule) {
        lines[Place(family: rule.family, table: rule.table), default: []].append(
            verb + " " + rule.chain + " " + rule.specification)
    }

    /// The input of `iptables-restore --noflush`, or of ip6tables-restore.
    public func text(_ family: FirewallFamily = .four) -> String {
        var text = ""
        for table in FirewallTable.allCases {
            let place = Place(family: family, table: table)
            let all = (declarations[place] ?? []) + (lines[place] ?? [])
            if all.isEmpty { continue }
            text += "*" + table.rawValue + "\n"
            for line in all { text += line + "\n" }
            text += "COMMIT\n"
        }
        return text
    }
}

/// The rules that are there, as iptables-save(8) printed them.
public struct FirewallRules: Equatable, Sendable {
    public var rules: [FirewallRule] = []
    /// Chains by table, the built-in ones too.
    public var chains: [FirewallTable: Set<String>] = [:]

    public init() {}

    /// Lines and tables that are not understood are passed over.
    public init(parsing text: String, _ family: FirewallFamily = .four) {
        var table: FirewallTable?
        for line in text.split(separator: "\n") {
            if line.hasPrefix("*") {
                table = FirewallTable(rawValue: String(line.dropFirst()))
            } else if line == "COMMIT" {
                table = nil
            } else if let table, line.hasPrefix(":") {
                chains[table, default: []].insert(String(line.dropFirst().prefix { $0 != " " }))
            } else if let table, line.hasPrefix("-A ") {
                let rest = line.dropFirst(3)
                let chain = rest.prefix { $0 != " " }
                rules.append(
                    FirewallRule(
                        table, String(chain), String(rest.dropFirst(chain.count).drop { $0 == " " }), family))
            }
        }
    }

    public func hasChain(_ table: FirewallTable, _ chain: String) -> Bool { chains[table]?.contains(chain) ?? false }
    public func rules(_ table: FirewallTable, _ chain: String) -> [FirewallRule] {
        rules.filter { $0.table == table && $0.chain == chain }
    }
}
