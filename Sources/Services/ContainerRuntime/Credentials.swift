internal import CLinux
internal import Linux
internal import OCIRuntime

/// Capability names in the kernel's order: the index is the number (capabilities(7)).
public let capabilityNames = [
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
    "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN",
    "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
]

/// Capability sets as bits.
struct CapabilitySets: Sendable {
    var bounding: UInt64 = 0
    var effective: UInt64 = 0
    var inheritable: UInt64 = 0
    var permitted: UInt64 = 0
    var ambient: UInt64 = 0
    /// Names that mean nothing here, for a warning.
    private(set) var unknown: [String] = []

    init(_ names: Spec.Capabilities) {
        bounding = bits(names.bounding)
        effective = bits(names.effective)
        inheritable = bits(names.inheritable)
        permitted = bits(names.permitted)
        ambient = bits(names.ambient)
        unknown.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// What is to be said about names that mean nothing; nil: nothing.
    var warning: String? {
        unknown.isEmpty
            ? nil : "ignoring unknown or unavailable capabilities: [" + unknown.joined(separator: " ") + "]"
    }

    private mutating func bits(_ names: [String]) -> UInt64 {
        var found: UInt64 = 0
        for name in names {
            if let number = capabilityNames.firstIndex(of: name) {
                found |= 1 << UInt64(number)
            } else if !unknown.contains(name) {
                unknown.append(name)
            }
        }
        return found
    }

    /// Drops what the container may never have, even by a file's capabilities. Needs CAP_SETPCAP.
    func applyBounding() throws(SystemCallError) {
        for number in UInt(0)..<64 where bounding & 1 << UInt64(number) == 0 {
            if cl_prctl(PR_CAPBSET_READ, number, 0, 0, 0) != 1 { continue }
            try checked("prctl", "PR_CAPBSET_DROP") { cl_prctl(PR_CAPBSET_DROP, number, 0, 0, 0) }
        }
    }

    /// Sets the process's own, then the ambient ones, which the kernel takes only where permitted and inheritable are.
    func apply() throws(SystemCallError) {
        var (heldEffective, heldPermitted, heldInheritable): (UInt64, UInt64, UInt64) = (0, 0, 0)
        cl_capget(&heldEffective, &heldPermitted, &heldInheritable)
        try checked("unable to apply caps") {
            cl_capset(effective & heldPermitted, permitted & heldPermitted, inheritable)
        }
        cl_prctl(47, 4, 0, 0, 0)  // PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL
        for number in UInt(0)..<64 where ambient & 1 << UInt64(number) != 0 {
            // One that is not inheritable cannot be ambient: the kernel leaves it out, as upstream does.
            cl_prctl(47, 2, number, 0, 0)
        }
    }
}

/// RLIMIT_* by name.
func rlimitNumber(_ name: String) -> Int32? {
    let names = [
        "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC",
        "RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE",
        "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
    ]
    return names.firstIndex(of: name).map { Int32($0) }
}

/// Sets a process's limits (prlimit(2)); pid 0: this one's.
func setLimits(_ limits: [Spec.Rlimit], of pid: Int32) throws(RuntimeFailure) {
    for limit in limits {
        guard let number = rlimitNumber(limit.type) else { throw RuntimeFailure("wrong rlimit value: " + limit.type) }
        let pair = [limit.soft, limit.hard]
        if cl_prlimit(pid, number, pair, nil) != 0 {
            throw RuntimeFailure(
                "error setting rlimits for ready process: error setting rlimit type " + String(number) + ": "
                    + errorText(cl_errno()))
        }
    }
}

/// Becomes the user. Capabilities are kept across it, for `CapabilitySets.apply` to choose from.
func become(_ user: Spec.User) throws(RuntimeFailure) {
    for number in [user.uid, user.gid] + user.additionalGids where number > 0x7FFF_FFFF {
        throw RuntimeFailure("unable to setup user: uids and gids must be in range 0-2147483647")
    }
    var groups: [UInt32] = []
    for number in user.additionalGids where !groups.contains(number) { groups.append(number) }
    if cl_setgroups(groups.count, groups) != 0 {
        // A user namespace without root outside may not set groups: then there must be none to set.
        let number = cl_errno()
        if number != EPERM || !user.additionalGids.isEmpty {
            throw RuntimeFailure("unable to setup user: setgroups: " + errorText(number))
        }
    }
    if cl_setresgid(user.gid, user.gid, user.gid) != 0 {
        throw RuntimeFailure("unable to setup user: setgid: " + errorText(cl_errno()))
    }
    if cl_setresuid(user.uid, user.uid, user.uid) != 0 {
        throw RuntimeFailure("unable to setup user: setuid: " + errorText(cl_errno()))
    }
}

/// Gives the standard streams to the user, so that it can open /dev/stdout again. /dev/null stays root's.
func giveStreams(to uid: UInt32) throws(RuntimeFailure) {
    for number in Int32(0)..<3 {
        var status = stat()
        guard fstat(number, &status) == 0, status.st_uid != uid, !isNull(status) else { continue }
        if fchown(number, uid, status.st_gid) != 0 {
            let error = cl_errno()
            // A stream of another user namespace, or of a file system that has no owners.
            if error == EINVAL || error == EPERM || error == EROFS || error == ENOSYS { continue }
            throw RuntimeFailure("unable to fix stdio permissions: fchown: " + errorText(error))
        }
    }
}

func isNull(_ status: stat) -> Bool {
    cl_format(status.st_mode) == S_IFCHR && cl_major(UInt64(status.st_rdev)) == 1
        && cl_minor(UInt64(status.st_rdev)) == 3
}
