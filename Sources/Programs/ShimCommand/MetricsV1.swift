internal import CLinux
internal import ContainerdAPI
internal import Linux

/// The figures of cgroup v1, one controller after the other.
enum MetricsV1 {
    static func read(_ cgroup: CgroupPaths) -> CgroupStats.V1.Metrics {
        var metrics = CgroupStats.V1.Metrics()
        if let directory = cgroup.directory("pids") { metrics.pids = pids(directory) }
        metrics.cpu = cpu(cgroup)
        if let directory = cgroup.directory("memory") {
            metrics.memory = memory(directory)
            let control = Figures.table(directory + "/memory.oom_control")
            var oom = CgroupStats.V1.MemoryOomControl()
            oom.oomKillDisable = control["oom_kill_disable"]
            oom.underOom = control["under_oom"]
            oom.oomKill = control["oom_kill"]
            metrics.memoryOomControl = oom
        }
        if let directory = cgroup.directory("blkio") { metrics.blkio = blkio(directory) }
        if let directory = cgroup.directory("hugetlb") { metrics.hugetlb = hugetlb(directory) }
        return metrics
    }

    private static func pids(_ directory: String) -> CgroupStats.V1.PidsStat {
        var stat = CgroupStats.V1.PidsStat()
        stat.current = Figures.number(directory + "/pids.current")
        let limit = Figures.number(directory + "/pids.max")
        stat.limit = limit == .max ? 0 : limit
        return stat
    }

    private static func cpu(_ cgroup: CgroupPaths) -> CgroupStats.V1.CPUStat {
        var stat = CgroupStats.V1.CPUStat()
        if let directory = cgroup.directory("cpuacct") {
            var usage = CgroupStats.V1.CPUUsage()
            usage.total = Figures.number(directory + "/cpuacct.usage")
            let times = Figures.table(directory + "/cpuacct.stat")
            // Clock ticks, a hundred to the second.
            usage.user = times["user"] &* 10_000_000
            usage.kernel = times["system"] &* 10_000_000
            usage.perCpu = Figures.text(directory + "/cpuacct.usage_percpu").split(separator: " ")
                .filter { $0.utf8.first.map { $0 > 32 } ?? false }.map { Figures.parse($0) }
            stat.usage = usage
        }
        if let directory = cgroup.directory("cpu") {
            let table = Figures.table(directory + "/cpu.stat")
            var throttling = CgroupStats.V1.Throttle()
            throttling.periods = table["nr_periods"]
            throttling.throttledPeriods = table["nr_throttled"]
            throttling.throttledTime = table["throttled_time"]
            stat.throttling = throttling
        }
        return stat
    }

    private static func memory(_ directory: String) -> CgroupStats.V1.MemoryStat {
        let table = Figures.table(directory + "/memory.stat")
        var stat = CgroupStats.V1.MemoryStat()
        stat.cache = table["cache"]
        stat.rss = table["rss"]
        stat.rssHuge = table["rss_huge"]
        stat.mappedFile = table["mapped_file"]
        stat.dirty = table["dirty"]
        stat.writeback = table["writeback"]
        stat.pgPgIn = table["pgpgin"]
        stat.pgPgOut = table["pgpgout"]
        stat.pgFault = table["pgfault"]
        stat.pgMajFault = table["pgmajfault"]
        stat.inactiveAnon = table["inactive_anon"]
        stat.activeAnon = table["active_anon"]
        stat.inactiveFile = table["inactive_file"]
        stat.activeFile = table["active_file"]
        stat.unevictable = table["unevictable"]
        stat.hierarchicalMemoryLimit = table["hierarchical_memory_limit"]
        stat.hierarchicalSwapLimit = table["hierarchical_memsw_limit"]
        stat.totalCache = table["total_cache"]
        stat.totalRss = table["total_rss"]
        stat.totalRssHuge = table["total_rss_huge"]
        stat.totalMappedFile = table["total_mapped_file"]
        stat.totalDirty = table["total_dirty"]
        stat.totalWriteback = table["total_writeback"]
        stat.totalPgPgIn = table["total_pgpgin"]
        stat.totalPgPgOut = table["total_pgpgout"]
        stat.totalPgFault = table["total_pgfault"]
        stat.totalPgMajFault = table["total_pgmajfault"]
        stat.totalInactiveAnon = table["total_inactive_anon"]
        stat.totalActiveAnon = table["total_active_anon"]
        stat.totalInactiveFile = table["total_inactive_file"]
        stat.totalActiveFile = table["total_active_file"]
        stat.totalUnevictable = table["total_unevictable"]
        stat.usage = entry(directory + "/memory")
        stat.swap = entry(directory + "/memory.memsw")
        stat.kernel = entry(directory + "/memory.kmem")
        stat.kernelTcp = entry(directory + "/memory.kmem.tcp")
        return stat
    }

