internal import EngineClient
internal import Flags
internal import GoTemplate
internal import GoText
internal import HTTPClient
internal import JSON
internal import Linux

/// The credentials header for a registry.
func registryHeader(_ server: String, _ session: Session) -> [(name: String, value: String)] {
    // A helper that fails is as good as no credentials: the registry says whether any are needed.
    let known = (try? CredentialStore(session.config).get(server)) ?? nil
    return [(name: "X-Registry-Auth", value: Base64.encoded((known?.json ?? .members([])).encoded(), urlSafe: true))]
}

/// Pulls an image and shows the progress on a descriptor.
func pullImage(_ reference: ImageReference, platform: String, quiet: Bool, to descriptor: Int32, _ session: Session)
    throws
{
    var query = [("fromImage", reference.fullName)]
    if !platform.isEmpty { query.append(("platform", platform.lowercased())) }
    if let tag = reference.digest ?? reference.tag { query.append(("tag", tag)) }
    let reply = try session.client().request(
        "POST", "/images/create", query, headers: registryHeader(reference.server, session))
    if quiet {
        try Silent.drain(reply)
    } else {
        try Progress(to: descriptor).show(reply)
    }
}

/// Progress that is not shown; errors in it still count.
enum Silent {
    static func drain(_ reply: EngineReply) throws {
        while let values = try reply.values() {
            for value in values {
                if let text = value["errorDetail"]?["message"]?.string ?? value["error"]?.string {
                    throw CommandFailure(text)
                }
            }
        }
    }
}

func pullCommand(_ session: Session) -> Command {
    let command = Command("pull", "[OPTIONS] NAME[:TAG|@DIGEST]", "Download an image from a registry", .exactly(1)) {
        flags in
        let all = flags.bool("all-tags", "a", usage: "Download all tagged images in the repository")
        flags.contentTrust("Skip image verification")
        let platform = flags.string("platform", usage: "Set platform if server is multi-platform capable")
        let quiet = flags.bool("quiet", "q", usage: "Suppress verbose output")
        return performing { arguments in
            var reference = try ImageReference(arguments[0])
            if all.value && (reference.tag != nil || reference.digest != nil) {
                throw CommandFailure("tag can't be used with --all-tags/-a")
            }
            if !all.value && reference.tag == nil && reference.digest == nil {
                reference = reference.tagged
                if !quiet.value { Console.out("Using default tag: latest\n") }
            }
            let wanted = platform.value.isEmpty ? Process.environment("DOCKER_DEFAULT_PLATFORM") ?? "" : platform.value
            try pullImage(reference, platform: wanted, quiet: quiet.value, to: 1, session)
            let name = reference.digest.map { reference.fullName + "@" + $0 }
            Console.out((name ?? reference.fullName + (reference.tag.map { ":" + $0 } ?? "")) + "\n")
            return 0
        }
    }
    return both(command, "docker image pull", "docker pull")
}

func pushCommand(_ session: Session) -> Command {
    let command = Command("push", "[OPTIONS] NAME[:TAG]", "Upload an image to a registry", .exactly(1)) { flags in
        let all = flags.bool("all-tags", "a", usage: "Push all tags of an image to the repository")
        flags.contentTrust("Skip image signing")
        let platform = flags.string(
            "platform",
            usage:
                "Push a platform-specific manifest as a single-platform image to the registry.\nImage index won't be"
                + " pushed, meaning that other manifests, including attestations won't be preserved.\n"
                + "'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)")
        let quiet = flags.bool("quiet", "q", usage: "Suppress verbose output")
        return performing { arguments in
            var reference = try ImageReference(arguments[0])
            if all.value && (reference.tag != nil || reference.digest != nil) {
                throw CommandFailure("tag can't be used with --all-tags/-a")
            }
            if !all.value && reference.tag == nil && reference.digest == nil {
                reference = reference.tagged
                if !quiet.value { Console.out("Using default tag: latest\n") }
            }
            let client = try session.client()
            var query = all.value ? [] : [("tag", reference.tag ?? "")]
            query += try platformQuery(platform.value)
            let reply = try client.request(
                "POST", "/images/" + pathEscaped(reference.fullName) + "/push", query,
                headers: registryHeader(reference.server, session))
            if quiet.value {
                try Silent.drain(reply)
                Console.out(reference.fullName + (reference.tag.map { ":" + $0 } ?? "") + "\n")
            } else {
                try Progress(to: 1).show(reply)
            }
            return 0
        }
    }
    return both(command, "docker image push", "docker push")
}

func searchCommand(_ session: Session) -> Command {
    Command("search", "[OPTIONS] TERM", "Search Docker Hub for images", .exactly(1)) { flags in
        let filters = flags.filterFlag()
        let format = flags.string("format", usage: "Pretty-print search using a Go template")
        let limit = flags.int("limit", usage: "Max number of search results")
        let whole = flags.bool("no-trunc", usage: "Don't truncate output")
        return performing { arguments in
            var query = filterQuery(filters.value)
            if limit.value > 0 { query.append(("limit", String(limit.value))) }
            query.append(("term", arguments[0]))
            let (first, rest) = splitOnce(arguments[0], at: UInt8(ascii: "/"))
            let isServer = rest != nil && (first.contains(".") || first.contains(":") || first == "localhost")
            let headers = registryHeader(isServer ? first : "https://index.docker.io/v1/", session)
            let found =
                try session.client().request("GET", "/images/search", query, headers: headers).json().array ?? []
            let sorted = found.sorted { ($0["star_count"]?.int ?? 0) > ($1["star_count"]?.int ?? 0) }
            Console.out(
                try searchTable.print(sorted.map { searchRow($0, truncates: !whole.value) }, format: format.value))
            return 0
        }
    }
}

private let searchTable = Table(
    columns: "{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}",
    headers: [
        "Name": "NAME", "Description": "DESCRIPTION", "StarCount": "STARS", "IsOfficial": "OFFICIAL",
        "IsAutomated": "AUTOMATED",
    ])

private func searchRow(_ result: JSON, truncates: Bool) -> Row {
    let text = String((result["description"]?.string ?? "").map { $0 == "\n" || $0 == "\r" ? " " : $0 })
    func mark(_ name: String) -> Value { .string(result[name]?.bool == true ? "[OK]" : "") }
    return Row(
        "*registry.searchContext",
        [
            ("Name", .string(result["name"]?.string ?? "")),
            ("Description", .string(truncates ? Human.ellipsis(text, 45) : text)),
            ("StarCount", .string(String(result["star_count"]?.int ?? 0))), ("IsOfficial", mark("is_official")),
            ("IsAutomated", mark("is_automated")),
        ])
}

extension InputFile {
    /// Everything up to the end.
    func readAll() throws -> [UInt8] {
        guard case .stream(let next) = body else { return [] }
        var all: [UInt8] = []
        while let piece = try next() { all += piece }
        return all
    }
}
