public import ContainerFiles
internal import ContainerdAPI
public import EngineAPI
internal import GRPC
public import GoText
public import Images
internal import Workers

/// What the routes to a container's files, log and image are told of it.
extension Engine {
    /// Where a container's files are.
    public func root(of reference: String) async throws(EngineError) -> ContainerRoot {
        let container = try find(reference)
        let record = container.record
        let mounts = try await rootMounts(container).map {
            ContainerRoot.Mount(type: $0.type, source: $0.source, options: $0.options)
        }
        var root = ContainerRoot(
            name: reference, mounts: mounts, pid: record.life.isRunning ? Int32(clamping: record.life.pid) : nil)
        root.volumes = record.mounts.filter { $0.type != "tmpfs" }.map {
            ContainerRoot.Volume(destination: $0.destination, source: $0.source, isReadOnly: !$0.isWritable)
        }
        // What the network gave the container; a volume of the user's may be in the same place.
        for name in ["resolv.conf", "hostname", "hosts"] {
            if record.mounts.contains(where: { $0.destination == "/etc/" + name }) { continue }
            root.volumes.append(
                ContainerRoot.Volume(
                    destination: "/etc/" + name, source: store.file(record.id, name), isReadOnly: false))
        }
        root.isReadOnly = record.hostConfig.readonlyRootfs
        return root
    }

    /// The user that a container runs as.
    public func owner(of reference: String) async throws(EngineError) -> (uid: UInt32, gid: UInt32) {
        let container = try find(reference)
        let record = container.record
        let mounts = try await rootMounts(container)
        return try await Workers.shared.run { () throws(EngineError) -> (uid: UInt32, gid: UInt32) in
            let files = RootFiles(mounts)
            let lookup = UserLookup(passwd: files.read("etc/passwd"), group: files.read("etc/group"))
            let user = try lookup.resolve(record.config.user, extraGroups: []).user
            return (user.uid, user.gid)
        }
    }

    /// Runs `body` with what a commit must know; a running container is paused meanwhile if asked for.
    public func committing<Value: Sendable>(
        _ reference: String, pausing: Bool, _ body: @Sendable (CommitRequest) async throws -> Value
    ) async throws -> Value {
        let container = try find(reference)
        let record = container.record
        if record.life.phase == .removing || record.life.phase == .dead {
            throw EngineError.conflict("You cannot commit container \(record.id) which is Dead")
        }
        var request = CommitRequest(container: record.id, root: record.snapshotKey, image: record.imageID)
        request.containerConfig = record.config
        request.config = record.config
        let pauses = pausing && record.life.phase == .running
        if pauses {
            try await calling { () async throws(GRPCStatus) in try await self.containerd.tasks.pause(record.id) }
            publish("pause", record, [:])
        }
        do {
            let value = try await body(request)
            if pauses { await resumeAfterCommit(record) }
            return value
        } catch {
            if pauses { await resumeAfterCommit(record) }
            throw error
        }
    }

    private func resumeAfterCommit(_ record: ContainerRecord) async {
        do throws(GRPCStatus) {
            try await containerd.tasks.resume(record.id)
            publish("unpause", record, [:])
        } catch {
            if error.code != .notFound {
                let reason = error.containerdText
                configuration.report("container \(record.id): cannot unpause it after a commit: \(reason)")
            }
        }
    }

    /// Tells of something that a route did with a container.
    public func publish(_ action: String, of reference: String, _ attributes: [String: String]) {
        guard let container = try? find(reference) else { return }  // It has gone: nobody to tell of.
        publish(action, container.record, attributes)
    }

    /// The time of day.
    public static var now: Timestamp { Clock.now }

    /// A moment as clients write it.
    public static func moment(_ text: String) throws(EngineError) -> Timestamp {
        guard let moment = Timestamp(text: text, now: Clock.now) else {
            throw .invalid("failed to parse value as time or duration: \"\(text)\"")
        }
        return moment
    }
}
