internal import Flags
internal import GoText
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
            for field in text.isEmpty ? [""] : commaSeparated(text) {
                let (name, value) = splitOnce(field, at: UInt8(ascii: "="))
                guard let value else { throw UsageError(field + " must be formatted as key=value") }
                all.append((name, value))
            }
            return all
        }
    }

    /// The endpoint that the flags describe, and the secrets that go beside it.
    func endpoint(_ session: Session) throws(CommandFailure) -> StoredEndpoint {
        do throws(CommandFailure) {
            var found = StoredEndpoint()
            for (name, value) in docker.value where name == "from" {
                // The address alone is taken over: secrets stay with their context.
                found = try StoredEndpoint(of: value, session)
                found.secrets = []
                return found
            }
            for (name, value) in docker.value { try found.take(name, value) }
            try found.check()
            return found
        } catch {
            throw CommandFailure("unable to create docker endpoint config: " + error.message)
        }
    }
}

/// What a context keeps of a daemon.
private struct StoredEndpoint {
    var host = ""
    var skipsVerification = false
    var secrets: [(name: String, bytes: [UInt8])] = []

    init() {}

    /// Another context's, with its secrets.
    init(of name: String, _ session: Session) throws(CommandFailure) {
        if name == "default" {
            let endpoint = try session.defaultEndpoint()
            host = endpoint.host
            skipsVerification = endpoint.security?.verifies == false
            return
        }
        let docker = try session.contexts.metadata(name)["Endpoints"]?["docker"]
        host = docker?["Host"]?.string ?? ""
        skipsVerification = docker?["SkipTLSVerify"]?.bool ?? false
        secrets = try session.contexts.secrets(of: name)
    }

    mutating func take(_ name: String, _ value: String) throws(CommandFailure) {
        switch name {
        case "host": host = value
        case "ca", "cert", "key":
            do throws(SystemCallError) {
                secrets.append((name + ".pem", try Files.read(value)))
            } catch {
                throw CommandFailure("open " + value + ": " + error.reason)
            }
        case "skip-tls-verify":
            guard let skips = parseBool(value) else {
                throw CommandFailure("skip-tls-verify: parsing " + goQuoted(value) + ": invalid syntax")
            }
            skipsVerification = skips
        default: throw CommandFailure("unrecognized config key: " + name)
        }
    }

    /// Refuses what a connection could not be made with.
    func check() throws(CommandFailure) {
        let (scheme, rest) = splitOnce(host, at: UInt8(ascii: ":"))
        if !host.isEmpty && (scheme.isEmpty || rest?.hasPrefix("//") != true) {
            throw CommandFailure(
                "unable to apply docker endpoint options: unable to parse docker host `" + host + "`")
        }
        func secret(_ name: String) -> String? {
            secrets.last { $0.name == name }.map { String(decoding: $0.bytes, as: UTF8.self) }
        }
        let words = "invalid docker endpoint options: failed to retrieve context tls info: "
        if let authority = secret("ca.pem"), !authority.utf8Contains("-----BEGIN CERTIFICATE-----") {
            throw CommandFailure(words + "ca.pem seems invalid")
        }
        guard let certificate = secret("cert.pem"), let key = secret("key.pem") else { return }
        if !certificate.utf8Contains("-----BEGIN CERTIFICATE-----") {
            throw CommandFailure(words + "tls: failed to find any PEM data in certificate input")
        }
        if key.utf8Contains("PRIVATE KEY-----") { return }
        throw CommandFailure(
            words
                + (key.utf8Contains("-----BEGIN CERTIFICATE-----")
                    ? "tls: found a certificate rather than a key in the PEM for the private key"
                    : "tls: failed to find any PEM data in key input"))
    }

    var json: JSON {
        let start: [(String, JSON)] = host.isEmpty ? [] : [("Host", .string(host))]
        return .members(start + [("SkipTLSVerify", .bool(skipsVerification))])
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
            if !from.value.isEmpty && !options.docker.value.isEmpty {
                throw CommandFailure("cannot use --docker flag when --from is set")
            }
            var text = options.description.value
            var endpoint: StoredEndpoint
            if options.docker.value.isEmpty {
                let model = from.value.isEmpty ? session.contextName : from.value
                endpoint = try StoredEndpoint(of: model, session)
                if !options.description.isSet { text = try session.contexts.description(of: model) }
            } else {
                endpoint = try options.endpoint(session)
            }
            try store(name, text, endpoint, session)
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
            let old = try session.contexts.description(of: name)
            let endpoint =
                options.docker.value.isEmpty
                ? try StoredEndpoint(of: name, session) : try options.endpoint(session)
            try store(name, options.description.isSet ? options.description.value : old, endpoint, session)
            Console.out(name + "\n")
            Console.error("Successfully updated context \"\(name)\"\n")
            return 0
        }
    }
    command.explanation = explanation("Update a context", "update")
    return command
}

private func store(_ name: String, _ description: String, _ endpoint: StoredEndpoint, _ session: Session) throws {
    let about = description.isEmpty ? JSON.members([]) : .members([("Description", .string(description))])
    let metadata = JSON.members([
        ("Name", .string(name)), ("Metadata", about), ("Endpoints", .members([("docker", endpoint.json)])),
    ])
    try session.contexts.save(name, metadata, secrets: endpoint.secrets)
}
