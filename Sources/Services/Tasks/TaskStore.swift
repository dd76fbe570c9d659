internal import CLinux
public import ContainerdAPI
internal import Linux
internal import Logging
public import Metadata
public import NIOCore
public import Protobuf
internal import Synchronization
internal import Workers

/// What a task is made of.
public struct TaskCreation: Sendable {
    public var id: String
    public var runtime: String
    /// config.json.
    public var specification: [UInt8]
    public var rootfs: [ContainerdTypes.Mount] = []
    public var stdin = ""
    public var stdout = ""
    public var stderr = ""
    public var terminal = false
    public var options: TypedBytes?

    public init(id: String, runtime: String, specification: [UInt8]) {
        self.id = id
        self.runtime = runtime
        self.specification = specification
    }
}

/// How a process ended.
public struct TaskExit: Sendable {
    public let pid: UInt32
    public let status: UInt32
    public let exitedAt: ProtobufTimestamp?
}

/// All tasks: one shim each, which outlives this process and is found again by the next one. The bundles on disk are
/// the record; a shim that is gone is cleaned up after.
public final class TaskStore: Sendable {
    struct Key: Hashable, Sendable {
        let namespace: String
        let id: String
    }

    /// Hands an event on: namespace, topic, message. Must not block.
    public typealias Publish = @Sendable (_ namespace: String, _ topic: String, _ event: ProtobufAny) -> Void

    let state: String
    let root: String
    let settings: ShimSettings
    let group: any EventLoopGroup
    let publish: Publish
    let logger = Logger(label: "tasks")
    private let shims = Mutex<[Key: Shim]>([:])
    private let logs = Mutex<[Key: any Channel]>([:])

    /// `state` and `root` are the runtime's own directories (`io.containerd.runtime.v2.task`); they are made when
    /// missing.
    public init(
        state: String, root: String, settings: ShimSettings, group: any EventLoopGroup, publish: @escaping Publish
    ) throws(ServiceError) {
        self.state = state
        self.root = root
        self.settings = settings
        self.group = group
        self.publish = publish
        do throws(SystemCallError) {
            try Files.makeDirectories(state, mode: 0o711)
            try Files.makeDirectories(root, mode: 0o711)
        } catch {
            throw ServiceError(.unknown, error.description)
        }
    }

    // MARK: Which there are

    func find(_ id: String, _ namespace: String) -> Shim? {
        shims.withLock { $0[Key(namespace: namespace, id: id)] }
    }

    func shim(_ id: String, _ namespace: String) throws(ServiceError) -> Shim {
        guard let found = find(id, namespace) else { throw ServiceError(.notFound, "task \(id) not found") }
        return found
    }

    /// Whether there is a task of this id.
    public func exists(_ id: String, in namespace: String) -> Bool { find(id, namespace) != nil }

    func all(in namespace: String) -> [Shim] {
        shims.withLock { all in all.filter { $0.key.namespace == namespace }.map(\.value) }
            .sorted { $0.bundle.id < $1.bundle.id }
    }

    func keep(_ shim: Shim) {
        shims.withLock { $0[Key(namespace: shim.bundle.namespace, id: shim.bundle.id)] = shim }
    }

    /// Forgets a shim; false when it is forgotten already.
    @discardableResult
    func forget(_ shim: Shim) -> Bool {
        let key = Key(namespace: shim.bundle.namespace, id: shim.bundle.id)
        return shims.withLock { all in
            guard all[key] === shim else { return false }
            all[key] = nil
            return true
        }
    }

    // MARK: Shims

    /// Connects to a shim and copies its log.
    func attach(_ shim: Shim, _ address: String) async throws(ServiceError) {
        try await shim.connect(address, group: group) { [self] in
            closeLog(shim)
            Task { await disconnected(shim) }
        }
    }

    func openLog(_ shim: Shim) async {
        guard let channel = await ShimLog.open(shim.bundle, group: group) else { return }
        let key = Key(namespace: shim.bundle.namespace, id: shim.bundle.id)
        logs.withLock { $0[key] = channel }
    }

    func closeLog(_ shim: Shim) {
        let key = Key(namespace: shim.bundle.namespace, id: shim.bundle.id)
        logs.withLock { $0.removeValue(forKey: key) }?.close(promise: nil)
    }

    /// The connection to a shim has ended. When that was not our doing the shim is dead: what it left is removed, and
    /// those who wait for its task are told.
    private func disconnected(_ shim: Shim) async {
        guard find(shim.bundle.id, shim.bundle.namespace) === shim else { return }
        logger.info("shim disconnected", metadata: ["id": "\(shim.bundle.id)"])
        await cleanUp(after: shim)
    }

    /// Removes what a dead shim left, and publishes the end of its task when it had one.
    func cleanUp(after shim: Shim) async {
        let id = shim.bundle.id
        logger.warning(
            "cleaning up after shim disconnected",
            metadata: ["id": "\(id)", "namespace": "\(shim.bundle.namespace)"])
        let response: TaskAPI.DeleteResponse?
        do throws(ServiceError) {
            response = try await Workers.shared.run { () throws(ServiceError) in try shim.binary.delete(shim.bundle) }
        } catch {
            response = nil
            logger.warning(
                "failed to clean up after shim disconnected", metadata: ["id": "\(id)", "error": "\(error.message)"])
        }
        await removeBundle(shim)
        guard forget(shim) else { return }
        let now = ProtobufTimestamp(nanoseconds: nanosecondsNow())
        var exit = ContainerdEvents.TaskExit()
        exit.containerId = id
        exit.id = id
        exit.pid = response?.pid ?? 0
        exit.exitStatus = response?.exitStatus ?? 255
        exit.exitedAt = response?.exitedAt ?? now
        publish(shim.bundle.namespace, "/tasks/exit", ProtobufAny(packing: exit))
        var delete = ContainerdEvents.TaskDelete()
        delete.containerId = id
        delete.pid = exit.pid
        delete.exitStatus = exit.exitStatus
        delete.exitedAt = exit.exitedAt
        publish(shim.bundle.namespace, "/tasks/delete", ProtobufAny(packing: delete))
    }

    func removeBundle(_ shim: Shim) async {
        do throws(SystemCallError) {
            try await Workers.shared.run { () throws(SystemCallError) in try shim.bundle.delete() }
        } catch {
            // It is tried again at the next start.
            logger.error(
                "failed to delete bundle", metadata: ["id": "\(shim.bundle.id)", "error": "\(error.description)"])
        }
    }
}

extension ProtobufTimestamp {
    /// From nanoseconds since 1970.
    public init(nanoseconds: Nanoseconds) {
        let seconds = nanoseconds / 1_000_000_000
        self.init(seconds: seconds, nanos: Int32(truncatingIfNeeded: nanoseconds % 1_000_000_000))
    }
}
