internal import ContainerdAPI
internal import ContainerdClient
internal import Flags
internal import GoText
internal import JSON
internal import Linux
internal import Protobuf
internal import TextTable

func taskMetrics() -> Command {
    Command(
        "metrics", "metric",
        usage: "get a single data point of metrics for a task with the built-in Linux runtime", arguments: "CONTAINER"
    ) { flags in
        let format = flags.string("format", usage: "\"table\" or \"json\"", default: "table")
        return { (session, arguments) in
            let client = try await session.client()
            let id = try await task(arguments.first ?? "", client)
            guard let metric = try await client.tasks.metrics(filters: ["id==" + id]).first else {
                throw CtrError.message("no metrics received")
            }
            guard let data = metric.data else { throw CtrError.message("no metrics received") }
            let values: Metrics
            if let one = try data.unpack(CgroupStats.V1.Metrics.self) {
                values = .v1(one)
            } else if let two = try data.unpack(CgroupStats.V2.Metrics.self) {
                values = .v2(two)
            } else {
                throw CtrError.message("cannot convert metric data to cgroups.Metrics")
            }
            switch format.value {
            case "json": session.print(values.json.indented("  "))
            case "table":
                var text = "ID\tTIMESTAMP\t\n" + metric.id + "\t" + Timestamp(metric.timestamp).goString + "\t\n\n"
                text += "METRIC\tVALUE\t\n"
                for (name, value) in values.rows { text += name + "\t" + value + "\t\n" }
                Console.out(aligned(text, minimumWidth: 1, padding: 4))
            default: throw CtrError.message("format must be table or json")
            }
        }
    }
}

/// What a task has used, of either version of control groups.
private enum Metrics {
    case v1(CgroupStats.V1.Metrics)
    case v2(CgroupStats.V2.Metrics)

    /// The short table.
    var rows: [(String, String)] {
        switch self {
        case .v1(let metrics):
            var rows: [(String, String)] = []
            if let memory = metrics.memory {
                rows += [
                    ("memory.usage_in_bytes", String(memory.usage?.usage ?? 0)),
                    ("memory.limit_in_bytes", String(memory.usage?.limit ?? 0)),
                    ("memory.stat.cache", String(memory.totalCache)),
                ]
            }
            if let usage = metrics.cpu?.usage {
                let each = usage.perCpu.map { String($0) }.joined(separator: " ")
                rows += [("cpuacct.usage", String(usage.total)), ("cpuacct.usage_percpu", "[" + each + "]")]
            }
            if let pids = metrics.pids {
                rows += [("pids.current", String(pids.current)), ("pids.limit", String(pids.limit))]
            }
            return rows
        case .v2(let metrics):
            var rows: [(String, String)] = []
            if let pids = metrics.pids {
                rows += [("pids.current", String(pids.current)), ("pids.limit", String(pids.limit))]
            }
            if let cpu = metrics.cpu {
                rows += [
                    ("cpu.usage_usec", String(cpu.usageUsec)), ("cpu.user_usec", String(cpu.userUsec)),
                    ("cpu.system_usec", String(cpu.systemUsec)), ("cpu.nr_periods", String(cpu.nrPeriods)),
                    ("cpu.nr_throttled", String(cpu.nrThrottled)),
                    ("cpu.throttled_usec", String(cpu.throttledUsec)),
                ]
            }
            if let memory = metrics.memory {
                rows += [
                    ("memory.usage", String(memory.usage)), ("memory.usage_limit", String(memory.usageLimit)),
                    ("memory.swap_usage", String(memory.swapUsage)), ("memory.swap_limit", String(memory.swapLimit)),
                ]
            }
            return rows
        }
    }

    var json: JSON {
        switch self {
        case .v1(let metrics): versionOne(metrics)
        case .v2(let metrics): versionTwo(metrics)
        }
    }

    private func numbers(_ values: KeyValuePairs<String, UInt64>) -> JSON {
        var fields = Fields()
        for (name, value) in values { fields.add(name, value) }
        return fields.json
    }

    private func versionOne(_ metrics: CgroupStats.V1.Metrics) -> JSON {
        var fields = Fields()
        fields.add(
            "hugetlb",
            metrics.hugetlb.map { entry in
                var inner = Fields()
                inner.add("usage", entry.usage)
                inner.add("max", entry.max)
                inner.add("failcnt", entry.failcnt)
                inner.add("pagesize", entry.pagesize)
                return inner.json
            })
        fields.add("pids", metrics.pids.map { numbers(["current": $0.current, "limit": $0.limit]) })
        if let cpu = metrics.cpu {
            var inner = Fields()
            if let usage = cpu.usage {
                var used = Fields()
                used.add("total", usage.total)
                used.add("kernel", usage.kernel)
                used.add("user", usage.user)
                used.add("per_cpu", usage.perCpu.map { .int($0) })
                inner.add("usage", used.json)
            }
            inner.add(
                "throttling",
                cpu.throttling.map {
                    numbers([
                        "periods": $0.periods, "throttled_periods": $0.throttledPeriods,
                        "throttled_time": $0.throttledTime,
                    ])
                })
            fields.add("cpu", inner.json)
        }
        fields.add("memory", metrics.memory.map { memory($0) })
        fields.add("blkio", metrics.blkio.map { blockIO($0) })
        fields.add("rdma", metrics.rdma.map { _ in numbers([:]) })
        fields.add(
            "memory_oom_control",
            metrics.memoryOomControl.map {
                numbers(["oom_kill_disable": $0.oomKillDisable, "under_oom": $0.underOom, "oom_kill": $0.oomKill])
            })
        return fields.json
    }

