internal import ContainerdAPI
public import EngineAPI
internal import GRPC
internal import JSON
internal import Linux
internal import Networks
internal import OCIRuntime
internal import Protobuf
internal import Workers

extension Engine {
    /// Starts a container that does not run. 304 when it does.
    public func start(_ reference: String) async throws(EngineError) {
        let container = try find(reference)
        try await container.operations.perform { () async throws(EngineError) in
            try await self.startInLine(container, byPolicy: false)
        }
    }

    /// The same for the holder of the container's line.
    func startInLine(_ container: Container, byPolicy: Bool) async throws(EngineError) {
        if shuttingDown.withLock({ $0 }) { throw .unavailable("the daemon is shutting down") }
        if container.run.isBeingRemoved {
            throw .conflict("container is marked for removal and cannot be started")
        }
        try container.handle(.startRequested(byPolicy: byPolicy))
        if !byPolicy {
            container.updateRun { run in
                run.restart?.cancel()
                run.restart = nil
                run.backoff = RestartBackoff()
            }
        }
        do throws(EngineError) {
            try await launch(container)
        } catch {
            await startFailed(container, error)
            throw error
        }
    }

    private func startFailed(_ container: Container, _ error: EngineError) async {
        await releaseRun(container)
        let status = StartFailure.exitCode(error)
        // The event is taken in every phase.
        _ = try? container.handle(.startFailed(status: status, message: error.message))
        container.hub.end(nil)
        await saveOrReport(container)
        // Nothing exited: who waits for the next exit goes on waiting, as with upstream.
        container.notify([.notRunning])
        if container.record.hostConfig.autoRemove {
            Task { await self.removeAutomatically(container) }
        }
    }

    private func launch(_ container: Container) async throws(EngineError) {
        let prepared = try await prepare(container)
        let spec = try SpecBuilder(prepared.inputs).build()
        let runtime = runtimeOptions(prepared.inputs.record.hostConfig.runtime)
        try await createInContainerd(container, spec, runtime)
        var request = TasksService.CreateTaskRequest()
        request.containerId = container.id
        request.rootfs = prepared.rootMounts
        request.stdin = prepared.streams.paths.input
        request.stdout = prepared.streams.paths.output
        request.stderr = prepared.streams.paths.error
        request.terminal = prepared.inputs.record.config.tty
        let command = prepared.inputs.record.path
        let pid = try await startTask(request, prepared.streams, command)
        try container.handle(.started(pid: pid, at: Clock.now))
        container.hub.startInput(prepared.streams)
        await saveOrReport(container)
        publish("start", container.record)
        beginHealthChecks(container)
    }

    private func startTask(
        _ request: TasksService.CreateTaskRequest, _ streams: ProcessStreams, _ command: String
    ) async throws(EngineError) -> Int {
        func telling<Value: Sendable>(
            _ body: () async throws(GRPCStatus) -> Value
        ) async throws(EngineError) -> Value {
            do throws(GRPCStatus) { return try await body() } catch {
                throw StartFailure.translated(error.containerdText, command: command)
            }
        }
        let made = try await telling { () async throws(GRPCStatus) in try await self.containerd.tasks.create(request) }
        try streams.begin()
        _ = try await telling { () async throws(GRPCStatus) in
            try await self.containerd.tasks.start(request.containerId)
        }
        return Int(made.pid)
    }

    /// The record from which containerd makes the task. One that an earlier run left behind is replaced.
    private func createInContainerd(
        _ container: Container, _ spec: Spec, _ runtime: RuncOptions.Options
    ) async throws(EngineError) {
        var record = ContainersService.Container()
        record.id = container.id
        record.labels = ["com.docker/engine.bundle.path": streamDirectory(container.id)]
        record.runtime = .init(name: "io.containerd.runc.v2", options: ProtobufAny(packing: runtime))
        record.spec = ProtobufAny(
            typeURL: "types.containerd.io/opencontainers/runtime-spec/1/Spec",
            value: spec.json.encoded(escapingHTML: false))
        record.snapshotter = "overlayfs"
        record.snapshotKey = container.record.snapshotKey
        do throws(GRPCStatus) {
            try await containerd.containers.create(record)
        } catch {
            guard error.code == .alreadyExists else { throw Engine.failure(error) }
            await deleteInContainerd(container.id, killing: true)
            let again = record
            _ = try await calling { () async throws(GRPCStatus) in try await self.containerd.containers.create(again) }
        }
    }

    private func runtimeOptions(_ name: String) -> RuncOptions.Options {
        var options = RuncOptions.Options()
        options.binaryName =
            configuration.runtimes[name] ?? configuration.runtimes[configuration.defaultRuntime] ?? "runc"
        options.root = configuration.execRoot + "/runtime-runc"
        return options
    }

