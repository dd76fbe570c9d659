public import JSON

extension Cgroup {
    /// What `events` reports of a container's use, with upstream's members.
    public func statistics() -> JSON {
        isUnified ? unifiedStatistics() : legacyStatistics()
    }

    private func number(_ path: String?, _ file: String) -> JSON {
        guard let path, let text = get(path, file), let value = UInt64(text) else { return .int(0) }
        return .int(value)
    }

    /// "name value" a line.
    private func table(_ path: String?, _ file: String) -> [(name: String, value: UInt64)] {
        guard let path, let text = get(path, file) else { return [] }
        var found: [(name: String, value: UInt64)] = []
        for line in text.utf8.split(separator: 10) {
            let parts = line.split(separator: 32)
            guard parts.count == 2, let value = UInt64(String(decoding: Array(parts[1]), as: UTF8.self)) else {
                continue
            }
            found.append((String(decoding: Array(parts[0]), as: UTF8.self), value))
        }
        return found
    }

    private func value(_ table: [(name: String, value: UInt64)], _ name: String) -> UInt64 {
        for entry in table where entry.name == name { return entry.value }
        return 0
    }

    private func legacyStatistics() -> JSON {
        let stat = table(path("memory"), "memory.stat")
        func counter(_ name: String) -> JSON {
            .members([
                ("limit", number(path("memory"), name + "limit_in_bytes")),
                ("usage", number(path("memory"), name + "usage_in_bytes")),
                ("max", number(path("memory"), name + "max_usage_in_bytes")),
                ("failcnt", number(path("memory"), name + "failcnt")),
            ])
        }
        let modes = (path("cpuacct").flatMap { get($0, "cpuacct.usage_all") } ?? "").utf8.split(separator: 10)
            .dropFirst().map { $0.split(separator: 32).map { UInt64(String(decoding: Array($0), as: UTF8.self)) ?? 0 } }
        let each = (path("cpuacct").flatMap { get($0, "cpuacct.usage_percpu") } ?? "").utf8.split(separator: 32)
            .compactMap { UInt64(String(decoding: Array($0), as: UTF8.self)) }
        let ticks = table(path("cpuacct"), "cpuacct.stat")
        let throttling = table(path("cpu"), "cpu.stat")
        return .members([
            (
                "cpu",
                .members([
                    (
                        "usage",
                        .members([
                            ("total", number(path("cpuacct"), "cpuacct.usage")),
                            ("percpu", .array(each.map { .int($0) })),
                            ("percpu_kernel", .array(modes.map { .int($0.count > 2 ? $0[2] : 0) })),
                            ("percpu_user", .array(modes.map { .int($0.count > 1 ? $0[1] : 0) })),
                            ("kernel", .int(value(ticks, "system") * 10_000_000)),
                            ("user", .int(value(ticks, "user") * 10_000_000)),
                        ])
                    ), ("throttling", throttled(throttling, scale: 1)),
                ])
            ), ("cpuset", cpuset()),
            (
                "memory",
                .members([
                    ("cache", .int(value(stat, "cache"))), ("usage", counter("memory.")),
                    ("swap", counter("memory.memsw.")), ("kernel", counter("memory.kmem.")),
                    ("kernelTCP", counter("memory.kmem.tcp.")),
                    ("raw", .members(stat.map { ($0.name, .int($0.value)) })),
                ])
            ), ("pids", pids()), ("blkio", .members([])), ("hugetlb", .members([])), ("intel_rdt", .members([])),
            ("network_interfaces", .null),
        ])
    }

    /// v1's settings; v2 has none of them.
    private func cpuset() -> JSON {
        let path = isUnified ? nil : path("cpuset")
        func list(_ name: String) -> [(String, JSON)] {
            var numbers: [JSON] = []
            for part in (path.flatMap { get($0, "cpuset." + name) } ?? "").utf8.split(separator: 44) {
                let ends = part.split(separator: 45).compactMap { Int(String(decoding: Array($0), as: UTF8.self)) }
                guard let first = ends.first, let last = ends.last, first <= last else { continue }
                for number in first...last { numbers.append(.int(number)) }
            }
            return numbers.isEmpty ? [] : [(name, .array(numbers))]
        }
        func flags(_ names: [String]) -> [(String, JSON)] {
            names.map { name in (name, .int(path.flatMap { get($0, "cpuset." + name) }.flatMap { Int($0) } ?? 0)) }
        }
        return .members(
            list("cpus") + flags(["cpu_exclusive"]) + list("mems")
                + flags([
                    "mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page", "memory_spread_slab",
                    "memory_pressure", "sched_load_balance", "sched_relax_domain_level",
                ]))
    }

    private func throttled(_ table: [(name: String, value: UInt64)], scale: UInt64) -> JSON {
        var members: [(String, JSON)] = []
        func add(_ name: String, _ amount: UInt64) { if amount != 0 { members.append((name, .int(amount))) } }
        add("periods", value(table, "nr_periods"))
        add("throttledPeriods", value(table, "nr_throttled"))
        add("throttledTime", scale == 1 ? value(table, "throttled_time") : value(table, "throttled_usec") * scale)
        return .members(members)
    }

    private func pids() -> JSON {
        let path = path("pids")
        var members: [(String, JSON)] = [("current", number(path, "pids.current"))]
        if let path, let limit = get(path, "pids.max").flatMap({ UInt64($0) }) {
            members.append(("limit", .int(limit)))
        }
        return .members(members)
    }

    private func unifiedStatistics() -> JSON {
        let path = path("")
        let cpu = table(path, "cpu.stat")
        let stat = table(path, "memory.stat")
        func limit(_ file: String) -> UInt64 { path.flatMap { get($0, file) }.flatMap { UInt64($0) } ?? UInt64.max }
        func usage(_ file: String) -> UInt64 { path.flatMap { get($0, file) }.flatMap { UInt64($0) } ?? 0 }
        func counter(_ limit: UInt64, _ usage: UInt64) -> JSON {
            .members([("limit", .int(limit)), ("usage", .int(usage)), ("failcnt", .int(0))])
        }
        let (most, used) = (limit("memory.max"), usage("memory.current"))
        // With memory, as v1 counts it.
        let swap = limit("memory.swap.max")
        let (total, overflow) = most.addingReportingOverflow(swap)
        let none = JSON.members([("limit", .int(0)), ("failcnt", .int(0))])
        return .members([
            (
                "cpu",
                .members([
                    (
                        "usage",
                        .members([
                            ("total", .int(value(cpu, "usage_usec") * 1000)),
                            ("kernel", .int(value(cpu, "system_usec") * 1000)),
                            ("user", .int(value(cpu, "user_usec") * 1000)),
                        ])
                    ), ("throttling", throttled(cpu, scale: 1000)),
                ])
            ), ("cpuset", cpuset()),
            (
                "memory",
                .members([
                    ("cache", .int(value(stat, "file"))),
                    ("usage", counter(most, used)),
                    (
                        "swap",
                        counter(swap == UInt64.max || overflow ? swap : total, used + usage("memory.swap.current"))
                    ), ("kernel", none), ("kernelTCP", none),
                    ("raw", .members(stat.map { ($0.name, .int($0.value)) })),
                ])
            ), ("pids", pids()), ("blkio", .members([])), ("hugetlb", .members([])), ("intel_rdt", .members([])),
            ("network_interfaces", .null),
        ])
    }
}
