public import ContainerdAPI
public import GRPC
public import Protobuf

extension ContainerdClient {
    /// The running side of containers. An empty `exec` means the container's first process.
    public struct Tasks: Sendable {
        let client: ContainerdClient

        /// Makes the task: the container's process exists and waits for `start`.
        public func create(
            _ request: TasksService.CreateTaskRequest
        ) async throws(GRPCStatus) -> TasksService.CreateTaskResponse {
            try await client.unary(TasksService.create, request)
        }

        /// Starts a made process and returns its pid.
        @discardableResult
        public func start(_ container: String, exec: String = "") async throws(GRPCStatus) -> UInt32 {
            try await client.unary(TasksService.start, .init(containerId: container, execId: exec)).pid
        }

        /// Removes a stopped task and answers how it ended.
        @discardableResult
        public func delete(_ container: String) async throws(GRPCStatus) -> TasksService.DeleteResponse {
            try await client.unary(TasksService.delete, .init(containerId: container))
        }

        /// Removes a stopped further process and answers how it ended.
        @discardableResult
        public func delete(_ container: String, exec: String) async throws(GRPCStatus) -> TasksService.DeleteResponse {
            try await client.unary(TasksService.deleteProcess, .init(containerId: container, execId: exec))
        }

        public func get(_ container: String, exec: String = "") async throws(GRPCStatus) -> ContainerdTypes.Process {
            let response = try await client.unary(TasksService.get, .init(containerId: container, execId: exec))
            return try .required(response.process)
        }

        public func list(filter: String = "") async throws(GRPCStatus) -> [ContainerdTypes.Process] {
            try await client.unary(TasksService.list, .init(filter: filter)).tasks
        }

        /// `all`: every process of the container.
        public func kill(
            _ container: String, exec: String = "", signal: UInt32, all: Bool = false
        ) async throws(GRPCStatus) {
            _ = try await client.unary(
                TasksService.kill, .init(containerId: container, execId: exec, signal: signal, all: all))
        }

        /// Makes a further process, which waits for `start`.
        public func exec(_ request: TasksService.ExecProcessRequest) async throws(GRPCStatus) {
            _ = try await client.unary(TasksService.exec, request)
        }

        public func resize(
            _ container: String, exec: String = "", width: UInt32, height: UInt32
        ) async throws(GRPCStatus) {
            _ = try await client.unary(
                TasksService.resizePty, .init(containerId: container, execId: exec, width: width, height: height))
        }

        /// Closes the process's standard input.
        public func closeIO(_ container: String, exec: String = "") async throws(GRPCStatus) {
            _ = try await client.unary(
                TasksService.closeIO, .init(containerId: container, execId: exec, stdin: true))
        }

        public func pause(_ container: String) async throws(GRPCStatus) {
            _ = try await client.unary(TasksService.pause, .init(containerId: container))
        }

        public func resume(_ container: String) async throws(GRPCStatus) {
            _ = try await client.unary(TasksService.resume, .init(containerId: container))
        }

        public func pids(_ container: String) async throws(GRPCStatus) -> [ContainerdTypes.ProcessInfo] {
            try await client.unary(TasksService.listPids, .init(containerId: container)).processes
        }

        /// Changes the limits of a running task. `resources`: a JSON value of the OCI runtime specification's
        /// LinuxResources under its type URL.
        public func update(
            _ container: String, resources: ProtobufAny, annotations: [String: String] = [:]
        ) async throws(GRPCStatus) {
            _ = try await client.unary(
                TasksService.update,
                .init(containerId: container, resources: resources, annotations: annotations))
        }

        public func metrics(filters: [String]) async throws(GRPCStatus) -> [ContainerdTypes.Metric] {
            try await client.unary(TasksService.metrics, .init(filters: filters)).metrics
        }

        /// Waits for the process's end.
        public func wait(_ container: String, exec: String = "") async throws(GRPCStatus) -> TasksService.WaitResponse {
            // It takes as long as the process lives: no time limit.
            try await client.with(timeout: nil).unary(
                TasksService.wait, .init(containerId: container, execId: exec))
        }
    }
}
