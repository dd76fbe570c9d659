internal import CLinux
internal import ContainerdAPI
internal import ContainerdClient
internal import Flags
internal import GRPC
internal import GoText
internal import JSON
internal import Linux
internal import Protobuf
internal import TextTable

func tasksCommand() -> Command {
    Command(
        "tasks", "t", "task", usage: "manage tasks",
        subcommands: [
            attachTask(), checkpointTask(), deleteTasks(), execTask(), listTasks(), killTask(), pauseTask(),
            taskProcesses(), resumeTask(), startTask(), taskMetrics(),
        ])
}

extension ContainerdTypes.Status {
    /// The name in the protocol.
    var text: String {
        switch self {
        case .created: "CREATED"
        case .running: "RUNNING"
        case .stopped: "STOPPED"
        case .paused: "PAUSED"
        case .pausing: "PAUSING"
        default: "UNKNOWN"
        }
    }
}

private func listTasks() -> Command {
    Command("list", "ls", usage: "list tasks", arguments: "[flags]") { flags in
        let quiet = flags.bool("quiet", "q", usage: "print only the task id")
        return { (session, _) in
            let all = try await session.client().tasks.list()
            if quiet.value { return all.forEach { session.print($0.id) } }
            var text = "TASK\tPID\tSTATUS\t\n"
            for task in all { text += task.id + "\t" + String(task.pid) + "\t" + task.status.text + "\n" }
            Console.out(aligned(text, minimumWidth: 4, padding: 4))
        }
    }
}

private func killTask() -> Command {
    Command("kill", usage: "signal a container (default: SIGTERM)", arguments: "[flags] CONTAINER") { flags in
        let signal = flags.string("signal", "s", usage: "signal to send to the container")
        let exec = flags.string("exec-id", usage: "process ID to kill")
        let all = flags.bool("all", "a", usage: "send signal to all processes inside the container")
        return { (session, arguments) in
            let id = arguments.first ?? ""
            if id.isEmpty { throw CtrError.message("container id must be provided") }
            let named = signal.value.isEmpty ? nil : try signalNumber(signal.value)
            if all.value && !exec.value.isEmpty {
                throw CtrError.message("specify an exec-id or all; not both")
            }
            let client = try await session.client()
            let found = try await container(id, client)
            let own = found.labels["io.containerd.image.config.stop-signal"] ?? "SIGTERM"
            let number = try named ?? signalNumber(own)
            _ = try await client.tasks.get(id)
            try await client.tasks.kill(id, exec: exec.value, signal: UInt32(number), all: all.value)
        }
    }
}

private let signalNames: [String: Int32] = [
    "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10,
    "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "STKFLT": 16, "CHLD": 17, "CONT": 18, "STOP": 19,
    "TSTP": 20, "TTIN": 21, "TTOU": 22, "URG": 23, "XCPU": 24, "XFSZ": 25, "VTALRM": 26, "PROF": 27, "WINCH": 28,
    "IO": 29, "POLL": 29, "PWR": 30, "SYS": 31,
]

/// A signal by its number or its name, with or without "SIG".
private func signalNumber(_ text: String) throws -> Int32 {
    if let number = Int32(text) { return number }
    let upper = text.uppercased()
    let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
    if let number = signalNames[name] { return number }
    if name == "RTMIN" { return 34 }
    if name == "RTMAX" { return 64 }
    if name.hasPrefix("RTMIN+"), let offset = Int32(name.dropFirst(6)), offset <= 30 { return 34 + offset }
    if name.hasPrefix("RTMAX-"), let offset = Int32(name.dropFirst(6)), offset <= 30 { return 64 - offset }
    throw CtrError.message("invalid signal: " + text)
}

private func pauseTask() -> Command {
    Command("pause", usage: "pause an existing container", arguments: "CONTAINER") { _ in
        { (session, arguments) in
            let client = try await session.client()
            let id = try await task(arguments.first ?? "", client)
            try await client.tasks.pause(id)
        }
    }
}

private func resumeTask() -> Command {
    Command("resume", usage: "resume a paused container", arguments: "CONTAINER") { _ in
        { (session, arguments) in
            let client = try await session.client()
            let id = try await task(arguments.first ?? "", client)
            try await client.tasks.resume(id)
        }
    }
}

