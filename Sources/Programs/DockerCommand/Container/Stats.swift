internal import CLinux
internal import EngineClient
internal import Flags
internal import GoTemplate
internal import JSON
internal import Linux
internal import Terminal

func statsCommand(_ session: Session) -> Command {
    let command = Command(
        "stats", "[OPTIONS] [CONTAINER...]", "Display a live stream of container(s) resource usage statistics"
    ) { flags in
        let all = flags.bool("all", "a", usage: "Show all containers (default shows just running)")
        let format = flags.formatFlag()
        let once = flags.bool("no-stream", usage: "Disable streaming stats and only pull the first result")
        let whole = flags.bool("no-trunc", usage: "Do not truncate output")
        return performing { names in
            let chosen = format.value.isEmpty ? session.config.text("statsFormat") : format.value
            let view = StatsView(session: session, format: chosen, truncates: !whole.value)
            return try view.show(names, all: all.value, once: once.value)
        }
    }
    return both(command, "docker container stats", "docker stats")
}

/// The table of `docker stats`, once or again and again.
private struct StatsView {
    let session: Session
    let format: String
    let truncates: Bool

    private static let table = Table(
        columns: "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}",
        headers: [
            "Container": "CONTAINER", "ID": "CONTAINER ID", "Name": "NAME", "CPUPerc": "CPU %",
            "MemUsage": "MEM USAGE / LIMIT", "MemPerc": "MEM %", "NetIO": "NET I/O", "BlockIO": "BLOCK I/O",
            "PIDs": "PIDS",
        ])

    func show(_ names: [String], all: Bool, once: Bool) throws -> Int32 {
        let client = try session.client()
        if once {
            Console.out(try Self.table.print(try rows(names, all: all, client), format: format))
            return 0
        }
        while true {
            let text = try Self.table.print(try rows(names, all: all, client), format: format)
            Console.out(Terminal.isTerminal(1) ? inPlace(text) : text)
            usleep(500_000)
        }
    }

    /// Home, each line cleared to its end, and the rest of the screen: the table stands still on a terminal.
    private func inPlace(_ text: String) -> String {
        let lines = text.split(separator: "\n").map { $0 + "\u{1B}[K\n" }
        return "\u{1B}[H" + lines.joined() + "\u{1B}[J"
    }

    private func rows(_ names: [String], all: Bool, _ client: EngineClient) throws -> [Row] {
        var targets = names
        if names.isEmpty {
            let list = try client.get("/containers/json", all ? [("all", "1")] : []).array ?? []
            targets = list.compactMap { $0["Id"]?.string }.map { Human.shortID($0) }
        }
        return try Together.collect(targets, client) { name, client in
            let path = "/containers/" + pathEscaped(name) + "/stats"
            return try client.request("GET", path, [("stream", "0")]).json()
        }.map { row($0.name, $0.answer) }
    }

    private func row(_ name: String, _ stats: JSON) -> Row {
        let id = stats["id"]?.string ?? ""
        let memory = memoryUse(stats)
        let limit = number(stats["memory_stats"]?["limit"])
        let share = limit > 0 ? memory / limit * 100 : 0
        let network = networkTotals(stats)
        let blocks = blockTotals(stats)
        let own = stats["name"]?.string ?? ""
        return Row(
            "*container.statsContext",
            [
                ("Container", .string(name)), ("ID", .string(truncates ? Human.shortID(id) : id)),
                ("Name", .string(own.hasPrefix("/") ? String(own.dropFirst()) : own.isEmpty ? "--" : own)),
                ("CPUPerc", .string(fixed(processorShare(stats), 2) + "%")),
                ("MemUsage", .string(Human.binarySize(memory) + " / " + Human.binarySize(limit))),
                ("MemPerc", .string(fixed(share, 2) + "%")),
                ("NetIO", .string(Human.size(network.0, digits: 3) + " / " + Human.size(network.1, digits: 3))),
                ("BlockIO", .string(Human.size(blocks.0, digits: 3) + " / " + Human.size(blocks.1, digits: 3))),
                ("PIDs", .string(String(Int(number(stats["pids_stats"]?["current"]))))),
            ])
    }

    private func number(_ json: JSON?) -> Double {
        guard case .number(let number)? = json else { return 0 }
        return Double(number.text) ?? 0
    }

    /// Of all processors together: two busy ones are 200 %.
    private func processorShare(_ stats: JSON) -> Double {
        let now = stats["cpu_stats"]
        let before = stats["precpu_stats"]
        let used = number(now?["cpu_usage"]?["total_usage"]) - number(before?["cpu_usage"]?["total_usage"])
        let passed = number(now?["system_cpu_usage"]) - number(before?["system_cpu_usage"])
        var count = number(now?["online_cpus"])
        if count == 0 { count = Double(now?["cpu_usage"]?["percpu_usage"]?.array?.count ?? 0) }
        return used > 0 && passed > 0 ? used / passed * count * 100 : 0
    }

    /// Without the cache that the kernel would give back first.
    private func memoryUse(_ stats: JSON) -> Double {
        let usage = number(stats["memory_stats"]?["usage"])
        let details = stats["memory_stats"]?["stats"]
        for name in ["total_inactive_file", "inactive_file"] {
            guard details?[name] != nil else { continue }
            let cache = number(details?[name])
            if cache < usage { return usage - cache }
        }
        return usage
    }

    private func networkTotals(_ stats: JSON) -> (Double, Double) {
        var totals = (0.0, 0.0)
        for network in stats["networks"]?.object?.members ?? [] {
            totals.0 += number(network.value["rx_bytes"])
            totals.1 += number(network.value["tx_bytes"])
        }
        return totals
    }

    private func blockTotals(_ stats: JSON) -> (Double, Double) {
        var totals = (0.0, 0.0)
        for entry in stats["blkio_stats"]?["io_service_bytes_recursive"]?.array ?? [] {
            let kind = (entry["op"]?.string ?? "").lowercased()
            if kind.hasPrefix("r") { totals.0 += number(entry["value"]) }
            if kind.hasPrefix("w") { totals.1 += number(entry["value"]) }
        }
        return totals
    }
}
