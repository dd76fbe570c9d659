internal import ContainerdAPI
internal import Linux

/// The figures of cgroup v2, from one directory.
enum MetricsV2 {
    static func read(_ directory: String) -> CgroupStats.V2.Metrics {
        var metrics = CgroupStats.V2.Metrics()
        var pids = CgroupStats.V2.PidsStat()
        pids.current = Figures.number(directory + "/pids.current")
        pids.limit = Figures.number(directory + "/pids.max")
        metrics.pids = pids
        metrics.cpu = cpu(directory)
        metrics.memory = memory(directory)
        metrics.memoryEvents = events(directory)
        metrics.io = io(directory)
        metrics.rdma = CgroupStats.V2.RdmaStat()
        metrics.hugetlb = hugePages(directory)
        return metrics
    }

    private static func cpu(_ directory: String) -> CgroupStats.V2.CPUStat {
        let table = Figures.table(directory + "/cpu.stat")
        var stat = CgroupStats.V2.CPUStat()
        stat.usageUsec = table["usage_usec"]
        stat.userUsec = table["user_usec"]
        stat.systemUsec = table["system_usec"]
        stat.nrPeriods = table["nr_periods"]
        stat.nrThrottled = table["nr_throttled"]
        stat.throttledUsec = table["throttled_usec"]
        return stat
    }

    private static func memory(_ directory: String) -> CgroupStats.V2.MemoryStat {
        let table = Figures.table(directory + "/memory.stat")
        var stat = CgroupStats.V2.MemoryStat()
        stat.anon = table["anon"]
        stat.file = table["file"]
        stat.kernelStack = table["kernel_stack"]
        stat.slab = table["slab"]
        stat.sock = table["sock"]
        stat.shmem = table["shmem"]
        stat.fileMapped = table["file_mapped"]
        stat.fileDirty = table["file_dirty"]
        stat.fileWriteback = table["file_writeback"]
        stat.anonThp = table["anon_thp"]
        stat.inactiveAnon = table["inactive_anon"]
        stat.activeAnon = table["active_anon"]
        stat.inactiveFile = table["inactive_file"]
        stat.activeFile = table["active_file"]
        stat.unevictable = table["unevictable"]
        stat.slabReclaimable = table["slab_reclaimable"]
        stat.slabUnreclaimable = table["slab_unreclaimable"]
        stat.pgfault = table["pgfault"]
        stat.pgmajfault = table["pgmajfault"]
        stat.workingsetRefault = table["workingset_refault_file"]
        stat.workingsetActivate = table["workingset_activate_file"]
        stat.workingsetNodereclaim = table["workingset_nodereclaim"]
        stat.pgrefill = table["pgrefill"]
        stat.pgscan = table["pgscan"]
        stat.pgsteal = table["pgsteal"]
        stat.pgactivate = table["pgactivate"]
        stat.pgdeactivate = table["pgdeactivate"]
        stat.pglazyfree = table["pglazyfree"]
        stat.pglazyfreed = table["pglazyfreed"]
        stat.thpFaultAlloc = table["thp_fault_alloc"]
        stat.thpCollapseAlloc = table["thp_collapse_alloc"]
        stat.usage = Figures.number(directory + "/memory.current")
        stat.usageLimit = Figures.number(directory + "/memory.max")
        stat.swapUsage = Figures.number(directory + "/memory.swap.current")
        stat.swapLimit = Figures.number(directory + "/memory.swap.max")
        return stat
    }

    private static func events(_ directory: String) -> CgroupStats.V2.MemoryEvents {
        let table = Figures.table(directory + "/memory.events")
        var events = CgroupStats.V2.MemoryEvents()
        events.low = table["low"]
        events.high = table["high"]
        events.max = table["max"]
        events.oom = table["oom"]
        events.oomKill = table["oom_kill"]
        return events
    }

    /// Of each size of huge pages there is.
    private static func hugePages(_ directory: String) -> [CgroupStats.V2.HugeTlbStat] {
        var all: [CgroupStats.V2.HugeTlbStat] = []
        for size in ["64KB", "2MB", "32MB", "1GB", "16GB"] {
            let file = directory + "/hugetlb." + size
            guard Files.exists(file + ".max") else { continue }
            var stat = CgroupStats.V2.HugeTlbStat()
            stat.current = Figures.number(file + ".current")
            stat.max = Figures.number(file + ".max")
            stat.pagesize = size
            all.append(stat)
        }
        return all
    }

    /// Lines "MAJOR:MINOR rbytes=N wbytes=N rios=N wios=N …".
    private static func io(_ directory: String) -> CgroupStats.V2.IOStat {
        var stat = CgroupStats.V2.IOStat()
        for line in Figures.text(directory + "/io.stat").split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let device = fields.first?.split(separator: ":"), device.count == 2 else { continue }
            var entry = CgroupStats.V2.IOEntry()
            entry.major = Figures.parse(device[0])
            entry.minor = Figures.parse(device[1])
            for field in fields.dropFirst() {
                let parts = field.split(separator: "=")
                guard parts.count == 2 else { continue }
                switch String(parts[0]) {
                case "rbytes": entry.rbytes = Figures.parse(parts[1])
                case "wbytes": entry.wbytes = Figures.parse(parts[1])
                case "rios": entry.rios = Figures.parse(parts[1])
                case "wios": entry.wios = Figures.parse(parts[1])
                default: continue
                }
            }
            stat.usage.append(entry)
        }
        return stat
    }
}
