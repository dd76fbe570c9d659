internal import ContainerLogs
internal import ContainerdAPI
public import EngineAPI
internal import GRPC
internal import GoText
internal import JSON
internal import Linux
internal import Networks
internal import Volumes
internal import Workers

extension Engine {
    /// Brings everything to where it was when the daemon last ran: running containers are taken over, ends that were
    /// missed are recorded, what was half made is undone, and what is to run again is started. Once, before any
    /// request.
    public func restore() async throws(EngineError) {
        try await ensureNamespace()
        let records = try await loadRecords()
        for record in records {
            let container = Container(record)
            registry.withLock { registry in
                if !registry.reserve(record.name, for: record.id) {
                    _ = registry.reserve(record.shortID, for: record.id)
                }
                registry.add(container, id: record.id)
            }
        }
        let tasks = try await calling { () async throws(GRPCStatus) in try await self.containerd.tasks.list() }
        let live = Dictionary(tasks.map { ($0.id.isEmpty ? $0.containerId : $0.id, $0) }) { first, _ in first }
        await referVolumes(records)
        try await restoreNetworks(records.filter { live[$0.id].map { $0.status != .stopped } ?? false })
        await withTaskGroup(of: Void.self) { group in
            for container in containers {
                let task = live[container.id]
                group.addTask { await self.restore(container, task) }
            }
        }
        await sweep(live)
        Task { await self.watchContainerd() }
        startByPolicy()
    }

    private func ensureNamespace() async throws(EngineError) {
        do throws(GRPCStatus) {
            try await containerd.namespaces.create(configuration.containerdNamespace)
        } catch {
            if error.code != .alreadyExists { throw Engine.failure(error) }
        }
    }

    private func loadRecords() async throws(EngineError) -> [ContainerRecord] {
        let (store, report) = (store, configuration.report)
        do throws(SystemCallError) {
            return try await Workers.shared.run { () throws(SystemCallError) in
                let (records, broken) = try store.load()
                for folder in broken {
                    report("container \(folder.id): its record cannot be read: \(folder.reason)")
                    // Without a record it was never acknowledged, or is half removed.
                    if !Files.exists(store.file(folder.id, "config.v2.json")) { try store.remove(folder.id) }
                }
                return records
            }
        } catch {
            throw .failed(error.description)
        }
    }

    private func referVolumes(_ records: [ContainerRecord]) async {
        let (volumes, report) = (volumes, configuration.report)
        await Workers.shared.run {
            for record in records {
                for mount in record.mounts where mount.type == "volume" {
                    do throws(EngineError) {
                        try volumes.refer(mount.name, from: record.id)
                    } catch {
                        report("container \(record.id): volume \(mount.name): \(error.message)")
                    }
                }
            }
        }
    }

    private func restoreNetworks(_ running: [ContainerRecord]) async throws(EngineError) {
        let networks = networks
        let ids = running.map(\.id)
        let sandboxes = try await Workers.shared.run { () throws(EngineError) in try networks.restore(live: ids) }
        // A change of networks may have been recorded there and not here.
        for container in containers {
            guard let sandbox = sandboxes[container.id], sandbox.settings != container.record.networkSettings
            else { continue }
            await takeOverOrReport(sandbox, container)
        }
    }

    private func restore(_ container: Container, _ task: ContainerdTypes.Process?) async {
        let record = container.record
        if record.life.phase == .dead {
            await finishRemoval(container)
            return
        }
        if record.life.isRunning {
            if let task, task.status != .stopped, await adopt(container, task) { return }
            await recordMissedExit(container, task)
        } else if task != nil {
            // Its start was never acknowledged.
            await deleteInContainerd(container.id, killing: true)
            await releaseOutside(record, container.run)
        }
        // The phase was checked: it cannot be refused.
        if record.life.phase == .restarting { _ = try? container.handle(.restartGivenUp) }
        if record.hostConfig.autoRemove && record.life.hasBeenStarted {
            Task { await self.removeAutomatically(container) }
        }
    }

