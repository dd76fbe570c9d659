internal import Flags
internal import GoTemplate
internal import JSON
internal import Linux

func contextCommands(_ session: Session) -> [Command] {
    let list = Command("ls", "[OPTIONS]", "List contexts", .none) { listContexts($0, session) }
    list.aliases = ["list"]
    let remove = Command("rm", "CONTEXT [CONTEXT...]", "Remove one or more contexts", .atLeast(1)) { flags in
        let force = flags.bool("force", "f", usage: "Force the removal of a context in use")
        return performing { try removeContexts($0, force: force.value, session) }
    }
    remove.aliases = ["remove"]
    let show = Command("show", "", "Print the name of the current context", .none) { _ in
        performing { _ in
            Console.out(session.contextName + "\n")
            return 0
        }
    }
    return [
        createContextCommand(session), exportContextCommand(session), importContextCommand(session),
        inspectContextCommand(session), both(list, "docker context ls", "docker context list"),
        both(remove, "docker context rm", "docker context remove"), show, updateContextCommand(session),
        Command("use", "CONTEXT", "Set the current docker context", .exactly(1)) { _ in
            performing { try useContext($0[0], session) }
        },
    ]
}

/// One line of the listing.
private struct ContextLine {
    let name: String
    var description = ""
    var host = ""
    var problem = ""
}

private func listContexts(_ flags: FlagSet, _ session: Session) -> Command.Action {
    let format = flags.formatFlag()
    let quiet = flags.bool("quiet", "q", usage: "Only show context names")
    return performing { _ in
        let current = session.contextName
        var lines: [ContextLine] = []
        for name in try session.contexts.names() {
            let docker = try session.contexts.metadata(name)["Endpoints"]?["docker"]
            lines.append(
                ContextLine(
                    name: name, description: try session.contexts.description(of: name),
                    host: docker?["Host"]?.string ?? "",
                    problem: docker == nil ? "cannot find docker endpoint in context" : ""))
        }
        lines.append(
            ContextLine(
                name: "default", description: ContextStore.defaultDescription,
                host: try session.defaultEndpoint().host))
        if current != "default" {
            do throws(CommandFailure) {
                _ = try session.contexts.metadata(current)
            } catch {
                lines.append(ContextLine(name: current, problem: error.message))
            }
        }
        lines.sort { $0.name.naturallyPrecedes($1.name) }
        if quiet.value {
            for line in lines { Console.out(line.name + "\n") }
            return 0
        }
        Console.out(try contextTable.print(lines.map { contextRow($0, current: current) }, format: format.value))
        if let host = Process.environment("DOCKER_HOST"), !host.isEmpty {
            Console.error(overrideWarning("a context"))
        }
        return 0
    }
}

private func overrideWarning(_ what: String) -> String {
    "Warning: DOCKER_HOST environment variable overrides the active context. To use " + what
        + ", either set the global --context flag, or unset DOCKER_HOST environment variable.\n"
}

private let contextTable = Table(
    columns: "{{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}",
    headers: [
        "Name": "NAME", "Description": "DESCRIPTION", "DockerEndpoint": "DOCKER ENDPOINT", "Error": "ERROR",
        "Current": "",
    ])

private func contextRow(_ line: ContextLine, current: String) -> Row {
    Row(
        "*formatter.clientContextContext",
        [
            ("Current", .bool(line.name == current)), ("Description", .string(Human.ellipsis(line.description, 45))),
            ("DockerEndpoint", .string(line.host)), ("Error", .string(Human.ellipsis(line.problem, 45))),
            ("Name", .string(line.name)),
        ])
}

