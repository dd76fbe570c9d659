internal import EngineClient
internal import Flags
internal import GoTemplate
internal import JSON
internal import Linux

func tagCommand(_ session: Session) -> Command {
    both(
        Command(
            "tag", "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
            .exactly(2)
        ) { _ in
            performing { names in
                let target: ImageReference
                do {
                    target = try ImageReference(names[1])
                } catch {
                    throw CommandFailure(
                        "Error parsing reference: \"" + names[1] + "\" is not a valid repository/tag: "
                            + failure(from: error).message)
                }
                if target.digest != nil { throw CommandFailure("refusing to create a tag with a digest reference") }
                let query = [("repo", target.fullName), ("tag", target.tag ?? "latest")]
                _ = try session.client().request("POST", "/images/" + pathEscaped(names[0]) + "/tag", query).all()
                return 0
            }
        }, "docker image tag", "docker tag")
}

func removeImageCommand(_ name: String, _ session: Session) -> Command {
    let command = Command(name, "[OPTIONS] IMAGE [IMAGE...]", "Remove one or more images", .atLeast(1)) { flags in
        let force = flags.bool("force", "f", usage: "Force removal of the image")
        let keepParents = flags.bool("no-prune", usage: "Do not delete untagged parents")
        let platforms = flags.strings(
            "platform",
            usage:
                "Remove only the given platform variant. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")")
        return performing { names in
            let client = try session.client()
            var query: [(String, String)] = []
            if force.value { query.append(("force", "1")) }
            if keepParents.value { query.append(("noprune", "1")) }
            for platform in platforms.value {
                query += try platformQuery(platform).map { ("platforms", $0.1) }
            }
            return try removeImages(names, query, force: force.value, client)
        }
    }
    command.aliases = name == "rm" ? ["remove"] : []
    return both(command, "docker image rm", "docker image remove", "docker rmi")
}

private func removeImages(
    _ names: [String], _ query: [(String, String)], force: Bool, _ client: EngineClient
) throws -> Int32 {
    var failures: [String] = []
    var isFatal = false
    for name in names {
        do throws(EngineFailure) {
            let answer = try client.request("DELETE", "/images/" + pathEscaped(name), query).json()
            for item in answer.array ?? [] {
                if let id = item["Deleted"]?.string { Console.out("Deleted: " + id + "\n") }
                if let tag = item["Untagged"]?.string { Console.out("Untagged: " + tag + "\n") }
            }
        } catch {
            if !error.isNotFound { isFatal = true }
            failures.append(error.message)
        }
    }
    if failures.isEmpty { return 0 }
    let message = failures.joined(separator: "\n")
    if !force || isFatal { throw CommandFailure(message) }
    Console.error(message + "\n")
    return 0
}

func historyCommand(_ session: Session) -> Command {
    let command = Command("history", "[OPTIONS] IMAGE", "Show the history of an image", .exactly(1)) { flags in
        let format = flags.formatFlag()
        let human = flags.bool("human", "H", usage: "Print sizes and dates in human readable format", default: true)
        let whole = flags.bool("no-trunc", usage: "Don't truncate output")
        let platform = flags.string(
            "platform",
            usage: "Show history for the given platform. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")")
        let quiet = flags.bool("quiet", "q", usage: "Only show image IDs")
        return performing { arguments in
            let client = try session.client()
            let query = try platformQuery(platform.value)
            let entries = try client.get("/images/" + pathEscaped(arguments[0]) + "/history", query).array ?? []
            let rows = entries.map { historyRow($0, isHuman: human.value, truncates: !whole.value) }
            let columns =
                "{{.ID}}\t" + (human.value ? "{{.CreatedSince}}" : "{{.CreatedAt}}")
                + "\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"
            let table = Table(
                columns: columns,
                headers: [
                    "ID": "IMAGE", "CreatedSince": "CREATED", "CreatedAt": "CREATED AT", "CreatedBy": "CREATED BY",
                    "Size": "SIZE", "Comment": "COMMENT",
                ])
            Console.out(try table.print(rows, format: format.value, quiet: quiet.value))
            return 0
        }
    }
    return both(command, "docker image history", "docker history")
}

private func historyRow(_ entry: JSON, isHuman: Bool, truncates: Bool) -> Row {
    let id = entry["Id"]?.string ?? ""
    let created = entry["Created"]?.int ?? 0
    let size = entry["Size"]?.int ?? 0
    let by = String((entry["CreatedBy"]?.string ?? "").map { $0 == "\t" ? " " : $0 })
    // A build that wants to be reproducible says nothing of its time.
    let since = created <= 0 ? "N/A" : Human.ago(created)
    return Row(
        "*image.historyContext",
        [
            ("ID", .string(truncates ? Human.shortID(id) : id)), ("CreatedSince", .string(since)),
            ("CreatedAt", .string(Moment(seconds: created).rfc3339)),
            ("CreatedBy", .string(truncates ? Human.ellipsis(by, 45) : by)),
            ("Size", .string(isHuman ? Human.size(Double(size), digits: 3) : String(size))),
            ("Comment", .string(entry["Comment"]?.string ?? "")),
        ])
}

func pruneImagesCommand(_ session: Session) -> Command {
    Command("prune", "[OPTIONS]", "Remove unused images", .none) { flags in
        let all = flags.bool("all", "a", usage: "Remove all unused images, not just dangling ones")
        let filters = flags.filterFlag(nil, usage: "Provide filter values (e.g. \"until=<timestamp>\")")
        let force = flags.bool("force", "f", usage: "Do not prompt for confirmation")
        return performing { _ in
            let warning =
                all.value
                ? "WARNING! This will remove all images without at least one container associated to them."
                : "WARNING! This will remove all dangling images."
            if !force.value, try !session.confirms(warning) { return 0 }
            let (report, space) = try pruneImages(session, filters.value, all: all.value)
            Console.out(
                (report.isEmpty ? "" : report + "\n") + "Total reclaimed space: " + Human.size(Double(space)) + "\n")
            return 0
        }
    }
}

/// Prunes images; says which, and how many bytes that freed.
func pruneImages(_ session: Session, _ filters: [Filter], all: Bool) throws -> (report: String, space: Int) {
    let conditions = filters + session.config.pruneConditions + [Filter("dangling", all ? "false" : "true")]
    let answer = try session.client().request("POST", "/images/prune", filterQuery(conditions)).json()
    var report = ""
    for item in answer["ImagesDeleted"]?.array ?? [] {
        if let tag = item["Untagged"]?.string, !tag.isEmpty { report += "untagged: " + tag + "\n" }
        if let id = item["Deleted"]?.string, !id.isEmpty { report += "deleted: " + id + "\n" }
    }
    return (report.isEmpty ? "" : "Deleted Images:\n" + report, answer["SpaceReclaimed"]?.int ?? 0)
}