    /// A removal that the last daemon began.
    private func finishRemoval(_ container: Container) async {
        await deleteInContainerd(container.id, killing: true)
        do throws(EngineError) {
            try await remove(container.id, force: true)
        } catch {
            configuration.report("container \(container.id): cannot finish its removal: \(error.message)")
        }
    }

    /// Opens the streams of a running task again. False when it has gone meanwhile.
    private func adopt(_ container: Container, _ task: ContainerdTypes.Process) async -> Bool {
        let record = container.record
        let paths = ProcessStreams.Paths(
            directory: streamDirectory(record.id), process: "init", hasInput: record.config.openStdin,
            hasTerminal: record.config.tty)
        let (collector, hub, volumes) = (collector, container.hub, volumes)
        let report = configuration.report
        let open = await Workers.shared.run { () -> ProcessStreams? in
            for mount in record.mounts where mount.type == "volume" {
                do {
                    _ = try volumes.mount(mount.name, for: record.id)
                } catch {
                    report("container \(record.id): volume \(mount.name): \(error)")
                }
            }
            do throws(EngineError) {
                let log = try self.openLog(record)
                let streams = try ProcessStreams(paths, hub: hub, log: log, collector: collector)
                try streams.begin()
                return streams
            } catch {
                report("container \(record.id): cannot take its output over: \(error.message)")
                return nil
            }
        }
        if let open { container.hub.startInput(open) }
        let shm = store.file(record.id, "mounts") + "/shm"
        container.updateRun { run in
            run.streams = open
            if record.hostConfig.ipcMode == "shareable" { run.shmPath = shm }
        }
        // Refused when the container was seen to end meanwhile.
        _ = try? container.handle(.adopted(pid: Int(task.pid), paused: task.status == .paused))
        await adoptExecs(container)
        beginHealthChecks(container)
        return true
    }

    /// Execs that the last daemon left running: their output is read, and thrown away with nobody attached, so that
    /// neither they nor the shim wait for a reader for ever. Their input ends, as when a client goes.
    private func adoptExecs(_ container: Container) async {
        let directory = streamDirectory(container.id)
        let (collector, report) = (collector, configuration.report)
        let found = await Workers.shared.run { () -> [Exec] in
            var found: [Exec] = []
            // A directory that cannot be read holds nothing to adopt.
            for name in (try? Files.names(in: directory)) ?? [] where name.hasSuffix("-stdout") {
                let id = String(name.dropLast(7))
                if id == "init" { continue }
                let hasErrors = Files.exists(directory + "/" + id + "-stderr")
                let paths = ProcessStreams.Paths(
                    directory: directory, process: id, hasInput: false, hasTerminal: !hasErrors)
                let exec = Exec(
                    id: id, containerID: container.id, config: Engine.execConfig(paths.record), detachKeys: .none)
                do throws(EngineError) {
                    let streams = try ProcessStreams(paths, hub: exec.hub, log: nil, collector: collector)
                    try streams.begin()
                    exec.state.withLock { state in
                        state.hasStarted = true
                        state.isRunning = true
                        state.streams = streams
                    }
                    found.append(exec)
                } catch {
                    report("container \(container.id): exec \(id): \(error.message)")
                }
            }
            return found
        }
        container.update { $0.execIDs = found.map(\.id) }
        for exec in found {
            execs.withLock { $0[exec.id] = exec }
            Task { [self] in
                if exec.config.attachStdin { await closeInput(container.id, exec: exec.id) }
                do throws(GRPCStatus) {
                    let process = try await containerd.with(timeout: .seconds(10)).tasks.get(
                        container.id, exec: exec.id)
                    exec.state.withLock { $0.pid = Int(process.pid) }
                    if process.status == .stopped { await execExited(exec, status: Int(process.exitStatus)) }
                } catch {
                    if error.code == .notFound { await execExited(exec, status: 255) }
                }
            }
        }
    }

