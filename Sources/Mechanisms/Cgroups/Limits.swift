internal import Linux
public import OCIRuntime

extension Cgroup {
    /// Sets limits, all but the rules for devices.
    public func apply(_ resources: Resources) throws(CgroupFailure) {
        if isUnified { return try applyUnified(resources) }
        try refuseOdd(resources)
        if let path = path("cpuset") { try setCpuset(path, resources.cpu) }
        try refuseLimitsLeftOut(resources)
        if let path = path("memory"), let memory = resources.memory { try setMemory(path, memory) }
        if let path = path("cpu"), let cpu = resources.cpu { try setCPU(path, cpu) }
        if let path = path("pids"), let limit = resources.pidsLimit, limit != 0 {
            try put(limit > 0 ? String(limit) : "max", path, "pids.max")
        }
        if let path = path("blkio"), let blockIO = resources.blockIO { try setBlockIO(path, blockIO) }
        try setRest(resources)
    }

    /// Refuses what this kind of cgroup cannot do, before there is one.
    public func refuseOdd(_ resources: Resources) throws(CgroupFailure) {
        if isUnified {
            _ = try Cgroup.swapAlone(limit: resources.memory?.limit ?? 0, swap: resources.memory?.swap ?? 0)
        } else if !resources.unified.isEmpty {
            throw CgroupFailure("invalid configuration: cannot use unified on cgroup v1")
        }
    }

    /// A limit in a hierarchy that is not there, or that the container is not in, would hold nobody.
    private func refuseLimitsLeftOut(_ resources: Resources) throws(CgroupFailure) {
        var wanted: [(controller: String, isWanted: Bool)] = [
            ("hugetlb", !resources.hugepageLimits.isEmpty), ("net_cls", (resources.network?.classID ?? 0) != 0),
            ("net_prio", !(resources.network?.priorities ?? []).isEmpty), ("rdma", !resources.rdma.isEmpty),
        ]
        if toleratesDenial {
            wanted += [
                ("cpuset", !(resources.cpu?.cpus ?? "").isEmpty || !(resources.cpu?.mems ?? "").isEmpty),
                (
                    "memory",
                    resources.memory.map { $0.limit != nil || $0.reservation != nil || $0.swap != nil } ?? false
                ), ("cpu", resources.cpu.map { $0.shares != nil || $0.quota != nil || $0.period != nil } ?? false),
                ("pids", (resources.pidsLimit ?? 0) != 0), ("blkio", resources.blockIO != nil),
            ]
        }
        for (controller, isWanted) in wanted where isWanted && path(controller) == nil {
            throw CgroupFailure(
                "cannot set " + controller + " limit: container could not join or create cgroup")
        }
    }

    private func setCpuset(_ path: String, _ cpu: Resources.CPU?) throws(CgroupFailure) {
        guard let cpu else { return }
        if !cpu.cpus.isEmpty { try put(cpu.cpus, path, "cpuset.cpus") }
        if !cpu.mems.isEmpty { try put(cpu.mems, path, "cpuset.mems") }
    }

    private func setMemory(_ path: String, _ memory: Resources.Memory) throws(CgroupFailure) {
        let limit = memory.limit ?? 0
        // No limit at all includes swap, unless something was said about it.
        let swap = limit == -1 && (memory.swap ?? 0) == 0 ? -1 : memory.swap ?? 0
        let limitFile = "memory.limit_in_bytes"
        let swapFile = "memory.memsw.limit_in_bytes"
        if limit != 0 && swap != 0 {
            // The kernel never allows swap below memory, so which goes first depends on what is there now.
            let now = get(path, limitFile).flatMap { UInt64($0) } ?? 0
            if swap == -1 || now < UInt64(bitPattern: Int64(swap)) {
                try put(String(swap), path, swapFile)
                try setLimit(path, limit)
            } else {
                try setLimit(path, limit)
                try put(String(swap), path, swapFile)
            }
        } else if limit != 0 {
            try setLimit(path, limit)
        } else if swap != 0 {
            try put(String(swap), path, swapFile)
        }
        if let reservation = memory.reservation, reservation != 0 {
            try put(String(reservation), path, "memory.soft_limit_in_bytes")
        }
        if memory.disableOOMKiller == true { try put("1", path, "memory.oom_control") }
        // Nothing, as -1 that came by way of an unsigned number.
        if let swappiness = memory.swappiness, swappiness != UInt64.max {
            guard swappiness <= 100 else {
                throw CgroupFailure(
                    "invalid memory swappiness value: " + String(swappiness) + " (valid range is 0-100)")
            }
            try put(String(swappiness), path, "memory.swappiness")
        }
    }

