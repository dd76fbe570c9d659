public import JSON

/// One figure of the block controller.
public struct BlkioEntry: EngineObject {
    public var major: UInt64 = 0
    public var minor: UInt64 = 0
    public var op: String = ""
    public var value: UInt64 = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        major = try json.uint("major") ?? 0
        minor = try json.uint("minor") ?? 0
        op = try json.string("op")
        value = try json.uint("value") ?? 0
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("major", major)
        fields.put("minor", minor)
        fields.put("op", op)
        fields.put("value", value)
        return fields.json
    }
}

/// Block input and output since the container started.
public struct BlkioStats: EngineObject {
    public var ioServiceBytesRecursive: [BlkioEntry]?
    public var ioServicedRecursive: [BlkioEntry]?
    public var ioQueueRecursive: [BlkioEntry]?
    public var ioServiceTimeRecursive: [BlkioEntry]?
    public var ioWaitTimeRecursive: [BlkioEntry]?
    public var ioMergedRecursive: [BlkioEntry]?
    public var ioTimeRecursive: [BlkioEntry]?
    public var sectorsRecursive: [BlkioEntry]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        ioServiceBytesRecursive = try json.optionalList("io_service_bytes_recursive")
        ioServicedRecursive = try json.optionalList("io_serviced_recursive")
        ioQueueRecursive = try json.optionalList("io_queue_recursive")
        ioServiceTimeRecursive = try json.optionalList("io_service_time_recursive")
        ioWaitTimeRecursive = try json.optionalList("io_wait_time_recursive")
        ioMergedRecursive = try json.optionalList("io_merged_recursive")
        ioTimeRecursive = try json.optionalList("io_time_recursive")
        sectorsRecursive = try json.optionalList("sectors_recursive")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("io_service_bytes_recursive", ioServiceBytesRecursive)
        fields.put("io_serviced_recursive", ioServicedRecursive)
        fields.put("io_queue_recursive", ioQueueRecursive)
        fields.put("io_service_time_recursive", ioServiceTimeRecursive)
        fields.put("io_wait_time_recursive", ioWaitTimeRecursive)
        fields.put("io_merged_recursive", ioMergedRecursive)
        fields.put("io_time_recursive", ioTimeRecursive)
        fields.put("sectors_recursive", sectorsRecursive)
        return fields.json
    }
}

/// CPU time used, in nanoseconds.
public struct CPUUsage: EngineObject {
    public var totalUsage: UInt64 = 0
    public var percpuUsage: [UInt64] = []
    public var usageInKernelmode: UInt64 = 0
    public var usageInUsermode: UInt64 = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        totalUsage = try json.uint("total_usage") ?? 0
        percpuUsage = try json.uints("percpu_usage")
        usageInKernelmode = try json.uint("usage_in_kernelmode") ?? 0
        usageInUsermode = try json.uint("usage_in_usermode") ?? 0
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("total_usage", totalUsage)
        fields.putUnlessEmpty("percpu_usage", percpuUsage)
        fields.put("usage_in_kernelmode", usageInKernelmode)
        fields.put("usage_in_usermode", usageInUsermode)
        return fields.json
    }
}

/// How often the CPU quota was reached.
public struct ThrottlingData: EngineObject {
    public var periods: UInt64 = 0
    public var throttledPeriods: UInt64 = 0
    public var throttledTime: UInt64 = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        periods = try json.uint("periods") ?? 0
        throttledPeriods = try json.uint("throttled_periods") ?? 0
        throttledTime = try json.uint("throttled_time") ?? 0
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("periods", periods)
        fields.put("throttled_periods", throttledPeriods)
        fields.put("throttled_time", throttledTime)
        return fields.json
    }
}

/// CPU figures of a container and of the host.
public struct CPUStats: EngineObject {
    public var cpuUsage: CPUUsage = CPUUsage()
    public var systemCpuUsage: UInt64 = 0
    public var onlineCpus: UInt64 = 0
    public var throttlingData: ThrottlingData = ThrottlingData()

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        cpuUsage = try json.member("cpu_usage") ?? CPUUsage()
        systemCpuUsage = try json.uint("system_cpu_usage") ?? 0
        onlineCpus = try json.uint("online_cpus") ?? 0
        throttlingData = try json.member("throttling_data") ?? ThrottlingData()
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("cpu_usage", cpuUsage)
        fields.putUnlessEmpty("system_cpu_usage", systemCpuUsage)
        fields.putUnlessEmpty("online_cpus", onlineCpus)
        fields.put("throttling_data", throttlingData)
        return fields.json
    }
}

