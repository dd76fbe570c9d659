internal import EngineClient
internal import Flags
internal import GoTemplate
internal import JSON
internal import Linux

func pluginCommands(_ session: Session) -> [Command] {
    let list = Command("ls", "[OPTIONS]", "List plugins", .none) { listPlugins($0, session) }
    list.aliases = ["list"]
    let remove = Command("rm", "[OPTIONS] PLUGIN [PLUGIN...]", "Remove one or more plugins", .atLeast(1)) { flags in
        let force = flags.bool("force", "f", usage: "Force the removal of an active plugin")
        return performing { names in
            try forEach(names) { name in
                let query = force.value ? [("force", "1")] : []
                _ = try session.client().request("DELETE", "/plugins/" + pathEscaped(name), query).all()
                Console.out(name + "\n")
            }
        }
    }
    remove.aliases = ["remove"]
    return [
        createPluginCommand(session), installPluginCommand(session), pushPluginCommand(session),
        upgradePluginCommand(session),
        switchCommand(
            "disable", "Disable a plugin", session,
            query: { flags in
                let force = flags.bool("force", "f", usage: "Force the disable of an active plugin")
                return { force.value ? [("force", "1")] : [] }
            }),
        switchCommand(
            "enable", "Enable a plugin", session,
            query: { flags in
                let timeout = flags.value(
                    "timeout", usage: "HTTP client timeout (in seconds)", type: "int", default: 30, defaultText: "30",
                    parse: parseNumber)
                return { [("timeout", String(timeout.value))] }
            }),
        inspectPluginCommand(session), both(list, "docker plugin ls", "docker plugin list"),
        both(remove, "docker plugin rm", "docker plugin remove"),
        Command("set", "PLUGIN KEY=VALUE [KEY=VALUE...]", "Change settings for a plugin", .atLeast(2)) { _ in
            performing { arguments in
                let settings = JSON.strings(Array(arguments.dropFirst()))
                _ = try session.client().request(
                    "POST", "/plugins/" + pathEscaped(arguments[0]) + "/set", json: settings
                ).all()
                return 0
            }
        },
    ]
}

private func switchCommand(
    _ verb: String, _ summary: String, _ session: Session, query: @escaping (FlagSet) -> () -> [(String, String)]
) -> Command {
    Command(verb, "[OPTIONS] PLUGIN", summary, .exactly(1)) { flags in
        let items = query(flags)
        return performing { names in
            _ = try session.client().request("POST", "/plugins/" + pathEscaped(names[0]) + "/" + verb, items()).all()
            Console.out(names[0] + "\n")
            return 0
        }
    }
}

private func inspectPluginCommand(_ session: Session) -> Command {
    Command(
        "inspect", "[OPTIONS] PLUGIN [PLUGIN...]", "Display detailed information on one or more plugins", .atLeast(1)
    ) { flags in
        let format = flags.formatFlag("f", usage: inspectFormatUsage)
        return performing { names in
            let client = try session.client()
            return try inspect(names, format: format.value) {
                Inspected(json: try client.get("/plugins/" + pathEscaped($0) + "/json"), shape: .raw)
            }
        }
    }
}

private func listPlugins(_ flags: FlagSet, _ session: Session) -> Command.Action {
    let filters = flags.filterFlag(usage: "Provide filter values (e.g. \"enabled=true\")")
    let format = flags.formatFlag()
    let whole = flags.bool("no-trunc", usage: "Don't truncate output")
    let quiet = flags.bool("quiet", "q", usage: "Only display plugin IDs")
    return performing { _ in
        let plugins = try session.client().get("/plugins", filterQuery(filters.value)).array ?? []
        let sorted = plugins.sorted { ($0["Name"]?.string ?? "").naturallyPrecedes($1["Name"]?.string ?? "") }
        let rows = sorted.map { plugin in
            let id = plugin["Id"]?.string ?? ""
            let text = String((plugin["Config"]?["Description"]?.string ?? "").map { $0 == "\n" ? " " : $0 })
            return Row(
                "*plugin.pluginContext",
                [
                    ("ID", .string(whole.value ? id : Human.shortID(id))),
                    ("Name", .string(plugin["Name"]?.string ?? "")),
                    ("Description", .string(whole.value ? text : Human.ellipsis(text, 45))),
                    ("Enabled", .bool(plugin["Enabled"]?.bool ?? false)),
                    ("PluginReference", .string(plugin["PluginReference"]?.string ?? "")),
                ])
        }
        let table = Table(
            columns: "{{.ID}}\t{{.Name}}\t{{.Description}}\t{{.Enabled}}",
            headers: [
                "ID": "ID", "Name": "NAME", "Description": "DESCRIPTION", "Enabled": "ENABLED",
                "PluginReference": "PLUGIN REFERENCE",
            ], raw: "plugin_id: {{.ID}}\nname: {{.Name}}\ndescription: {{.Description}}\nenabled: {{.Enabled}}\n")
        let chosen = format.value.isEmpty && !quiet.value ? session.config.text("pluginsFormat") : format.value
        Console.out(try table.print(rows, format: chosen, quiet: quiet.value))
        return 0
    }
}