private func useContext(_ name: String, _ session: Session) throws -> Int32 {
    if name != "default" {
        try ContextStore.checkName(name)
        _ = try session.contexts.metadata(name)
    }
    var config = session.config
    config.currentContext = name == "default" ? "" : name
    if config.currentContext != session.config.currentContext { try session.save(config) }
    Console.out(name + "\n")
    Console.error("Current context is now \"" + name + "\"\n")
    if let host = Process.environment("DOCKER_HOST"), !host.isEmpty, name != "default" {
        Console.error(overrideWarning("\"" + name + "\""))
    }
    return 0
}

private func removeContexts(_ names: [String], force: Bool, _ session: Session) throws -> Int32 {
    try forEach(names) { name in
        if name == "default" { throw CommandFailure("context \"default\" cannot be removed") }
        if name == session.contextName {
            if !force { throw CommandFailure("context \"\(name)\" is in use, set -f flag to force remove") }
            var config = session.config
            config.currentContext = ""
            try session.save(config)
        }
        if !force && !session.contexts.exists(name) { throw CommandFailure("context \"\(name)\" does not exist") }
        try session.contexts.remove(name)
        Console.out(name + "\n")
    }
}

private func inspectContextCommand(_ session: Session) -> Command {
    Command("inspect", "[OPTIONS] [CONTEXT] [CONTEXT...]", "Display detailed information on one or more contexts") {
        flags in
        let format = flags.formatFlag("f", usage: inspectFormatUsage)
        return performing { names in
            try inspect(
                names.isEmpty ? [session.contextName] : names, format: format.value, escapingHTML: true
            ) { name in
                Inspected(json: try describe(name, session), shape: shapeOfContext, isTypedOnly: true)
            }
        }
    }
}

private let shapeOfMetadata: Shape = .structure(
    Structure(
        "command.DockerContext",
        [Structure.Field("Description", .string), Structure.Field("AdditionalFields", .map(.raw))]))

private let shapeOfEndpoint: Shape = .structure(
    Structure(
        "docker.EndpointMeta", [Structure.Field("Host", .string), Structure.Field("SkipTLSVerify", .bool)]))

private let shapeOfContext: Shape = .structure(
    Structure(
        "context.contextWithTLSListing",
        [
            Structure.Field(
                "Metadata", key: "",
                .structure(
                    Structure(
                        "store.Metadata",
                        [
                            Structure.Field("Name", .string), Structure.Field("Metadata", shapeOfMetadata),
                            Structure.Field("Endpoints", .map(shapeOfEndpoint)),
                        ]))),
            Structure.Field("TLSMaterial", .map(.list(.string))),
            Structure.Field(
                "Storage",
                .structure(
                    Structure(
                        "store.StorageInfo",
                        [Structure.Field("MetadataPath", .string), Structure.Field("TLSPath", .string)]))),
        ]))

private func describe(_ name: String, _ session: Session) throws -> JSON {
    if name == "default" {
        var object = try defaultMetadata(session)
        object["TLSMaterial"] = .members([])
        object["Storage"] = .members([
            ("MetadataPath", .string("<IN MEMORY>")), ("TLSPath", .string("<IN MEMORY>")),
        ])
        return .object(object)
    }
    var object = try session.contexts.metadata(name)
    let folder = session.contexts.secretsDirectory(name)
    let files = try session.contexts.secrets(of: name).map { $0.name }
    object["TLSMaterial"] = files.isEmpty ? .members([]) : .members([("docker", .strings(files))])
    object["Storage"] = .members([
        ("MetadataPath", .string(session.contexts.metadataDirectory(name))), ("TLSPath", .string(folder)),
    ])
    return .object(object)
}

/// What stands in the place of meta.json for the context that flags and environment make.
func defaultMetadata(_ session: Session) throws -> JSON.Object {
    let endpoint = try session.defaultEndpoint()
    let docker = JSON.members([
        ("Host", .string(endpoint.host)), ("SkipTLSVerify", .bool(endpoint.security?.verifies == false)),
    ])
    return JSON.Object([
        ("Name", .string("default")), ("Metadata", .members([])), ("Endpoints", .members([("docker", docker)])),
    ])
}
