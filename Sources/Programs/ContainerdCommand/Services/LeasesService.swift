internal import ContainerdAPI
internal import GRPC
internal import Linux
internal import Metadata
internal import Protobuf

extension Services {
    func registerLeases(on router: inout GRPCRouter) {
        router.unary(LeasesService.create) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let id = request.id.isEmpty ? String(nanosecondsNow()) + "-" + randomHex(bytes: 2) : request.id
            let lease = try await blocking { () throws(ServiceError) in
                try metadata.createLease(id, labels: request.labels, in: scope)
            }
            return LeasesService.CreateResponse(lease: .init(lease))
        }
        router.unary(LeasesService.delete) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            try await blocking { () throws(ServiceError) in try metadata.deleteLease(request.id, in: scope) }
            if request.sync {
                try await blocking { () throws(ServiceError) in try collector.collect() }
            } else {
                collector.schedule()
            }
            return ProtobufEmpty()
        }
        router.unary(LeasesService.list) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let leases = try await blocking { () throws(ServiceError) in
                try metadata.leases(matching: try Filter(recordFilters: request.filters), in: scope)
            }
            return LeasesService.ListResponse(leases: leases.map(LeasesService.Lease.init))
        }
        router.unary(LeasesService.addResource) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let resource = LeaseResource(request.resource)
            try await blocking { () throws(ServiceError) in
                try metadata.addResource(resource, toLease: request.id, in: scope)
            }
            return ProtobufEmpty()
        }
        router.unary(LeasesService.deleteResource) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let resource = LeaseResource(request.resource)
            try await blocking { () throws(ServiceError) in
                try metadata.removeResource(resource, fromLease: request.id, in: scope)
            }
            collector.schedule()
            return ProtobufEmpty()
        }
        router.unary(LeasesService.listResources) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let resources = try await blocking { () throws(ServiceError) in
                try metadata.resources(ofLease: request.id, in: scope)
            }
            return LeasesService.ListResourcesResponse(
                resources: resources.map { LeasesService.Resource(id: $0.id, type: $0.type) })
        }
    }
}

extension LeasesService.Lease {
    fileprivate init(_ lease: Lease) {
        self.init(id: lease.id, createdAt: .init(nanoseconds: lease.created), labels: lease.labels)
    }
}

extension LeaseResource {
    fileprivate init(_ message: LeasesService.Resource?) {
        self.init(type: message?.type ?? "", id: message?.id ?? "")
    }
}
