internal import EngineClient
internal import Flags
internal import GoTemplate
internal import GoText
internal import JSON
internal import Linux

func listCommand(_ name: String, _ session: Session) -> Command {
    let command = Command(name, "[OPTIONS]", "List containers", .none) { flags in
        let all = flags.bool("all", "a", usage: "Show all containers (default shows just running)")
        let filters = flags.filterFlag()
        let format = flags.formatFlag()
        let last = flags.value(
            "last", "n", usage: "Show n last created containers (includes all states)", type: "int", default: -1,
            defaultText: "-1", parse: parseNumber)
        let latest = flags.bool("latest", "l", usage: "Show the latest created container (includes all states)")
        let whole = flags.bool("no-trunc", usage: "Don't truncate output")
        let quiet = flags.bool("quiet", "q", usage: "Only display container IDs")
        let size = flags.bool("size", "s", usage: "Display total file sizes")
        return performing { _ in
            var query: [(String, String)] = []
            if all.value { query.append(("all", "1")) }
            query += filterQuery(filters.value)
            let limit = latest.value && last.value == -1 ? 1 : last.value
            if limit > 0 { query.append(("limit", String(limit))) }
            let chosen = format.value.isEmpty ? session.config.text("psFormat") : format.value
            let wantsSize = size.value || chosen.utf8Contains(".Size") || chosen.utf8Contains("json .")
            if wantsSize { query.append(("size", "1")) }
            try checkListFormat(chosen)
            let containers = try session.client().get("/containers/json", query)
            let listing = ContainerListing(truncates: !whole.value, showsSize: size.value)
            if quiet.value && !format.value.isEmpty {
                Console.error("WARNING: Ignoring custom format, because both --format and --quiet are set.\n")
            }
            let rows = (containers.array ?? []).map { listing.row($0) }
            let shown = quiet.value && chosen != "raw" ? "table" : chosen
            Console.out(try listing.table.print(rows, format: shown, quiet: quiet.value))
            return 0
        }
    }
    command.aliases = name == "ls" ? ["list", "ps"] : []
    return both(command, "docker container ls", "docker container list", "docker container ps", "docker ps")
}

/// A format is tried before the daemon is asked, as it stands.
private func checkListFormat(_ format: String) throws {
    if format.isEmpty || format == "json" || format == "table" { return }
    let row = ContainerListing(truncates: true).row(.members([]))
    let template: Template
    do throws(TemplateFailure) {
        template = try Template(format)
    } catch {
        throw CommandFailure("failed to parse template: " + error.message)
    }
    do throws(TemplateFailure) {
        _ = try template.execute(.object(row))
    } catch {
        throw CommandFailure("failed to execute template: " + error.message)
    }
}

/// strconv.ParseInt as a flag's parser.
func parseNumber(_ text: String, _ old: Int) throws(UsageError) -> Int {
    guard let number = parseInt(text) else {
        throw UsageError("strconv.ParseInt: parsing " + goQuoted(text) + ": invalid syntax")
    }
    return number
}

extension String {
    /// Whether the bytes of `other` occur in it.
    func utf8Contains(_ other: String) -> Bool {
        let bytes = Array(utf8)
        let wanted = Array(other.utf8)
        guard wanted.count <= bytes.count else { return false }
        return (0...(bytes.count - wanted.count)).contains { bytes[$0..<($0 + wanted.count)].elementsEqual(wanted) }
    }
}

/// The columns of `docker ps`.
struct ContainerListing {
    let truncates: Bool
    var showsSize = false

    var table: Table {
        let columns =
            "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"
            + (showsSize ? "\t{{.Size}}" : "")
        return Table(
            columns: columns,
            headers: [
                "ID": "CONTAINER ID", "Names": "NAMES", "Image": "IMAGE", "Command": "COMMAND",
                "CreatedAt": "CREATED AT",
                "RunningFor": "CREATED", "Ports": "PORTS", "State": "STATE", "Status": "STATUS", "Size": "SIZE",
                "Labels": "LABELS", "Mounts": "MOUNTS", "LocalVolumes": "LOCAL VOLUMES", "Networks": "NETWORKS",
                "Platform": "PLATFORM",
            ],
            raw: "container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\ncreated_at: {{.CreatedAt}}\n"
                + "state: {{- pad .State 1 0}}\nstatus: {{- pad .Status 1 0}}\nnames: {{.Names}}\n"
                + "labels: {{- pad .Labels 1 0}}\nports: {{- pad .Ports 1 0}}\n"
                + (showsSize ? "size: {{.Size}}\n" : ""))
    }

