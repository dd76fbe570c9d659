internal import CLinux
internal import ContainerdAPI
public import EngineAPI
internal import GRPC
internal import GoText
internal import JSON
internal import Linux
internal import Networks
internal import Workers

extension Engine {
    /// Checks that statistics can be had; answers the container's whole id.
    public func statsTarget(_ reference: String) throws(EngineError) -> String { try find(reference).id }

    /// A container's use of the host now. `before` is the sample before it; a container that does not run uses nothing.
    public func stats(_ id: String, before: StatsResponse?) async throws(EngineError) -> StatsResponse {
        let record = try find(id).record
        var sample = StatsResponse()
        sample.id = record.id
        sample.name = "/" + record.name
        sample.preread = before?.read ?? Timestamp.zero.description
        sample.precpuStats = before?.cpuStats ?? CPUStats()
        sample.read = record.life.isRunning ? Clock.now.description : Timestamp.zero.description
        guard record.life.isRunning else { return sample }
        let metrics: [ContainerdTypes.Metric]
        do throws(GRPCStatus) {
            metrics = try await containerd.tasks.metrics(filters: ["id==" + record.id])
        } catch {
            if error.code == .notFound { return sample }
            throw Engine.failure(error)
        }
        if let data = metrics.first(where: { $0.id == record.id })?.data {
            // Metrics of a kind we do not know leave the figures at zero.
            if let one = try? data.unpack(CgroupStats.V1.Metrics.self) { fill(&sample, one) }
            if let two = try? data.unpack(CgroupStats.V2.Metrics.self) { fill(&sample, two) }
        }
        if sample.memoryStats.limit == 0 || sample.memoryStats.limit > UInt64(facts.memory) {
            sample.memoryStats.limit = UInt64(facts.memory)
        }
        sample.cpuStats.onlineCpus = UInt64(facts.cpus)
        await addHost(&sample, record)
        return sample
    }

    private func addHost(_ sample: inout StatsResponse, _ record: ContainerRecord) async {
        let networks = networks
        let (system, interfaces) = await Workers.shared.run { () -> (UInt64, [InterfaceStatistics]) in
            // A container on the host's network has no interfaces of its own.
            (HostClock.cpuNanoseconds(), (try? networks.statistics(of: record.id)) ?? [])
        }
        sample.cpuStats.systemCpuUsage = system
        for interface in interfaces {
            var stats = NetworkStats()
            stats.rxBytes = interface.receivedBytes
            stats.rxPackets = interface.receivedPackets
            stats.rxErrors = interface.receiveErrors
            stats.rxDropped = interface.receiveDropped
            stats.txBytes = interface.sentBytes
            stats.txPackets = interface.sentPackets
            stats.txErrors = interface.sendErrors
            stats.txDropped = interface.sendDropped
            sample.networks[interface.name] = stats
        }
    }

    private func fill(_ sample: inout StatsResponse, _ metrics: CgroupStats.V1.Metrics) {
        if let pids = metrics.pids {
            sample.pidsStats.current = pids.current
            sample.pidsStats.limit = pids.limit
        }
        if let usage = metrics.cpu?.usage {
            sample.cpuStats.cpuUsage.totalUsage = usage.total
            sample.cpuStats.cpuUsage.usageInKernelmode = usage.kernel
            sample.cpuStats.cpuUsage.usageInUsermode = usage.user
            sample.cpuStats.cpuUsage.percpuUsage = usage.perCpu
        }
        if let throttling = metrics.cpu?.throttling {
            sample.cpuStats.throttlingData.periods = throttling.periods
            sample.cpuStats.throttlingData.throttledPeriods = throttling.throttledPeriods
            sample.cpuStats.throttlingData.throttledTime = throttling.throttledTime
        }
        if let memory = metrics.memory {
            sample.memoryStats.usage = memory.usage?.usage ?? 0
            sample.memoryStats.maxUsage = memory.usage?.max ?? 0
            sample.memoryStats.failcnt = memory.usage?.failcnt ?? 0
            sample.memoryStats.limit = memory.usage?.limit ?? 0
            sample.memoryStats.stats = MemoryDetails.json(memory)
        }
        let blkio = metrics.blkio ?? CgroupStats.V1.BlkIOStat()
        sample.blkioStats.ioServiceBytesRecursive = entries(blkio.ioServiceBytesRecursive)
        sample.blkioStats.ioServicedRecursive = entries(blkio.ioServicedRecursive)
        sample.blkioStats.ioQueueRecursive = entries(blkio.ioQueuedRecursive)
        sample.blkioStats.ioServiceTimeRecursive = entries(blkio.ioServiceTimeRecursive)
        sample.blkioStats.ioWaitTimeRecursive = entries(blkio.ioWaitTimeRecursive)
        sample.blkioStats.ioMergedRecursive = entries(blkio.ioMergedRecursive)
        sample.blkioStats.ioTimeRecursive = entries(blkio.ioTimeRecursive)
        sample.blkioStats.sectorsRecursive = entries(blkio.sectorsRecursive)
    }

