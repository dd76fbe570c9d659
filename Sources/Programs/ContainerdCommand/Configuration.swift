internal import DaemonLog
internal import Linux
internal import TOML

/// A configuration that cannot be used, in words that go behind "containerd: ".
struct ConfigurationError: Error {
    let message: String

    init(_ message: String) { self.message = message }
}

/// config.toml, as far as there is something behind it here.
struct Configuration: Sendable {
    /// The whole, for `config dump`.
    let table: TOML.Table
    let root: String
    let state: String
    let address: String
    let eventsAddress: String
    let uid: UInt32
    let gid: UInt32
    let eventsUid: UInt32
    let eventsGid: UInt32
    let logLevel: String
    let oomScore: Int
    /// Plugins by their URI that must be there, or must not be started.
    let required: [String]
    let disabled: [String]
    /// Where overlayfs snapshots are; empty: below `root`.
    let overlayRoot: String

    init(_ table: TOML.Table) throws(ConfigurationError) {
        self.table = table
        root = table["root"]?.string ?? ""
        state = table["state"]?.string ?? ""
        let grpc = table["grpc"]?.table ?? TOML.Table()
        let ttrpc = table["ttrpc"]?.table ?? TOML.Table()
        let debug = table["debug"]?.table ?? TOML.Table()
        address = grpc["address"]?.string ?? ""
        uid = UInt32(truncatingIfNeeded: grpc["uid"]?.integer ?? 0)
        gid = UInt32(truncatingIfNeeded: grpc["gid"]?.integer ?? 0)
        let given = ttrpc["address"]?.string ?? ""
        eventsAddress = given.isEmpty ? address + ".ttrpc" : given
        eventsUid = given.isEmpty ? uid : UInt32(truncatingIfNeeded: ttrpc["uid"]?.integer ?? 0)
        eventsGid = given.isEmpty ? gid : UInt32(truncatingIfNeeded: ttrpc["gid"]?.integer ?? 0)
        let level = debug["level"]?.string ?? ""
        logLevel = level.isEmpty ? "info" : level
        oomScore = table["oom_score"]?.integer ?? 0
        required = (table["required_plugins"]?.array ?? []).compactMap(\.string)
        disabled = (table["disabled_plugins"]?.array ?? []).compactMap(\.string)
        let plugins = table["plugins"]?.table ?? TOML.Table()
        let overlay = plugins["io.containerd.snapshotter.v1.overlayfs"]?.table
        overlayRoot = overlay?["root_path"]?.string ?? ""
        try check(grpc, debug)
    }

    private func check(_ grpc: TOML.Table, _ debug: TOML.Table) throws(ConfigurationError) {
        if root.isEmpty { throw ConfigurationError("root must be specified") }
        if state.isEmpty { throw ConfigurationError("state must be specified") }
        if root == state { throw ConfigurationError("root and state must be different paths") }
        if address.isEmpty { throw ConfigurationError("grpc address cannot be empty: invalid argument") }
        if !DaemonLog.isLevel(logLevel) {
            throw ConfigurationError("not a valid logrus Level: \"\(logLevel)\"")
        }
        // A setting with nothing behind it is refused: silence would be taken for consent.
        let settings: [(String, TOML?)] = [
            ("grpc.tcp_address", grpc["tcp_address"]), ("debug.address", debug["address"]),
            ("metrics.address", table["metrics"]?.table?["address"]),
            ("cgroup.path", table["cgroup"]?.table?["path"]), ("plugin_dir", table["plugin_dir"]),
        ]
        for (name, value) in settings {
            if let text = value?.string, !text.isEmpty { throw ConfigurationError("\(name) is not supported") }
        }
        if let format = debug["format"]?.string, format == "json" {
            throw ConfigurationError("debug.format \"json\" is not supported")
        }
        for (name, plugin) in table["proxy_plugins"]?.table?.members.map({ ($0.key, $0.value) }) ?? [] {
            let type = plugin.table?["type"]?.string ?? ""
            throw ConfigurationError("proxy plugin \"\(name)\" of type \"\(type)\" is not supported")
        }
        for uri in required where disabled.contains(uri) || !Plugins.all.contains(where: { $0.uri == uri }) {
            throw ConfigurationError("required plugin [\(uri)] not included")
        }
    }

    // MARK: Files

    /// Merges a file, and those it imports, into a table.
    static func load(_ path: String, into table: inout TOML.Table) throws(ConfigurationError) {
        var loaded: [String] = []
        try load(path, into: &table, &loaded)
        if loaded.count > 1 { table["imports"] = .array(loaded.map { .string($0) }) }
        table = sorted(table)
    }

    private static func load(
        _ path: String, into table: inout TOML.Table, _ loaded: inout [String]
    ) throws(ConfigurationError) {
        if loaded.contains(path) { return }
        loaded.append(path)
        let file: TOML.Table
        do {
            file = try TOML.Table(parsing: try Files.readText(path))
        } catch let error as SystemCallError {
            throw ConfigurationError("failed to load TOML: \(path): \(error.description)")
        } catch {
            throw ConfigurationError("failed to load TOML: \(path): \(error)")
        }
        let version = file["version"]?.integer ?? 1
        if version > 3 { throw ConfigurationError("config file \(path) has unsupported version \(version)") }
        merge(file, into: &table)
        for item in file["imports"]?.array ?? [] {
            guard let text = item.string else { continue }
            let pattern = text.hasPrefix("/") ? text : Files.parent(of: path) + "/" + text
            for name in matches(pattern) { try load(name, into: &table, &loaded) }
        }
    }

    /// The files a pattern names: a `*` may stand in its last component.
    private static func matches(_ pattern: String) -> [String] {
        let name = Files.name(of: pattern)
        guard let star = name.firstIndex(of: "*") else { return [Files.cleaned(pattern)] }
        let (head, tail) = (name[..<star], name[name.index(after: star)...])
        // A directory that is not there has no files.
        let names = (try? Files.names(in: Files.parent(of: pattern))) ?? []
        return names.filter { $0.hasPrefix(head) && $0.hasSuffix(tail) && $0.utf8.count >= name.utf8.count - 1 }
            .sorted().map { Files.cleaned(Files.parent(of: pattern) + "/" + $0) }
    }

    private static func merge(_ other: TOML.Table, into table: inout TOML.Table) {
        for member in other.members {
            if case .table(let inner) = member.value, case .table(var mine)? = table[member.key] {
                merge(inner, into: &mine)
                table[member.key] = .table(mine)
            } else if member.key != "imports" {
                // An empty text is no setting: the default stands.
                if member.value == .string(""), table[member.key] != nil { continue }
                table[member.key] = member.value
            }
        }
    }

    static func set(_ value: TOML, at path: ArraySlice<String>, in table: inout TOML.Table) {
        guard let key = path.first else { return }
        if path.count == 1 {
            table[key] = value
            return
        }
        var inner = table[key]?.table ?? TOML.Table()
        set(value, at: path.dropFirst(), in: &inner)
        table[key] = .table(inner)
    }

    private static func sorted(_ table: TOML.Table) -> TOML.Table {
        TOML.Table(
            table.members.sorted { $0.key < $1.key }.map { member in
                guard case .table(let inner) = member.value else { return (member.key, member.value) }
                return (member.key, .table(sorted(inner)))
            })
    }
}
