internal import EngineClient
internal import Flags
internal import Linux
internal import Terminal

func runCommand(_ session: Session) -> Command {
    let command = Command(
        "run", "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create and run a new container from an image", .atLeast(1)
    ) { flags in
        let options = CreateFlags(flags, verb: "running")
        let detach = flags.bool("detach", "d", usage: "Run container in background and print container ID")
        let keys = flags.string("detach-keys", usage: "Override the key sequence for detaching a container")
        let forwards = flags.bool("sig-proxy", usage: "Proxy received signals to the process", default: true)
        return performing { arguments in
            try refuseForeignFlags(flags, session)
            return try Run(
                options, arguments, detach: detach.value, keys: keys.value, forwards: forwards.value, session
            ).perform()
        }
    }
    return both(command, "docker container run", "docker run")
}

/// One `docker run`: create, attach, start, carry the streams, and take the container's exit status.
private struct Run {
    let options: CreateFlags
    let request: CreateRequest
    let detach: Bool
    let keys: String
    let forwards: Bool
    let session: Session

    init(
        _ options: CreateFlags, _ arguments: [String], detach: Bool, keys: String, forwards: Bool, _ session: Session
    ) throws {
        self.options = options
        self.detach = detach
        self.keys = keys
        self.forwards = forwards
        self.session = session
        do {
            request = try CreateRequest(
                options, arguments, detach: detach, defaults: session.proxyEnvironment)
        } catch {
            throw withHelp(failure(from: error), "run", status: 125)
        }
        if detach && !options.process.attach.value.isEmpty {
            throw CommandFailure("conflicting options: cannot specify both --attach and --detach")
        }
        if !detach && request.attachesInput && request.hasTerminal && !Terminal.isTerminal(0) {
            throw CommandFailure("the input device is not a TTY")
        }
    }

    private var attaches: Bool { request.attachesInput || request.attachesOutput || request.attachesError }

    func perform() throws -> Int32 {
        let client: EngineClient
        let id: String
        do {
            client = try session.client()
            id = try create(request, options.creation, session)
        } catch {
            throw withHelp(failure(from: error), "run", status: 125)
        }
        guard attaches else {
            Console.out(id + "\n")
            do {
                _ = try client.request("POST", "/containers/" + id + "/start").all()
            } catch {
                throw startFailure(error)
            }
            return 0
        }
        return try attached(client, id)
    }

    private func attached(_ client: EngineClient, _ id: String) throws -> Int32 {
        let keys = detachKeys(keys, session)
        let interaction = try Interaction(
            hasTerminal: request.hasTerminal, forward: forwards ? forwarder(client, id) : nil, isPatient: true,
            resize: resizer(client, "/containers/" + id))
        defer { interaction.restore() }
        let stream = try client.hijack("POST", "/containers/" + id + "/attach", attachQuery())
        let wait = try ExitWait(client, id, condition: request.removes ? "removed" : "next-exit")
        if request.hasTerminal && request.attachesInput { try interaction.makeRaw() }
        do {
            _ = try client.request("POST", "/containers/" + id + "/start").all()
        } catch {
            interaction.restore()
            // A container that removes itself is gone when we are.
            if request.removes { _ = try? wait.status(nil) }
            throw startFailure(error)
        }
        if request.hasTerminal { interaction.resize() }
        let isTyped = request.hasTerminal && request.attachesInput && Terminal.isTerminal(0)
        let streams = StreamSession(
            stream, hasTerminal: request.hasTerminal, sendsInput: request.attachesInput,
            keys: isTyped ? keys : .none, signals: interaction.signals,
            end: request.attachesOutput || request.attachesError ? -1 : wait.descriptor
        ) { interaction.handle($0) }
        let ending = try streams.run()
        interaction.restore()
        if case .detached = ending { return 0 }
        return try wait.status(interaction)
    }

    private func attachQuery() -> [(String, String)] {
        var query: [(String, String)] = [("stream", "1")]
        if request.attachesInput { query.append(("stdin", "1")) }
        if request.attachesOutput { query.append(("stdout", "1")) }
        if request.attachesError { query.append(("stderr", "1")) }
        let text = keys.isEmpty ? session.config.detachKeys : keys
        if !text.isEmpty { query.append(("detachKeys", text)) }
        return query
    }

    private func startFailure(_ error: any Error) -> CommandFailure {
        let found = failure(from: error)
        return withHelp(found, "run", status: startStatus(found.message))
    }
}

/// The exit status for a container that could not be started.
func startStatus(_ message: String) -> Int32 {
    for words in ["executable file not found", "no such file or directory", "system cannot find the file specified"]
    where message.utf8Contains(words) {
        return 127
    }
    for words in ["permission denied", "is a directory"] where message.utf8Contains(words) { return 126 }
    return 125
}
