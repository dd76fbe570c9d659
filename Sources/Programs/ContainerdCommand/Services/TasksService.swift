internal import ContainerdAPI
internal import GRPC
internal import Metadata
internal import Protobuf
internal import Tasks

extension Services {
    /// Lives of tasks as a whole.
    func registerTasks(on router: inout GRPCRouter) {
        router.unary(TasksService.create) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let pid = try await create(request, scope)
            return TasksService.CreateTaskResponse(containerId: request.containerId, pid: pid)
        }
        router.unary(TasksService.start) { [self] (request, context) throws(GRPCStatus) in
            let scope = try await taskScope(request.containerId, context)
            let pid = try await awaiting { () throws(ServiceError) in
                try await tasks.start(request.containerId, execId: request.execId, in: scope.namespace)
            }
            return TasksService.StartResponse(pid: pid)
        }
        router.unary(TasksService.delete) { [self] (request, context) throws(GRPCStatus) in
            let scope = try await taskScope(request.containerId, context)
            let exit = try await awaiting { () throws(ServiceError) in
                try await tasks.delete(request.containerId, in: scope.namespace)
            }
            return TasksService.DeleteResponse(exit, id: "")
        }
        router.unary(TasksService.list) { [self] (_, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            return TasksService.ListTasksResponse(tasks: await tasks.list(in: scope.namespace))
        }
        router.unary(TasksService.metrics) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let filter = try Filter(uncoded: request.filters)
            return TasksService.MetricsResponse(metrics: await tasks.metrics(matching: filter, in: scope.namespace))
        }
        router.unary(TasksService.pause) { [self] (request, context) throws(GRPCStatus) in
            let scope = try await taskScope(request.containerId, context)
            try await awaiting { () throws(ServiceError) in
                try await tasks.pause(request.containerId, in: scope.namespace)
            }
            return ProtobufEmpty()
        }
        router.unary(TasksService.resume) { [self] (request, context) throws(GRPCStatus) in
            let scope = try await taskScope(request.containerId, context)
            try await awaiting { () throws(ServiceError) in
                try await tasks.resume(request.containerId, in: scope.namespace)
            }
            return ProtobufEmpty()
        }
        router.unary(TasksService.checkpoint) { (_, _) throws(GRPCStatus) in
            throw GRPCStatus(.unimplemented, "checkpoint is not supported: not implemented")
        }
        router.unary(TasksService.update) { [self] (request, context) throws(GRPCStatus) in
            let scope = try await taskScope(request.containerId, context)
            try await awaiting { () throws(ServiceError) in
                try await tasks.update(
                    request.containerId, resources: request.resources, annotations: request.annotations,
                    in: scope.namespace)
            }
            return ProtobufEmpty()
        }
    }

    private func create(
        _ request: TasksService.CreateTaskRequest, _ scope: Scope
    ) async throws(GRPCStatus) -> UInt32 {
        let container = try await blocking { () throws(ServiceError) in
            try metadata.container(request.containerId, in: scope)
        }
        if request.checkpoint != nil {
            throw GRPCStatus(.unimplemented, "restoring a checkpoint is not supported: not implemented")
        }
        let runtime = request.runtimePath.isEmpty ? container.runtime : request.runtimePath
        var creation = TaskCreation(
            id: container.id, runtime: runtime, specification: container.spec?.bytes ?? [])
        creation.rootfs = request.rootfs
        creation.stdin = request.stdin
        creation.stdout = request.stdout
        creation.stderr = request.stderr
        creation.terminal = request.terminal
        creation.options = request.options.map { TypedBytes($0) } ?? container.runtimeOptions
        let wanted = creation
        return try await awaiting { () throws(ServiceError) in try await tasks.create(wanted, in: scope.namespace) }
    }

    /// The request's scope, when the container it is about exists.
    func taskScope(_ container: String, _ context: GRPCContext) async throws(GRPCStatus) -> Scope {
        let scope = try requestScope(context)
        // A task that is there has a container: only without one the records are asked for the right words.
        if !tasks.exists(container, in: scope.namespace) {
            _ = try await blocking { () throws(ServiceError) in try metadata.container(container, in: scope) }
        }
        return scope
    }
}

extension TasksService.DeleteResponse {
    init(_ exit: TaskExit, id: String) {
        self.init(id: id, pid: exit.pid, exitStatus: exit.status, exitedAt: exit.exitedAt)
    }
}
