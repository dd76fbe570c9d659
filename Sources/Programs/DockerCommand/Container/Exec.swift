internal import EngineAPI
internal import EngineClient
internal import Flags
internal import JSON
internal import Terminal

func execCommand(_ session: Session) -> Command {
    let command = Command(
        "exec", "[OPTIONS] CONTAINER COMMAND [ARG...]", "Execute a command in a running container", .atLeast(2)
    ) { flags in
        flags.interspersed = false
        let exec = Exec(flags)
        return performing { try exec.perform($0, session) }
    }
    return both(command, "docker container exec", "docker exec")
}

/// The flags of `docker exec` and what they do.
private struct Exec {
    private let detach, interactive, privileged, tty: Flag<Bool>
    private let keys, user, workdir: Flag<String>
    private let env, envFile: Flag<[String]>

    init(_ flags: FlagSet) {
        detach = flags.bool("detach", "d", usage: "Detached mode: run command in the background")
        keys = flags.string("detach-keys", usage: "Override the key sequence for detaching a container")
        env = flags.environment("Set environment variables")
        envFile = flags.list("env-file", usage: "Read in a file of environment variables")
        interactive = flags.bool("interactive", "i", usage: "Keep STDIN open even if not attached")
        privileged = flags.bool("privileged", usage: "Give extended privileges to the command")
        tty = flags.bool("tty", "t", usage: "Allocate a pseudo-TTY")
        user = flags.string("user", "u", usage: "Username or UID (format: \"<name|uid>[:<group|gid>]\")")
        workdir = flags.string("workdir", "w", usage: "Working directory inside the container")
    }

    func perform(_ arguments: [String], _ session: Session) throws -> Int32 {
        let client = try session.client()
        let path = "/containers/" + pathEscaped(arguments[0])
        let keySequence = detachKeys(keys.value, session)
        // What is wrong with the container is said before the terminal is looked at.
        _ = try client.get(path + "/json")
        if !detach.value && interactive.value && tty.value && !Terminal.isTerminal(0) {
            throw CommandFailure("the input device is not a TTY")
        }
        let body = try request(Array(arguments.dropFirst()), session)
        let answer = try client.request("POST", path + "/exec", json: body).json()
        guard let id = answer["Id"]?.string, !id.isEmpty else { throw CommandFailure("exec ID empty") }
        let start = JSON.members(
            [("Detach", .bool(detach.value)), ("Tty", .bool(tty.value))]
                + (try sizeMember(client)))
        if detach.value {
            _ = try client.request("POST", "/exec/" + id + "/start", json: start).all()
            return 0
        }
        return try attached(client, id, start, keySequence)
    }

    private func sizeMember(_ client: EngineClient) throws -> [(String, JSON)] {
        guard tty.value, let size = Terminal.size(1), try !client.speaksOlder(than: "1.42") else { return [] }
        return [("ConsoleSize", .array([.int(size.rows), .int(size.columns)]))]
    }

    private func request(_ command: [String], _ session: Session) throws -> JSON {
        var variables: [String] = []
        for path in envFile.value { variables += try readEnvironmentFile(path) }
        variables += env.value
        let text = keys.value.isEmpty ? session.config.detachKeys : keys.value
        return .members([
            ("User", .string(user.value)), ("Privileged", .bool(privileged.value)), ("Tty", .bool(tty.value)),
            ("AttachStdin", .bool(!detach.value && interactive.value)), ("AttachStderr", .bool(!detach.value)),
            ("AttachStdout", .bool(!detach.value)), ("DetachKeys", .string(text)), ("Env", listOrNull(variables)),
            ("WorkingDir", .string(workdir.value)), ("Cmd", .strings(command)),
        ])
    }

    private func attached(_ client: EngineClient, _ id: String, _ start: JSON, _ keySequence: DetachKeys) throws
        -> Int32
    {
        let interaction = try Interaction(hasTerminal: tty.value, forward: nil, resize: resizer(client, "/exec/" + id))
        defer { interaction.restore() }
        let stream = try client.hijack("POST", "/exec/" + id + "/start", json: start)
        if tty.value && interactive.value { try interaction.makeRaw() }
        if tty.value { interaction.resize() }
        let streams = StreamSession(
            stream, hasTerminal: tty.value, sendsInput: interactive.value,
            keys: tty.value && interactive.value ? keySequence : .none, signals: interaction.signals
        ) { interaction.handle($0) }
        let ending = try streams.run()
        interaction.restore()
        if case .detached = ending { throw CommandFailure("read escape sequence") }
        let state = try client.get("/exec/" + id + "/json")
        let status = Int32(truncatingIfNeeded: state["ExitCode"]?.int ?? 0)
        if status != 0 { throw CommandFailure("", status: status) }
        return 0
    }
}