    /// What an exec was asked for; one whose record was lost is shown without.
    private static func execConfig(_ path: String) -> ExecConfig {
        // Unreadable is as good as lost.
        guard let bytes = try? Files.read(path), let object = try? JSON(parsing: bytes).object,
            let config = try? ExecConfig(json: object)
        else { return ExecConfig() }
        return config
    }

    private func recordMissedExit(_ container: Container, _ task: ContainerdTypes.Process?) async {
        let record = container.record
        let status = task.map { Int($0.exitStatus) } ?? 255
        let moment = task.map { Timestamp($0.exitedAt) } ?? Clock.now
        await drainMissed(container)
        await deleteInContainerd(container.id, killing: true)
        await releaseOutside(record, container.run)
        // Refused when its end is known already.
        _ = try? container.handle(.exited(status: status, at: moment))
        await saveOrReport(container)
    }

    /// What the process wrote after the last daemon had gone and before it ended is still in the fifos, if the shim
    /// lives.
    private func drainMissed(_ container: Container) async {
        let record = container.record
        let paths = ProcessStreams.Paths(
            directory: streamDirectory(record.id), process: "init", hasInput: false, hasTerminal: record.config.tty)
        guard Files.exists(paths.output) else { return }
        let (collector, hub) = (collector, container.hub)
        let streams = await Workers.shared.run { () -> ProcessStreams? in
            // Losing output that cannot be kept is reported by the log itself.
            guard let log = try? self.openLog(record) else { return nil }
            let streams = try? ProcessStreams(paths, hub: hub, log: log, collector: collector)
            // The same: there is nobody to tell.
            try? streams?.begin()
            return streams
        }
        guard let streams else { return }
        streams.close()
        await streams.drain(within: .seconds(1))
    }

    /// Removes tasks, containers and roots in containerd that no record names.
    private func sweep(_ live: [String: ContainerdTypes.Process]) async {
        let known = Set(registry.withLock { $0.entries.keys })
        do {
            let left = try await containerd.containers.list()
            for container in left
            where !known.contains(container.id) && Engine.isID(container.id)
                && container.labels["com.docker/engine.bundle.path"] != nil
            {
                await deleteInContainerd(container.id, killing: true)
            }
            for root in try await images.roots() where !known.contains(root) { try await images.removeRoot(root) }
        } catch {
            configuration.report("cannot sweep containerd: \(error)")
        }
    }

    private static func isID(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    private func startByPolicy() {
        for container in containers {
            let record = container.record
            guard !record.life.isRunning, record.hostConfig.restartPolicy.wantsStartWithDaemon(record.life) else {
                continue
            }
            Task { [self] in
                await container.operations.perform { () async in
                    do throws(EngineError) {
                        try await self.startInLine(container, byPolicy: true)
                    } catch {
                        if error.status != 304 {
                            self.configuration.report("container \(container.id): cannot start it: \(error.message)")
                        }
                    }
                }
            }
        }
    }

    /// Ends what must not outlive the daemon: every container without live restore, none with it.
    public func shutdown() async {
        shuttingDown.withLock { $0 = true }
        for container in containers {
            _ = cancelRestart(container)
            container.updateRun { $0.health?.cancel() }
        }
        if configuration.liveRestore { return }
        let timeout = configuration.shutdownTimeout
        await withTaskGroup(of: Void.self) { group in
            for container in containers where container.record.life.isRunning {
                group.addTask {
                    do throws(EngineError) {
                        let own = container.record.config.stopTimeout ?? timeout
                        try await self.stopRunning(
                            container, signal: nil, timeout: timeout < 0 ? -1 : min(own, timeout))
                    } catch {
                        self.configuration.report("container \(container.id): cannot stop it: \(error.message)")
                    }
                }
            }
        }
        for container in containers { await container.operations.perform { () async in } }
    }
}
