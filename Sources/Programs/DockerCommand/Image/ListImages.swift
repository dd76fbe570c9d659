internal import EngineClient
internal import Flags
internal import GoTemplate
internal import JSON
internal import Linux

func imagesCommand(_ name: String, _ session: Session) -> Command {
    let command = Command(name, "[OPTIONS] [REPOSITORY[:TAG]]", "List images", .atMost(1)) { flags in
        let all = flags.bool("all", "a", usage: "Show all images (default hides intermediate images)")
        let digests = flags.bool("digests", usage: "Show digests")
        let filters = flags.filterFlag()
        let format = flags.formatFlag()
        let whole = flags.bool("no-trunc", usage: "Don't truncate output")
        let quiet = flags.bool("quiet", "q", usage: "Only show image IDs")
        let tree = flags.bool("tree", usage: "List multi-platform images as a tree (EXPERIMENTAL)")
        return performing { arguments in
            if tree.value { throw CommandFailure("--tree is not supported: use the listing without it") }
            var query: [(String, String)] = []
            if all.value { query.append(("all", "1")) }
            var conditions = filters.value
            if let name = arguments.first { conditions.append(Filter("reference", name)) }
            query += filterQuery(conditions)
            let images = try session.client().get("/images/json", query).array ?? []
            let chosen = format.value.isEmpty && !quiet.value ? session.config.text("imagesFormat") : format.value
            var listing = ImageListing(truncates: !whole.value)
            listing.showsDigests = digests.value
            listing.expandsDigests = digests.value || chosen.utf8Contains("{{.Digest}}")
            let rows = images.flatMap { listing.rows($0) }
            Console.out(try listing.table.print(rows, format: chosen, quiet: quiet.value))
            return 0
        }
    }
    command.aliases = name == "ls" ? ["list"] : []
    return both(command, "docker image ls", "docker image list", "docker images")
}

/// The columns of `docker images`.
struct ImageListing {
    let truncates: Bool
    var showsDigests = false
    /// What is shown of a digest that is not known.
    var missingDigest = "<none>"
    /// A row for every digest of an image, where it has some.
    var expandsDigests = false

    var table: Table {
        Table(
            columns: "{{.Repository}}\t{{.Tag}}\t" + (showsDigests ? "{{.Digest}}\t" : "")
                + "{{.ID}}\t{{if .CreatedSince }}{{.CreatedSince}}{{else}}N/A{{end}}\t{{.Size}}",
            headers: [
                "ID": "IMAGE ID", "Repository": "REPOSITORY", "Tag": "TAG", "Digest": "DIGEST",
                "CreatedSince": "CREATED",
                "CreatedAt": "CREATED AT", "Size": "SIZE", "Containers": "CONTAINERS", "VirtualSize": "SIZE",
                "SharedSize": "SHARED SIZE", "UniqueSize": "UNIQUE SIZE",
            ],
            raw: "repository: {{ .Repository }}\ntag: {{.Tag}}\n" + (showsDigests ? "digest: {{.Digest}}\n" : "")
                + "image_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n")
    }

    func rows(_ image: JSON) -> [Row] {
        let tags = strings(image, "RepoTags").filter { $0 != "<none>:<none>" }
        let digests = strings(image, "RepoDigests").filter { $0 != "<none>@<none>" }
        var repositories: [String] = []
        var tagsOf: [String: [String]] = [:]
        var digestsOf: [String: [String]] = [:]
        for text in tags {
            let (name, tag) = splitTag(text)
            if tagsOf[name] == nil { repositories.append(name) }
            tagsOf[name, default: []].append(tag ?? "<none>")
        }
        for text in digests {
            let (name, digest) = splitOnce(text, at: UInt8(ascii: "@"))
            if tagsOf[name] == nil && digestsOf[name] == nil { repositories.append(name) }
            digestsOf[name, default: []].append(digest ?? "<none>")
        }
        // Where sizes are told, those of digests are not.
        let none = expandsDigests ? "<none>" : missingDigest
        if repositories.isEmpty { return [row(image, "<none>", "<none>", none)] }
        var rows: [Row] = []
        for name in repositories {
            let known = digestsOf[name] ?? []
            guard let own = tagsOf[name] else {
                for digest in expandsDigests ? known : Array(known.prefix(1)) {
                    rows.append(row(image, name, "<none>", digest))
                }
                continue
            }
            for tag in own {
                if expandsDigests, !known.isEmpty {
                    for digest in known { rows.append(row(image, name, tag, digest)) }
                } else {
                    rows.append(row(image, name, tag, none))
                }
            }
        }
        return rows
    }

    private func strings(_ image: JSON, _ name: String) -> [String] {
        (image[name]?.array ?? []).compactMap { $0.string }
    }

    private func row(_ image: JSON, _ repository: String, _ tag: String, _ digest: String) -> Row {
        let id = image["Id"]?.string ?? ""
        let created = image["Created"]?.int ?? 0
        let size = image["Size"]?.int ?? 0
        let shared = image["SharedSize"]?.int ?? -1
        let containers = image["Containers"]?.int ?? -1
        func known(_ text: String, _ number: Int) -> Value { .string(number < 0 ? "N/A" : text) }
        return Row(
            "*formatter.imageContext",
            [
                ("ID", .string(truncates ? Human.shortID(id) : id)), ("Repository", .string(repository)),
                ("Tag", .string(tag)),
                ("Digest", .string(digest)), ("CreatedSince", .string(Human.ago(created))),
                ("CreatedAt", .string(Moment(seconds: created).goLocal)),
                ("Size", .string(Human.size(Double(size), digits: 3))),
                ("Containers", known(String(containers), containers)),
                ("VirtualSize", .string(Human.size(Double(size)))),
                ("SharedSize", known(Human.size(Double(shared)), shared)),
                ("UniqueSize", known(Human.size(Double(size - shared)), shared)),
            ])
    }
}

/// The name and the tag of `name:tag`; a colon before the last slash belongs to a port.
func splitTag(_ text: String) -> (String, String?) {
    let bytes = Array(text.utf8)
    guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")), !bytes[colon...].contains(UInt8(ascii: "/")) else {
        return (text, nil)
    }
    return (String(decoding: bytes[0..<colon], as: UTF8.self), String(decoding: bytes[(colon + 1)...], as: UTF8.self))
}
