internal import EngineClient
internal import Flags
internal import GoTemplate
internal import JSON
internal import Linux

func volumeCommands(_ session: Session) -> [Command] {
    let list = Command("ls", "[OPTIONS]", "List volumes", .none) { listVolumes($0, session) }
    list.aliases = ["list"]
    let remove = Command("rm", "[OPTIONS] VOLUME [VOLUME...]", "Remove one or more volumes", .atLeast(1)) { flags in
        let force = flags.bool("force", "f", usage: "Force the removal of one or more volumes")
        return performing { names in
            try forEach(names) { name in
                _ = try session.client().request(
                    "DELETE", "/volumes/" + pathEscaped(name), force.value ? [("force", "1")] : []
                ).all()
                Console.out(name + "\n")
            }
        }
    }
    remove.aliases = ["remove"]
    remove.explanation = "Remove one or more volumes. You cannot remove a volume that is in use by a container."
    return [
        createVolumeCommand(session), inspectVolumeCommand(session),
        both(list, "docker volume ls", "docker volume list"), pruneVolumesCommand(session),
        both(remove, "docker volume rm", "docker volume remove"),
        Command("update", "[OPTIONS] [VOLUME]", "Update a volume (cluster volumes only)", .atMost(1)) { flags in
            flags.string(
                "availability", usage: "Cluster Volume availability (\"active\", \"pause\", \"drain\")",
                default: "active")
            return performing { _ in throw CommandFailure("Can only update cluster volumes") }
        },
    ]
}

private func listVolumes(_ flags: FlagSet, _ session: Session) -> Command.Action {
    let cluster = flags.bool("cluster", usage: "Display only cluster volumes, and use cluster volume list formatting")
    let filters = flags.filterFlag(usage: "Provide filter values (e.g. \"dangling=true\")")
    let format = flags.formatFlag()
    let quiet = flags.bool("quiet", "q", usage: "Only display volume names")
    return performing { _ in
        let answer = try session.client().get("/volumes", filterQuery(filters.value))
        let chosen = format.value.isEmpty && !quiet.value ? session.config.text("volumesFormat") : format.value
        var volumes = (answer["Volumes"]?.array ?? []).sorted {
            ($0["Name"]?.string ?? "").naturallyPrecedes($1["Name"]?.string ?? "")
        }
        if cluster.value { volumes = volumes.filter { !($0["ClusterVolume"] ?? .null).isNull } }
        Console.out(try volumeTable.print(volumes.map(volumeListingRow), format: chosen, quiet: quiet.value))
        return 0
    }
}

let volumeTable = Table(
    columns: "{{.Driver}}\t{{.Name}}",
    headers: [
        "Name": "VOLUME NAME", "Driver": "DRIVER", "Scope": "SCOPE", "Availability": "AVAILABILITY",
        "Mountpoint": "MOUNTPOINT",
        "Labels": "LABELS", "Links": "LINKS", "Size": "SIZE", "Group": "GROUP", "Status": "STATUS",
    ], shortColumns: "{{.Name}}", raw: "name: {{.Name}}\ndriver: {{.Driver}}\n")

/// A volume's row, for its own listing and for `system df`.
func volumeListingRow(_ volume: JSON) -> Row {
    func text(_ name: String) -> String { volume[name]?.string ?? "" }
    let labels = volume["Labels"]?.object ?? JSON.Object()
    let usage = volume["UsageData"] ?? .null
    let links = usage.isNull ? "N/A" : String(usage["RefCount"]?.int ?? 0)
    let size = usage.isNull ? "N/A" : Human.size(Double(usage["Size"]?.int ?? 0))
    return Row(
        "*formatter.volumeContext",
        [
            ("Name", .string(text("Name"))), ("Driver", .string(text("Driver"))), ("Scope", .string(text("Scope"))),
            ("Mountpoint", .string(text("Mountpoint"))), ("Labels", .string(labelText(labels))),
            ("Links", .string(links)),
            ("Size", .string(size)), ("Group", .string("N/A")), ("Availability", .string("N/A")),
            ("Status", .string("N/A")),
        ],
        methods: [
            "Label": { (arguments) throws(TemplateFailure) in
                .string(labels[arguments.first.map { goPrint($0) } ?? ""]?.string ?? "")
            }
        ])
}

