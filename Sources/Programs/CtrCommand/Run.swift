internal import CLinux
internal import ContainerdAPI
internal import ContainerdClient
internal import Flags
internal import GRPC
internal import Linux
internal import Protobuf
internal import Terminal

func runCommand() -> Command {
    let command = Command("run", usage: "run a container", arguments: "[flags] Image|RootFS ID [COMMAND] [ARG...]") {
        flags in
        let run = RunFlags(flags)
        let container = ContainerFlags(flags)
        return { (session, arguments) in
            let named = try runArguments(arguments, hasConfig: container.config.isSet)
            if run.remove.value && run.detach.value {
                throw CtrError.message("flags --detach and --rm cannot be specified together")
            }
            try await RunningContainer(session: session, flags: container, run: run, arguments: named).run()
        }
    }
    command.stopsAtFirstArgument = true
    return command
}

private func runArguments(_ arguments: [String], hasConfig: Bool) throws -> ContainerArguments {
    var named = ContainerArguments()
    if hasConfig {
        if arguments.count > 1 {
            throw CtrError.message("with spec config file, only container id should be provided")
        }
        named.id = arguments.first ?? ""
    } else {
        named.image = arguments.first ?? ""
        if named.image.isEmpty { throw CtrError.message("image ref must be provided") }
        if arguments.count > 1 { named.id = arguments[1] }
        named.command = Array(arguments.dropFirst(2))
    }
    if named.id.isEmpty { throw CtrError.message("container id must be provided") }
    return named
}

/// One `ctr run`, from the container's making to its end.
private struct RunningContainer {
    let session: Session
    let flags: ContainerFlags
    let run: RunFlags
    let arguments: ContainerArguments

    func run() async throws {
        let attach = run.detach.value ? nil : try Attachment(terminal: flags.tty.value)
        let client = try await session.client()
        let made = try await NewContainer(session: session, flags: flags, run: run, arguments: arguments).create()
        let outcome: Result<Int32, any Error>
        do {
            outcome = .success(try await runTask(client, made, attach))
        } catch {
            outcome = .failure(error)
        }
        attach?.restore()
        if run.remove.value {
            do {
                try await deleteContainer(arguments.id, client)
            } catch {
                // What went wrong first is what must be told.
                if case .success = outcome { throw error }
            }
        }
        let status = try outcome.get()
        if status != 0 { throw CtrError.exit(status) }
    }

    private func runTask(
        _ client: ContainerdClient, _ container: ContainersService.Container, _ attach: Attachment?
    ) async throws -> Int32 {
        let streams = try taskStreams(
            arguments.id, terminal: flags.tty.value, null: run.nullIO.value, log: run.logURI.value,
            folder: run.fifoFolder.value)
        let task = TaskLife(session: session, client: client, id: arguments.id, streams: streams)
        try await task.create(container, noPivot: flags.noPivot.value)
        do {
            let waiting = attach == nil ? nil : task.startWaiting()
            if !flags.pidFile.value.isEmpty { try writePidFile(flags.pidFile.value, task.pid) }
            // The terminal is there before the process: a program finds its size when it starts.
            if attach != nil && flags.tty.value { await resizeTerminal(client, arguments.id) }
            try await client.tasks.start(arguments.id)
            guard let waiting, let attach else { return 0 }
            attach.follow(client, arguments.id, session)
            let exit = try await waiting.value
            await streams.waitForOutput()
            try await client.tasks.delete(arguments.id)
            streams.remove()
            return Int32(bitPattern: exit.exitStatus)
        } catch {
            if attach != nil {
                // The task is of no use to anybody now; the first failure is the one to tell.
                _ = try? await client.tasks.delete(arguments.id)
                streams.remove()
            }
            throw error
        }
    }
}

/// Where the standard streams of a process go, by the flags.
func taskStreams(
    _ name: String, terminal: Bool, null: Bool, log: String, folder: String
) throws -> TaskStreams {
    if terminal {
        if null { throw CtrError.message("tty and null-io cannot be used together") }
        return try TaskStreams(id: name, root: folder, terminal: true)
    }
    if null { return TaskStreams() }
    if !log.isEmpty { return TaskStreams(stdout: log, stderr: log) }
    return try TaskStreams(id: name, root: folder, terminal: false)
}

