internal import EngineClient
internal import Flags
internal import JSON
internal import Linux

func updateCommand(_ session: Session) -> Command {
    let command = Command(
        "update", "[OPTIONS] CONTAINER [CONTAINER...]", "Update configuration of one or more containers", .atLeast(1)
    ) { flags in
        let update = UpdateFlags(flags)
        return performing { try update.perform($0, flags, session) }
    }
    return both(command, "docker container update", "docker update")
}

/// The flags of `docker update`.
private struct UpdateFlags {
    private let blkioWeight, cpuPeriod, cpuQuota, cpuRealtimePeriod, cpuRealtimeRuntime, cpuShares, pids: Flag<Int>
    private let memory, memoryReservation, memorySwap, cpus: Flag<Int64>
    private let cpusetCPUs, cpusetMemory, restart: Flag<String>

    init(_ flags: FlagSet) {
        blkioWeight = flags.value(
            "blkio-weight", usage: "Block IO (relative weight), between 10 and 1000, or 0 to disable", type: "uint16",
            default: 0, defaultText: "0", parse: parseUInt16)
        cpuPeriod = flags.int("cpu-period", usage: "Limit CPU CFS (Completely Fair Scheduler) period")
        cpuQuota = flags.int("cpu-quota", usage: "Limit CPU CFS (Completely Fair Scheduler) quota")
        cpuRealtimePeriod = flags.int("cpu-rt-period", usage: "Limit the CPU real-time period in microseconds")
        cpuRealtimeRuntime = flags.int("cpu-rt-runtime", usage: "Limit the CPU real-time runtime in microseconds")
        cpuShares = flags.int("cpu-shares", "c", usage: "CPU shares (relative weight)")
        cpus = flags.cpus("Number of CPUs")
        cpusetCPUs = flags.string("cpuset-cpus", usage: "CPUs in which to allow execution (0-3, 0,1)")
        cpusetMemory = flags.string("cpuset-mems", usage: "MEMs in which to allow execution (0-3, 0,1)")
        let kernel = flags.bytes("kernel-memory", usage: "Kernel memory limit (deprecated)")
        kernel.hidden = true
        kernel.deprecation = "and no longer supported by the kernel"
        memory = flags.bytes("memory", "m", usage: "Memory limit")
        memoryReservation = flags.bytes("memory-reservation", usage: "Memory soft limit")
        memorySwap = flags.bytes(
            "memory-swap", usage: "Swap limit equal to memory plus swap: -1 to enable unlimited swap",
            allowsUnlimited: true)
        pids = flags.int("pids-limit", usage: "Tune container pids limit (set -1 for unlimited)")
        restart = flags.string("restart", usage: "Restart policy to apply when a container exits")
    }

    func perform(_ names: [String], _ flags: FlagSet, _ session: Session) throws -> Int32 {
        guard flags.all.contains(where: { $0.isSet }) else {
            throw CommandFailure("you must provide one or more flags when using this command")
        }
        let body = try request()
        let client = try session.client()
        var warnings: [String] = []
        defer { if !warnings.isEmpty { Console.error(warnings.joined(separator: "\n") + "\n") } }
        return try forEach(names) { name in
            let answer = try client.request("POST", "/containers/" + pathEscaped(name) + "/update", json: body).json()
            Console.out(name + "\n")
            warnings += (answer["Warnings"]?.array ?? []).compactMap { $0.string }
        }
    }

    private func request() throws(CommandFailure) -> JSON {
        .members([
            ("CpuShares", .int(cpuShares.value)), ("Memory", .int(memory.value)), ("NanoCpus", .int(cpus.value)),
            ("CgroupParent", .string("")), ("BlkioWeight", .int(blkioWeight.value)), ("BlkioWeightDevice", .null),
            ("BlkioDeviceReadBps", .null), ("BlkioDeviceWriteBps", .null), ("BlkioDeviceReadIOps", .null),
            ("BlkioDeviceWriteIOps", .null), ("CpuPeriod", .int(cpuPeriod.value)), ("CpuQuota", .int(cpuQuota.value)),
            ("CpuRealtimePeriod", .int(cpuRealtimePeriod.value)),
            ("CpuRealtimeRuntime", .int(cpuRealtimeRuntime.value)),
            ("CpusetCpus", .string(cpusetCPUs.value)), ("CpusetMems", .string(cpusetMemory.value)), ("Devices", .null),
            ("DeviceCgroupRules", .null), ("DeviceRequests", .null),
            ("MemoryReservation", .int(memoryReservation.value)),
            ("MemorySwap", .int(memorySwap.value)), ("MemorySwappiness", .null), ("OomKillDisable", .null),
            ("PidsLimit", pids.isSet ? .int(pids.value) : .null), ("Ulimits", .null), ("CpuCount", .int(0)),
            ("CpuPercent", .int(0)), ("IOMaximumIOps", .int(0)), ("IOMaximumBandwidth", .int(0)),
            ("RestartPolicy", try restartPolicy(restart.value)),
        ])
    }
}
