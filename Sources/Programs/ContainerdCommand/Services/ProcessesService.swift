internal import ContainerdAPI
internal import GRPC
internal import Metadata
internal import Protobuf
internal import Tasks

extension Services {
    /// What is done with the processes of a task.
    func registerProcesses(on router: inout GRPCRouter) {
        registerStreams(on: &router)
        router.unary(TasksService.get) { [self] (request, context) throws(GRPCStatus) in
            let scope = try await taskScope(request.containerId, context)
            let process = try await awaiting { () throws(ServiceError) in
                try await tasks.state(request.containerId, execId: request.execId, in: scope.namespace)
            }
            return TasksService.GetResponse(process: process)
        }
        router.unary(TasksService.kill) { [self] (request, context) throws(GRPCStatus) in
            let scope = try await taskScope(request.containerId, context)
            try await awaiting { () throws(ServiceError) in
                try await tasks.kill(
                    request.containerId, execId: request.execId, signal: request.signal, all: request.all,
                    in: scope.namespace)
            }
            return ProtobufEmpty()
        }
        router.unary(TasksService.exec) { [self] (request, context) throws(GRPCStatus) in
            let scope = try await taskScope(request.containerId, context)
            try await awaiting { () throws(ServiceError) in try await tasks.exec(request, in: scope.namespace) }
            return ProtobufEmpty()
        }
        router.unary(TasksService.deleteProcess) { [self] (request, context) throws(GRPCStatus) in
            let scope = try await taskScope(request.containerId, context)
            let exit = try await awaiting { () throws(ServiceError) in
                try await tasks.delete(request.containerId, execId: request.execId, in: scope.namespace)
            }
            return TasksService.DeleteResponse(exit, id: request.execId)
        }
        router.unary(TasksService.listPids) { [self] (request, context) throws(GRPCStatus) in
            let scope = try await taskScope(request.containerId, context)
            let processes = try await awaiting { () throws(ServiceError) in
                try await tasks.processes(request.containerId, in: scope.namespace)
            }
            return TasksService.ListPidsResponse(processes: processes)
        }
        router.unary(TasksService.wait) { [self] (request, context) throws(GRPCStatus) in
            let scope = try await taskScope(request.containerId, context)
            let exit = try await awaiting { () throws(ServiceError) in
                try await tasks.wait(request.containerId, execId: request.execId, in: scope.namespace)
            }
            return TasksService.WaitResponse(exitStatus: exit.status, exitedAt: exit.exitedAt)
        }
    }

    private func registerStreams(on router: inout GRPCRouter) {
        router.unary(TasksService.resizePty) { [self] (request, context) throws(GRPCStatus) in
            let scope = try await taskScope(request.containerId, context)
            try await awaiting { () throws(ServiceError) in
                try await tasks.resize(
                    request.containerId, execId: request.execId, width: request.width, height: request.height,
                    in: scope.namespace)
            }
            return ProtobufEmpty()
        }
        router.unary(TasksService.closeIO) { [self] (request, context) throws(GRPCStatus) in
            let scope = try await taskScope(request.containerId, context)
            try await awaiting { () throws(ServiceError) in
                try await tasks.closeIO(
                    request.containerId, execId: request.execId, stdin: request.stdin, in: scope.namespace)
            }
            return ProtobufEmpty()
        }
    }
}
