/// The tables rules are in.
public enum FirewallTable: String, Hashable, Sendable, CaseIterable {
    case nat
    case filter
}

/// One rule, written as iptables-save(8) writes it, so that what is wanted and what is there compare as text.
public struct FirewallRule: Hashable, Sendable {
    public var table: FirewallTable
    public var chain: String
    /// All behind `-A CHAIN`.
    public var specification: String

    public init(_ table: FirewallTable, _ chain: String, _ specification: String) {
        self.table = table
        self.chain = chain
        self.specification = specification
    }
}

/// Changes that are made in one run of iptables-restore(8), a table at a time: all of a table's changes or none.
public struct FirewallTransaction: Equatable, Sendable {
    private var lines: [FirewallTable: [String]] = [:]
    private var declarations: [FirewallTable: [String]] = [:]

    public init() {}

    public var isEmpty: Bool { lines.isEmpty && declarations.isEmpty }

    /// Makes a chain, or empties it if there is one.
    public mutating func makeEmptyChain(_ table: FirewallTable, _ chain: String) {
        declarations[table, default: []].append(":" + chain + " - [0:0]")
    }

    /// What becomes of packets that no rule of a built-in chain decides: "ACCEPT" or "DROP".
    public mutating func setPolicy(_ table: FirewallTable, _ chain: String, _ policy: String) {
        declarations[table, default: []].append(":" + chain + " " + policy + " [0:0]")
    }

    /// Removes a chain, which must be empty and unused.
    public mutating func removeChain(_ table: FirewallTable, _ chain: String) { add(table, "-X " + chain) }

    public mutating func append(_ rule: FirewallRule) { add(rule.table, "-A " + rule.chain + " " + rule.specification) }

    /// Puts the rule in front of the others.
    public mutating func insert(_ rule: FirewallRule) { add(rule.table, "-I " + rule.chain + " " + rule.specification) }

    /// Removes the rule; one that is not there makes the whole transaction fail.
    public mutating func delete(_ rule: FirewallRule) { add(rule.table, "-D " + rule.chain + " " + rule.specification) }

    private mutating func add(_ table: FirewallTable, _ line: String) { lines[table, default: []].append(line) }

    /// The input of `iptables-restore --noflush`.
    public var text: String {
        var text = ""
        for table in FirewallTable.allCases where lines[table] != nil || declarations[table] != nil {
            text += "*" + table.rawValue + "\n"
            for line in (declarations[table] ?? []) + (lines[table] ?? []) { text += line + "\n" }
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
    public init(parsing text: String) {
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
                    FirewallRule(table, String(chain), String(rest.dropFirst(chain.count).drop { $0 == " " })))
            }
        }
    }

    public func hasChain(_ table: FirewallTable, _ chain: String) -> Bool { chains[table]?.contains(chain) ?? false }
    public func rules(_ table: FirewallTable, _ chain: String) -> [FirewallRule] {
        rules.filter { $0.table == table && $0.chain == chain }
    }
}
