internal import ContainerdAPI
internal import GRPC
internal import ImageDiff
internal import Metadata

extension Services {
    func registerDiff(on router: inout GRPCRouter) {
        router.unary(DiffService.apply) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let applied = try await blocking { () throws(ServiceError) in
                try diff.apply(
                    request.diff ?? .init(), onto: request.mounts, syncing: request.syncFs, in: scope)
            }
            return DiffService.ApplyResponse(applied: applied)
        }
        router.unary(DiffService.diff) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let wanted = DiffRequest(
                mediaType: request.mediaType, reference: request.ref, labels: request.labels)
            let made = try await blocking { () throws(ServiceError) in
                try diff.create(from: request.left, to: request.right, as: wanted, in: scope)
            }
            return DiffService.DiffResponse(diff: made)
        }
    }
}
