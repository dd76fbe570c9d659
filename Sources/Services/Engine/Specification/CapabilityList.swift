internal import EngineAPI
internal import Linux

/// The capabilities of a container's first process (capabilities(7)).
enum CapabilityList {
    /// By number.
    static let all = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
        "CAP_NET_ADMIN",
        "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
        "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE",
        "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL",
        "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND",
        "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ]

    /// What a container has unless it asks for more or less.
    static let usual = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
        "CAP_SETUID",
        "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
    ]

    /// Those the daemon has itself: it cannot give more than these.
    static let available: [String] = {
        // Without the file nothing is known and nothing held back: the kernel has the last word.
        let status = (try? Files.readText("/proc/self/status")) ?? ""
        for line in status.split(separator: "\n") where line.hasPrefix("CapEff:") {
            let digits = line.dropFirst(7).filter { $0 != "\t" && $0 != " " }
            guard let mask = UInt64(digits, radix: 16) else { break }
            return all.enumerated().filter { mask & (1 << UInt64($0.offset)) != 0 }.map(\.element)
        }
        return all
    }()

    /// "net_admin" and "CAP_NET_ADMIN" to the latter; "ALL" stays. `list` names the option in a failure.
    static func normalized(_ names: [String], _ list: String) throws(EngineError) -> [String] {
        var found: [String] = []
        for name in names {
            let upper = name.uppercased()
            if upper == "ALL" {
                found.append(upper)
                continue
            }
            let full = upper.hasPrefix("CAP_") ? upper : "CAP_" + upper
            guard all.contains(full) else { throw .invalid("invalid \(list): unknown capability: \"\(full)\"") }
            found.append(full)
        }
        return found
    }

    /// The set after adding and dropping, in the order of the usual ones and then as added.
    static func tweaked(add: [String], drop: [String], privileged: Bool) throws(EngineError) -> [String] {
        if privileged { return available }
        let added = try normalized(add, "CapAdd")
        let dropped = try normalized(drop, "CapDrop")
        if added.contains("ALL") { return available.filter { !dropped.contains($0) } }
        if dropped.contains("ALL") { return added }
        var set = usual.filter { !dropped.contains($0) }
        for name in added where !set.contains(name) { set.append(name) }
        return set
    }
}
