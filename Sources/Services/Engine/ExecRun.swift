internal import ContainerdAPI
public import EngineAPI
internal import GRPC
internal import JSON
internal import Linux
internal import OCIRuntime
internal import Protobuf
internal import Workers

extension Engine {
    /// `POST /containers/{id}/exec`: notes what is to be run and answers its id.
    public func createExec(_ reference: String, _ config: ExecConfig) throws(EngineError) -> String {
        if (config.cmd ?? []).isEmpty { throw .invalid("No exec command specified") }
        let container = try find(reference)
        let record = container.record
        if record.life.phase == .paused {
            throw .conflict("Container \(record.id) is paused, unpause the container before exec")
        }
        if record.life.phase == .restarting {
            throw .conflict("Container \(record.id) is restarting, wait until the container is running")
        }
        guard record.life.isRunning else { throw .notRunning(record.id) }
        for variable in config.env ?? [] where variable.isEmpty || variable.hasPrefix("=") {
            throw .invalid("invalid environment variable: " + variable)
        }
        let keys = try DetachKeys(checking: config.detachKeys)
        forgetOldExecs()
        let exec = Exec(id: randomHex(bytes: 32), containerID: record.id, config: config, detachKeys: keys)
        execs.withLock { $0[exec.id] = exec }
        let words = (config.cmd ?? []).joined(separator: " ")
        publish("exec_create: " + words, record, ["execID": exec.id])
        return exec.id
    }

    /// Ended execs are remembered for five minutes, as upstream does.
    private func forgetOldExecs() {
        let now = Clock.monotonic
        execs.withLock { execs in
            execs = execs.filter { entry in
                let state = entry.value.state.withLock { $0 }
                return state.exitCode == nil || now - state.finishedAt < 300_000_000_000
            }
        }
    }

    func findExec(_ id: String) throws(EngineError) -> Exec {
        guard let exec = execs.withLock({ $0[id] }) else { throw .noSuchExec(id) }
        return exec
    }

    /// The container of an exec and what it was asked for, before it is started.
    public func checkExec(_ id: String) throws(EngineError) -> (containerID: String, config: ExecConfig) {
        let exec = try findExec(id)
        guard let container = registry.withLock({ $0.entries[exec.containerID] }) else { throw .noSuchExec(id) }
        let state = exec.state.withLock { $0 }
        if state.exitCode != nil { throw .conflict("exec command \(id) has already run") }
        if state.hasStarted { throw .conflict("exec command \(id) is already running") }
        let life = container.record.life
        if life.phase == .paused {
            throw .conflict("Container \(container.id) is paused, unpause the container before exec")
        }
        guard life.isRunning else { throw .notRunning(container.id) }
        return (exec.containerID, exec.config)
    }

    /// Starts an exec's process.
    func startExec(_ exec: Exec, _ size: Spec.ConsoleSize?) async throws(EngineError) {
        let container = try find(exec.containerID)
        let isFirst = exec.state.withLock { state -> Bool in
            defer { state.hasStarted = true }
            return !state.hasStarted
        }
        guard isFirst else { throw .conflict("exec command \(exec.id) is already running") }
        let record = container.record
        let words = (exec.config.cmd ?? []).joined(separator: " ")
        publish("exec_start: " + words, record, ["execID": exec.id])
        do throws(EngineError) {
            try await launch(exec, container, size)
        } catch {
            exec.state.withLock { $0.streams }?.close()
            exec.hub.end(nil)
            _ = exec.end(StartFailure.exitCode(error))
            throw error
        }
    }

    private func launch(_ exec: Exec, _ container: Container, _ size: Spec.ConsoleSize?) async throws(EngineError) {
        let record = container.record
        async let root = capturing { () async throws(EngineError) in try await self.rootMounts(container) }
        let streams = try await openStreams(exec)
        exec.state.withLock { $0.streams = streams }
        let mounts = try await root.get()
        let process = try await execProcess(exec, record, mounts, size)
        var request = TasksService.ExecProcessRequest()
        request.containerId = record.id
        request.execId = exec.id
        request.stdin = streams.paths.input
        request.stdout = streams.paths.output
        request.stderr = streams.paths.error
        request.terminal = exec.config.tty
        request.spec = ProtobufAny(
            typeURL: "types.containerd.io/opencontainers/runtime-spec/1/Process",
            value: process.json.encoded(escapingHTML: false))
        do throws(GRPCStatus) {
            try await containerd.tasks.exec(request)
        } catch {
            if error.code == .notFound { throw .notRunning(record.id) }
            throw Engine.failure(error)
        }
        do throws(GRPCStatus) {
            let pid = try await containerd.tasks.start(record.id, exec: exec.id)
            exec.state.withLock { state in
                state.isRunning = state.exitCode == nil
                state.pid = Int(pid)
                state.startedAt = Clock.monotonic
            }
            container.update { $0.execIDs.append(exec.id) }
            exec.hub.startInput(streams)
        } catch {
            // The failed process is of no use to anyone.
            _ = try? await containerd.tasks.delete(record.id, exec: exec.id)
            throw StartFailure.execTranslated(error.containerdText, command: process.args.first ?? "")
        }
        try streams.begin()
    }

    private func openStreams(_ exec: Exec) async throws(EngineError) -> ProcessStreams {
        let paths = ProcessStreams.Paths(
            directory: streamDirectory(exec.containerID), process: exec.id, hasInput: exec.config.attachStdin,
            hasTerminal: exec.config.tty)
        let (collector, hub) = (collector, exec.hub)
        let record = exec.config.encoded
        return try await Workers.shared.run { () throws(EngineError) in
            let streams = try ProcessStreams(paths, hub: hub, log: nil, collector: collector)
            do throws(SystemCallError) {
                try Files.write(record, to: paths.record, mode: 0o600)
            } catch {
                throw .failed(error.description)
            }
            return streams
        }
    }

