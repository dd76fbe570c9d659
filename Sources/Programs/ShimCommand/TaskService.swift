internal import CLinux
internal import ContainerdAPI
internal import Linux
internal import Protobuf
internal import TTRPC

/// The Task service, version 2: every call is answered on one thread, and none waits for another one's runtime.
final class TaskService {
    let loop: EventLoop
    let namespace: String
    let log: ShimLog
    let events: EventPublisher
    let reaper: Reaper
    var containers: [String: Container] = [:]
    /// Ends of processes whose pid nobody has read yet, kept while a runtime is making processes.
    var earlyExits: [Int32: ExitStatus] = [:]
    var launches = 0
    /// Called when the shim is to end.
    var onShutdown: () -> Void = {}

    init(loop: EventLoop, namespace: String, log: ShimLog, events: EventPublisher, reaper: Reaper) {
        self.loop = loop
        self.namespace = namespace
        self.log = log
        self.events = events
        self.reaper = reaper
        reaper.onOther = { self.processEnded($0) }
    }

    /// Answers one call, now or later.
    func handle(_ call: TTRPCCall) {
        log.debug("call " + call.method)
        guard call.service == TaskAPI.service else {
            return call.fail(TTRPCError(.unimplemented, "service " + call.service))
        }
        switch call.method {
        case "State": with(call, state)
        case "Create": with(call, create)
        case "Start": with(call, start)
        case "Delete": with(call, delete)
        case "Pids": with(call, pids)
        case "Pause": with(call, pause)
        case "Resume": with(call, resume)
        case "Checkpoint":
            call.fail(TTRPCError(.unimplemented, "checkpoint is not supported by this shim: not implemented"))
        case "Kill": with(call, kill)
        case "Exec": with(call, exec)
        case "ResizePty": with(call, resizePty)
        case "CloseIO": with(call, closeIO)
        case "Update": with(call, update)
        case "Wait": with(call, wait)
        case "Stats": with(call, stats)
        case "Connect": with(call, connect)
        case "Shutdown": with(call, shutdown)
        default: call.fail(TTRPCError(.unimplemented, "method " + call.method))
        }
    }

    private func with<Request: ProtobufMessage>(
        _ call: TTRPCCall, _ body: (Request, TTRPCCall) throws(TTRPCError) -> Void
    ) {
        do throws(ProtobufError) {
            let request = try Request(protobuf: call.payload)
            do throws(TTRPCError) {
                try body(request, call)
            } catch {
                call.fail(error)
            }
        } catch {
            call.fail(TTRPCError(.invalidArgument, "unmarshal error: " + error.description))
        }
    }

    // MARK: Finding

    func container(_ id: String) throws(TTRPCError) -> Container {
        guard let found = containers[id] else { throw TTRPCError(.notFound, "container not created: not found") }
        return found
    }

    func process(_ container: Container, _ execId: String) throws(TTRPCError) -> TaskProcess {
        guard let found = container.process(execId) else {
            throw TTRPCError(.notFound, "process does not exist " + execId + ": not found")
        }
        return found
    }

    // MARK: Questions

    private func state(_ request: TaskAPI.StateRequest, _ call: TTRPCCall) throws(TTRPCError) {
        let container = try container(request.id)
        let process = try process(container, request.execId)
        var response = TaskAPI.StateResponse()
        response.id = process.isInit ? container.id : process.execId
        response.bundle = container.bundle
        response.pid = UInt32(bitPattern: process.pid)
        // While the container is paused, all of its processes are.
        let paused = container.initProcess.phase == .paused
        response.status = paused ? .paused : process.phase.status
        response.stdin = process.names.stdin
        response.stdout = process.names.stdout
        response.stderr = process.names.stderr
        response.terminal = process.names.terminal
        response.exitStatus = process.exitStatus
        response.exitedAt = process.exitedAt
        call.succeed(response)
    }

    private func wait(_ request: TaskAPI.WaitRequest, _ call: TTRPCCall) throws(TTRPCError) {
        try process(try container(request.id), request.execId).wait(call)
    }

    private func connect(_ request: TaskAPI.ConnectRequest, _ call: TTRPCCall) throws(TTRPCError) {
        var response = TaskAPI.ConnectResponse()
        response.shimPid = UInt32(bitPattern: getpid())
        response.taskPid = UInt32(bitPattern: containers[request.id]?.initProcess.pid ?? 0)
        call.succeed(response)
    }

    private func pids(_ request: TaskAPI.PidsRequest, _ call: TTRPCCall) throws(TTRPCError) {
        let container = try container(request.id)
        var found: [Int32] = []
        if let directory = container.cgroup?.processes { TaskService.collectPids(directory, &found) }
        var response = TaskAPI.PidsResponse()
        response.processes = found.sorted().map { pid in
            var entry = ContainerdTypes.ProcessInfo()
            entry.pid = UInt32(bitPattern: pid)
            if let exec = container.execs.values.first(where: { $0.pid == pid }) {
                var details = RuncOptions.ProcessDetails()
                details.execId = exec.execId
                entry.info = ProtobufAny(packing: details)
            }
            return entry
        }
        call.succeed(response)
    }

    /// The processes of a cgroup and of those below it.
    private static func collectPids(_ directory: String, _ found: inout [Int32]) {
        // A cgroup that has just gone has no processes.
        guard let text = try? Files.readText(directory + "/cgroup.procs") else { return }
        for line in text.split(separator: "\n") { if let pid = Int32(line) { found.append(pid) } }
        for name in (try? Files.names(in: directory)) ?? [] where Files.isDirectory(directory + "/" + name) {
            collectPids(directory + "/" + name, &found)
        }
    }