    func id(_ container: JSON) -> String {
        let id = container["Id"]?.string ?? ""
        return truncates ? Human.shortID(id) : id
    }

    func row(_ container: JSON) -> Row {
        let labels = container["Labels"]?.object ?? JSON.Object()
        let created = container["Created"]?.int ?? 0
        let networks = container["NetworkSettings"]?["Networks"]?.object?.names ?? []
        return Row(
            "*formatter.ContainerContext",
            [
                ("ID", .string(id(container))), ("Names", .string(names(container))),
                ("Image", .string(image(container))),
                ("Command", .string(command(container))), ("CreatedAt", .string(Moment(seconds: created).goLocal)),
                ("RunningFor", .string(Human.ago(created))),
                ("Ports", .string(PortText.display(container["Ports"]?.array ?? []))),
                ("State", .string(container["State"]?.string ?? "")),
                ("Status", .string(container["Status"]?.string ?? "")),
                ("Size", .string(size(container))), ("Labels", .string(labelText(labels))),
                ("Mounts", .string(mounts(container))), ("LocalVolumes", .string(String(localVolumes(container)))),
                ("Networks", .string(networks.joined(separator: ","))), ("Platform", platform(container)),
            ],
            methods: [
                "Label": { (arguments) throws(TemplateFailure) in
                    guard arguments.count == 1 else {
                        throw TemplateFailure("wrong number of args for Label: want 1 got \(arguments.count)")
                    }
                    return .string(labels[arguments.first.map { goPrint($0) } ?? ""]?.string ?? "")
                }
            ])
    }

    /// Every name without its slash; links (`/a/b`) only in full listings.
    private func names(_ container: JSON) -> String {
        let all = (container["Names"]?.array ?? []).compactMap { $0.string }.map {
            $0.hasPrefix("/") ? String($0.dropFirst()) : $0
        }
        let shown = truncates ? all.filter { !$0.contains("/") } : all
        return shown.joined(separator: ",")
    }

    private func image(_ container: JSON) -> String {
        let image = container["Image"]?.string ?? ""
        if image.isEmpty { return "<no image>" }
        guard truncates else { return image }
        let id = container["ImageID"]?.string ?? ""
        if Human.shortID(id) == Human.shortID(image) { return Human.shortID(image) }
        // A name with a digest is shown without it.
        let (name, digest) = splitOnce(image, at: UInt8(ascii: "@"))
        return digest == nil ? image : name
    }

    private func command(_ container: JSON) -> String {
        let command = container["Command"]?.string ?? ""
        return goQuoted(truncates ? Human.ellipsis(command, 20) : command)
    }

    private func size(_ container: JSON) -> String {
        let own = Human.size(Double(container["SizeRw"]?.int ?? 0), digits: 3)
        guard let whole = container["SizeRootFs"]?.int, whole > 0 else { return own }
        return own + " (virtual " + Human.size(Double(whole), digits: 3) + ")"
    }

    private func mounts(_ container: JSON) -> String {
        (container["Mounts"]?.array ?? []).map { mount in
            var name = mount["Name"]?.string ?? ""
            if name.isEmpty { name = mount["Source"]?.string ?? "" }
            return truncates ? Human.ellipsis(name, 15) : name
        }.joined(separator: ",")
    }

    private func localVolumes(_ container: JSON) -> Int {
        (container["Mounts"]?.array ?? []).filter { $0["Driver"]?.string == "local" }.count
    }

    private func platform(_ container: JSON) -> Value {
        return .json(container["ImageManifestDescriptor"]?["platform"] ?? .null, .pointer(.raw))
    }
}

/// Labels as `a=b,c=d`, sorted.
func labelText(_ labels: JSON.Object) -> String {
    labels.members.map { $0.name + "=" + ($0.value.string ?? "") }
        .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined(separator: ",")
}
