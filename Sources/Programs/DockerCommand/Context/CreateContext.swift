internal import Flags
internal import JSON
internal import Linux

private func explanation(_ title: String, _ verb: String) -> String {
    """
    \(title)

    Docker endpoint config:

    NAME                DESCRIPTION
    from                Copy named context's Docker endpoint configuration
    host                Docker endpoint on which to connect
    ca                  Trust certs signed only by this CA
    cert                Path to TLS certificate file
    key                 Path to TLS key file
    skip-tls-verify     Skip TLS certificate validation

    Example:

    $ docker context \(verb) my-context --description "some description" \
    --docker "host=tcp://myserver:2376,ca=~/ca-file,cert=~/cert-file,key=~/key-file"
    """
}

/// The flags of `context create` and `context update`.
private struct ContextFlags {
    let description: Flag<String>
    let docker: Flag<[(String, String)]>

    init(_ flags: FlagSet) {
        description = flags.string("description", usage: "Description of the context")
        docker = flags.value(
            "docker", usage: "set the docker endpoint", type: "stringToString", default: [], defaultText: "[]"
        ) { (text, old) throws(UsageError) in
            var all = old
            for field in commaSeparated(text) {
                let (name, value) = splitOnce(field, at: UInt8(ascii: "="))
                guard let value else { throw UsageError(field + " must be formatted as key=value") }
                all.append((name, value))
            }
            return all
        }
    }

    /// The endpoint's description, and the secrets that go beside it by file name.
    func endpoint(_ session: Session) throws -> (json: JSON, secrets: [(String, [UInt8])]) {
        var host = ""
        var skips = false
        var secrets: [(String, [UInt8])] = []
        for (name, value) in docker.value {
            switch name {
            case "host": host = value
            case "ca", "cert", "key": secrets.append((name + ".pem", try Files.read(value)))
            case "skip-tls-verify": skips = parseBool(value) ?? false
            case "from": return (try session.contexts.metadata(value)["Endpoints"]?["docker"] ?? .null, [])
            default: throw CommandFailure("unrecognized config key: " + name)
            }
        }
        if host.isEmpty { host = try session.defaultEndpoint().host }
        do throws(CommandFailure) {
            _ = try Endpoint(host)
        } catch {
            throw CommandFailure("unable to parse docker host `" + host + "`")
        }
        return (.members([("Host", .string(host)), ("SkipTLSVerify", .bool(skips))]), secrets)
    }
}

func createContextCommand(_ session: Session) -> Command {
    let command = Command("create", "[OPTIONS] CONTEXT", "Create a context", .exactly(1)) { flags in
        let options = ContextFlags(flags)
        let from = flags.string("from", usage: "create context from a named context")
        return performing { names in
            let name = names[0]
            try ContextStore.checkName(name)
            if session.contexts.exists(name) { throw CommandFailure("context \"\(name)\" already exists") }
            if from.value.isEmpty && options.docker.value.isEmpty {
                throw CommandFailure("docker endpoint configuration is required")
            }
            var json: JSON
            var secrets: [(String, [UInt8])] = []
            if !from.value.isEmpty, from.value != "default" {
                json = try session.contexts.metadata(from.value)["Endpoints"] ?? .members([])
            } else {
                let (endpoint, files) = try options.endpoint(session)
                json = .members([("docker", endpoint)])
                secrets = files
            }
            try store(name, options.description.value, json, secrets, session)
            Console.out(name + "\n")
            Console.error("Successfully created context \"\(name)\"\n")
            return 0
        }
    }
    command.explanation = explanation("Create a context", "create")
    return command
}

func updateContextCommand(_ session: Session) -> Command {
    let command = Command("update", "[OPTIONS] CONTEXT", "Update a context", .exactly(1)) { flags in
        let options = ContextFlags(flags)
        return performing { names in
            let name = names[0]
            try ContextStore.checkName(name)
            let metadata = try session.contexts.metadata(name)
            let text =
                options.description.isSet
                ? options.description.value : metadata["Metadata"]?["Description"]?.string ?? ""
            var json = metadata["Endpoints"] ?? .members([])
            var secrets: [(String, [UInt8])] = []
            if !options.docker.value.isEmpty {
                let (endpoint, files) = try options.endpoint(session)
                json = .members([("docker", endpoint)])
                secrets = files
            }
            try store(name, text, json, secrets, session)
            Console.out(name + "\n")
            Console.error("Successfully updated context \"\(name)\"\n")
            return 0
        }
    }
    command.explanation = explanation("Update a context", "update")
    return command
}

private func store(
    _ name: String, _ description: String, _ endpoints: JSON, _ secrets: [(String, [UInt8])], _ session: Session
) throws {
    let about = description.isEmpty ? JSON.members([]) : .members([("Description", .string(description))])
    try session.contexts.save(
        name, .members([("Name", .string(name)), ("Metadata", about), ("Endpoints", endpoints)]))
    guard !secrets.isEmpty else { return }
    let folder = session.contexts.secretsDirectory(name) + "/docker"
    try Files.makeDirectories(folder, mode: 0o700)
    for (file, bytes) in secrets { try Files.replace(folder + "/" + file, with: bytes, mode: 0o600) }
}
