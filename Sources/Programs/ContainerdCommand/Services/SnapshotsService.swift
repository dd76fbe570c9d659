internal import ContainerdAPI
internal import GRPC
internal import Metadata
internal import Protobuf
internal import Snapshots
internal import Workers

extension Services {
    func registerSnapshots(on router: inout GRPCRouter) {
        registerSnapshotLives(on: &router)
        router.unary(SnapshotsService.mounts) { [self] (request, context) throws(GRPCStatus) in
            let scope = try scope(context, request.snapshotter)
            let mounts = try await blocking { () throws(ServiceError) in try snapshots.mounts(request.key, in: scope) }
            return SnapshotsService.MountsResponse(mounts: mounts)
        }
        router.unary(SnapshotsService.stat) { [self] (request, context) throws(GRPCStatus) in
            let scope = try scope(context, request.snapshotter)
            let found = try await blocking { () throws(ServiceError) in try snapshots.stat(request.key, in: scope) }
            return SnapshotsService.StatSnapshotResponse(info: .init(found))
        }
        router.unary(SnapshotsService.update) { [self] (request, context) throws(GRPCStatus) in
            let scope = try scope(context, request.snapshotter)
            let paths = request.updateMask?.paths ?? []
            let updated = try await blocking { () throws(ServiceError) in
                try snapshots.update(
                    request.info?.name ?? "", labels: request.info?.labels ?? [:], paths: paths, in: scope)
            }
            collector.schedule()
            return SnapshotsService.UpdateSnapshotResponse(info: .init(updated))
        }
        router.serverStream(SnapshotsService.list) { [self] (request, context, writer) throws(GRPCStatus) in
            let scope = try scope(context, request.snapshotter)
            let found = try await blocking { () throws(ServiceError) in
                try snapshots.list(matching: try Filter(request.filters), in: scope)
            }
            // As many at a time as upstream sends.
            for start in stride(from: 0, to: found.count, by: 100) {
                let some = found[start..<min(start + 100, found.count)].map(SnapshotsService.Info.init)
                try await writer.send(SnapshotsService.ListSnapshotsResponse(info: some))
            }
        }
        router.unary(SnapshotsService.usage) { [self] (request, context) throws(GRPCStatus) in
            let scope = try scope(context, request.snapshotter)
            let usage = try await blocking { () throws(ServiceError) in try snapshots.usage(request.key, in: scope) }
            return SnapshotsService.UsageResponse(size: usage.size, inodes: usage.inodes)
        }
        router.unary(SnapshotsService.cleanup) { [self] (request, context) throws(GRPCStatus) in
            _ = try scope(context, request.snapshotter)
            try await blocking { () throws(ServiceError) in try snapshots.removeUnknown() }
            return ProtobufEmpty()
        }
    }

    private func registerSnapshotLives(on router: inout GRPCRouter) {
        router.unary(SnapshotsService.prepare) { [self] (request, context) throws(GRPCStatus) in
            let scope = try scope(context, request.snapshotter)
            let mounts = try await blocking { () throws(ServiceError) in
                try snapshots.prepare(request.key, parent: request.parent, labels: request.labels, in: scope)
            }
            let event = ContainerdEvents.SnapshotPrepare(
                key: request.key, parent: request.parent, snapshotter: request.snapshotter)
            events.publish("/snapshot/prepare", event, in: scope)
            return SnapshotsService.PrepareSnapshotResponse(mounts: mounts)
        }
        router.unary(SnapshotsService.view) { [self] (request, context) throws(GRPCStatus) in
            let scope = try scope(context, request.snapshotter)
            let mounts = try await blocking { () throws(ServiceError) in
                try snapshots.view(request.key, parent: request.parent, labels: request.labels, in: scope)
            }
            let event = ContainerdEvents.SnapshotPrepare(
                key: request.key, parent: request.parent, snapshotter: request.snapshotter)
            events.publish("/snapshot/prepare", event, in: scope)
            return SnapshotsService.ViewSnapshotResponse(mounts: mounts)
        }
        router.unary(SnapshotsService.commit) { [self] (request, context) throws(GRPCStatus) in
            let scope = try scope(context, request.snapshotter)
            try await blocking { () throws(ServiceError) in
                try snapshots.commit(request.key, as: request.name, labels: request.labels, in: scope)
            }
            let event = ContainerdEvents.SnapshotCommit(
                key: request.key, name: request.name, snapshotter: request.snapshotter)
            events.publish("/snapshot/commit", event, in: scope)
            return ProtobufEmpty()
        }
        router.unary(SnapshotsService.remove) { [self] (request, context) throws(GRPCStatus) in
            let scope = try scope(context, request.snapshotter)
            let id = try await blocking { () throws(ServiceError) in try snapshots.remove(request.key, in: scope) }
            Workers.shared.perform { collector.removeDirectory(id) }
            let event = ContainerdEvents.SnapshotRemove(key: request.key, snapshotter: request.snapshotter)
            events.publish("/snapshot/remove", event, in: scope)
            collector.schedule()
            return ProtobufEmpty()
        }
    }

    /// The request's scope, when the snapshotter it names is the one there is.
    private func scope(_ context: GRPCContext, _ snapshotter: String) throws(GRPCStatus) -> Scope {
        if snapshotter.isEmpty {
            throw GRPCStatus(.invalidArgument, "snapshotter argument missing: invalid argument")
        }
        if snapshotter != OverlaySnapshots.name {
            throw GRPCStatus(.invalidArgument, "snapshotter not loaded: \(snapshotter): invalid argument")
        }
        return try requestScope(context)
    }
}

extension SnapshotsService.Info {
    fileprivate init(_ snapshot: SnapshotRecord) {
        self.init(name: snapshot.name, parent: snapshot.parent)
        kind = .init(rawValue: Int32(snapshot.kind.rawValue))
        createdAt = .init(nanoseconds: snapshot.created)
        updatedAt = .init(nanoseconds: snapshot.updated)
        labels = snapshot.labels
    }
}
