public import JSON

/// One probe's outcome.
public struct HealthcheckResult: EngineObject {
    public var start: String = ""
    public var end: String = ""
    public var exitCode: Int = 0
    public var output: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        start = try json.string("Start")
        end = try json.string("End")
        exitCode = try json.int("ExitCode")
        output = try json.string("Output")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Start", start)
        fields.put("End", end)
        fields.put("ExitCode", exitCode)
        fields.put("Output", output)
        return fields.json
    }
}

/// A container's health.
public struct Health: EngineObject {
    /// "none", "starting", "healthy" or "unhealthy".
    public var status: String = ""
    public var failingStreak: Int = 0
    public var log: [HealthcheckResult]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        status = try json.string("Status")
        failingStreak = try json.int("FailingStreak")
        log = try json.optionalList("Log")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Status", status)
        fields.put("FailingStreak", failingStreak)
        fields.put("Log", log)
        return fields.json
    }
}

/// Where a container is in its life. Times are RFC 3339 with nanoseconds; the year 1 means "never".
public struct ContainerState: EngineObject {
    public var status: String = ""
    public var running: Bool = false
    public var paused: Bool = false
    public var restarting: Bool = false
    public var oomKilled: Bool = false
    public var dead: Bool = false
    public var pid: Int = 0
    public var exitCode: Int = 0
    public var error: String = ""
    public var startedAt: String = ""
    public var finishedAt: String = ""
    public var health: Health?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        status = try json.string("Status")
        running = try json.bool("Running")
        paused = try json.bool("Paused")
        restarting = try json.bool("Restarting")
        oomKilled = try json.bool("OOMKilled")
        dead = try json.bool("Dead")
        pid = try json.int("Pid")
        exitCode = try json.int("ExitCode")
        error = try json.string("Error")
        startedAt = try json.string("StartedAt")
        finishedAt = try json.string("FinishedAt")
        health = try json.member("Health")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Status", status)
        fields.put("Running", running)
        fields.put("Paused", paused)
        fields.put("Restarting", restarting)
        fields.put("OOMKilled", oomKilled)
        fields.put("Dead", dead)
        fields.put("Pid", pid)
        fields.put("ExitCode", exitCode)
        fields.put("Error", error)
        fields.put("StartedAt", startedAt)
        fields.put("FinishedAt", finishedAt)
        fields.putUnlessEmpty("Health", health)
        return fields.json
    }
}

/// The storage driver and where it keeps this object.
public struct DriverData: EngineObject {
    public var data: [String: String]?
    public var name: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        data = try json.texts("Data")
        name = try json.string("Name")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Data", data)
        fields.put("Name", name)
        return fields.json
    }
}

/// An address with its prefix length.
public struct Address: EngineObject {
    public var addr: String = ""
    public var prefixLen: Int = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        addr = try json.string("Addr")
        prefixLen = try json.int("PrefixLen")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Addr", addr)
        fields.put("PrefixLen", prefixLen)
        return fields.json
    }
}

/// A container's addresses, of the default bridge and of every network.
public struct NetworkSettings: EngineObject {
    public var bridge: String = ""
    public var sandboxID: String = ""
    /// The path of the network namespace.
    public var sandboxKey: String = ""
    public var ports: PortMap = [:]
    public var hairpinMode: Bool = false
    public var linkLocalIPv6Address: String = ""
    public var linkLocalIPv6PrefixLen: Int = 0
    public var secondaryIPAddresses: [Address]?
    public var secondaryIPv6Addresses: [Address]?
    public var endpointID: String = ""
    public var gateway: String = ""
    public var globalIPv6Address: String = ""
    public var globalIPv6PrefixLen: Int = 0
    public var ipAddress: String = ""
    public var ipPrefixLen: Int = 0
    public var ipv6Gateway: String = ""
    public var macAddress: String = ""
    public var networks: [String: EndpointSettings] = [:]

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        bridge = try json.string("Bridge")
        sandboxID = try json.string("SandboxID")
        sandboxKey = try json.string("SandboxKey")
        ports = try json.ports("Ports")
        hairpinMode = try json.bool("HairpinMode")
        linkLocalIPv6Address = try json.string("LinkLocalIPv6Address")
        linkLocalIPv6PrefixLen = try json.int("LinkLocalIPv6PrefixLen")
        secondaryIPAddresses = try json.optionalList("SecondaryIPAddresses")
        secondaryIPv6Addresses = try json.optionalList("SecondaryIPv6Addresses")
        endpointID = try json.string("EndpointID")
        gateway = try json.string("Gateway")
        globalIPv6Address = try json.string("GlobalIPv6Address")
        globalIPv6PrefixLen = try json.int("GlobalIPv6PrefixLen")
        ipAddress = try json.string("IPAddress")
        ipPrefixLen = try json.int("IPPrefixLen")
        ipv6Gateway = try json.string("IPv6Gateway")
        macAddress = try json.string("MacAddress")
        networks = try json.map("Networks")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Bridge", bridge)
        fields.put("SandboxID", sandboxID)
        fields.put("SandboxKey", sandboxKey)
        fields.put("Ports", ports)
        fields.put("HairpinMode", hairpinMode)
        fields.put("LinkLocalIPv6Address", linkLocalIPv6Address)
        fields.put("LinkLocalIPv6PrefixLen", linkLocalIPv6PrefixLen)
        fields.put("SecondaryIPAddresses", secondaryIPAddresses)
        fields.put("SecondaryIPv6Addresses", secondaryIPv6Addresses)
        fields.put("EndpointID", endpointID)
        fields.put("Gateway", gateway)
        fields.put("GlobalIPv6Address", globalIPv6Address)
        fields.put("GlobalIPv6PrefixLen", globalIPv6PrefixLen)
        fields.put("IPAddress", ipAddress)
        fields.put("IPPrefixLen", ipPrefixLen)
        fields.put("IPv6Gateway", ipv6Gateway)
        fields.put("MacAddress", macAddress)
        fields.put("Networks", networks)
        return fields.json
    }
}