/// Memory figures, in bytes.
public struct MemoryStats: EngineObject {
    public var usage: UInt64 = 0
    public var maxUsage: UInt64 = 0
    public var stats: JSON = .null
    public var failcnt: UInt64 = 0
    public var limit: UInt64 = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        usage = try json.uint("usage") ?? 0
        maxUsage = try json.uint("max_usage") ?? 0
        stats = json["stats"] ?? .null
        failcnt = try json.uint("failcnt") ?? 0
        limit = try json.uint("limit") ?? 0
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("usage", usage)
        fields.putUnlessEmpty("max_usage", maxUsage)
        fields.putUnlessEmpty("stats", stats)
        fields.putUnlessEmpty("failcnt", failcnt)
        fields.putUnlessEmpty("limit", limit)
        return fields.json
    }
}

/// Processes and threads.
public struct PidsStats: EngineObject {
    public var current: UInt64 = 0
    public var limit: UInt64 = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        current = try json.uint("current") ?? 0
        limit = try json.uint("limit") ?? 0
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("current", current)
        fields.putUnlessEmpty("limit", limit)
        return fields.json
    }
}

/// Traffic of one interface.
public struct NetworkStats: EngineObject {
    public var rxBytes: UInt64 = 0
    public var rxPackets: UInt64 = 0
    public var rxErrors: UInt64 = 0
    public var rxDropped: UInt64 = 0
    public var txBytes: UInt64 = 0
    public var txPackets: UInt64 = 0
    public var txErrors: UInt64 = 0
    public var txDropped: UInt64 = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        rxBytes = try json.uint("rx_bytes") ?? 0
        rxPackets = try json.uint("rx_packets") ?? 0
        rxErrors = try json.uint("rx_errors") ?? 0
        rxDropped = try json.uint("rx_dropped") ?? 0
        txBytes = try json.uint("tx_bytes") ?? 0
        txPackets = try json.uint("tx_packets") ?? 0
        txErrors = try json.uint("tx_errors") ?? 0
        txDropped = try json.uint("tx_dropped") ?? 0
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("rx_bytes", rxBytes)
        fields.put("rx_packets", rxPackets)
        fields.put("rx_errors", rxErrors)
        fields.put("rx_dropped", rxDropped)
        fields.put("tx_bytes", txBytes)
        fields.put("tx_packets", txPackets)
        fields.put("tx_errors", txErrors)
        fields.put("tx_dropped", txDropped)
        return fields.json
    }
}

/// Figures that only Windows gives.
public struct StorageStats: EngineObject {
    public var readCountNormalized: UInt64 = 0
    public var readSizeBytes: UInt64 = 0
    public var writeCountNormalized: UInt64 = 0
    public var writeSizeBytes: UInt64 = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        readCountNormalized = try json.uint("read_count_normalized") ?? 0
        readSizeBytes = try json.uint("read_size_bytes") ?? 0
        writeCountNormalized = try json.uint("write_count_normalized") ?? 0
        writeSizeBytes = try json.uint("write_size_bytes") ?? 0
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("read_count_normalized", readCountNormalized)
        fields.putUnlessEmpty("read_size_bytes", readSizeBytes)
        fields.putUnlessEmpty("write_count_normalized", writeCountNormalized)
        fields.putUnlessEmpty("write_size_bytes", writeSizeBytes)
        return fields.json
    }
}

/// A container's use of the host at one moment.
public struct StatsResponse: EngineObject {
    public var name: String = ""
    public var id: String = ""
    public var read: String = ""
    public var preread: String = ""
    public var pidsStats: PidsStats = PidsStats()
    public var blkioStats: BlkioStats = BlkioStats()
    public var numProcs: UInt64 = 0
    public var storageStats: StorageStats = StorageStats()
    public var cpuStats: CPUStats = CPUStats()
    public var precpuStats: CPUStats = CPUStats()
    public var memoryStats: MemoryStats = MemoryStats()
    public var networks: [String: NetworkStats] = [:]

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        name = try json.string("name")
        id = try json.string("id")
        read = try json.string("read")
        preread = try json.string("preread")
        pidsStats = try json.member("pids_stats") ?? PidsStats()
        blkioStats = try json.member("blkio_stats") ?? BlkioStats()
        numProcs = try json.uint("num_procs") ?? 0
        storageStats = try json.member("storage_stats") ?? StorageStats()
        cpuStats = try json.member("cpu_stats") ?? CPUStats()
        precpuStats = try json.member("precpu_stats") ?? CPUStats()
        memoryStats = try json.member("memory_stats") ?? MemoryStats()
        networks = try json.map("networks")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("name", name)
        fields.putUnlessEmpty("id", id)
        fields.put("read", read)
        fields.put("preread", preread)
        fields.put("pids_stats", pidsStats)
        fields.put("blkio_stats", blkioStats)
        fields.put("num_procs", numProcs)
        fields.put("storage_stats", storageStats)
        fields.put("cpu_stats", cpuStats)
        fields.put("precpu_stats", precpuStats)
        fields.put("memory_stats", memoryStats)
        fields.putUnlessEmpty("networks", networks)
        return fields.json
    }
}
