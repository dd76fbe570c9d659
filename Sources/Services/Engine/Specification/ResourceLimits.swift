internal import CLinux
internal import EngineAPI
internal import Linux
internal import OCIRuntime

/// A container's limits in the OCI form.
enum ResourceLimits {
    /// Without the device rules.
    static func resources(_ config: HostConfig) throws(EngineError) -> Resources {
        var resources = Resources()
        resources.memory = memory(config)
        resources.cpu = cpu(config)
        if let limit = config.pidsLimit, limit != 0 { resources.pidsLimit = limit > 0 ? limit : -1 }
        resources.blockIO = try blockIO(config)
        return resources
    }

    private static func memory(_ config: HostConfig) -> Resources.Memory? {
        var memory = Resources.Memory()
        if config.memory > 0 { memory.limit = config.memory }
        if config.memoryReservation > 0 { memory.reservation = config.memoryReservation }
        if config.memorySwap != 0 { memory.swap = config.memorySwap }
        if let swappiness = config.memorySwappiness, swappiness >= 0 { memory.swappiness = UInt64(swappiness) }
        if config.kernelMemoryTCP != 0 { memory.kernelTCP = config.kernelMemoryTCP }
        if config.oomKillDisable == true { memory.disableOOMKiller = true }
        return memory == Resources.Memory() ? nil : memory
    }

    private static func cpu(_ config: HostConfig) -> Resources.CPU? {
        var cpu = Resources.CPU()
        if config.cpuShares > 0 { cpu.shares = UInt64(config.cpuShares) }
        if config.nanoCpus > 0 {
            cpu.period = 100_000
            cpu.quota = config.nanoCpus / 10_000
        }
        if config.cpuPeriod != 0 { cpu.period = UInt64(config.cpuPeriod) }
        if config.cpuQuota != 0 { cpu.quota = config.cpuQuota }
        if config.cpuRealtimePeriod != 0 { cpu.realtimePeriod = UInt64(config.cpuRealtimePeriod) }
        if config.cpuRealtimeRuntime != 0 { cpu.realtimeRuntime = config.cpuRealtimeRuntime }
        cpu.cpus = config.cpusetCpus
        cpu.mems = config.cpusetMems
        return cpu == Resources.CPU() ? nil : cpu
    }

    private static func blockIO(_ config: HostConfig) throws(EngineError) -> Resources.BlockIO? {
        var block = Resources.BlockIO()
        if config.blkioWeight > 0 { block.weight = UInt64(config.blkioWeight) }
        for device in config.blkioWeightDevice ?? [] {
            let (major, minor) = try number(of: device.path)
            block.weightDevice.append(.init(major: major, minor: minor, weight: UInt64(device.weight)))
        }
        block.throttleReadBpsDevice = try throttles(config.blkioDeviceReadBps)
        block.throttleWriteBpsDevice = try throttles(config.blkioDeviceWriteBps)
        block.throttleReadIOPSDevice = try throttles(config.blkioDeviceReadIOps)
        block.throttleWriteIOPSDevice = try throttles(config.blkioDeviceWriteIOps)
        return block == Resources.BlockIO() ? nil : block
    }

    private static func throttles(
        _ devices: [ThrottleDevice]?
    ) throws(EngineError) -> [Resources.ThrottleDevice] {
        var found: [Resources.ThrottleDevice] = []
        for device in devices ?? [] {
            let (major, minor) = try number(of: device.path)
            found.append(.init(major: major, minor: minor, rate: device.rate))
        }
        return found
    }

    private static func number(of path: String) throws(EngineError) -> (Int, Int) {
        guard let status = Files.status(path) else { throw .failed("stat \(path): no such file or directory") }
        return (Int(cl_major(UInt64(status.st_rdev))), Int(cl_minor(UInt64(status.st_rdev))))
    }

    /// Resource limits of the process, those of the daemon under the container's own.
    static func rlimits(_ own: [Ulimit]?, defaults: [Ulimit]) -> [Spec.Rlimit] {
        let own = own ?? []
        let merged = own + defaults.filter { given in !own.contains { $0.name == given.name } }
        return merged.map {
            Spec.Rlimit(
                type: "RLIMIT_" + $0.name.uppercased(), hard: UInt64(bitPattern: Int64($0.hard)),
                soft: UInt64(bitPattern: Int64($0.soft)))
        }
    }
}
