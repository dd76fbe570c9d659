internal import CLinux
internal import ContainerdAPI
internal import ContainerdClient
internal import Flags
internal import GRPC
internal import GoText
internal import JSON
internal import Linux
internal import OCIRuntime
internal import Protobuf

// Commands that stand for a process in a container: start, exec, attach.

func startTask() -> Command {
    Command("start", usage: "start a container that has been created", arguments: "CONTAINER") { flags in
        let null = flags.bool("null-io", usage: "send all IO to /dev/null")
        let logURI = flags.string("log-uri", usage: "log uri")
        let folder = flags.string("fifo-dir", usage: "directory used for storing IO FIFOs")
        let pidFile = flags.string("pid-file", usage: "file path to write the task's pid")
        let detach = flags.bool("detach", "d", usage: "detach from the task after it has started execution")
        return { (session, arguments) in
            let id = arguments.first ?? ""
            if id.isEmpty { throw CtrError.message("container id must be provided") }
            let client = try await session.client()
            let found = try await container(id, client)
            let terminal = try process(of: found).terminal
            let attach = detach.value ? nil : try Attachment(terminal: terminal)
            defer { attach?.restore() }
            let streams = try taskStreams(
                id, terminal: terminal, null: null.value, log: logURI.value, folder: folder.value)
            let life = TaskLife(session: session, client: client, id: id, streams: streams)
            try await life.create(found)
            let waiting = attach == nil ? nil : life.startWaiting()
            if !pidFile.value.isEmpty { try writePidFile(pidFile.value, life.pid) }
            if attach != nil && terminal { await resizeTerminal(client, id) }
            do {
                try await client.tasks.start(id)
            } catch {
                // The task is of no use to anybody now; the first failure is the one to tell.
                if attach != nil { _ = try? await client.tasks.delete(id) }
                throw error
            }
            guard let waiting, let attach else { return }
            attach.follow(client, id, session)
            let exit = try await waiting.value
            await streams.waitForOutput()
            try await client.tasks.delete(id)
            streams.remove()
            if exit.exitStatus != 0 { throw CtrError.exit(Int32(bitPattern: exit.exitStatus)) }
        }
    }
}

/// The process that a container's configuration describes.
private func process(of container: ContainersService.Container) throws -> Spec.Process {
    try Spec(parsing: container.spec?.value ?? []).process ?? Spec.Process(args: [], cwd: "/")
}

func execTask() -> Command {
    let command = Command(
        "exec", usage: "execute additional processes in an existing container",
        arguments: "[flags] CONTAINER CMD [ARG...]"
    ) { flags in
        let choices = ExecFlags(flags)
        return { (session, arguments) in
            guard choices.exec.isSet else { throw CtrError.help("Required flag \"exec-id\" not set") }
            guard let id = arguments.first, !id.isEmpty else {
                throw CtrError.message("container id must be provided")
            }
            try await choices.run(session, id, Array(arguments.dropFirst()))
        }
    }
    command.stopsAtFirstArgument = true
    return command
}

private struct ExecFlags {
    let cwd, exec, folder, logURI, user: Flag<String>
    let tty, detach: Flag<Bool>

    init(_ flags: FlagSet) {
        cwd = flags.string("cwd", usage: "working directory of the new process")
        tty = flags.bool("tty", "t", usage: "allocate a TTY for the container")
        detach = flags.bool("detach", "d", usage: "detach from the task after it has started execution")
        exec = flags.string("exec-id", usage: "exec specific id for the process")
        folder = flags.string("fifo-dir", usage: "directory used for storing IO FIFOs")
        logURI = flags.string("log-uri", usage: "log uri for custom shim logging")
        user = flags.string("user", usage: "user id or name")
    }

    func run(_ session: Session, _ id: String, _ command: [String]) async throws {
        let attach = detach.value ? nil : try Attachment(terminal: tty.value)
        defer { attach?.restore() }
        let client = try await session.client()
        let found = try await container(id, client)
        var process = try process(of: found)
        _ = try await task(id, client)
        if !user.value.isEmpty {
            let mounts = try await client.snapshots(found.snapshotter).mounts(found.snapshotKey)
            let database = try await withMounted(mounts) { (root) throws(SystemCallError) in
                try UserDatabase(root: root)
            }
            try database.apply(user.value, to: &process)
        }
        process.terminal = tty.value
        process.args = command
        if !cwd.value.isEmpty { process.cwd = cwd.value }
        let streams = try taskStreams(
            exec.value, terminal: tty.value, null: false, log: logURI.value, folder: folder.value)
        do {
            try await client.tasks.exec(
                .init(
                    containerId: id, stdin: streams.stdin, stdout: streams.stdout, stderr: streams.stderr,
                    terminal: tty.value,
                    spec: ProtobufAny(typeURL: processTypeURL, value: process.json.encoded()), execId: exec.value))
        } catch {
            streams.remove()
            throw error
        }
        try await follow(session, client, id, streams, attach)
    }

    private func follow(
        _ session: Session, _ client: ContainerdClient, _ id: String, _ streams: TaskStreams, _ attach: Attachment?
    ) async throws {
        let (name, executor) = (exec.value, session.executor)
        streams.copyInput {
            Task(executorPreference: executor) {
                // A process that has just ended has no input to close.
                try? await client.tasks.closeIO(id, exec: name)
            }
        }
        let waiting =
            attach == nil ? nil : Task(executorPreference: executor) { try await client.tasks.wait(id, exec: name) }
        do {
            try await client.tasks.start(id, exec: name)
            guard let waiting, let attach else { return }
            attach.follow(client, id, exec: name, session)
            let end = try await waiting.value
            await streams.waitForOutput()
            try await client.tasks.delete(id, exec: name)
            streams.remove()
            if end.exitStatus != 0 { throw CtrError.exit(Int32(bitPattern: end.exitStatus)) }
        } catch let error as GRPCStatus {
            // The process is of no use to anybody now; the first failure is the one to tell.
            if attach != nil { _ = try? await client.tasks.delete(id, exec: name) }
            streams.remove()
            throw error
        }
    }
}

func attachTask() -> Command {
    Command("attach", usage: "attach to the IO of a running container", arguments: "CONTAINER") { _ in
        { (session, arguments) in
            let id = arguments.first ?? ""
            let client = try await session.client()
            if id.isEmpty {
                throw GRPCStatus(.notFound, "container \"\" in namespace " + goQuoted(client.namespace) + ": not found")
            }
            _ = try await container(id, client)
            let state = try await client.tasks.get(id)
            let attach = try Attachment(terminal: state.terminal)
            defer { attach.restore() }
            let streams = try TaskStreams(
                attachingTo: state.stdin, state.stdout, state.stderr, terminal: state.terminal)
            let executor = session.executor
            streams.copyInput {
                Task(executorPreference: executor) {
                    // A process that has just ended has no input to close.
                    try? await client.tasks.closeIO(id)
                }
            }
            attach.follow(client, id, session)
            let end = try await client.tasks.wait(id)
            try await client.tasks.delete(id)
            if end.exitStatus != 0 { throw CtrError.exit(Int32(bitPattern: end.exitStatus)) }
        }
    }
}
