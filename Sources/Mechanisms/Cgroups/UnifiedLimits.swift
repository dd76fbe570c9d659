internal import GoText
internal import Linux
internal import OCIRuntime

extension Cgroup {
    func applyUnified(_ resources: Resources) throws(CgroupFailure) {
        guard let path = path("") else { return }
        if let memory = resources.memory { try setUnifiedMemory(path, memory) }
        if let cpu = resources.cpu { try setUnifiedCPU(path, cpu) }
        if let limit = resources.pidsLimit, limit != 0 {
            try put(limit > 0 ? String(limit) : "max", path, "pids.max")
        }
        if let block = resources.blockIO { try setUnifiedIO(path, block) }
        for limit in resources.hugepageLimits {
            try put(String(limit.limit), path, "hugetlb." + limit.pageSize + ".max")
        }
        try setRDMA(path, resources.rdma)
        for (file, text) in resources.unified {
            guard !file.utf8.contains(47) else {
                throw CgroupFailure("unified resource " + goQuoted(file) + " must be a file name (no slashes)")
            }
            for line in text.utf8.split(separator: 10) {
                try put(String(decoding: Array(line), as: UTF8.self), path, file)
            }
        }
    }

    private func setUnifiedMemory(_ path: String, _ memory: Resources.Memory) throws(CgroupFailure) {
        let limit = memory.limit ?? 0
        if let swap = try Cgroup.swapAlone(limit: limit, swap: memory.swap ?? 0) {
            try put(swap, path, "memory.swap.max")
        }
        if limit != 0 { try put(Cgroup.bytes(limit), path, "memory.max") }
        if let low = memory.reservation, low != 0 { try put(Cgroup.bytes(low), path, "memory.low") }
    }

    /// v1 counts swap together with memory; v2 counts it alone. nil: nothing to set.
    static func swapAlone(limit: Int, swap: Int) throws(CgroupFailure) -> String? {
        if swap == -1 { return "max" }
        if swap == 0 { return limit == -1 ? "max" : nil }
        if limit == 0 || limit == -1 {
            throw CgroupFailure("unable to set swap limit without memory limit")
        }
        if swap < limit { throw CgroupFailure("memory+swap limit should be >= memory limit") }
        return String(swap - limit)
    }

    static func bytes(_ count: Int) -> String { count == -1 ? "max" : String(count) }

    private func setUnifiedCPU(_ path: String, _ cpu: Resources.CPU) throws(CgroupFailure) {
        if let idle = cpu.idle, idle != 0 { try put(String(idle), path, "cpu.idle") }
        if let shares = cpu.shares, shares != 0, cpu.idle ?? 0 == 0 {
            try put(String(Cgroup.weight(shares: shares)), path, "cpu.weight")
        }
        if let burst = cpu.burst { try put(String(burst), path, "cpu.max.burst") }
        let quota = cpu.quota ?? 0
        let period = cpu.period ?? 0
        if quota != 0 || period != 0 {
            // What is not said stays as it is.
            let now = (get(path, "cpu.max") ?? "max 100000").split(separator: " ").map { String($0) }
            let amount = quota > 0 ? String(quota) : quota < 0 ? "max" : now.first ?? "max"
            try put(amount + " " + (period == 0 ? now.last ?? "100000" : String(period)), path, "cpu.max")
        }
        if !cpu.cpus.isEmpty { try put(cpu.cpus, path, "cpuset.cpus") }
        if !cpu.mems.isEmpty { try put(cpu.mems, path, "cpuset.mems") }
    }

    /// v1's shares (2 to 262144) on v2's scale (1 to 10000).
    static func weight(shares: UInt64) -> UInt64 {
        let bounded = min(max(shares, 2), 262144)
        return 1 + (bounded - 2) * 9999 / 262142
    }

    private func setUnifiedIO(_ path: String, _ block: Resources.BlockIO) throws(CgroupFailure) {
        if let weight = block.weight, weight != 0 {
            if Files.exists(path + "/io.bfq.weight") {
                try put(String(weight), path, "io.bfq.weight")
            } else {
                // 10…1000 of blkio on 1…10000 of io.weight.
                try put(String(1 + (max(weight, 10) - 10) * 9999 / 990), path, "io.weight")
            }
        }
        for device in block.weightDevice {
            if let weight = device.weight, weight != 0 {
                try put(
                    String(device.major) + ":" + String(device.minor) + " " + String(weight), path, "io.bfq.weight")
            }
        }
        try limitIO(path, "rbps", block.throttleReadBpsDevice)
        try limitIO(path, "wbps", block.throttleWriteBpsDevice)
        try limitIO(path, "riops", block.throttleReadIOPSDevice)
        try limitIO(path, "wiops", block.throttleWriteIOPSDevice)
    }

    private func limitIO(_ path: String, _ key: String, _ devices: [Resources.ThrottleDevice]) throws(CgroupFailure) {
        for device in devices {
            let rate = device.rate == 0 ? "max" : String(device.rate)
            try put(String(device.major) + ":" + String(device.minor) + " " + key + "=" + rate, path, "io.max")
        }
    }
}