    private static func entry(_ prefix: String) -> CgroupStats.V1.MemoryEntry? {
        guard Files.exists(prefix + ".usage_in_bytes") else { return nil }
        var entry = CgroupStats.V1.MemoryEntry()
        entry.usage = Figures.number(prefix + ".usage_in_bytes")
        entry.max = Figures.number(prefix + ".max_usage_in_bytes")
        entry.failcnt = Figures.number(prefix + ".failcnt")
        entry.limit = Figures.number(prefix + ".limit_in_bytes")
        return entry
    }

    private static func blkio(_ directory: String) -> CgroupStats.V1.BlkIOStat {
        var stat = CgroupStats.V1.BlkIOStat()
        // Without the proportional scheduler the only figures are those of throttling.
        let scheduled = directory + "/blkio.io_serviced_recursive"
        if !Figures.text(scheduled).split(separator: "\n").allSatisfy({ $0.utf8.starts(with: "Total".utf8) }) {
            stat.sectorsRecursive = entries(directory + "/blkio.sectors_recursive")
            stat.ioServiceBytesRecursive = entries(directory + "/blkio.io_service_bytes_recursive")
            stat.ioServicedRecursive = entries(scheduled)
            stat.ioQueuedRecursive = entries(directory + "/blkio.io_queued_recursive")
            stat.ioServiceTimeRecursive = entries(directory + "/blkio.io_service_time_recursive")
            stat.ioWaitTimeRecursive = entries(directory + "/blkio.io_wait_time_recursive")
            stat.ioMergedRecursive = entries(directory + "/blkio.io_merged_recursive")
            stat.ioTimeRecursive = entries(directory + "/blkio.time_recursive")
        } else {
            stat.ioServiceBytesRecursive = entries(directory + "/blkio.throttle.io_service_bytes")
            stat.ioServicedRecursive = entries(directory + "/blkio.throttle.io_serviced")
        }
        return stat
    }

    /// Lines "MAJOR:MINOR [operation] value".
    private static func entries(_ path: String) -> [CgroupStats.V1.BlkIOEntry] {
        var all: [CgroupStats.V1.BlkIOEntry] = []
        for line in Figures.text(path).split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 2 else { continue }
            let device = fields[0].split(separator: ":")
            guard device.count == 2 else { continue }
            var entry = CgroupStats.V1.BlkIOEntry()
            entry.major = Figures.parse(device[0])
            entry.minor = Figures.parse(device[1])
            if fields.count > 2 { entry.op = String(fields[1]) }
            entry.value = Figures.parse(fields[fields.count - 1])
            all.append(entry)
        }
        return all
    }

    private static func hugetlb(_ directory: String) -> [CgroupStats.V1.HugetlbStat] {
        var all: [CgroupStats.V1.HugetlbStat] = []
        // A kernel without huge pages lists none.
        for name in ((try? Files.names(in: directory)) ?? []).sorted() {
            let parts = name.split(separator: ".")
            guard parts.count == 3, parts[0] == "hugetlb", parts[2] == "usage_in_bytes" else { continue }
            let size = String(parts[1])
            let prefix = directory + "/hugetlb." + size
            var stat = CgroupStats.V1.HugetlbStat()
            stat.usage = Figures.number(prefix + ".usage_in_bytes")
            stat.max = Figures.number(prefix + ".max_usage_in_bytes")
            stat.failcnt = Figures.number(prefix + ".failcnt")
            stat.pagesize = size
            all.append(stat)
        }
        return all
    }
}
