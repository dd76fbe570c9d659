internal import ContainerFiles
internal import ContainerLogs
internal import ContainerdClient
internal import Engine
internal import EngineAPI
internal import HTTPServer
internal import Images
internal import Linux
internal import Logging
internal import Networks
internal import Volumes
internal import Workers

/// The services behind the API, and the routes to them.
struct Services: Sendable {
    let images: ImageStore
    let engine: Engine
    /// The containerd that the daemon runs itself; nil when it uses another one.
    let managed: ManagedContainerd?

    private static let log = Logger(label: "dockerd")

    /// Makes every service and brings it to where it was when the daemon last ran.
    static func start(_ given: Settings) async throws -> Services {
        var settings = given
        let managed = try await containerd(for: &settings)
        return try await start(settings, managed)
    }

    /// The containerd to use: the one named, the system's, or one of our own.
    private static func containerd(for settings: inout Settings) async throws -> ManagedContainerd? {
        if !settings.containerd.isEmpty { return nil }
        if Files.exists(ContainerdClient.defaultAddress) {
            settings.containerd = ContainerdClient.defaultAddress
            return nil
        }
        let wanted = settings
        let managed = try await Workers.shared.run { () throws(SystemCallError) in try ManagedContainerd.start(wanted) }
        settings.containerd = managed.address
        return managed
    }

    private static func start(_ settings: Settings, _ managed: ManagedContainerd?) async throws -> Services {
        let report: @Sendable (String) -> Void = { log.warning("\($0)") }
        let configuration = try settings.engineConfiguration(report: report)
        let client = ContainerdClient(
            address: configuration.containerdAddress, namespace: configuration.containerdNamespace)
        try await connect(client)
        let events = EventBus()
        let images = ImageStore(client: client, dataRoot: settings.dataRoot)
        try await images.removeAbandoned()
        let temporary = settings.dataRoot + "/tmp"
        await Workers.shared.run { TemporaryFiles.clear(temporary, report: report) }
        let networkSettings = try settings.networkConfiguration(report: report) { event in
            var attributes = ["name": event.networkName, "type": event.networkType]
            if let container = event.containerID { attributes["container"] = container }
            events.publish("network", event.action, event.networkID, attributes)
        }
        let (networks, volumes) = try await Workers.shared.run {
            let networks = try NetworkController(networkSettings)
            let volumes = try VolumeStore(dataRoot: settings.dataRoot) { event in
                // The engine tells of mounts itself: it knows where to.
                if event.action == "mount" || event.action == "unmount" { return }
                var attributes = ["driver": event.driver]
                if let container = event.containerID { attributes["container"] = container }
                if let reclaimed = event.reclaimed { attributes["reclaimed"] = String(reclaimed) }
                events.publish("volume", event.action, event.volume, attributes)
            }
            return (networks, volumes)
        }
        let engine = try Engine(
            configuration, containerd: client, images: DaemonImages(images), networks: networks, volumes: volumes,
            events: events)
        images.connect(
            events: { event in
                events.publish("image", event.action, event.id, event.labels.merging(["name": event.name]) { $1 })
            }, uses: { [engine] in engine.imageUses })
        try await engine.restore()
        try await Workers.shared.run { () throws(EngineError) in try volumes.settle() }
        return Services(images: images, engine: engine, managed: managed)
    }

    /// Waits for containerd, which may be starting beside us.
    private static func connect(_ client: ContainerdClient) async throws {
        for attempt in 1... {
            do {
                try await client.connect()
                return
            } catch {
                if attempt == 100 { throw error }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    func router() -> Router {
        let access = EngineAccess(engine: engine)
        let files = ContainerFiles(temporary: engine.configuration.dataRoot + "/tmp")
        return Router(
            [Route("GET", "/_ping", Services.ping), Route("HEAD", "/_ping", Services.ping)]
                + ContainerRoutes(engine: engine).routes + ExecRoutes(engine: engine).routes
                + EventRoutes(engine: engine).routes + InfoRoutes(engine: engine).routes
                + LogRoutes(containers: access).routes
                + ArchiveRoutes(containers: access, files: files, images: images).routes
                + ImageRoutes(images: images).routes
                + NetworkRoutes(networks: engine.networks, containers: engine).routes
                + VolumeRoutes(volumes: engine.volumes).routes + AbsentRoutes().routes,
            serverVersion: Daemon.version)
    }

    /// Ends what must not outlive the daemon: all containers without live restore, none with it.
    func shutdown() async {
        await engine.shutdown()
        guard let managed else { return }
        await Workers.shared.run { managed.stop() }
    }

    /// Takes over the settings that may change while running.
    func reload(_ settings: Settings) async {
        do throws(SettingsError) {
            engine.reconfigure(try settings.engineConfiguration(report: engine.configuration.report))
        } catch {
            Services.log.error("\(error.message)")
        }
    }

    private static func ping(_ call: Call) async throws -> HTTPResponse {
        let headers = [
            ("Builder-Version", "1"), ("Cache-Control", "no-cache, no-store, must-revalidate"), ("Pragma", "no-cache"),
            ("Swarm", "inactive"), ("Content-Type", "text/plain; charset=utf-8"),
        ]
        return HTTPResponse(headers: headers, body: .bytes(call.request.method == "HEAD" ? [] : Array("OK".utf8)))
    }
}