/// Writes a pid where a reader finds all of it or nothing.
func writePidFile(_ path: String, _ pid: UInt32) throws {
    let folder = Files.parent(of: path.hasPrefix("/") ? path : "./" + path)
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    let temporary = folder + "/." + name
    let file = try Descriptor.open(temporary, O_RDWR | O_CREAT | O_EXCL | O_SYNC, mode: 0o666)
    try writeEverything(Array(String(pid).utf8), to: file.number)
    try checked("rename", path) { rename(temporary, path) }
}

/// The terminal and the signals of this program, while it stands for a process in a container.
final class Attachment {
    private let signals: Signals
    private let terminal: Bool
    private var mode: TerminalMode?

    /// Signals are held back from here on; a terminal is set to raw mode.
    init(terminal: Bool) throws {
        self.terminal = terminal
        if terminal {
            guard let descriptor = [0, 1, 2].first(where: { Terminal.isTerminal($0) }) else {
                throw CtrError.message("provided file is not a console")
            }
            signals = try Signals([SIGWINCH])
            mode = try TerminalMode.raw(Int32(descriptor))
        } else {
            signals = try Signals(Signals.forwarded)
        }
    }

    /// Passes signals, or the terminal's size, on to the process.
    func follow(_ client: ContainerdClient, _ id: String, exec: String = "", _ session: Session) {
        let executor = session.executor
        let terminal = self.terminal
        if terminal { Task(executorPreference: executor) { await resizeTerminal(client, id, exec) } }
        signals.onSignal { signal in
            Task(executorPreference: executor) {
                if terminal { return await resizeTerminal(client, id, exec) }
                do throws(GRPCStatus) {
                    try await client.tasks.kill(id, exec: exec, signal: UInt32(signal))
                } catch {
                    if error.isNotFound { return }
                    log("error", "forward signal " + String(signal), [("error", error.containerdText)])
                }
            }
        }
    }

    /// Gives the terminal back as it was.
    func restore() { mode?.restore() }
}

/// Gives a process's terminal the size of ours.
func resizeTerminal(_ client: ContainerdClient, _ id: String, _ exec: String = "") async {
    guard let size = Terminal.size(0) ?? Terminal.size(1) else { return }
    // A process that has just ended has no size.
    try? await client.tasks.resize(id, exec: exec, width: UInt32(size.columns), height: UInt32(size.rows))
}

/// A task that this program makes.
final class TaskLife {
    let session: Session
    let client: ContainerdClient
    let id: String
    let streams: TaskStreams
    private(set) var pid: UInt32 = 0

    init(session: Session, client: ContainerdClient, id: String, streams: TaskStreams) {
        self.session = session
        self.client = client
        self.id = id
        self.streams = streams
    }

    /// Makes the task from the container's snapshot; the pipes go when that fails.
    func create(_ container: ContainersService.Container, noPivot: Bool = false) async throws {
        do {
            var request = TasksService.CreateTaskRequest(
                containerId: id, stdin: streams.stdin, stdout: streams.stdout, stderr: streams.stderr,
                terminal: streams.terminal)
            if !container.snapshotKey.isEmpty {
                request.rootfs = try await client.snapshots(container.snapshotter).mounts(container.snapshotKey)
            }
            if noPivot { request.options = ProtobufAny(packing: RuncOptions.Options(noPivotRoot: true)) }
            pid = try await client.tasks.create(request).pid
        } catch {
            streams.remove()
            throw error
        }
        let (client, id, executor) = (self.client, self.id, session.executor)
        streams.copyInput {
            Task(executorPreference: executor) {
                // A process that has just ended has no input to close.
                try? await client.tasks.closeIO(id)
            }
        }
    }

    /// Begins to wait for the end before the start, so that a short life is not missed.
    func startWaiting() -> Task<TasksService.WaitResponse, any Error> {
        let (client, id) = (self.client, self.id)
        return Task(executorPreference: session.executor) { try await client.tasks.wait(id) }
    }
}
