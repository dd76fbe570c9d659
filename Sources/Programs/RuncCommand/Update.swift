internal import CLinux
internal import ContainerRuntime
internal import Flags
internal import GoText
internal import JSON
internal import Linux
internal import OCIRuntime

/// The flags of `update` that stand for one limit each.
private struct LimitFlags {
    let resources: Flag<String>
    let weight: Flag<Int>
    let texts: [(name: String, flag: Flag<String>)]
    let pids: Flag<Int>

    init(_ flags: FlagSet) {
        resources = flags.string(
            "resources", "r", usage: "file with the limits, '-' for standard input; other flags are then not read")
        weight = flags.int("blkio-weight", usage: "share of block I/O, 10 to 1000")
        var all: [(name: String, flag: Flag<String>)] = []
        for (name, usage) in LimitFlags.names { all.append((name, flags.string(name, usage: usage))) }
        texts = all
        pids = flags.int("pids-limit", usage: "most processes; -1 for no limit")
    }

    private static let names = [
        ("cpu-period", "period of the CPU quota, in microseconds"),
        ("cpu-quota", "CPU time in one period, in microseconds"),
        ("cpu-rt-period", "period of the real-time quota, in microseconds"),
        ("cpu-rt-runtime", "real-time CPU time in one period, in microseconds"), ("cpu-share", "share of CPU time"),
        ("cpuset-cpus", "CPUs to run on, as a list"), ("cpuset-mems", "memory nodes to use, as a list"),
        ("memory", "most memory, in bytes"), ("memory-reservation", "memory to keep to when it is short, in bytes"),
        ("memory-swap", "most memory and swap together, in bytes; -1 for no limit"),
        ("l3-cache-schema", "Intel RDT cache allocation (not possible with this runc)"),
        ("mem-bw-schema", "Intel RDT bandwidth allocation (not possible with this runc)"),
    ]

    private func text(_ name: String) -> String {
        for entry in texts where entry.name == name { return entry.flag.value }
        return ""
    }

    /// The limits asked for.
    func read() throws(RuntimeFailure) -> Resources {
        for name in ["l3-cache-schema", "mem-bw-schema"] where !text(name).isEmpty {
            throw RuntimeFailure("Intel RDT is not supported by this runc: --" + name)
        }
        if !resources.value.isEmpty { return try fromFile(resources.value) }
        var limits = Resources()
        var cpu = Resources.CPU()
        cpu.period = try unsigned("cpu-period")
        cpu.quota = try number("cpu-quota")
        cpu.realtimePeriod = try unsigned("cpu-rt-period")
        cpu.realtimeRuntime = try number("cpu-rt-runtime")
        cpu.shares = try unsigned("cpu-share")
        cpu.cpus = text("cpuset-cpus")
        cpu.mems = text("cpuset-mems")
        limits.cpu = cpu
        var memory = Resources.Memory()
        memory.limit = try bytes("memory")
        memory.reservation = try bytes("memory-reservation")
        memory.swap = try bytes("memory-swap")
        limits.memory = memory
        if weight.value != 0 {
            var block = Resources.BlockIO()
            block.weight = UInt64(UInt16(truncatingIfNeeded: weight.value))
            limits.blockIO = block
        }
        limits.pidsLimit = pids.value == 0 ? nil : pids.value
        return limits
    }

    private func fromFile(_ path: String) throws(RuntimeFailure) -> Resources {
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try path == "-" ? Descriptor(owning: 0).readAll() : Files.read(path)
        } catch {
            throw RuntimeFailure(error)
        }
        do throws(JSON.Failure) {
            return try Resources(json: try JSON.leadingObject(bytes, type: "specs.LinuxResources"))
        } catch {
            throw RuntimeFailure(streamWords(error, bytes))
        }
    }

    private func number(_ name: String) throws(RuntimeFailure) -> Int? {
        let given = text(name)
        if given.isEmpty { return nil }
        if let value = Int(given) { return value }
        throw invalid(name, "ParseInt")
    }

    private func unsigned(_ name: String) throws(RuntimeFailure) -> UInt64? {
        let given = text(name)
        if given.isEmpty { return nil }
        if let value = UInt64(given) { return value }
        throw invalid(name, "ParseUint")
    }

    private func invalid(_ name: String, _ function: String) -> RuntimeFailure {
        RuntimeFailure(
            "invalid value for " + name + ": strconv." + function + ": parsing " + goQuoted(text(name))
                + ": invalid syntax")
    }

    private func bytes(_ name: String) throws(RuntimeFailure) -> Int? {
        let given = text(name)
        if given.isEmpty { return nil }
        if given == "-1" { return -1 }
        guard let value = memoryBytes(given) else {
            throw RuntimeFailure("invalid value for " + name + ": invalid size: '" + given + "'")
        }
        return value
    }
}

/// A size with a unit of 1024 ("10m", "1.5g", "64 KiB"), as go-units reads it; nil when it is none.
private func memoryBytes(_ text: String) -> Int? {
    let digits = Array(text.utf8.prefix { $0 >= 48 && $0 <= 57 })
    guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
    var rest = Array(text.utf8.dropFirst(digits.count))
    var (fraction, scale) = (0, 1)
    if rest.first == 46 {
        let places = rest.dropFirst().prefix { $0 >= 48 && $0 <= 57 }
        for digit in places.prefix(6) { (fraction, scale) = (fraction * 10 + Int(digit - 48), scale * 10) }
        rest.removeFirst(places.count + 1)
    }
    if rest.first == 32 { rest.removeFirst() }
    let unit = rest.map { $0 | 32 }
    var shift = 0
    for (index, letter) in "kmgtp".utf8.enumerated() where unit.first == letter { shift = (index + 1) * 10 }
    let suffix = String(decoding: shift > 0 ? Array(unit.dropFirst()) : unit, as: UTF8.self)
    guard suffix.isEmpty || suffix == "b" || shift > 0 && suffix == "ib" else { return nil }
    let (value, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
    return overflow ? nil : value + (fraction << shift) / scale
}

var updateCommand: UrfaveCommand<Verb> {
    UrfaveCommand<Verb>("update", usage: "change the limits of a container", arguments: "<container-id>") {
        flags in
        let options = LimitFlags(flags)
        let ignored = ["kernel-memory", "kernel-memory-tcp"].map { name in
            let flag = flags.string(name, usage: "not read any more: the kernel has no such limit")
            flag.hidden = true
            return flag
        }
        return Verb(.exactly(1)) { (use) throws(RuntimeFailure) in
            let container = try use.container()
            if ignored.contains(where: { $0.isSet }) {
                use.log.warn("Kernel memory settings are ignored and will be removed")
            }
            try container.update(try options.read())
            return 0
        }
    }
}