/// Everything about one container.
public struct ContainerInspect: EngineObject {
    public var id: String = ""
    public var created: String = ""
    public var path: String = ""
    public var args: [String]?
    public var state: ContainerState = ContainerState()
    public var image: String = ""
    public var resolvConfPath: String = ""
    public var hostnamePath: String = ""
    public var hostsPath: String = ""
    public var logPath: String = ""
    /// With a leading slash.
    public var name: String = ""
    public var restartCount: Int = 0
    public var driver: String = ""
    public var platform: String = ""
    public var mountLabel: String = ""
    public var processLabel: String = ""
    public var appArmorProfile: String = ""
    public var execIDs: [String]?
    public var hostConfig: HostConfig = HostConfig()
    public var graphDriver: DriverData = DriverData()
    public var sizeRw: Int?
    public var sizeRootFs: Int?
    public var mounts: [MountPoint]?
    public var config: ContainerConfig = ContainerConfig()
    public var networkSettings: NetworkSettings = NetworkSettings()
    public var imageManifestDescriptor: JSON = .null

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        id = try json.string("Id")
        created = try json.string("Created")
        path = try json.string("Path")
        args = try json.optionalStrings("Args")
        state = try json.member("State") ?? ContainerState()
        image = try json.string("Image")
        resolvConfPath = try json.string("ResolvConfPath")
        hostnamePath = try json.string("HostnamePath")
        hostsPath = try json.string("HostsPath")
        logPath = try json.string("LogPath")
        name = try json.string("Name")
        restartCount = try json.int("RestartCount")
        driver = try json.string("Driver")
        platform = try json.string("Platform")
        mountLabel = try json.string("MountLabel")
        processLabel = try json.string("ProcessLabel")
        appArmorProfile = try json.string("AppArmorProfile")
        execIDs = try json.optionalStrings("ExecIDs")
        hostConfig = try json.member("HostConfig") ?? HostConfig()
        graphDriver = try json.member("GraphDriver") ?? DriverData()
        sizeRw = try json.optionalInt("SizeRw")
        sizeRootFs = try json.optionalInt("SizeRootFs")
        mounts = try json.optionalList("Mounts")
        config = try json.member("Config") ?? ContainerConfig()
        networkSettings = try json.member("NetworkSettings") ?? NetworkSettings()
        imageManifestDescriptor = json["ImageManifestDescriptor"] ?? .null
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Id", id)
        fields.put("Created", created)
        fields.put("Path", path)
        fields.put("Args", args)
        fields.put("State", state)
        fields.put("Image", image)
        fields.put("ResolvConfPath", resolvConfPath)
        fields.put("HostnamePath", hostnamePath)
        fields.put("HostsPath", hostsPath)
        fields.put("LogPath", logPath)
        fields.put("Name", name)
        fields.put("RestartCount", restartCount)
        fields.put("Driver", driver)
        fields.put("Platform", platform)
        fields.put("MountLabel", mountLabel)
        fields.put("ProcessLabel", processLabel)
        fields.put("AppArmorProfile", appArmorProfile)
        fields.put("ExecIDs", execIDs)
        fields.put("HostConfig", hostConfig)
        fields.put("GraphDriver", graphDriver)
        fields.putUnlessEmpty("SizeRw", sizeRw)
        fields.putUnlessEmpty("SizeRootFs", sizeRootFs)
        fields.put("Mounts", mounts)
        fields.put("Config", config)
        fields.put("NetworkSettings", networkSettings)
        fields.putUnlessEmpty("ImageManifestDescriptor", imageManifestDescriptor)
        return fields.json
    }
}
