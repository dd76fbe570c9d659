internal import CLinux
internal import ContainerdAPI
internal import Content
internal import GRPC
internal import ImageDiff
internal import Linux
internal import Logging
internal import Metadata
internal import NIOCore
internal import Snapshots
internal import Synchronization
internal import Tasks
internal import Workers

/// The daemon: its stores, its services, its sockets, from start to the signal that ends it.
final class Daemon: Sendable {
    private let configuration: Configuration
    private let logger = Logger(label: "containerd")
    /// Kept open: its lock says that this root is in use.
    private let lock = Mutex<Int32>(-1)

    init(_ configuration: Configuration) { self.configuration = configuration }

    /// Serves until a signal ends it, and returns the exit status. Containers are left running.
    func run() -> Int32 {
        Memory.useFewArenas()
        // Blocked before the first other thread starts, so that all inherit it and only `waitForEnd` takes them.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGTERM, SIGINT, SIGHUP, SIGUSR1] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        // A peer that has gone is an error of the write, not the end of the daemon.
        var broken = sigset_t()
        sigemptyset(&broken)
        sigaddset(&broken, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &broken, nil)
        Task {
            do throws(ServiceError) {
                try await self.start()
            } catch {
                exit(ContainerdCommand.failed(error.message))
            }
        }
        waitForEnd(&signals)
        ServiceNotification.send("STOPPING=1")
        unlink(configuration.address)
        unlink(configuration.eventsAddress)
        return 0
    }

    private func waitForEnd(_ signals: inout sigset_t) {
        while true {
            var number: Int32 = 0
            if sigwait(&signals, &number) != 0 { continue }
            if number == SIGTERM || number == SIGINT { return }
            logger.info("received signal", metadata: ["signal": "\(number)"])
        }
    }

    private func start() async throws(ServiceError) {
        let began = nanosecondsNow()
        logger.info(
            "starting containerd",
            metadata: ["revision": "\(ContainerdCommand.revision)", "version": "\(ContainerdCommand.version)"])
        try makeDirectories()
        let group = GRPCEventLoops.shared
        let services = try services(group)
        let events = services.events
        let listener = try await EventsListener.listen(
            configuration.eventsAddress, uid: configuration.eventsUid, gid: configuration.eventsGid, group: group
        ) { envelope in
            services.idle.touch()
            events.forward(
                EventsService.Envelope(
                    timestamp: envelope.timestamp, namespace: envelope.namespace, topic: envelope.topic,
                    event: envelope.event))
        }
        _ = listener
        logger.info("serving...", metadata: ["address": "\(configuration.eventsAddress)"])
        let metadata = services.metadata
        await services.tasks.restore { id, namespace in
            // No record: the runtime there is by default has left it.
            try? metadata.container(id, in: Scope(namespace: namespace)).runtime
        }
        let server = GRPCServer(services.router(), group: group)
        do throws(GRPCStatus) {
            try await server.listen(unixPath: configuration.address)
        } catch {
            throw ServiceError(.unavailable, "failed to get listener for main endpoint: \(error.message)")
        }
        if chmod(configuration.address, 0o660) != 0
            || chown(configuration.address, configuration.uid, configuration.gid) != 0
        {
            throw ServiceError(.unknown, "chown \(configuration.address): \(errorText(cl_errno()))")
        }
        logger.info("serving...", metadata: ["address": "\(configuration.address)"])
        let micros = (nanosecondsNow() - began) / 1000
        let digits = String(String(1_000_000 + micros % 1_000_000).dropFirst())
        logger.info("containerd successfully booted in \(micros / 1_000_000).\(digits)s")
        ServiceNotification.send("READY=1")
        services.collector.schedule()
        services.idle.touch()
    }

    /// The stores, each of which first puts right what a killed daemon left half made.
    private func services(_ group: any EventLoopGroup) throws(ServiceError) -> Services {
        let root = configuration.root
        let metadataRoot = root + "/io.containerd.metadata.v1.sqlite"
        try directory(metadataRoot, 0o700)
        try claim(metadataRoot)
        let metadata = try Metadata(directory: metadataRoot)
        let content = try ContentStore(root: root + "/io.containerd.content.v1.content", metadata: metadata)
        let overlay =
            configuration.overlayRoot.isEmpty
            ? root + "/io.containerd.snapshotter.v1.overlayfs" : configuration.overlayRoot
        let snapshots = try OverlaySnapshots(root: overlay, metadata: metadata)
        let bus = EventBus()
        let settings = ShimSettings(
            address: configuration.address, eventsAddress: configuration.eventsAddress,
            debug: configuration.logLevel == "debug" || configuration.logLevel == "trace")
        let tasks = try TaskStore(
            state: configuration.state + "/io.containerd.runtime.v2.task",
            root: root + "/io.containerd.runtime.v2.task", settings: settings, group: group
        ) { namespace, topic, event in bus.publish(namespace: namespace, topic: topic, event: event) }
        return Services(
            configuration: configuration, metadata: metadata, content: content, snapshots: snapshots,
            diff: ImageDiff(content: content), tasks: tasks, events: bus,
            collector: Collector(metadata, content, snapshots, loop: group.next()),
            idle: IdleMemory { milliseconds, body in group.next().scheduleTask(in: .milliseconds(milliseconds), body) },
            uuid: try uuid())
    }

    private func makeDirectories() throws(ServiceError) {
        try directory(configuration.root, 0o711)
        try directory(configuration.state, 0o711)
        try directory(Files.parent(of: configuration.address), 0o711)
        try directory(Files.parent(of: configuration.eventsAddress), 0o711)
        if configuration.oomScore != 0 {
            do throws(SystemCallError) {
                try Files.put(String(configuration.oomScore), into: "/proc/self/oom_score_adj")
            } catch {
                logger.warning("could not set OOM score", metadata: ["error": "\(error.description)"])
            }
        }
    }

    private func directory(_ path: String, _ mode: UInt32) throws(ServiceError) {
        do throws(SystemCallError) {
            try Files.makeDirectories(path, mode: mode)
        } catch {
            throw ServiceError(.unknown, error.description)
        }
    }

    /// Two daemons on one root would each take the other's half-made things for leftovers.
    private func claim(_ directory: String) throws(ServiceError) {
        let number = cl_open(directory + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if number < 0 { throw ServiceError(.unknown, "open \(directory)/lock: \(errorText(cl_errno()))") }
        var tries = 0
        // The one before may be about to end.
        while flock(number, LOCK_EX | LOCK_NB) != 0 {
            tries += 1
            if tries > 100 { throw ServiceError(.unavailable, "\(configuration.root) is in use by another containerd") }
            usleep(100_000)
        }
        lock.withLock { $0 = number }
    }

    /// An identity that stays with the root.
    private func uuid() throws(ServiceError) -> String {
        let path = configuration.root + "/io.containerd.grpc.v1.introspection"
        try directory(path, 0o711)
        // The first start: there is none yet.
        if let text = try? Files.readText(path + "/uuid"), text.utf8.count == 36 { return text }
        let digits = Array(randomHex(bytes: 16).utf8)
        func part(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
        let parts = [part(0..<8), part(8..<12), "4" + part(13..<16), "8" + part(17..<20), part(20..<32)]
        let made = parts.joined(separator: "-")
        do throws(SystemCallError) {
            try Files.replace(path + "/uuid", with: Array(made.utf8), mode: 0o600)
        } catch {
            throw ServiceError(.unknown, error.description)
        }
        return made
    }
}
