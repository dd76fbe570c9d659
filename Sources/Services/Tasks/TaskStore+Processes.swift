public import ContainerdAPI
public import Metadata
public import Protobuf

/// What can be done with a task and its processes. An empty `execId` is the task's first process.
extension TaskStore {
    public func start(_ id: String, execId: String, in namespace: String) async throws(ServiceError) -> UInt32 {
        var request = TaskAPI.StartRequest()
        request.id = id
        request.execId = execId
        return try await shim(id, namespace).call(TaskAPI.start, request).pid
    }

    public func state(
        _ id: String, execId: String, in namespace: String
    ) async throws(ServiceError) -> ContainerdTypes.Process {
        process(try await shim(id, namespace).state(execId: execId), id, execId)
    }

    private func process(_ state: TaskAPI.StateResponse, _ id: String, _ execId: String) -> ContainerdTypes.Process {
        var process = ContainerdTypes.Process()
        process.id = execId.isEmpty ? id : execId
        process.pid = state.pid
        process.status = state.status
        process.stdin = state.stdin
        process.stdout = state.stdout
        process.stderr = state.stderr
        process.terminal = state.terminal
        process.exitStatus = state.exitStatus
        process.exitedAt = state.exitedAt
        return process
    }

    /// All tasks of a namespace. Shims are asked side by side, and one that does not answer in two seconds is left
    /// out, so that a stuck container hangs no list.
    public func list(in namespace: String) async -> [ContainerdTypes.Process] {
        await gather(in: namespace) { shim in
            guard let state = try? await shim.state() else { return nil }  // Gone meanwhile, or stuck.
            return self.process(state, shim.bundle.id, "")
        }
    }

    private func gather<Element: Sendable>(
        in namespace: String, _ ask: @escaping @Sendable (Shim) async -> Element?
    ) async -> [Element] {
        let shims = all(in: namespace)
        return await withTaskGroup(of: (Int, Element?).self) { group in
            for (index, shim) in shims.enumerated() { group.addTask { (index, await ask(shim)) } }
            var found: [(Int, Element)] = []
            for await (index, element) in group { if let element { found.append((index, element)) } }
            return found.sorted { $0.0 < $1.0 }.map { $0.1 }
        }
    }

    public func kill(
        _ id: String, execId: String, signal: UInt32, all: Bool, in namespace: String
    ) async throws(ServiceError) {
        var request = TaskAPI.KillRequest()
        request.id = id
        request.execId = execId
        request.signal = signal
        request.all = all
        _ = try await shim(id, namespace).call(TaskAPI.kill, request)
    }

    public func exec(_ exec: TasksService.ExecProcessRequest, in namespace: String) async throws(ServiceError) {
        if exec.execId.isEmpty { throw ServiceError(.invalidArgument, "exec id cannot be empty") }
        var request = TaskAPI.ExecProcessRequest()
        request.id = exec.containerId
        request.execId = exec.execId
        request.stdin = exec.stdin
        request.stdout = exec.stdout
        request.stderr = exec.stderr
        request.terminal = exec.terminal
        request.spec = exec.spec
        _ = try await shim(exec.containerId, namespace).call(TaskAPI.exec, request)
    }

    /// Deletes a process that has ended.
    public func delete(_ id: String, execId: String, in namespace: String) async throws(ServiceError) -> TaskExit {
        var request = TaskAPI.DeleteRequest()
        request.id = id
        request.execId = execId
        let response = try await shim(id, namespace).call(TaskAPI.delete, request)
        return TaskExit(pid: response.pid, status: response.exitStatus, exitedAt: response.exitedAt)
    }

    public func resize(
        _ id: String, execId: String, width: UInt32, height: UInt32, in namespace: String
    ) async throws(ServiceError) {
        var request = TaskAPI.ResizePtyRequest()
        request.id = id
        request.execId = execId
        request.width = width
        request.height = height
        _ = try await shim(id, namespace).call(TaskAPI.resizePty, request)
    }

    public func closeIO(_ id: String, execId: String, stdin: Bool, in namespace: String) async throws(ServiceError) {
        var request = TaskAPI.CloseIORequest()
        request.id = id
        request.execId = execId
        request.stdin = stdin
        _ = try await shim(id, namespace).call(TaskAPI.closeIO, request)
    }

    public func pause(_ id: String, in namespace: String) async throws(ServiceError) {
        var request = TaskAPI.PauseRequest()
        request.id = id
        _ = try await shim(id, namespace).call(TaskAPI.pause, request)
    }

    public func resume(_ id: String, in namespace: String) async throws(ServiceError) {
        var request = TaskAPI.ResumeRequest()
        request.id = id
        _ = try await shim(id, namespace).call(TaskAPI.resume, request)
    }

    public func processes(
        _ id: String, in namespace: String
    ) async throws(ServiceError) -> [ContainerdTypes.ProcessInfo] {
        var request = TaskAPI.PidsRequest()
        request.id = id
        return try await shim(id, namespace).call(TaskAPI.pids, request).processes
    }

    public func update(
        _ id: String, resources: ProtobufAny?, annotations: [String: String], in namespace: String
    ) async throws(ServiceError) {
        var request = TaskAPI.UpdateTaskRequest()
        request.id = id
        request.resources = resources
        request.annotations = annotations
        _ = try await shim(id, namespace).call(TaskAPI.update, request)
    }

    /// Waits for the end of a process, however long it takes. A cancelled wait ends at once.
    public func wait(_ id: String, execId: String, in namespace: String) async throws(ServiceError) -> TaskExit {
        var request = TaskAPI.WaitRequest()
        request.id = id
        request.execId = execId
        let response = try await shim(id, namespace).call(TaskAPI.wait, request)
        return TaskExit(pid: 0, status: response.exitStatus, exitedAt: response.exitedAt)
    }

    /// The measurements of those tasks of a namespace that the filter lets through (by `id`, `namespace`).
    public func metrics(matching filter: Filter, in namespace: String) async -> [ContainerdTypes.Metric] {
        await gather(in: namespace) { shim in
            let read: FieldReader = { path in
                switch path[0] {
                case "id": shim.bundle.id
                case "namespace": shim.bundle.namespace
                default: nil
                }
            }
            guard filter.matches(read) else { return nil }
            var request = TaskAPI.StatsRequest()
            request.id = shim.bundle.id
            let now = nanosecondsNow()
            // A task that has no processes has no measurements either: it is left out.
            guard let stats = try? await shim.call(TaskAPI.stats, request, timeout: 5_000) else { return nil }
            var metric = ContainerdTypes.Metric()
            metric.timestamp = ProtobufTimestamp(nanoseconds: now)
            metric.id = shim.bundle.id
            metric.data = stats.stats
            return metric
        }
    }
}
