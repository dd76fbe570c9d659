internal import EngineClient
internal import Flags
internal import JSON
internal import Linux
internal import Terminal

func attachCommand(_ session: Session) -> Command {
    let command = Command(
        "attach", "[OPTIONS] CONTAINER",
        "Attach local standard input, output, and error streams to a running container",
        .exactly(1)
    ) { flags in
        let keys = flags.string("detach-keys", usage: "Override the key sequence for detaching a container")
        let noInput = flags.bool("no-stdin", usage: "Do not attach STDIN")
        let forwards = flags.bool("sig-proxy", usage: "Proxy all received signals to the process", default: true)
        return performing { arguments in
            let attachment = Attachment(session, keys: keys.value, forwards: forwards.value)
            return try attachment.attach(arguments[0], takesInput: !noInput.value)
        }
    }
    return both(command, "docker container attach", "docker attach")
}

func startCommand(_ session: Session) -> Command {
    let command = Command(
        "start", "[OPTIONS] CONTAINER [CONTAINER...]", "Start one or more stopped containers", .atLeast(1)
    ) { flags in
        let attach = flags.bool("attach", "a", usage: "Attach STDOUT/STDERR and forward signals")
        let checkpoint = flags.string("checkpoint", usage: "Restore from this checkpoint")
        let checkpointDirectory = flags.string("checkpoint-dir", usage: "Use a custom checkpoint storage directory")
        let keys = flags.string("detach-keys", usage: "Override the key sequence for detaching a container")
        let interactive = flags.bool("interactive", "i", usage: "Attach container's STDIN")
        return performing { names in
            var query: [(String, String)] = []
            if !checkpoint.value.isEmpty { query.append(("checkpoint", checkpoint.value)) }
            if !checkpointDirectory.value.isEmpty { query.append(("checkpoint-dir", checkpointDirectory.value)) }
            let gated = [("checkpoint", checkpoint.value), ("checkpoint-dir", checkpointDirectory.value)].filter {
                !$0.1.isEmpty
            }
            if let flag = gated.first { _ = try requireExperimental("\"--" + flag.0 + "\"", session) }
            if attach.value || interactive.value {
                guard names.count == 1 else {
                    throw CommandFailure("you cannot start and attach multiple containers at once")
                }
                let attachment = Attachment(session, keys: keys.value, forwards: true)
                return try attachment.start(names[0], takesInput: interactive.value, query)
            }
            return try startAll(names, query, session)
        }
    }
    return both(command, "docker container start", "docker start")
}

private func startAll(_ names: [String], _ query: [(String, String)], _ session: Session) throws -> Int32 {
    let client = try session.client()
    var failed: [String] = []
    for name in names {
        do {
            _ = try client.request("POST", "/containers/" + pathEscaped(name) + "/start", query).all()
            Console.out(name + "\n")
        } catch {
            Console.error(failure(from: error).message + "\n")
            failed.append(name)
        }
    }
    if failed.isEmpty { return 0 }
    throw CommandFailure("Error: failed to start containers: " + failed.joined(separator: ", "))
}

/// Our standard streams at a container that exists.
private struct Attachment {
    let session: Session
    let keys: String
    let forwards: Bool

    init(_ session: Session, keys: String, forwards: Bool) {
        self.session = session
        self.keys = keys
        self.forwards = forwards
    }

    func attach(_ name: String, takesInput: Bool) throws -> Int32 {
        let client = try session.client()
        let container = try client.get("/containers/" + pathEscaped(name) + "/json")
        let state = container["State"]
        if state?["Running"]?.bool != true {
            throw CommandFailure("You cannot attach to a stopped container, start it first")
        }
        if state?["Paused"]?.bool == true {
            throw CommandFailure("You cannot attach to a paused container, unpause it first")
        }
        if state?["Restarting"]?.bool == true {
            throw CommandFailure("You cannot attach to a restarting container, wait until it is running")
        }
        return try carry(client, container, takesInput: takesInput, condition: "", isNew: false) {}
    }

    func start(_ name: String, takesInput: Bool, _ query: [(String, String)]) throws -> Int32 {
        let client = try session.client()
        let container = try client.get("/containers/" + pathEscaped(name) + "/json")
        let id = container["Id"]?.string ?? name
        let removes = container["HostConfig"]?["AutoRemove"]?.bool == true
        let condition = removes ? "removed" : "next-exit"
        return try carry(client, container, takesInput: takesInput, condition: condition, isNew: true) {
            _ = try client.request("POST", "/containers/" + id + "/start", query).all()
        }
    }

    private func carry(
        _ client: EngineClient, _ container: JSON, takesInput: Bool, condition: String, isNew: Bool,
        begin: () throws -> Void
    ) throws -> Int32 {
        let id = container["Id"]?.string ?? ""
        let hasTerminal = container["Config"]?["Tty"]?.bool == true
        let sendsInput = takesInput && container["Config"]?["OpenStdin"]?.bool == true
        let keySequence = detachKeys(keys, session)
        if sendsInput && hasTerminal && !Terminal.isTerminal(0) {
            throw CommandFailure("the input device is not a TTY")
        }
        let interaction = try Interaction(
            hasTerminal: hasTerminal, forward: forwards && !hasTerminal ? forwarder(client, id) : nil,
            isPatient: !isNew, resize: resizer(client, "/containers/" + id))
        defer { interaction.restore() }
        var query: [(String, String)] = [("stream", "1"), ("stdout", "1"), ("stderr", "1")]
        if sendsInput { query.append(("stdin", "1")) }
        let text = keys.isEmpty ? session.config.detachKeys : keys
        if !text.isEmpty { query.append(("detachKeys", text)) }
        let stream = try client.hijack("POST", "/containers/" + id + "/attach", query)
        let wait = try ExitWait(client, id, condition: condition)
        if hasTerminal && sendsInput { try interaction.makeRaw() }
        do {
            try begin()
        } catch {
            interaction.restore()
            throw error
        }
        // A program that sees a new size draws itself again for us.
        if !isNew { interaction.resize(by: 1) }
        interaction.resize()
        let streams = StreamSession(
            stream, hasTerminal: hasTerminal, sendsInput: sendsInput,
            keys: hasTerminal && sendsInput ? keySequence : .none, signals: interaction.signals
        ) { interaction.handle($0) }
        let ending = try streams.run()
        interaction.restore()
        if case .detached = ending {
            if isNew { return 0 }
            throw CommandFailure("read escape sequence")
        }
        let status = try wait.status(interaction)
        if status != 0 { throw CommandFailure("", status: status) }
        return 0
    }
}