    private func setLimit(_ path: String, _ limit: Int) throws(CgroupFailure) {
        do throws(CgroupFailure) {
            try put(String(limit), path, "memory.limit_in_bytes")
        } catch {
            guard let usage = get(path, "memory.usage_in_bytes"), let peak = get(path, "memory.max_usage_in_bytes"),
                limit > 0, let used = Int(usage), used > limit
            else { throw error }
            throw CgroupFailure(
                "unable to set memory limit to " + String(limit) + " (current usage: " + usage + ", peak usage: " + peak
                    + ")")
        }
    }

    private func setCPU(_ path: String, _ cpu: Resources.CPU) throws(CgroupFailure) {
        if let shares = cpu.shares, shares != 0 {
            try put(String(shares), path, "cpu.shares")
            // The kernel takes the nearest value it allows.
            if let taken = get(path, "cpu.shares").flatMap({ UInt64($0) }), taken != shares {
                throw CgroupFailure(
                    "the " + (taken > shares ? "minimum" : "maximum") + " allowed cpu-shares is " + String(taken))
            }
        }
        if let period = cpu.realtimePeriod, period != 0 { try put(String(period), path, "cpu.rt_period_us") }
        if let runtime = cpu.realtimeRuntime, runtime != 0 { try put(String(runtime), path, "cpu.rt_runtime_us") }
        if let period = cpu.period, period != 0 {
            do throws(CgroupFailure) {
                try put(String(period), path, "cpu.cfs_period_us")
            } catch {
                // Too short for the quota there is now: with the new quota it fits.
                guard let quota = cpu.quota, quota != 0 else { throw error }
                try put(String(quota), path, "cpu.cfs_quota_us")
                try put(String(period), path, "cpu.cfs_period_us")
            }
        }
        if let quota = cpu.quota, quota != 0 { try put(String(quota), path, "cpu.cfs_quota_us") }
        if let burst = cpu.burst { try put(String(burst), path, "cpu.cfs_burst_us") }
        if let idle = cpu.idle { try put(String(idle), path, "cpu.idle") }
    }

    private func setBlockIO(_ path: String, _ block: Resources.BlockIO) throws(CgroupFailure) {
        let prefix = Files.exists(path + "/blkio.weight") ? "blkio." : "blkio.bfq."
        if let weight = block.weight, weight != 0 { try put(String(weight), path, prefix + "weight") }
        if let leaf = block.leafWeight, leaf != 0 { try put(String(leaf), path, "blkio.leaf_weight") }
        for device in block.weightDevice {
            let numbers = String(device.major) + ":" + String(device.minor) + " "
            if let weight = device.weight, weight != 0 {
                try put(numbers + String(weight), path, prefix + "weight_device")
            }
            if let leaf = device.leafWeight, leaf != 0 {
                try put(numbers + String(leaf), path, "blkio.leaf_weight_device")
            }
        }
        try throttle(path, "blkio.throttle.read_bps_device", block.throttleReadBpsDevice)
        try throttle(path, "blkio.throttle.write_bps_device", block.throttleWriteBpsDevice)
        try throttle(path, "blkio.throttle.read_iops_device", block.throttleReadIOPSDevice)
        try throttle(path, "blkio.throttle.write_iops_device", block.throttleWriteIOPSDevice)
    }

    private func throttle(
        _ path: String, _ file: String, _ devices: [Resources.ThrottleDevice]
    ) throws(CgroupFailure) {
        for device in devices {
            try put(String(device.major) + ":" + String(device.minor) + " " + String(device.rate), path, file)
        }
    }

    private func setRest(_ resources: Resources) throws(CgroupFailure) {
        if let path = path("hugetlb") {
            for limit in resources.hugepageLimits {
                try put(String(limit.limit), path, "hugetlb." + limit.pageSize + ".limit_in_bytes")
            }
        }
        if let path = path("net_cls"), let identity = resources.network?.classID, identity != 0 {
            try put(String(identity), path, "net_cls.classid")
        }
        if let path = path("net_prio") {
            for entry in resources.network?.priorities ?? [] {
                try put(entry.name + " " + String(entry.priority), path, "net_prio.ifpriomap")
            }
        }
        if let path = path("rdma") { try setRDMA(path, resources.rdma) }
    }

    func setRDMA(_ path: String, _ limits: [String: Resources.RDMA]) throws(CgroupFailure) {
        for (device, limit) in limits {
            var text = device
            if let handles = limit.hcaHandles { text += " hca_handle=" + String(handles) }
            if let objects = limit.hcaObjects { text += " hca_object=" + String(objects) }
            try put(text, path, "rdma.max")
        }
    }
}