    private func entries(_ list: [CgroupStats.V1.BlkIOEntry]) -> [BlkioEntry] {
        list.map { entry in
            var converted = BlkioEntry()
            converted.major = entry.major
            converted.minor = entry.minor
            converted.op = entry.op
            converted.value = entry.value
            return converted
        }
    }
}

/// The host's CPU time since boot, idle time included, as docker's clients compare a container's with.
enum HostClock {
    static func cpuNanoseconds() -> UInt64 {
        // Without /proc/stat there is nothing to compare with.
        let text = (try? Files.readText("/proc/stat")) ?? ""
        guard let line = text.split(separator: "\n").first, line.hasPrefix("cpu ") else { return 0 }
        let ticks = line.split(separator: " ").dropFirst().prefix(7).compactMap { UInt64($0) }.reduce(0, +)
        return ticks * 1_000_000_000 / UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    }
}

/// The details of memory.stat (cgroup version 1), sorted by name as Go sorts a map.
enum MemoryDetails {
    static func json(_ memory: CgroupStats.V1.MemoryStat) -> JSON {
        .members([
            ("active_anon", .int(memory.activeAnon)), ("active_file", .int(memory.activeFile)),
            ("cache", .int(memory.cache)), ("dirty", .int(memory.dirty)),
            ("hierarchical_memory_limit", .int(memory.hierarchicalMemoryLimit)),
            ("hierarchical_memsw_limit", .int(memory.hierarchicalSwapLimit)),
            ("inactive_anon", .int(memory.inactiveAnon)), ("inactive_file", .int(memory.inactiveFile)),
            ("mapped_file", .int(memory.mappedFile)), ("pgfault", .int(memory.pgFault)),
            ("pgmajfault", .int(memory.pgMajFault)), ("pgpgin", .int(memory.pgPgIn)),
            ("pgpgout", .int(memory.pgPgOut)), ("rss", .int(memory.rss)), ("rss_huge", .int(memory.rssHuge)),
            ("total_active_anon", .int(memory.totalActiveAnon)), ("total_active_file", .int(memory.totalActiveFile)),
            ("total_cache", .int(memory.totalCache)), ("total_dirty", .int(memory.totalDirty)),
            ("total_inactive_anon", .int(memory.totalInactiveAnon)),
            ("total_inactive_file", .int(memory.totalInactiveFile)),
            ("total_mapped_file", .int(memory.totalMappedFile)), ("total_pgfault", .int(memory.totalPgFault)),
            ("total_pgmajfault", .int(memory.totalPgMajFault)), ("total_pgpgin", .int(memory.totalPgPgIn)),
            ("total_pgpgout", .int(memory.totalPgPgOut)), ("total_rss", .int(memory.totalRss)),
            ("total_rss_huge", .int(memory.totalRssHuge)), ("total_unevictable", .int(memory.totalUnevictable)),
            ("total_writeback", .int(memory.totalWriteback)), ("unevictable", .int(memory.unevictable)),
            ("writeback", .int(memory.writeback)),
        ])
    }
}