    private func execProcess(
        _ exec: Exec, _ record: ContainerRecord, _ mounts: [ContainerdTypes.Mount], _ size: Spec.ConsoleSize?
    ) async throws(EngineError) -> Spec.Process {
        let config = exec.config
        let options = try SecurityOptions(
            record.hostConfig.securityOpt ?? [], defaultNoNewPrivileges: configuration.noNewPrivileges)
        let privileged = record.hostConfig.privileged || config.privileged
        let capabilities = try CapabilityList.tweaked(
            add: record.hostConfig.capAdd ?? [], drop: record.hostConfig.capDrop ?? [], privileged: privileged)
        let name = config.user.isEmpty ? record.config.user : config.user
        let groups = record.hostConfig.groupAdd ?? []
        let user = try await Workers.shared.run { () throws(EngineError) -> Spec.User in
            let files = RootFiles(mounts)
            let lookup = UserLookup(passwd: files.read("etc/passwd"), group: files.read("etc/group"))
            return try lookup.resolve(name, extraGroups: groups).user
        }
        let base = EnvironmentList.ofContainer(
            record.config.env ?? [], hostname: record.config.hostname, hasTerminal: config.tty)
        let directory = config.workingDir.isEmpty ? record.config.workingDir : config.workingDir
        if !directory.isEmpty && !directory.hasPrefix("/") {
            throw .invalid("cwd must be absolute path: \(directory)")
        }
        var process = Spec.Process(
            args: config.cmd ?? [], env: EnvironmentList.replacing(base, with: config.env ?? []),
            cwd: directory.isEmpty ? "/" : directory)
        process.terminal = config.tty
        process.consoleSize = config.tty ? size : nil
        process.user = user
        // As upstream: a user other than root keeps what the container may at most have in its bounding set alone.
        process.capabilities = Spec.Capabilities(
            bounding: capabilities, effective: capabilities, inheritable: [], permitted: capabilities, ambient: [])
        process.noNewPrivileges = options.noNewPrivileges
        process.rlimits = ResourceLimits.rlimits(record.hostConfig.ulimits, defaults: configuration.defaultUlimits)
        if facts.hasAppArmor && !privileged && options.apparmor != "unconfined" {
            process.apparmorProfile = options.apparmor.isEmpty ? "docker-default" : options.apparmor
        }
        return process
    }

    /// An exec's process has ended.
    func execExited(_ exec: Exec, status: Int) async {
        let streams = exec.state.withLock { state -> ProcessStreams? in
            defer { state.streams = nil }
            return state.streams
        }
        // The shim keeps the status until asked; we have it from the event.
        _ = try? await containerd.tasks.delete(exec.containerID, exec: exec.id)
        await streams?.drain(within: .seconds(2))
        streams?.removeFiles()
        guard exec.end(status) else { return }
        guard let container = registry.withLock({ $0.entries[exec.containerID] }) else { return }
        container.update { record in record.execIDs.removeAll { $0 == exec.id } }
        publish("exec_die", container.record, ["execID": exec.id, "exitCode": String(status)])
    }

    /// The container has ended, and with it all that ran in it.
    func endExecs(of containerID: String) {
        let running = execs.withLock { execs in execs.values.filter { $0.containerID == containerID } }
        for exec in running {
            let streams = exec.state.withLock { state -> ProcessStreams? in
                guard state.exitCode == nil, state.hasStarted else { return nil }
                return state.streams
            }
            guard let streams else { continue }
            streams.close()
            _ = exec.end(137)
        }
    }

    /// `GET /exec/{id}/json`
    public func inspectExec(_ id: String) throws(EngineError) -> ExecInspect {
        let exec = try findExec(id)
        let state = exec.state.withLock { $0 }
        var answer = ExecInspect()
        answer.id = id
        answer.running = state.isRunning
        answer.exitCode = state.exitCode
        answer.openStdin = exec.config.attachStdin
        answer.openStdout = exec.config.attachStdout
        answer.openStderr = exec.config.attachStderr
        answer.canRemove = false
        answer.containerID = exec.containerID
        answer.detachKeys = String(decoding: exec.detachKeys.bytes, as: UTF8.self)
        answer.pid = state.pid
        let words = exec.config.cmd ?? []
        answer.processConfig.tty = exec.config.tty
        answer.processConfig.entrypoint = words.first ?? ""
        answer.processConfig.arguments = Array(words.dropFirst())
        answer.processConfig.privileged = exec.config.privileged
        answer.processConfig.user = exec.config.user
        return answer
    }

    /// `POST /exec/{id}/resize`
    public func resizeExec(_ id: String, width: Int, height: Int) async throws(EngineError) {
        let exec = try findExec(id)
        guard exec.state.withLock({ $0.isRunning }) else { throw .failed("exec process is not started") }
        _ = try await calling { () async throws(GRPCStatus) in
            try await self.containerd.tasks.resize(
                exec.containerID, exec: id, width: UInt32(clamping: width), height: UInt32(clamping: height))
        }
    }
}

extension StartFailure {
    /// A failed exec, in the words the client knows.
    static func execTranslated(_ text: String, command: String) -> EngineError {
        let lower = text.lowercased()
        if contains(lower, "executable file not found") || contains(lower, "no such file or directory")
            || contains(lower, "permission denied") || contains(lower, "not a directory")
            || contains(lower, "is a directory")
        {
            return .invalid(text)
        }
        return .failed(text)
    }
}