private func createVolumeCommand(_ session: Session) -> Command {
    Command("create", "[OPTIONS] [VOLUME]", "Create a volume", .atMost(1)) { flags in
        let clusterFlags = declareClusterFlags(flags)
        let driver = flags.string("driver", "d", usage: "Specify volume driver name", default: "local")
        let labels = flags.labels("Set metadata for a volume")
        let oldName = flags.string("name", usage: "Specify volume name")
        oldName.hidden = true
        let options = flags.map("opt", "o", usage: "Set driver specific options")
        return performing { arguments in
            if let used = clusterFlags.first(where: { $0.isSet }) {
                throw CommandFailure(
                    "\"--" + used.name + "\" is for cluster volumes, which need a swarm: not supported")
            }
            if oldName.isSet && !arguments.isEmpty {
                throw CommandFailure(
                    "conflicting options: cannot specify a volume-name through both --name and as a positional arg")
            }
            var members: [(String, JSON)] = [("Driver", .string(driver.value))]
            if !options.value.isEmpty { members.append(("DriverOpts", textMap(pairs(options.value)))) }
            if !labels.value.isEmpty { members.append(("Labels", textMap(pairs(labels.value)))) }
            let name = arguments.first ?? oldName.value
            if !name.isEmpty { members.append(("Name", .string(name))) }
            let answer = try session.client().request("POST", "/volumes/create", json: .members(members)).json()
            Console.out((answer["Name"]?.string ?? "") + "\n")
            return 0
        }
    }
}

private func declareClusterFlags(_ flags: FlagSet) -> [AnyFlag] {
    [
        flags.string(
            "availability", usage: "Cluster Volume availability (\"active\", \"pause\", \"drain\")", default: "active"),
        flags.string("group", usage: "Cluster Volume group (cluster volumes)"),
        flags.string("limit-bytes", usage: "Minimum size of the Cluster Volume in bytes", type: "bytes"),
        flags.string("required-bytes", usage: "Maximum size of the Cluster Volume in bytes", type: "bytes"),
        flags.string("scope", usage: "Cluster Volume access scope (\"single\", \"multi\")", default: "single"),
        flags.map("secret", usage: "Cluster Volume secrets"),
        flags.string(
            "sharing", usage: "Cluster Volume access sharing (\"none\", \"readonly\", \"onewriter\", \"all\")",
            default: "none"),
        flags.list("topology-preferred", usage: "A topology that the Cluster Volume would be preferred in"),
        flags.list("topology-required", usage: "A topology that the Cluster Volume must be accessible from"),
        flags.string("type", usage: "Cluster Volume access type (\"mount\", \"block\")", default: "block"),
    ]
}

private func pruneVolumesCommand(_ session: Session) -> Command {
    Command("prune", "[OPTIONS]", "Remove unused local volumes", .none) { flags in
        let all = flags.bool("all", "a", usage: "Remove all unused volumes, not just anonymous ones")
        let filters = flags.filterFlag(nil, usage: "Provide filter values (e.g. \"label=<label>\")")
        let force = flags.bool("force", "f", usage: "Do not prompt for confirmation")
        return performing { _ in
            let takesAll = try all.value || session.client().speaksOlder(than: "1.42")
            let kind = takesAll ? "all local volumes" : "anonymous local volumes"
            let warning = "WARNING! This will remove \(kind) not used by at least one container."
            if !force.value, try !session.confirms(warning) { return 0 }
            let conditions = filters.value + (all.value ? [Filter("all", "true")] : [])
            let (report, space) = try pruneVolumes(session, conditions)
            Console.out(
                (report.isEmpty ? "" : report + "\n") + "Total reclaimed space: " + Human.size(Double(space)) + "\n")
            return 0
        }
    }
}

/// Prunes volumes; says which, and how many bytes that freed.
func pruneVolumes(_ session: Session, _ filters: [Filter]) throws -> (report: String, space: Int) {
    let query = filterQuery(filters + session.config.pruneConditions)
    let answer = try session.client().request("POST", "/volumes/prune", query).json()
    let names = (answer["VolumesDeleted"]?.array ?? []).compactMap { $0.string }
    let report = names.isEmpty ? "" : "Deleted Volumes:\n" + names.map { $0 + "\n" }.joined()
    return (report, answer["SpaceReclaimed"]?.int ?? 0)
}