    func streamDirectory(_ id: String) -> String { configuration.execRoot + "/containerd/" + id }

    /// Everything of a run outside containerd: given back whatever has been made of it. Safe to repeat.
    func releaseRun(_ container: Container) async {
        let record = container.record
        let run = container.updateRun { run -> Container.Run in
            let before = run
            run.streams = nil
            run.shmPath = ""
            run.health?.cancel()
            run.health = nil
            return before
        }
        run.streams?.close()
        async let outside: Void = releaseOutside(record, run)
        await forgetTask(container, killing: true)
        await outside
    }

    func releaseOutside(_ record: ContainerRecord, _ run: Container.Run) async {
        let (networks, volumes, report) = (networks, volumes, configuration.report)
        let directory = streamDirectory(record.id)
        for mount in record.mounts where mount.type == "volume" && record.life.isRunning {
            events.publish(
                "volume", "unmount", mount.name, ["container": record.id, "driver": mount.driver])
        }
        await Workers.shared.run {
            do throws(EngineError) {
                try networks.release(record.id)
            } catch {
                report("container \(record.id): cannot release its network: \(error.message)")
            }
            for mount in record.mounts where mount.type == "volume" {
                do {
                    try volumes.unmount(mount.name, for: record.id)
                } catch {
                    report("container \(record.id): cannot unmount volume \(mount.name): \(error)")
                }
            }
            SharedMemory.unmount(run.shmPath)
            do throws(SystemCallError) {
                try Files.removeTree(directory)
            } catch {
                report("container \(record.id): \(error)")
            }
        }
    }

    /// Removes what containerd has of a run, or notes that it could not.
    func forgetTask(_ container: Container, killing: Bool) async {
        let isForgotten = await deleteInContainerd(container.id, killing: killing)
        container.updateRun { $0.isLeftInContainerd = !isForgotten }
    }

    /// Removes the task and the record in containerd; what is not there is no error. False when something is left.
    @discardableResult
    func deleteInContainerd(_ id: String, killing: Bool) async -> Bool {
        do throws(GRPCStatus) {
            try await tolerating { () async throws(GRPCStatus) in try await self.deleteTask(id, killing: killing) }
            try await containerd.containers.delete(id)
        } catch {
            if error.code == .notFound { return true }
            configuration.report("container \(id): \(error.containerdText)")
            return false
        }
        return true
    }

    /// A task that refuses because it runs is killed first, if it may be. The refusal has no code of its own: it comes
    /// from the shim.
    private func deleteTask(_ id: String, killing: Bool) async throws(GRPCStatus) {
        do throws(GRPCStatus) {
            try await containerd.tasks.delete(id)
        } catch {
            if !killing || error.code == .notFound { throw error }
            try await tolerating { () async throws(GRPCStatus) in
                try await self.containerd.tasks.kill(id, signal: 9, all: true)
            }
            _ = try await containerd.with(timeout: .seconds(5)).tasks.wait(id)
            try await containerd.tasks.delete(id)
        }
    }

    /// What is not there needs nothing done to it.
    private func tolerating(_ body: () async throws(GRPCStatus) -> Void) async throws(GRPCStatus) {
        do throws(GRPCStatus) { try await body() } catch { if error.code != .notFound { throw error } }
    }
}

/// Upstream's reading of a failed start.
enum StartFailure {
    static func translated(_ text: String, command: String) -> EngineError {
        let lower = text.lowercased()
        func has(_ part: String) -> Bool { contains(lower, part) }
        let words = "failed to create task for container: " + text
        let isMissing =
            has("executable file not found") || has("no such file or directory")
            || has("system cannot find the file specified") || has("failed to run runc create/exec call")
        if contains(lower, command.lowercased()) && isMissing { return .invalid(words) }
        if has("permission denied") || has("is a directory") { return .invalid(words) }
        if has("not a directory") {
            return .invalid(
                words + ": Are you trying to mount a directory onto a file (or vice-versa)? Check if the"
                    + " specified host path exists and is the expected type")
        }
        return .failed(words)
    }

    /// The exit status that a container which could not be started is given.
    static func exitCode(_ error: EngineError) -> Int {
        let lower = error.message.lowercased()
        if contains(lower, "executable file not found") || contains(lower, "no such file or directory") { return 127 }
        if contains(lower, "permission denied") || contains(lower, "is a directory")
            || contains(lower, "not a directory")
        {
            return 126
        }
        return 128
    }

    static func contains(_ text: String, _ part: String) -> Bool {
        if part.isEmpty { return true }
        let bytes = Array(text.utf8)
        let wanted = Array(part.utf8)
        guard bytes.count >= wanted.count else { return false }
        return (0...(bytes.count - wanted.count)).contains { bytes[$0..<($0 + wanted.count)].elementsEqual(wanted) }
    }
}