    private func stats(_ request: TaskAPI.StatsRequest, _ call: TTRPCCall) throws(TTRPCError) {
        guard let cgroup = try container(request.id).cgroup else {
            throw TTRPCError(.notFound, "cgroup does not exist: not found")
        }
        var response = TaskAPI.StatsResponse()
        response.stats = Metrics.read(cgroup)
        call.succeed(response)
    }

    // MARK: Streams

    private func resizePty(_ request: TaskAPI.ResizePtyRequest, _ call: TTRPCCall) throws(TTRPCError) {
        let process = try process(try container(request.id), request.execId)
        if !process.isInit && process.hasExited { throw TTRPCError(.unknown, "cannot resize a stopped container") }
        do throws(SystemCallError) {
            try process.streams?.resize(width: request.width, height: request.height)
        } catch {
            throw TTRPCError(.unknown, error.reason)
        }
        call.succeed(ProtobufEmpty())
    }

    private func closeIO(_ request: TaskAPI.CloseIORequest, _ call: TTRPCCall) throws(TTRPCError) {
        try process(try container(request.id), request.execId).streams?.closeInput()
        call.succeed(ProtobufEmpty())
    }

    private func shutdown(_ request: TaskAPI.ShutdownRequest, _ call: TTRPCCall) throws(TTRPCError) {
        call.succeed(ProtobufEmpty())
        if containers.isEmpty { onShutdown() }
    }

    // MARK: The end of processes

    private func processEnded(_ exit: ChildExit) {
        for container in containers.values {
            let process =
                container.initProcess.pid == exit.pid
                ? container.initProcess : container.execs.values.first { $0.pid == exit.pid }
            guard let process, !process.hasExited else { continue }
            if process.isStarting { process.heldExit = exit.status } else { end(process, of: container, exit.status) }
            return
        }
        if launches > 0 { earlyExits[exit.pid] = exit.status }
    }

    /// Takes note of a process's end and tells everybody.
    func end(_ process: TaskProcess, of container: Container, _ status: ExitStatus) {
        if process.isInit && container.sharesPidNamespace { killAll(container) }
        process.streams?.drain()
        process.exited(status)
        var event = ContainerdEvents.TaskExit()
        event.containerId = container.id
        event.id = process.isInit ? container.id : process.execId
        event.pid = UInt32(bitPattern: process.pid)
        event.exitStatus = process.exitStatus
        event.exitedAt = process.exitedAt
        events.publish("/tasks/exit", event)
    }

    private func killAll(_ container: Container) {
        container.initProcess.exclusively { [self] done in
            run(container.runtime, ["kill", "--all", container.id, "9"]) { [log] result in
                if case .failure(let failure) = result {
                    log.debug("failed to kill init's children: " + failure.message)
                }
                done()
            }
        }
    }

    /// The pid of a process that a runtime has just made is known from now on: its end may have come before.
    func launched(_ process: TaskProcess, of container: Container) {
        launches -= 1
        if process.pid > 0, let status = earlyExits.removeValue(forKey: process.pid) {
            if process.isStarting { process.heldExit = status } else { end(process, of: container, status) }
        }
        if launches == 0 { earlyExits = [:] }
    }

    // MARK: The runtime

    /// Runs the runtime to its end without waiting for it here.
    func run(
        _ runtime: Runtime, _ arguments: [String], descriptors: [Int32]? = nil, input: [UInt8]? = nil,
        completion: @escaping (Result<Void, RuntimeFailure>) -> Void
    ) {
        // What it prints goes where nobody has to read along.
        let output = descriptors == nil ? cl_memfd_create("output", UInt32(CL_MFD_CLOEXEC)) : -1
        var inputFile: Int32 = -1
        if let input {
            inputFile = cl_memfd_create("input", UInt32(CL_MFD_CLOEXEC))
            // A short write shows as JSON that the runtime refuses.
            try? writeEverything(input, to: inputFile)
            lseek(inputFile, 0, SEEK_SET)
        }
        do throws(SystemCallError) {
            let pid = try runtime.command(arguments, descriptors: descriptors ?? [inputFile, output, output]).start()
            reaper.expect(pid) { status in
                let printed = output >= 0 ? TaskService.contents(output) : ""
                if output >= 0 { close(output) }
                completion(TaskService.outcome(status, runtime.program, printed))
            }
        } catch {
            if output >= 0 { close(output) }
            let words =
                error.number == ENOENT && !runtime.program.utf8.contains(47)
                ? "exec: \"" + runtime.program + "\": executable file not found in $PATH"
                : "fork/exec " + runtime.program + ": " + error.reason
            completion(.failure(RuntimeFailure(message: words)))
        }
        if inputFile >= 0 { close(inputFile) }
    }

    private static func outcome(_ status: ExitStatus, _ program: String, _ printed: String)
        -> Result<Void, RuntimeFailure>
    {
        if status == .exited(0) { return .success(()) }
        let words = program + " did not terminate successfully: exit status " + String(status.shellStatus)
        return .failure(RuntimeFailure(message: printed.isEmpty ? words : words + ": " + printed))
    }

    private static func contents(_ file: Int32) -> String {
        lseek(file, 0, SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
        return String(decoding: bytes[0..<max(0, count)], as: UTF8.self)
    }
}
