internal import ContainerdAPI
internal import EngineAPI
internal import JSON

extension Engine {
    /// The figures of cgroup version 2, in the places where clients look for those of version 1.
    func fill(_ sample: inout StatsResponse, _ metrics: CgroupStats.V2.Metrics) {
        if let pids = metrics.pids {
            sample.pidsStats.current = pids.current
            sample.pidsStats.limit = pids.limit
        }
        if let cpu = metrics.cpu {
            sample.cpuStats.cpuUsage.totalUsage = cpu.usageUsec * 1000
            sample.cpuStats.cpuUsage.usageInKernelmode = cpu.systemUsec * 1000
            sample.cpuStats.cpuUsage.usageInUsermode = cpu.userUsec * 1000
            sample.cpuStats.throttlingData.periods = cpu.nrPeriods
            sample.cpuStats.throttlingData.throttledPeriods = cpu.nrThrottled
            sample.cpuStats.throttlingData.throttledTime = cpu.throttledUsec * 1000
        }
        if let memory = metrics.memory {
            sample.memoryStats.usage = memory.usage
            sample.memoryStats.limit = memory.usageLimit
            sample.memoryStats.stats = UnifiedMemoryDetails.json(memory)
        }
        sample.memoryStats.failcnt = metrics.memoryEvents?.oom ?? 0
        var bytes: [BlkioEntry] = []
        for entry in metrics.io?.usage ?? [] {
            for (op, value) in [("read", entry.rbytes), ("write", entry.wbytes)] {
                var converted = BlkioEntry()
                converted.major = entry.major
                converted.minor = entry.minor
                converted.op = op
                converted.value = value
                bytes.append(converted)
            }
        }
        sample.blkioStats.ioServiceBytesRecursive = bytes
    }
}

private enum UnifiedMemoryDetails {
    static func json(_ memory: CgroupStats.V2.MemoryStat) -> JSON {
        .members([
            ("active_anon", .int(memory.activeAnon)), ("active_file", .int(memory.activeFile)),
            ("anon", .int(memory.anon)), ("anon_thp", .int(memory.anonThp)), ("file", .int(memory.file)),
            ("file_dirty", .int(memory.fileDirty)), ("file_mapped", .int(memory.fileMapped)),
            ("file_writeback", .int(memory.fileWriteback)), ("inactive_anon", .int(memory.inactiveAnon)),
            ("inactive_file", .int(memory.inactiveFile)), ("kernel_stack", .int(memory.kernelStack)),
            ("pgactivate", .int(memory.pgactivate)), ("pgdeactivate", .int(memory.pgdeactivate)),
            ("pgfault", .int(memory.pgfault)), ("pglazyfree", .int(memory.pglazyfree)),
            ("pglazyfreed", .int(memory.pglazyfreed)), ("pgmajfault", .int(memory.pgmajfault)),
            ("pgrefill", .int(memory.pgrefill)), ("pgscan", .int(memory.pgscan)), ("pgsteal", .int(memory.pgsteal)),
            ("shmem", .int(memory.shmem)), ("slab", .int(memory.slab)),
            ("slab_reclaimable", .int(memory.slabReclaimable)),
            ("slab_unreclaimable", .int(memory.slabUnreclaimable)), ("sock", .int(memory.sock)),
            ("thp_collapse_alloc", .int(memory.thpCollapseAlloc)), ("thp_fault_alloc", .int(memory.thpFaultAlloc)),
            ("unevictable", .int(memory.unevictable)), ("workingset_activate", .int(memory.workingsetActivate)),
            ("workingset_nodereclaim", .int(memory.workingsetNodereclaim)),
            ("workingset_refault", .int(memory.workingsetRefault)),
        ])
    }
}