    private func memory(_ stat: CgroupStats.V1.MemoryStat) -> JSON {
        var fields = Fields()
        let own: KeyValuePairs<String, UInt64> = [
            "cache": stat.cache, "rss": stat.rss, "rss_huge": stat.rssHuge, "mapped_file": stat.mappedFile,
            "dirty": stat.dirty, "writeback": stat.writeback, "pg_pg_in": stat.pgPgIn, "pg_pg_out": stat.pgPgOut,
            "pg_fault": stat.pgFault, "pg_maj_fault": stat.pgMajFault, "inactive_anon": stat.inactiveAnon,
            "active_anon": stat.activeAnon, "inactive_file": stat.inactiveFile, "active_file": stat.activeFile,
            "unevictable": stat.unevictable, "hierarchical_memory_limit": stat.hierarchicalMemoryLimit,
            "hierarchical_swap_limit": stat.hierarchicalSwapLimit,
        ]
        let total: KeyValuePairs<String, UInt64> = [
            "total_cache": stat.totalCache, "total_rss": stat.totalRss, "total_rss_huge": stat.totalRssHuge,
            "total_mapped_file": stat.totalMappedFile, "total_dirty": stat.totalDirty,
            "total_writeback": stat.totalWriteback, "total_pg_pg_in": stat.totalPgPgIn,
            "total_pg_pg_out": stat.totalPgPgOut, "total_pg_fault": stat.totalPgFault,
            "total_pg_maj_fault": stat.totalPgMajFault, "total_inactive_anon": stat.totalInactiveAnon,
            "total_active_anon": stat.totalActiveAnon, "total_inactive_file": stat.totalInactiveFile,
            "total_active_file": stat.totalActiveFile, "total_unevictable": stat.totalUnevictable,
        ]
        for (name, value) in own { fields.add(name, value) }
        for (name, value) in total { fields.add(name, value) }
        let entries: KeyValuePairs<String, CgroupStats.V1.MemoryEntry?> = [
            "usage": stat.usage, "swap": stat.swap, "kernel": stat.kernel, "kernel_tcp": stat.kernelTcp,
        ]
        for (name, entry) in entries {
            fields.add(
                name,
                entry.map {
                    numbers(["limit": $0.limit, "usage": $0.usage, "max": $0.max, "failcnt": $0.failcnt])
                })
        }
        return fields.json
    }

    private func blockIO(_ stat: CgroupStats.V1.BlkIOStat) -> JSON {
        var fields = Fields()
        let lists: KeyValuePairs<String, [CgroupStats.V1.BlkIOEntry]> = [
            "io_service_bytes_recursive": stat.ioServiceBytesRecursive,
            "io_serviced_recursive": stat.ioServicedRecursive,
            "io_queued_recursive": stat.ioQueuedRecursive, "io_service_time_recursive": stat.ioServiceTimeRecursive,
            "io_wait_time_recursive": stat.ioWaitTimeRecursive, "io_merged_recursive": stat.ioMergedRecursive,
            "io_time_recursive": stat.ioTimeRecursive, "sectors_recursive": stat.sectorsRecursive,
        ]
        for (name, list) in lists {
            fields.add(
                name,
                list.map { entry in
                    var inner = Fields()
                    inner.add("op", entry.op)
                    inner.add("device", entry.device)
                    inner.add("major", entry.major)
                    inner.add("minor", entry.minor)
                    inner.add("value", entry.value)
                    return inner.json
                })
        }
        return fields.json
    }

    private func versionTwo(_ metrics: CgroupStats.V2.Metrics) -> JSON {
        var fields = Fields()
        fields.add("pids", metrics.pids.map { numbers(["current": $0.current, "limit": $0.limit]) })
        fields.add(
            "cpu",
            metrics.cpu.map {
                numbers([
                    "usage_usec": $0.usageUsec, "user_usec": $0.userUsec, "system_usec": $0.systemUsec,
                    "nr_periods": $0.nrPeriods, "nr_throttled": $0.nrThrottled, "throttled_usec": $0.throttledUsec,
                ])
            })
        fields.add(
            "memory",
            metrics.memory.map {
                numbers([
                    "anon": $0.anon, "file": $0.file, "kernel_stack": $0.kernelStack, "slab": $0.slab, "sock": $0.sock,
                    "shmem": $0.shmem, "file_mapped": $0.fileMapped, "file_dirty": $0.fileDirty,
                    "file_writeback": $0.fileWriteback, "anon_thp": $0.anonThp, "inactive_anon": $0.inactiveAnon,
                    "active_anon": $0.activeAnon, "inactive_file": $0.inactiveFile, "active_file": $0.activeFile,
                    "unevictable": $0.unevictable, "slab_reclaimable": $0.slabReclaimable,
                    "slab_unreclaimable": $0.slabUnreclaimable, "pgfault": $0.pgfault, "pgmajfault": $0.pgmajfault,
                    "usage": $0.usage, "usage_limit": $0.usageLimit, "swap_usage": $0.swapUsage,
                    "swap_limit": $0.swapLimit,
                ])
            })
        fields.add(
            "io",
            metrics.io.map { io in
                var inner = Fields()
                inner.add(
                    "usage",
                    io.usage.map {
                        numbers([
                            "major": $0.major, "minor": $0.minor, "rbytes": $0.rbytes, "wbytes": $0.wbytes,
                            "rios": $0.rios,
                            "wios": $0.wios,
                        ])
                    })
                return inner.json
            })
        fields.add(
            "memory_events",
            metrics.memoryEvents.map {
                numbers(["low": $0.low, "high": $0.high, "max": $0.max, "oom": $0.oom, "oom_kill": $0.oomKill])
            })
        return fields.json
    }
}
