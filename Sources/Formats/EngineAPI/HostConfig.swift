public import JSON

/// The logging driver and its options.
public struct LogConfig: EngineObject {
    public var type: String = ""
    public var config: [String: String]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        type = try json.string("Type")
        config = try json.texts("Config")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Type", type)
        fields.put("Config", config)
        return fields.json
    }
}

/// When a container that ended is started again.
public struct RestartPolicy: EngineObject {
    /// "", "no", "always", "unless-stopped" or "on-failure".
    public var name: String = ""
    /// For on-failure; 0: without end.
    public var maximumRetryCount: Int = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        name = try json.string("Name")
        maximumRetryCount = try json.int("MaximumRetryCount")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Name", name)
        fields.put("MaximumRetryCount", maximumRetryCount)
        return fields.json
    }
}

/// An address and port of the host.
public struct PortBinding: EngineObject {
    public var hostIP: String = ""
    /// Empty: any free one; "8000-8010": any of these.
    public var hostPort: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        hostIP = try json.string("HostIp")
        hostPort = try json.string("HostPort")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("HostIp", hostIP)
        fields.put("HostPort", hostPort)
        return fields.json
    }
}

/// How a container is run on this host.
public struct HostConfig: EngineObject {
    public var binds: [String]?
    public var containerIDFile: String = ""
    public var logConfig: LogConfig = LogConfig()
    public var networkMode: String = ""
    public var portBindings: PortMap = [:]
    public var restartPolicy: RestartPolicy = RestartPolicy()
    public var autoRemove: Bool = false
    public var volumeDriver: String = ""
    public var volumesFrom: [String]?
    /// Height and width.
    public var consoleSize: [Int] = []
    public var annotations: [String: String] = [:]
    public var capAdd: [String]?
    public var capDrop: [String]?
    public var cgroupnsMode: String = ""
    public var dns: [String]?
    public var dnsOptions: [String]?
    public var dnsSearch: [String]?
    public var extraHosts: [String]?
    public var groupAdd: [String]?
    public var ipcMode: String = ""
    public var cgroup: String = ""
    public var links: [String]?
    public var oomScoreAdj: Int = 0
    public var pidMode: String = ""
    public var privileged: Bool = false
    public var publishAllPorts: Bool = false
    public var readonlyRootfs: Bool = false
    public var securityOpt: [String]?
    public var storageOpt: [String: String] = [:]
    /// Options by path in the container.
    public var tmpfs: [String: String] = [:]
    public var utsMode: String = ""
    public var usernsMode: String = ""
    /// Bytes of /dev/shm.
    public var shmSize: Int = 0
    public var sysctls: [String: String] = [:]
    public var runtime: String = ""
    public var isolation: String = ""
    public var cpuShares: Int = 0
    /// Bytes.
    public var memory: Int = 0
    /// Billionths of a CPU.
    public var nanoCpus: Int = 0
    public var cgroupParent: String = ""
    public var blkioWeight: Int = 0
    public var blkioWeightDevice: [WeightDevice]?
    public var blkioDeviceReadBps: [ThrottleDevice]?
    public var blkioDeviceWriteBps: [ThrottleDevice]?
    public var blkioDeviceReadIOps: [ThrottleDevice]?
    public var blkioDeviceWriteIOps: [ThrottleDevice]?
    /// Microseconds.
    public var cpuPeriod: Int = 0
    /// Microseconds in each period.
    public var cpuQuota: Int = 0
    public var cpuRealtimePeriod: Int = 0
    public var cpuRealtimeRuntime: Int = 0
    public var cpusetCpus: String = ""
    public var cpusetMems: String = ""
    public var devices: [DeviceMapping]?
    public var deviceCgroupRules: [String]?
    public var deviceRequests: [DeviceRequest]?
    public var kernelMemory: Int = 0
    public var kernelMemoryTCP: Int = 0
    public var memoryReservation: Int = 0
    /// Memory and swap together; -1: unlimited swap; 0: twice the memory.
    public var memorySwap: Int = 0
    public var memorySwappiness: Int?
    public var oomKillDisable: Bool?
    /// nil, 0 or -1: unlimited.
    public var pidsLimit: Int?
    public var ulimits: [Ulimit]?
    public var cpuCount: Int = 0
    public var cpuPercent: Int = 0
    public var ioMaximumIOps: UInt64 = 0
    public var ioMaximumBandwidth: UInt64 = 0
    public var mounts: [Mount] = []
    public var maskedPaths: [String]?
    public var readonlyPaths: [String]?
    /// Runs docker-init as process 1; nil: as the daemon is configured.
    public var usesInit: Bool?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        binds = try json.optionalStrings("Binds")
        containerIDFile = try json.string("ContainerIDFile")
        logConfig = try json.member("LogConfig") ?? LogConfig()
        networkMode = try json.string("NetworkMode")
        portBindings = try json.ports("PortBindings")
        restartPolicy = try json.member("RestartPolicy") ?? RestartPolicy()
        autoRemove = try json.bool("AutoRemove")
        volumeDriver = try json.string("VolumeDriver")
        volumesFrom = try json.optionalStrings("VolumesFrom")
        consoleSize = try json.ints("ConsoleSize")
        annotations = try json.texts("Annotations") ?? [:]
        capAdd = try json.words("CapAdd")
        capDrop = try json.words("CapDrop")
        cgroupnsMode = try json.string("CgroupnsMode")
        dns = try json.optionalStrings("Dns")
        dnsOptions = try json.optionalStrings("DnsOptions")
        dnsSearch = try json.optionalStrings("DnsSearch")
        extraHosts = try json.optionalStrings("ExtraHosts")
        groupAdd = try json.optionalStrings("GroupAdd")
        ipcMode = try json.string("IpcMode")
        cgroup = try json.string("Cgroup")
        links = try json.optionalStrings("Links")
        oomScoreAdj = try json.int("OomScoreAdj")
        pidMode = try json.string("PidMode")
        privileged = try json.bool("Privileged")
        publishAllPorts = try json.bool("PublishAllPorts")
        readonlyRootfs = try json.bool("ReadonlyRootfs")
        securityOpt = try json.optionalStrings("SecurityOpt")
        storageOpt = try json.texts("StorageOpt") ?? [:]
        tmpfs = try json.texts("Tmpfs") ?? [:]
        utsMode = try json.string("UTSMode")
        usernsMode = try json.string("UsernsMode")
        shmSize = try json.int("ShmSize")
        sysctls = try json.texts("Sysctls") ?? [:]
        runtime = try json.string("Runtime")
        isolation = try json.string("Isolation")
        mounts = try json.list("Mounts")
        maskedPaths = try json.optionalStrings("MaskedPaths")
        readonlyPaths = try json.optionalStrings("ReadonlyPaths")
        usesInit = try json.optionalBool("Init")
        try readResources(json)
    }

    /// What upstream's HostConfig embeds as Resources.
    private mutating func readResources(_ json: JSON.Object) throws(JSON.Failure) {
        cpuShares = try json.int("CpuShares")
        memory = try json.int("Memory")
        nanoCpus = try json.int("NanoCpus")
        cgroupParent = try json.string("CgroupParent")
        blkioWeight = try json.int("BlkioWeight")
        blkioWeightDevice = try json.optionalList("BlkioWeightDevice")
        blkioDeviceReadBps = try json.optionalList("BlkioDeviceReadBps")
        blkioDeviceWriteBps = try json.optionalList("BlkioDeviceWriteBps")
        blkioDeviceReadIOps = try json.optionalList("BlkioDeviceReadIOps")
        blkioDeviceWriteIOps = try json.optionalList("BlkioDeviceWriteIOps")
        cpuPeriod = try json.int("CpuPeriod")
        cpuQuota = try json.int("CpuQuota")
        cpuRealtimePeriod = try json.int("CpuRealtimePeriod")
        cpuRealtimeRuntime = try json.int("CpuRealtimeRuntime")
        cpusetCpus = try json.string("CpusetCpus")
        cpusetMems = try json.string("CpusetMems")
        devices = try json.optionalList("Devices")
        deviceCgroupRules = try json.optionalStrings("DeviceCgroupRules")
        deviceRequests = try json.optionalList("DeviceRequests")
        kernelMemory = try json.int("KernelMemory")
        kernelMemoryTCP = try json.int("KernelMemoryTCP")
        memoryReservation = try json.int("MemoryReservation")
        memorySwap = try json.int("MemorySwap")
        memorySwappiness = try json.optionalInt("MemorySwappiness")
        oomKillDisable = try json.optionalBool("OomKillDisable")
        pidsLimit = try json.optionalInt("PidsLimit")
        ulimits = try json.optionalList("Ulimits")
        cpuCount = try json.int("CpuCount")
        cpuPercent = try json.int("CpuPercent")
        ioMaximumIOps = try json.uint("IOMaximumIOps") ?? 0
        ioMaximumBandwidth = try json.uint("IOMaximumBandwidth") ?? 0
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Binds", binds)
        fields.put("ContainerIDFile", containerIDFile)
        fields.put("LogConfig", logConfig)
        fields.put("NetworkMode", networkMode)
        fields.put("PortBindings", portBindings)
        fields.put("RestartPolicy", restartPolicy)
        fields.put("AutoRemove", autoRemove)
        fields.put("VolumeDriver", volumeDriver)
        fields.put("VolumesFrom", volumesFrom)
        fields.put("ConsoleSize", consoleSize)
        fields.putUnlessEmpty("Annotations", annotations)
        fields.put("CapAdd", capAdd)
        fields.put("CapDrop", capDrop)
        fields.put("CgroupnsMode", cgroupnsMode)
        fields.put("Dns", dns)
        fields.put("DnsOptions", dnsOptions)
        fields.put("DnsSearch", dnsSearch)
        fields.put("ExtraHosts", extraHosts)
        fields.put("GroupAdd", groupAdd)
        fields.put("IpcMode", ipcMode)
        fields.put("Cgroup", cgroup)
        fields.put("Links", links)
        fields.put("OomScoreAdj", oomScoreAdj)
        fields.put("PidMode", pidMode)
        fields.put("Privileged", privileged)
        fields.put("PublishAllPorts", publishAllPorts)
        fields.put("ReadonlyRootfs", readonlyRootfs)
        fields.put("SecurityOpt", securityOpt)
        fields.putUnlessEmpty("StorageOpt", storageOpt)
        fields.putUnlessEmpty("Tmpfs", tmpfs)
        fields.put("UTSMode", utsMode)
        fields.put("UsernsMode", usernsMode)
        fields.put("ShmSize", shmSize)
        fields.putUnlessEmpty("Sysctls", sysctls)
        fields.putUnlessEmpty("Runtime", runtime)
        fields.put("Isolation", isolation)
        fields.put("CpuShares", cpuShares)
        fields.put("Memory", memory)
        fields.put("NanoCpus", nanoCpus)
        fields.put("CgroupParent", cgroupParent)
        fields.put("BlkioWeight", blkioWeight)
        fields.put("BlkioWeightDevice", blkioWeightDevice)
        fields.put("BlkioDeviceReadBps", blkioDeviceReadBps)
        fields.put("BlkioDeviceWriteBps", blkioDeviceWriteBps)
        fields.put("BlkioDeviceReadIOps", blkioDeviceReadIOps)
        fields.put("BlkioDeviceWriteIOps", blkioDeviceWriteIOps)
        fields.put("CpuPeriod", cpuPeriod)
        fields.put("CpuQuota", cpuQuota)
        fields.put("CpuRealtimePeriod", cpuRealtimePeriod)
        fields.put("CpuRealtimeRuntime", cpuRealtimeRuntime)
        fields.put("CpusetCpus", cpusetCpus)
        fields.put("CpusetMems", cpusetMems)
        fields.put("Devices", devices)
        fields.put("DeviceCgroupRules", deviceCgroupRules)
        fields.put("DeviceRequests", deviceRequests)
        fields.putUnlessEmpty("KernelMemory", kernelMemory)
        fields.putUnlessEmpty("KernelMemoryTCP", kernelMemoryTCP)
        fields.put("MemoryReservation", memoryReservation)
        fields.put("MemorySwap", memorySwap)
        fields.put("MemorySwappiness", memorySwappiness)
        fields.put("OomKillDisable", oomKillDisable)
        fields.put("PidsLimit", pidsLimit)
        fields.put("Ulimits", ulimits)
        fields.put("CpuCount", cpuCount)
        fields.put("CpuPercent", cpuPercent)
        fields.put("IOMaximumIOps", ioMaximumIOps)
        fields.put("IOMaximumBandwidth", ioMaximumBandwidth)
        fields.putUnlessEmpty("Mounts", mounts)
        fields.put("MaskedPaths", maskedPaths)
        fields.put("ReadonlyPaths", readonlyPaths)
        fields.putUnlessEmpty("Init", usesInit)
        return fields.json
    }
}
