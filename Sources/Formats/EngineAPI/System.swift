public import JSON

/// One program of the engine.
public struct VersionComponent: EngineObject {
    public var name: String = ""
    public var version: String = ""
    public var details: [String: String] = [:]

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        name = try json.string("Name")
        version = try json.string("Version")
        details = try json.texts("Details") ?? [:]
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Name", name)
        fields.put("Version", version)
        fields.putUnlessEmpty("Details", details)
        return fields.json
    }
}

/// The product's name.
public struct VersionPlatform: EngineObject {
    public var name: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        name = try json.string("Name")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Name", name)
        return fields.json
    }
}

/// The answer to GET /version.
public struct SystemVersion: EngineObject {
    public var platform: VersionPlatform = VersionPlatform()
    public var components: [VersionComponent]?
    public var version: String = ""
    public var apiVersion: String = ""
    public var minAPIVersion: String = ""
    public var gitCommit: String = ""
    public var goVersion: String = ""
    public var os: String = ""
    public var arch: String = ""
    public var kernelVersion: String = ""
    public var experimental: Bool = false
    public var buildTime: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        platform = try json.member("Platform") ?? VersionPlatform()
        components = try json.optionalList("Components")
        version = try json.string("Version")
        apiVersion = try json.string("ApiVersion")
        minAPIVersion = try json.string("MinAPIVersion")
        gitCommit = try json.string("GitCommit")
        goVersion = try json.string("GoVersion")
        os = try json.string("Os")
        arch = try json.string("Arch")
        kernelVersion = try json.string("KernelVersion")
        experimental = try json.bool("Experimental")
        buildTime = try json.string("BuildTime")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Platform", platform)
        fields.put("Components", components)
        fields.put("Version", version)
        fields.put("ApiVersion", apiVersion)
        fields.putUnlessEmpty("MinAPIVersion", minAPIVersion)
        fields.put("GitCommit", gitCommit)
        fields.put("GoVersion", goVersion)
        fields.put("Os", os)
        fields.put("Arch", arch)
        fields.putUnlessEmpty("KernelVersion", kernelVersion)
        fields.putUnlessEmpty("Experimental", experimental)
        fields.putUnlessEmpty("BuildTime", buildTime)
        return fields.json
    }
}

/// A program's source revision.
public struct Commit: EngineObject {
    public var id: String = ""
    public var expected: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        id = try json.string("ID")
        expected = try json.string("Expected")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("ID", id)
        fields.putUnlessEmpty("Expected", expected)
        return fields.json
    }
}

/// An OCI runtime.
public struct RuntimeInfo: EngineObject {
    public var path: String = ""
    public var runtimeArgs: [String] = []
    public var status: [String: String] = [:]

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        path = try json.string("path")
        runtimeArgs = try json.strings("runtimeArgs")
        status = try json.texts("status") ?? [:]
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("path", path)
        fields.putUnlessEmpty("runtimeArgs", runtimeArgs)
        fields.putUnlessEmpty("status", status)
        return fields.json
    }
}

/// The plugins by kind.
public struct PluginsInfo: EngineObject {
    public var volume: [String]?
    public var network: [String]?
    public var authorization: [String]?
    public var log: [String]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        volume = try json.optionalStrings("Volume")
        network = try json.optionalStrings("Network")
        authorization = try json.optionalStrings("Authorization")
        log = try json.optionalStrings("Log")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Volume", volume)
        fields.put("Network", network)
        fields.put("Authorization", authorization)
        fields.put("Log", log)
        return fields.json
    }
}

