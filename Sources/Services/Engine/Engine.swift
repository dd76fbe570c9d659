internal import ContainerLogs
public import ContainerdClient
public import EngineAPI
internal import GRPC
internal import JSON
internal import Linux
public import Networks
internal import Synchronization
public import Volumes
internal import Workers

/// The core of dockerd: the containers, from the request that makes one to its last trace.
///
/// A container's life is a value (`ContainerLife`); each `Container` has one line in which its changes wait for one
/// another; readers take copies and wait for nobody.
public final class Engine: Sendable {
    private let settings: Mutex<EngineConfiguration>
    public let events: EventBus
    public let facts: HostFacts
    public let networks: NetworkController
    public let volumes: VolumeStore
    let containerd: ContainerdClient
    let images: any ContainerImages
    let store: RecordStore
    let collector: LogCollector
    let registry = Mutex(Registry<Container>())
    let execs = Mutex<[String: Exec]>([:])
    let shuttingDown = Mutex(false)

    /// Takes its services; `restore` must follow, once, before any request.
    public init(
        _ configuration: EngineConfiguration, containerd: ContainerdClient, images: any ContainerImages,
        networks: NetworkController, volumes: VolumeStore, events: EventBus
    ) throws(EngineError) {
        settings = Mutex(configuration)
        self.events = events
        self.images = images
        self.networks = networks
        self.volumes = volumes
        self.containerd = containerd.with(namespace: configuration.containerdNamespace)
        facts = HostFacts()
        store = RecordStore(directory: configuration.dataRoot + "/containers")
        collector = try LogCollector()
    }

    /// As it is now: a reload changes parts of it.
    public var configuration: EngineConfiguration { settings.withLock { $0 } }

    /// Takes over what may change while the daemon runs (SIGHUP): debug, labels, live restore, the shutdown timeout,
    /// runtimes, registries, and two defaults of containers. Everything else stays as it was.
    public func reconfigure(_ new: EngineConfiguration) {
        settings.withLock { settings in
            settings.debug = new.debug
            settings.labels = new.labels
            settings.liveRestore = new.liveRestore
            settings.shutdownTimeout = new.shutdownTimeout
            settings.runtimes = new.runtimes
            settings.defaultRuntime = new.defaultRuntime
            settings.registryMirrors = new.registryMirrors
            settings.insecureRegistries = new.insecureRegistries
            settings.defaultShmSize = new.defaultShmSize
            settings.defaultIpcMode = new.defaultIpcMode
        }
        func list(_ items: [String]) -> String { JSON.array(items.map { .string($0) }).text() }
        let runtimes = new.runtimes.sorted { $0.key < $1.key }.map { $0.key + ":" + $0.value }
        events.publish(
            "daemon", "reload", facts.hostname,
            [
                "name": facts.hostname, "debug": String(new.debug), "labels": list(new.labels),
                "live-restore": String(new.liveRestore), "shutdown-timeout": String(new.shutdownTimeout),
                "runtimes": runtimes.joined(separator: " "), "default-runtime": new.defaultRuntime,
                "registry-mirrors": list(new.registryMirrors),
                "insecure-registries": list(new.insecureRegistries),
                "default-shm-size": String(new.defaultShmSize), "default-ipc-mode": new.defaultIpcMode,
            ])
    }

    /// The container of a name, an id, or the beginning of one.
    func find(_ reference: String) throws(EngineError) -> Container {
        switch registry.withLock({ $0.find(reference) }) {
        case .found(let container): return container
        case .none: throw .noSuchContainer(reference)
        case .ambiguous: throw .invalid("multiple IDs found with provided prefix: " + reference)
        }
    }

    /// A container's record as it is now.
    public func record(of reference: String) throws(EngineError) -> ContainerRecord { try find(reference).record }

    /// The records of all containers, in no order.
    public var records: [ContainerRecord] { registry.withLock { Array($0.entries.values) }.map(\.record) }

    var containers: [Container] { registry.withLock { Array($0.entries.values) } }

    /// Writes a record before the answer that depends on it.
    func save(_ container: Container) async throws(EngineError) {
        let store = store
        do throws(SystemCallError) {
            try await Workers.shared.run { () throws(SystemCallError) in try store.save(container.record) }
        } catch {
            throw .failed("Error saving container state: " + error.description)
        }
    }

    /// The same where nobody can be told that it failed.
    func saveOrReport(_ container: Container) async {
        do throws(EngineError) {
            try await save(container)
        } catch {
            configuration.report("container \(container.id): \(error.message)")
        }
    }

    /// Runs a call of containerd and turns its failure into ours.
    func calling<Value: Sendable>(
        _ body: () async throws(GRPCStatus) -> Value
    ) async throws(EngineError) -> Value {
        do throws(GRPCStatus) { return try await body() } catch { throw Engine.failure(error) }
    }

    static func failure(_ status: GRPCStatus) -> EngineError {
        switch status.code {
        case .notFound: .notFound(status.containerdText)
        case .alreadyExists, .failedPrecondition: .conflict(status.containerdText)
        case .invalidArgument: .invalid(status.containerdText)
        case .unavailable: .unavailable(status.containerdText)
        default: .failed(status.containerdText)
        }
    }

    /// Tells of an event in a container's life, with the attributes that each has.
    func publish(_ action: String, _ record: ContainerRecord, _ more: [String: String] = [:]) {
        var attributes = record.config.labels ?? [:]
        attributes["image"] = record.config.image
        attributes["name"] = record.name
        events.publish("container", action, record.id, attributes.merging(more) { $1 })
    }
}

extension EngineError {
    static func noSuchContainer(_ name: String) -> EngineError { .notFound("No such container: " + name) }
    static func noSuchExec(_ id: String) -> EngineError { .notFound("No such exec instance: " + id) }
    static func notRunning(_ id: String) -> EngineError { .conflict("container " + id + " is not running") }
}