/// The id of a container that is there and has a task; words for the one or the other that is missing.
func task(_ id: String, _ client: ContainerdClient) async throws -> String {
    if id.isEmpty {
        throw GRPCStatus(.notFound, "container \"\" in namespace " + goQuoted(client.namespace) + ": not found")
    }
    _ = try await container(id, client)
    do throws(GRPCStatus) {
        _ = try await client.tasks.get(id)
    } catch {
        guard error.isNotFound else { throw error }
        throw CtrError.message("no running task found: " + error.containerdText)
    }
    return id
}

private func taskProcesses() -> Command {
    Command("ps", usage: "list processes for container", arguments: "CONTAINER") { _ in
        { (session, arguments) in
            let id = arguments.first ?? ""
            if id.isEmpty { throw CtrError.message("container id must be provided") }
            let client = try await session.client()
            _ = try await task(id, client)
            var text = "PID\tINFO\n"
            for process in try await client.tasks.pids(id) {
                var details = "-"
                if let info = process.info { details = try processText(info) }
                text += String(process.pid) + "\t" + details + "\n"
            }
            Console.out(aligned(text, minimumWidth: 1, padding: 4))
        }
    }
}

/// What is known of a process, as Go prints the message.
private func processText(_ info: ProtobufAny) throws -> String {
    guard let details = try info.unpack(RuncOptions.ProcessDetails.self) else { return anyJSON(info).text() }
    return "&ProcessDetails{ExecID:" + details.execId + ",XXX_unrecognized:[],}"
}

private func deleteTasks() -> Command {
    Command(
        "delete", "del", "remove", "rm", usage: "delete one or more tasks", arguments: "CONTAINER [CONTAINER, ...]"
    ) { flags in
        let force = flags.bool("force", "f", usage: "force delete task process")
        let exec = flags.string("exec-id", usage: "process ID to kill")
        return { (session, arguments) in
            let client = try await session.client()
            if !exec.value.isEmpty {
                let id = try await task(arguments.first ?? "", client)
                if force.value { try await killAndWait(id, exec.value, client) }
                try await checkStopped(id, exec.value, client)
                let end = try await client.tasks.delete(id, exec: exec.value)
                if end.exitStatus != 0 { throw CtrError.exit(Int32(bitPattern: end.exitStatus)) }
                return
            }
            var failure: (any Error)?
            for id in arguments {
                do {
                    _ = try await task(id, client)
                } catch {
                    failure = failure ?? error
                    log("error", "failed to load task from " + id, [("error", words(error))])
                    continue
                }
                do {
                    if force.value { try await killAndWait(id, "", client) }
                    try await checkStopped(id, "", client)
                    let end = try await client.tasks.delete(id)
                    if end.exitStatus != 0 {
                        log("warning", "task " + id + " exit with non-zero exit code " + String(end.exitStatus))
                    }
                } catch {
                    failure = failure ?? error
                    log("error", "unable to delete " + id, [("error", words(error))])
                }
            }
            if let failure { throw failure }
        }
    }
}

/// Refuses what still runs.
private func checkStopped(_ id: String, _ exec: String, _ client: ContainerdClient) async throws {
    let state: ContainerdTypes.Process
    do throws(GRPCStatus) {
        state = try await client.tasks.get(id, exec: exec)
    } catch {
        guard !exec.isEmpty, error.isNotFound else { throw error }
        throw CtrError.message("no running process found: " + error.containerdText)
    }
    if state.status == .stopped || state.status == .unknown { return }
    throw GRPCStatus(
        .failedPrecondition, "task must be stopped before deletion: " + state.status.text.lowercased())
}

/// Kills a process and waits for its end; one that has ended already is fine.
private func killAndWait(_ id: String, _ exec: String, _ client: ContainerdClient) async throws {
    do throws(GRPCStatus) {
        try await client.tasks.kill(id, exec: exec, signal: UInt32(SIGKILL), all: exec.isEmpty)
        _ = try await client.tasks.wait(id, exec: exec)
    } catch {
        guard error.code == .notFound || error.code == .failedPrecondition else { throw error }
    }
}

private func checkpointTask() -> Command {
    Command("checkpoint", usage: "checkpoint a container", arguments: "[flags] CONTAINER") { flags in
        flags.bool("exit", usage: "stop the container after the checkpoint")
        flags.string("image-path", usage: "path to criu image files")
        flags.string("work-path", usage: "path to criu work files and logs")
        return { (session, arguments) in
            let id = arguments.first ?? ""
            if id.isEmpty { throw CtrError.message("container id must be provided") }
            let client = try await session.client()
            _ = try await task(id, client)
            throw CtrError.message("checkpointing tasks is not supported")
        }
    }
}
