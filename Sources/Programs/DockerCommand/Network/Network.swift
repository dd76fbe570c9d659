internal import EngineClient
internal import Flags
internal import GoTemplate
internal import GoText
internal import JSON
internal import Linux

func networkCommands(_ session: Session) -> [Command] {
    let list = Command("ls", "[OPTIONS]", "List networks", .none) { listNetworks($0, session) }
    list.aliases = ["list"]
    let remove = Command("rm", "NETWORK [NETWORK...]", "Remove one or more networks", .atLeast(1)) { flags in
        let force = flags.bool("force", "f", usage: "Do not error if the network does not exist")
        return performing { try removeNetworks($0, force: force.value, session) }
    }
    remove.aliases = ["remove"]
    return [
        connectNetworkCommand(session), createNetworkCommand(session),
        Command(
            "disconnect", "[OPTIONS] NETWORK CONTAINER", "Disconnect a container from a network", .exactly(2)
        ) { flags in
            let force = flags.bool("force", "f", usage: "Force the container to disconnect from a network")
            return performing { arguments in
                let body = JSON.members([("Container", .string(arguments[1])), ("Force", .bool(force.value))])
                _ = try session.client().request(
                    "POST", "/networks/" + queryEscaped(arguments[0]) + "/disconnect", json: body
                ).all()
                return 0
            }
        },
        inspectNetworkCommand(session), both(list, "docker network ls", "docker network list"),
        pruneNetworksCommand(session), both(remove, "docker network rm", "docker network remove"),
    ]
}

private func listNetworks(_ flags: FlagSet, _ session: Session) -> Command.Action {
    let filters = flags.filterFlag(usage: "Provide filter values (e.g. \"driver=bridge\")")
    let format = flags.formatFlag()
    let whole = flags.bool("no-trunc", usage: "Do not truncate the output")
    let quiet = flags.bool("quiet", "q", usage: "Only display network IDs")
    return performing { _ in
        let networks = try session.client().get("/networks", filterQuery(filters.value)).array ?? []
        let chosen = format.value.isEmpty && !quiet.value ? session.config.text("networksFormat") : format.value
        let sorted = networks.sorted { ($0["Name"]?.string ?? "").naturallyPrecedes($1["Name"]?.string ?? "") }
        let rows = sorted.map { networkRow($0, truncates: !whole.value) }
        Console.out(try networkTable.print(rows, format: chosen, quiet: quiet.value))
        return 0
    }
}

private let networkTable = Table(
    columns: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
    headers: [
        "ID": "NETWORK ID", "Name": "NAME", "Driver": "DRIVER", "Scope": "SCOPE", "IPv4": "IPV4", "IPv6": "IPV6",
        "Labels": "LABELS", "Internal": "INTERNAL", "CreatedAt": "CREATED AT",
    ], raw: "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n")

private func networkRow(_ network: JSON, truncates: Bool) -> Row {
    func text(_ name: String) -> String { network[name]?.string ?? "" }
    func flag(_ name: String) -> Value { .string(network[name]?.bool == true ? "true" : "false") }
    let labels = network["Labels"]?.object ?? JSON.Object()
    return Row(
        "*network.networkContext",
        [
            ("ID", .string(truncates ? Human.shortID(text("Id")) : text("Id"))), ("Name", .string(text("Name"))),
            ("Driver", .string(text("Driver"))), ("Scope", .string(text("Scope"))), ("IPv4", flag("EnableIPv4")),
            ("IPv6", flag("EnableIPv6")), ("Internal", flag("Internal")), ("Labels", .string(labelText(labels))),
            ("CreatedAt", .string(Moment(text("Created"))?.goUTC ?? "")),
        ],
        methods: [
            "Label": { (arguments) throws(TemplateFailure) in
                .string(labels[arguments.first.map { goPrint($0) } ?? ""]?.string ?? "")
            }
        ])
}

private func removeNetworks(_ names: [String], force: Bool, _ session: Session) throws -> Int32 {
    var failed = false
    for name in names {
        do {
            _ = try session.client().request("DELETE", "/networks/" + queryEscaped(name)).all()
            Console.out(name + "\n")
        } catch let error as EngineFailure {
            if force && error.isNotFound { continue }
            Console.error(error.message + "\n")
            failed = true
        }
    }
    if failed { throw CommandFailure("exit status 1") }
    return 0
}

func pruneNetworksCommand(_ session: Session) -> Command {
    Command("prune", "[OPTIONS]", "Remove all unused networks", .none) { flags in
        let filters = flags.filterFlag(nil, usage: "Provide filter values (e.g. \"until=<timestamp>\")")
        let force = flags.bool("force", "f", usage: "Do not prompt for confirmation")
        return performing { _ in
            let warning = "WARNING! This will remove all custom networks not used by at least one container."
            if !force.value, try !session.confirms(warning) { return 0 }
            let report = try pruneNetworks(session, filters.value)
            if !report.isEmpty { Console.out(report + "\n") }
            return 0
        }
    }
}

/// Prunes networks and says which.
func pruneNetworks(_ session: Session, _ filters: [Filter]) throws -> String {
    let query = filterQuery(filters + session.config.pruneConditions)
    let answer = try session.client().request("POST", "/networks/prune", query).json()
    let names = (answer["NetworksDeleted"]?.array ?? []).compactMap { $0.string }
    return names.isEmpty ? "" : "Deleted Networks:\n" + names.map { $0 + "\n" }.joined()
}

extension ConfigFile {
    /// The configured conditions of prune commands.
    var pruneConditions: [Filter] {
        pruneFilters.map { text in
            let (name, value) = splitOnce(text, at: UInt8(ascii: "="))
            return Filter(name, value ?? "")
        }
    }
}

extension String {
    /// Names sorted so that numbers inside them count by value: web2 before web10.
    func naturallyPrecedes(_ other: String) -> Bool {
        let a = Array(utf8)
        let b = Array(other.utf8)
        var i = 0
        var j = 0
        func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
        while i < a.count && j < b.count {
            if isDigit(a[i]) && isDigit(b[j]) {
                var x = i
                var y = j
                while x < a.count, a[x] == 48 { x += 1 }
                while y < b.count, b[y] == 48 { y += 1 }
                var endX = x
                var endY = y
                while endX < a.count, isDigit(a[endX]) { endX += 1 }
                while endY < b.count, isDigit(b[endY]) { endY += 1 }
                if endX - x != endY - y { return endX - x < endY - y }
                if a[x..<endX] != b[y..<endY] { return a[x..<endX].lexicographicallyPrecedes(b[y..<endY]) }
                i = endX
                j = endY
                continue
            }
            if a[i] != b[j] { return a[i] < b[j] }
            i += 1
            j += 1
        }
        return a.count - i < b.count - j
    }
}
