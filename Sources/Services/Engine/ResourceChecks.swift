internal import EngineAPI

/// Upstream's checks of the limits that a client sets, and the warnings about those that the kernel lacks.
struct ResourceChecks {
    let facts: HostFacts
    var warnings: [String] = []

    init(_ facts: HostFacts) { self.facts = facts }

    private static let leastMemory = 6 << 20

    mutating func check(_ config: inout HostConfig, isUpdate: Bool = false) throws(EngineError) {
        try checkMemory(&config, isUpdate: isUpdate)
        try checkCPU(config)
        discardWeights(&config)
        try checkBlockIO(config)
        try checkRest(&config)
    }

    private mutating func checkMemory(_ config: inout HostConfig, isUpdate: Bool) throws(EngineError) {
        if config.memory > 0 && !facts.hasMemoryLimit {
            warnings.append(
                "Your kernel does not support memory limit capabilities or the cgroup is not mounted."
                    + " Limitation discarded.")
            config.memory = 0
            config.memorySwap = -1
        }
        if config.memory > 0 && config.memorySwap != -1 && !facts.hasSwapLimit {
            warnings.append(
                "Your kernel does not support swap limit capabilities or the cgroup is not mounted."
                    + " Memory limited without swap.")
            config.memorySwap = -1
        }
        if config.memory != 0 && config.memory < ResourceChecks.leastMemory {
            throw .invalid("Minimum memory limit allowed is 6MB")
        }
        if config.memory > 0 && config.memorySwap > 0 && config.memorySwap < config.memory {
            throw .invalid("Minimum memoryswap limit should be larger than memory limit, see usage")
        }
        if config.memory == 0 && config.memorySwap > 0 && !isUpdate {
            throw .invalid("You should always set the Memory limit when using Memoryswap limit, see usage")
        }
        if let swappiness = config.memorySwappiness, swappiness < -1 || swappiness > 100 {
            throw .invalid("Invalid value: \(swappiness), valid memory swappiness range is 0-100")
        }
        if config.memoryReservation > 0 && config.memoryReservation < ResourceChecks.leastMemory {
            throw .invalid("Minimum memory reservation allowed is 6MB")
        }
        if config.memory > 0 && config.memoryReservation > 0 && config.memory < config.memoryReservation {
            throw .invalid("Minimum memory limit can not be less than memory reservation limit, see usage")
        }
        if config.kernelMemory != 0 { throw .invalid("kernel memory limit is not supported: KernelMemory") }
        if config.kernelMemoryTCP > 0 && !facts.hasKernelMemoryTCP {
            warnings.append(
                "Your kernel does not support kernel memory TCP limit capabilities or the cgroup is not"
                    + " mounted. Limitation discarded.")
            config.kernelMemoryTCP = 0
        }
        if config.oomKillDisable == true && !facts.hasOOMKillDisable {
            warnings.append("Your kernel does not support OomKillDisable. OomKillDisable discarded.")
            config.oomKillDisable = nil
        }
        if config.oomKillDisable == true && config.memory == 0 {
            warnings.append(
                "OOM killer is disabled for the container, but no memory limit is set, this can result in the"
                    + " system running out of resources.")
        }
    }

    private mutating func checkCPU(_ config: HostConfig) throws(EngineError) {
        if config.nanoCpus > 0 {
            if config.cpuPeriod > 0 {
                throw .invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set")
            }
            if config.cpuQuota > 0 {
                throw .invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set")
            }
        }
        if config.nanoCpus != 0 && (config.nanoCpus < 10_000_000 || config.nanoCpus > facts.cpus * 1_000_000_000) {
            throw .invalid(
                "Range of CPUs is from 0.01 to \(facts.cpus).00, as there are only \(facts.cpus) CPUs available")
        }
        if config.cpuShares < 0 {
            throw .invalid("invalid CPU shares (\(config.cpuShares)): value must be a positive integer")
        }
        if config.cpuPeriod != 0 && (config.cpuPeriod < 1000 || config.cpuPeriod > 1_000_000) {
            throw .invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)")
        }
        if config.cpuQuota > 0 && config.cpuQuota < 1000 {
            throw .invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)")
        }
        if config.cpuPercent > 0 || config.cpuCount > 0 {
            throw .invalid("invalid option: Linux does not support CpuPercent and CpuCount")
        }
        if (config.cpuRealtimePeriod != 0 || config.cpuRealtimeRuntime != 0) && !facts.hasCPURealtime {
            throw .invalid("kernel does not support CPU real-time scheduler")
        }
        try checkSet(config.cpusetCpus, facts.availableCPUs, "cpus", "CPUs")
        try checkSet(config.cpusetMems, facts.availableMems, "mems", "memory nodes")
    }

    private func checkSet(_ wanted: String, _ available: String, _ file: String, _ things: String) throws(EngineError) {
        guard let set = CPUList.parse(wanted) else { throw .invalid("Invalid value \(wanted) for cpuset \(file)") }
        guard let present = CPUList.parse(available), !present.isEmpty else { return }
        if !set.isSubset(of: present) {
            throw .invalid("Requested \(things) are not available - requested \(wanted), available: \(available)")
        }
    }

    private mutating func discardWeights(_ config: inout HostConfig) {
        if facts.hasBlkioWeight { return }
        if config.blkioWeight > 0 {
            warnings.append(
                "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.")
            config.blkioWeight = 0
        }
        if !(config.blkioWeightDevice ?? []).isEmpty {
            warnings.append(
                "Your kernel does not support Block I/O weight_device or the cgroup is not mounted."
                    + " Weight-device discarded.")
            config.blkioWeightDevice = []
        }
    }

    private func checkBlockIO(_ config: HostConfig) throws(EngineError) {
        if config.blkioWeight != 0 && (config.blkioWeight < 10 || config.blkioWeight > 1000) {
            throw .invalid("Range of blkio weight is from 10 to 1000")
        }
        for device in config.blkioWeightDevice ?? [] where device.weight < 10 || device.weight > 1000 {
            throw .invalid("Range of blkio weight is from 10 to 1000")
        }
        if config.ioMaximumBandwidth != 0 || config.ioMaximumIOps != 0 {
            throw .invalid("Invalid QoS settings: Linux does not support IOMaximumBandwidth and IOMaximumIOps")
        }
    }

    private mutating func checkRest(_ config: inout HostConfig) throws(EngineError) {
        if let limit = config.pidsLimit, limit != 0, !facts.hasPidsLimit {
            warnings.append(
                "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted."
                    + " PIDs limit discarded.")
            config.pidsLimit = nil
        }
        if config.oomScoreAdj < -1000 || config.oomScoreAdj > 1000 {
            throw .invalid("Invalid value \(config.oomScoreAdj), range for oom score adj is [-1000, 1000]")
        }
        for path in config.tmpfs.keys.sorted() where !path.hasPrefix("/") {
            throw .invalid("invalid mount path: '\(path)' mount path must be absolute")
        }
        if config.shmSize < 0 { throw .invalid("SHM size can not be less than 0") }
    }
}
