public import EngineAPI
public import GoText
internal import JSON

/// One mount of a container as its record keeps it.
struct StoredMount: Equatable, Sendable {
    /// "bind", "volume" or "tmpfs".
    var type: String
    /// The path on the host; empty for a tmpfs.
    var source = ""
    var destination: String
    var isWritable = true
    /// The volume's name.
    var name = ""
    var driver = ""
    /// The options as written in a bind ("ro,z").
    var mode = ""
    var propagation = ""
    /// What was asked for.
    var specification = Mount()
    /// A volume that is empty gets what the image has at the destination.
    var copiesImageContent = false
    /// Made for this container and named by us: removed with it on request.
    var isAnonymous = false

    var apiMount: MountPoint {
        var point = MountPoint()
        point.type = type
        point.name = name
        point.source = source
        point.destination = destination
        point.driver = driver
        point.mode = mode
        point.rw = isWritable
        point.propagation = propagation
        return point
    }

    var stored: JSON {
        .members([
            ("Source", .string(source)), ("Destination", .string(destination)), ("RW", .bool(isWritable)),
            ("Name", .string(name)), ("Driver", .string(driver)), ("Type", .string(type)), ("Relabel", .string(mode)),
            ("Propagation", .string(propagation)), ("Spec", specification.json),
            ("CopyData", .bool(copiesImageContent)),
            ("Anonymous", .bool(isAnonymous)),
        ])
    }

    init(type: String, destination: String) {
        self.type = type
        self.destination = destination
    }

    init(stored json: JSON.Object) throws(JSON.Failure) {
        type = try json.string("Type")
        source = try json.string("Source")
        destination = try json.string("Destination")
        isWritable = try json.bool("RW")
        name = try json.string("Name")
        driver = try json.string("Driver")
        mode = try json.string("Relabel")
        propagation = try json.string("Propagation")
        if let inner = try json.object("Spec") { specification = try Mount(json: inner) }
        copiesImageContent = try json.bool("CopyData")
        isAnonymous = try json.bool("Anonymous")
    }
}

/// Everything the engine keeps about one container. A value: readers take a copy and wait for nobody.
public struct ContainerRecord: Equatable, Sendable {
    /// 64 hexadecimal digits.
    public let id: String
    /// Without the slash.
    public internal(set) var name: String
    public internal(set) var created: Timestamp
    public internal(set) var config: ContainerConfig
    public internal(set) var hostConfig: HostConfig
    /// "sha256:…"
    public internal(set) var imageID: String
    public internal(set) var life = ContainerLife()
    public internal(set) var networkSettings = NetworkSettings()
    var mounts: [StoredMount] = []
    var health: Health?
    var path: String
    var arguments: [String]
    /// "json-file", "local" or "none".
    var logDriver: String { hostConfig.logConfig.type }
    /// Running execs, in the order of their starts.
    var execIDs: [String] = []
    /// The snapshot in containerd that holds its root.
    var snapshotKey: String
    /// Grows with each change: what was encoded from an older one is stale.
    var version = 0

    init(id: String, name: String, created: Timestamp, config: ContainerConfig, hostConfig: HostConfig, imageID: String)
    {
        self.id = id
        self.name = name
        self.created = created
        self.config = config
        self.hostConfig = hostConfig
        self.imageID = imageID
        snapshotKey = id
        let command = (config.entrypoint ?? []) + (config.cmd ?? [])
        path = command.first ?? ""
        arguments = Array(command.dropFirst())
    }

    var shortID: String { String(id.prefix(12)) }

    /// The bytes of `config.v2.json`.
    var stored: [UInt8] {
        var state = life.stored.object ?? JSON.Object()
        if let health { state.add("Health", health.json) }
        let mountMap = JSON.members(
            mounts.sorted { $0.destination < $1.destination }.map { ($0.destination, $0.stored) })
        return JSON.members([
            ("State", .object(state)), ("ID", .string(id)), ("Created", .string(created.description)),
            ("Path", .string(path)), ("Args", .strings(arguments)), ("Config", config.json),
            ("Image", .string(imageID)),
            ("NetworkSettings", networkSettings.json), ("Name", .string("/" + name)), ("Driver", .string("overlayfs")),
            ("OS", .string("linux")), ("RestartCount", .int(life.restartCount)),
            ("HasBeenStartedBefore", .bool(life.hasBeenStarted)), ("HasBeenManuallyStopped", .bool(life.stoppedByUser)),
            ("MountPoints", mountMap), ("SnapshotKey", .string(snapshotKey)),
            ("DesiredMacAddresses", hardwareAddresses),
        ]).encoded()
    }

    /// Hardware addresses asked for, by network.
    private var hardwareAddresses: JSON {
        .members(
            networkSettings.networks.filter { !$1.desiredMacAddress.isEmpty }.sorted { $0.key < $1.key }.map {
                ($0.key, .string($0.value.desiredMacAddress))
            })
    }

    /// Reads the two files of a record.
    init(stored bytes: [UInt8], hostConfig hostBytes: [UInt8]) throws(JSON.Failure) {
        guard let json = try JSON(parsing: bytes).object else { throw JSON.Failure("no object") }
        let named = try json.string("Name")
        self.init(
            id: try json.string("ID"), name: named.hasPrefix("/") ? String(named.dropFirst()) : named,
            created: Timestamp(rfc3339: try json.string("Created")) ?? .zero,
            config: try ContainerConfig(json: try json.object("Config") ?? JSON.Object()),
            hostConfig: try HostConfig(parsing: hostBytes), imageID: try json.string("Image"))
        let state = try json.object("State") ?? JSON.Object()
        life = try ContainerLife(
            stored: state, restarts: try json.int("RestartCount"), started: try json.bool("HasBeenStartedBefore"),
            stopped: try json.bool("HasBeenManuallyStopped"))
        if let inner = try state.object("Health") { health = try Health(json: inner) }
        networkSettings = try NetworkSettings(json: try json.object("NetworkSettings") ?? JSON.Object())
        for (network, address) in try json.stringMap("DesiredMacAddresses") {
            networkSettings.networks[network]?.desiredMacAddress = address
        }
        let points = try json.object("MountPoints") ?? JSON.Object()
        for name in points.names {
            guard let point = try points.object(name) else { continue }
            mounts.append(try StoredMount(stored: point))
        }
        path = try json.string("Path")
        arguments = try json.strings("Args")
        snapshotKey = try json.string("SnapshotKey", default: id)
    }
}
