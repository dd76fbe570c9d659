internal import ContainerdAPI
internal import GRPC
internal import Metadata
internal import Protobuf

extension Services {
    func registerNamespaces(on router: inout GRPCRouter) {
        router.unary(NamespacesService.get) { [self] (request, _) throws(GRPCStatus) in
            let labels = try await blocking { () throws(ServiceError) in
                try metadata.labels(ofNamespace: request.name)
            }
            return NamespacesService.GetNamespaceResponse(
                namespace: NamespacesService.Namespace(name: request.name, labels: labels))
        }
        router.unary(NamespacesService.list) { [self] (_, _) throws(GRPCStatus) in
            let all = try await blocking { () throws(ServiceError) in try metadata.namespaces() }
            return NamespacesService.ListNamespacesResponse(namespaces: all.map(NamespacesService.Namespace.init))
        }
        router.unary(NamespacesService.create) { [self] (request, _) throws(GRPCStatus) in
            let wanted = Namespace(request.namespace)
            try await blocking { () throws(ServiceError) in try metadata.createNamespace(wanted) }
            let event = ContainerdEvents.NamespaceCreate(name: wanted.name, labels: wanted.labels)
            events.publish("/namespaces/create", event, in: Scope(namespace: wanted.name))
            return NamespacesService.CreateNamespaceResponse(namespace: .init(wanted))
        }
        router.unary(NamespacesService.update) { [self] (request, _) throws(GRPCStatus) in
            let wanted = Namespace(request.namespace)
            let paths = request.updateMask?.paths ?? []
            let updated = try await blocking { () throws(ServiceError) in
                try metadata.updateNamespace(wanted, paths: paths)
            }
            let event = ContainerdEvents.NamespaceUpdate(name: updated.name, labels: updated.labels)
            events.publish("/namespaces/update", event, in: Scope(namespace: updated.name))
            return NamespacesService.UpdateNamespaceResponse(namespace: .init(updated))
        }
        router.unary(NamespacesService.delete) { [self] (request, _) throws(GRPCStatus) in
            try await blocking { () throws(ServiceError) in try metadata.deleteNamespace(request.name) }
            let event = ContainerdEvents.NamespaceDelete(name: request.name)
            events.publish("/namespaces/delete", event, in: Scope(namespace: request.name))
            return ProtobufEmpty()
        }
    }
}

extension NamespacesService.Namespace {
    fileprivate init(_ namespace: Namespace) { self.init(name: namespace.name, labels: namespace.labels) }
}

extension Namespace {
    fileprivate init(_ message: NamespacesService.Namespace?) {
        self.init(name: message?.name ?? "", labels: message?.labels ?? [:])
    }
}
