internal import ContainerdAPI
internal import GRPC
internal import Metadata
internal import Protobuf

extension Services {
    func registerContainers(on router: inout GRPCRouter) {
        router.unary(ContainersService.get) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let found = try await blocking { () throws(ServiceError) in try metadata.container(request.id, in: scope) }
            return ContainersService.GetContainerResponse(container: .init(found))
        }
        router.unary(ContainersService.list) { [self] (request, context) throws(GRPCStatus) in
            let found = try await containers(request, context)
            return ContainersService.ListContainersResponse(containers: found.map(ContainersService.Container.init))
        }
        router.serverStream(ContainersService.listStream) { [self] (request, context, writer) throws(GRPCStatus) in
            for container in try await containers(request, context) {
                try await writer.send(ContainersService.ListContainerMessage(container: .init(container)))
            }
        }
        router.unary(ContainersService.create) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let wanted = ContainerRecord(request.container)
            let made = try await blocking { () throws(ServiceError) in try metadata.createContainer(wanted, in: scope) }
            var event = ContainerdEvents.ContainerCreate(id: made.id, image: made.image)
            event.runtime = .init(name: made.runtime, options: made.runtimeOptions.map { ProtobufAny($0) })
            events.publish("/containers/create", event, in: scope)
            return ContainersService.CreateContainerResponse(container: .init(made))
        }
        router.unary(ContainersService.update) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let wanted = ContainerRecord(request.container)
            let paths = request.updateMask?.paths ?? []
            let updated = try await blocking { () throws(ServiceError) in
                try metadata.updateContainer(wanted, paths: paths, in: scope)
            }
            let event = ContainerdEvents.ContainerUpdate(
                id: updated.id, image: updated.image, labels: updated.labels, snapshotKey: updated.snapshotKey)
            events.publish("/containers/update", event, in: scope)
            return ContainersService.UpdateContainerResponse(container: .init(updated))
        }
        router.unary(ContainersService.delete) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            try await blocking { () throws(ServiceError) in try metadata.deleteContainer(request.id, in: scope) }
            events.publish("/containers/delete", ContainerdEvents.ContainerDelete(id: request.id), in: scope)
            collector.schedule()
            return ProtobufEmpty()
        }
    }

    private func containers(
        _ request: ContainersService.ListContainersRequest, _ context: GRPCContext
    ) async throws(GRPCStatus) -> [ContainerRecord] {
        let scope = try requestScope(context)
        return try await blocking { () throws(ServiceError) in
            try metadata.containers(matching: try Filter(recordFilters: request.filters), in: scope)
        }
    }
}

extension ContainersService.Container {
    init(_ container: ContainerRecord) {
        self.init(id: container.id)
        labels = container.labels
        image = container.image
        runtime = .init(name: container.runtime, options: container.runtimeOptions.map { ProtobufAny($0) })
        spec = container.spec.map { ProtobufAny($0) }
        snapshotter = container.snapshotter
        snapshotKey = container.snapshotKey
        createdAt = .init(nanoseconds: container.created)
        updatedAt = .init(nanoseconds: container.updated)
        extensions = container.extensions.mapValues { ProtobufAny($0) }
    }
}

extension ContainerRecord {
    init(_ message: ContainersService.Container?) {
        self.init(id: message?.id ?? "")
        guard let message else { return }
        labels = message.labels
        image = message.image
        runtime = message.runtime?.name ?? ""
        runtimeOptions = message.runtime?.options.map { TypedBytes($0) }
        spec = message.spec.map { TypedBytes($0) }
        snapshotter = message.snapshotter
        snapshotKey = message.snapshotKey
        extensions = message.extensions.mapValues { TypedBytes($0) }
    }
}