/// The answer to GET /info.
public struct SystemInfo: EngineObject {
    public var id: String = ""
    public var containers: Int = 0
    public var containersRunning: Int = 0
    public var containersPaused: Int = 0
    public var containersStopped: Int = 0
    public var images: Int = 0
    public var driver: String = ""
    public var driverStatus: [[String]]?
    public var systemStatus: [[String]] = []
    public var plugins: PluginsInfo = PluginsInfo()
    public var memoryLimit: Bool = false
    public var swapLimit: Bool = false
    public var kernelMemory: Bool = false
    public var kernelMemoryTCP: Bool = false
    public var cpuCfsPeriod: Bool = false
    public var cpuCfsQuota: Bool = false
    public var cpuShares: Bool = false
    public var cpuSet: Bool = false
    public var pidsLimit: Bool = false
    public var ipv4Forwarding: Bool = false
    public var bridgeNfIptables: Bool?
    public var bridgeNfIp6tables: Bool?
    public var debug: Bool = false
    public var nfd: Int = 0
    public var oomKillDisable: Bool = false
    public var nGoroutines: Int = 0
    public var systemTime: String = ""
    public var loggingDriver: String = ""
    public var cgroupDriver: String = ""
    public var cgroupVersion: String = ""
    public var nEventsListener: Int = 0
    public var kernelVersion: String = ""
    public var operatingSystem: String = ""
    public var osVersion: String = ""
    public var osType: String = ""
    public var architecture: String = ""
    public var indexServerAddress: String = ""
    public var registryConfig: JSON = .null
    public var ncpu: Int = 0
    public var memTotal: Int = 0
    public var genericResources: JSON = .null
    public var dockerRootDir: String = ""
    public var httpProxy: String = ""
    public var httpsProxy: String = ""
    public var noProxy: String = ""
    public var name: String = ""
    public var labels: [String]?
    public var experimentalBuild: Bool = false
    public var serverVersion: String = ""
    public var runtimes: [String: RuntimeInfo] = [:]
    public var defaultRuntime: String = ""
    public var swarm: JSON = .null
    public var liveRestoreEnabled: Bool = false
    public var isolation: String = ""
    public var initBinary: String = ""
    public var containerdCommit: Commit = Commit()
    public var runcCommit: Commit = Commit()
    public var initCommit: Commit = Commit()
    public var securityOptions: [String]?
    public var productLicense: String = ""
    public var defaultAddressPools: JSON = .null
    public var firewallBackend: JSON = .null
    public var cdiSpecDirs: [String]?
    public var containerd: JSON = .null
    public var warnings: [String]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        id = try json.string("ID")
        containers = try json.int("Containers")
        containersRunning = try json.int("ContainersRunning")
        containersPaused = try json.int("ContainersPaused")
        containersStopped = try json.int("ContainersStopped")
        images = try json.int("Images")
        driver = try json.string("Driver")
        driverStatus = try json.rows("DriverStatus")
        systemStatus = try json.rows("SystemStatus") ?? []
        plugins = try json.member("Plugins") ?? PluginsInfo()
        memoryLimit = try json.bool("MemoryLimit")
        swapLimit = try json.bool("SwapLimit")
        kernelMemory = try json.bool("KernelMemory")
        kernelMemoryTCP = try json.bool("KernelMemoryTCP")
        cpuCfsPeriod = try json.bool("CpuCfsPeriod")
        cpuCfsQuota = try json.bool("CpuCfsQuota")
        cpuShares = try json.bool("CPUShares")
        cpuSet = try json.bool("CPUSet")
        pidsLimit = try json.bool("PidsLimit")
        ipv4Forwarding = try json.bool("IPv4Forwarding")
        bridgeNfIptables = try json.optionalBool("BridgeNfIptables")
        bridgeNfIp6tables = try json.optionalBool("BridgeNfIp6tables")
        try readHost(json)
        try readPrograms(json)
    }

    /// The machine and its system.
    private mutating func readHost(_ json: JSON.Object) throws(JSON.Failure) {
        debug = try json.bool("Debug")
        nfd = try json.int("NFd")
        oomKillDisable = try json.bool("OomKillDisable")
        nGoroutines = try json.int("NGoroutines")
        systemTime = try json.string("SystemTime")
        loggingDriver = try json.string("LoggingDriver")
        cgroupDriver = try json.string("CgroupDriver")
        cgroupVersion = try json.string("CgroupVersion")
        nEventsListener = try json.int("NEventsListener")
        kernelVersion = try json.string("KernelVersion")
        operatingSystem = try json.string("OperatingSystem")
        osVersion = try json.string("OSVersion")
        osType = try json.string("OSType")
        architecture = try json.string("Architecture")
        indexServerAddress = try json.string("IndexServerAddress")
        registryConfig = json["RegistryConfig"] ?? .null
        ncpu = try json.int("NCPU")
        memTotal = try json.int("MemTotal")
        genericResources = json["GenericResources"] ?? .null
        dockerRootDir = try json.string("DockerRootDir")
        httpProxy = try json.string("HttpProxy")
        httpsProxy = try json.string("HttpsProxy")
        noProxy = try json.string("NoProxy")
        name = try json.string("Name")
        labels = try json.optionalStrings("Labels")
        experimentalBuild = try json.bool("ExperimentalBuild")
        serverVersion = try json.string("ServerVersion")
    }

    /// The programs the daemon works with, and what they can do.
    private mutating func readPrograms(_ json: JSON.Object) throws(JSON.Failure) {
        runtimes = try json.map("Runtimes")
        defaultRuntime = try json.string("DefaultRuntime")
        swarm = json["Swarm"] ?? .null
        liveRestoreEnabled = try json.bool("LiveRestoreEnabled")
        isolation = try json.string("Isolation")
        initBinary = try json.string("InitBinary")
        containerdCommit = try json.member("ContainerdCommit") ?? Commit()
        runcCommit = try json.member("RuncCommit") ?? Commit()
        initCommit = try json.member("InitCommit") ?? Commit()
        securityOptions = try json.optionalStrings("SecurityOptions")
        productLicense = try json.string("ProductLicense")
        defaultAddressPools = json["DefaultAddressPools"] ?? .null
        firewallBackend = json["FirewallBackend"] ?? .null
        cdiSpecDirs = try json.optionalStrings("CDISpecDirs")
        containerd = json["Containerd"] ?? .null
        warnings = try json.optionalStrings("Warnings")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("ID", id)
        fields.put("Containers", containers)
        fields.put("ContainersRunning", containersRunning)
        fields.put("ContainersPaused", containersPaused)
        fields.put("ContainersStopped", containersStopped)
        fields.put("Images", images)
        fields.put("Driver", driver)
        fields.put("DriverStatus", driverStatus)
        fields.putUnlessEmpty("SystemStatus", systemStatus)
        fields.put("Plugins", plugins)
        fields.put("MemoryLimit", memoryLimit)
        fields.put("SwapLimit", swapLimit)
        fields.putUnlessEmpty("KernelMemory", kernelMemory)
        fields.putUnlessEmpty("KernelMemoryTCP", kernelMemoryTCP)
        fields.put("CpuCfsPeriod", cpuCfsPeriod)
        fields.put("CpuCfsQuota", cpuCfsQuota)
        fields.put("CPUShares", cpuShares)
        fields.put("CPUSet", cpuSet)
        fields.put("PidsLimit", pidsLimit)
        fields.put("IPv4Forwarding", ipv4Forwarding)
        fields.putUnlessEmpty("BridgeNfIptables", bridgeNfIptables)
        fields.putUnlessEmpty("BridgeNfIp6tables", bridgeNfIp6tables)
        fields.put("Debug", debug)
        fields.put("NFd", nfd)
        fields.put("OomKillDisable", oomKillDisable)
        fields.put("NGoroutines", nGoroutines)
        fields.put("SystemTime", systemTime)
        fields.put("LoggingDriver", loggingDriver)
        fields.put("CgroupDriver", cgroupDriver)
        fields.putUnlessEmpty("CgroupVersion", cgroupVersion)
        fields.put("NEventsListener", nEventsListener)
        fields.put("KernelVersion", kernelVersion)
        fields.put("OperatingSystem", operatingSystem)
        fields.put("OSVersion", osVersion)
        fields.put("OSType", osType)
        fields.put("Architecture", architecture)
        fields.put("IndexServerAddress", indexServerAddress)
        fields.put("RegistryConfig", registryConfig)
        fields.put("NCPU", ncpu)
        fields.put("MemTotal", memTotal)
        fields.put("GenericResources", genericResources)
        fields.put("DockerRootDir", dockerRootDir)
        fields.put("HttpProxy", httpProxy)
        fields.put("HttpsProxy", httpsProxy)
        fields.put("NoProxy", noProxy)
        fields.put("Name", name)
        fields.put("Labels", labels)
        fields.put("ExperimentalBuild", experimentalBuild)
        fields.put("ServerVersion", serverVersion)
        fields.put("Runtimes", runtimes)
        fields.put("DefaultRuntime", defaultRuntime)
        fields.put("Swarm", swarm)
        fields.put("LiveRestoreEnabled", liveRestoreEnabled)
        fields.put("Isolation", isolation)
        fields.put("InitBinary", initBinary)
        fields.put("ContainerdCommit", containerdCommit)
        fields.put("RuncCommit", runcCommit)
        fields.put("InitCommit", initCommit)
        fields.put("SecurityOptions", securityOptions)
        fields.putUnlessEmpty("ProductLicense", productLicense)
        fields.putUnlessEmpty("DefaultAddressPools", defaultAddressPools)
        fields.putUnlessEmpty("FirewallBackend", firewallBackend)
        fields.put("CDISpecDirs", cdiSpecDirs)
        fields.putUnlessEmpty("Containerd", containerd)
        fields.put("Warnings", warnings)
        return fields.json
    }
}

/// The answer to GET /system/df.
public struct DiskUsage: EngineObject {
    public var layersSize: Int = 0
    public var images: [ImageSummary]?
    public var containers: [ContainerSummary]?
    public var volumes: [Volume]?
    public var buildCache: JSON = .null

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        layersSize = try json.int("LayersSize")
        images = try json.optionalList("Images")
        containers = try json.optionalList("Containers")
        volumes = try json.optionalList("Volumes")
        buildCache = json["BuildCache"] ?? .null
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("LayersSize", layersSize)
        fields.put("Images", images)
        fields.put("Containers", containers)
        fields.put("Volumes", volumes)
        fields.put("BuildCache", buildCache)
        return fields.json
    }
}
