internal import EngineAPI
internal import JSON
internal import OCIRuntime

/// A seccomp profile in the form that users write for docker: rules with conditions on capabilities, architectures and
/// the kernel's version. `resolved` gives the OCI form for one container.
struct SeccompRules: Sendable {
    struct Rule: Sendable {
        var names: [String]
        var action = "SCMP_ACT_ALLOW"
        var errnoRet: UInt64?
        var args: [SeccompProfile.Condition] = []
        var includes = Condition()
        var excludes = Condition()
    }

    /// What a rule depends on.
    struct Condition: Sendable {
        var caps: [String] = []
        var arches: [String] = []
        /// "4.8"
        var minKernel = ""
    }

    var defaultAction = "SCMP_ACT_ERRNO"
    var defaultErrnoRet: UInt64?
    var architectures: [String] = []
    var flags: [String] = []
    var rules: [Rule] = []

    #if arch(arm64)
        static let architecture = "arm64"
        static let native = ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]
    #else
        static let architecture = "amd64"
        static let native = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    #endif

    /// The profile of a container with these capabilities on a kernel of this release.
    func resolved(capabilities: [String], kernel: String) -> SeccompProfile {
        let held = Set(capabilities)
        var profile = SeccompProfile(defaultAction: defaultAction)
        profile.defaultErrnoRet = defaultErrnoRet
        profile.architectures = architectures
        profile.flags = flags
        for rule in rules where applies(rule, held, kernel) {
            profile.syscalls.append(
                SeccompProfile.Rule(names: rule.names, action: rule.action, errnoRet: rule.errnoRet, args: rule.args))
        }
        return profile
    }

    private func applies(_ rule: Rule, _ held: Set<String>, _ kernel: String) -> Bool {
        let here = SeccompRules.architecture
        if rule.excludes.arches.contains(here) { return false }
        if rule.excludes.caps.contains(where: held.contains) { return false }
        if !rule.excludes.minKernel.isEmpty && KernelRelease(kernel) >= KernelRelease(rule.excludes.minKernel) {
            return false
        }
        if !rule.includes.arches.isEmpty && !rule.includes.arches.contains(here) { return false }
        if !rule.includes.caps.allSatisfy(held.contains) { return false }
        return rule.includes.minKernel.isEmpty || KernelRelease(kernel) >= KernelRelease(rule.includes.minKernel)
    }
}

/// The first two numbers of a kernel's release.
struct KernelRelease: Comparable {
    let major: Int
    let minor: Int

    init(_ text: String) {
        let numbers = text.split { $0 < "0" || $0 > "9" }.prefix(2).map { Int($0) ?? 0 }
        major = numbers.first ?? 0
        minor = numbers.count > 1 ? numbers[1] : 0
    }

    static func < (left: KernelRelease, right: KernelRelease) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}

extension SeccompRules {
    /// The built-in profile.
    static let builtIn: SeccompRules = {
        var profile = SeccompRules()
        profile.defaultErrnoRet = 1
        profile.architectures = native
        profile.rules = [
            Rule(names: SeccompNames.always),
            when(kernel: "4.8", ["ptrace"]),
            Rule(names: ["socket"], args: [.init(index: 0, value: 40, op: "SCMP_CMP_NE")]),
        ]
        // Linux, Linux on 32 bits, each also with its uname release held at 2.6, and the question which one it is.
        for persona: UInt64 in [0, 8, 0x20000, 0x20008, 0xFFFF_FFFF] {
            profile.rules.append(
                Rule(names: ["personality"], args: [.init(index: 0, value: persona, op: "SCMP_CMP_EQ")]))
        }
        var arm = Rule(names: [
            "arm_fadvise64_64", "arm_sync_file_range", "sync_file_range2", "breakpoint", "cacheflush", "set_tls",
        ])
        arm.includes.arches = ["arm", "arm64"]
        var intel = Rule(names: ["arch_prctl"])
        intel.includes.arches = ["amd64", "x32"]
        var segments = Rule(names: ["modify_ldt"])
        segments.includes.arches = ["amd64", "x32", "x86"]
        profile.rules += [arm, intel, segments] + byCapability + namespaceCalls
        return profile
    }()

    private static func when(kernel: String, _ names: [String]) -> Rule {
        var rule = Rule(names: names)
        rule.includes.minKernel = kernel
        return rule
    }

    private static func with(_ capability: String, _ names: [String]) -> Rule {
        var rule = Rule(names: names)
        rule.includes.caps = [capability]
        return rule
    }

    /// What a capability opens.
    private static let byCapability: [Rule] = [
        with("CAP_DAC_READ_SEARCH", ["open_by_handle_at"]),
        with(
            "CAP_SYS_ADMIN",
            [
                "bpf", "clone", "clone3", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "lookup_dcookie",
                "mount", "mount_setattr", "move_mount", "open_tree", "perf_event_open", "quotactl", "quotactl_fd",
                "setdomainname", "sethostname", "setns", "syslog", "umount", "umount2", "unshare",
            ]),
        with("CAP_SYS_BOOT", ["reboot"]),
        with("CAP_SYS_CHROOT", ["chroot"]),
        with("CAP_SYS_MODULE", ["delete_module", "finit_module", "init_module"]),
        with("CAP_SYS_PACCT", ["acct"]),
        with(
            "CAP_SYS_PTRACE",
            ["kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace"]),
        with("CAP_SYS_RAWIO", ["ioperm", "iopl"]),
        with("CAP_SYS_TIME", ["clock_settime", "clock_settime64", "settimeofday", "stime"]),
        with("CAP_SYS_TTY_CONFIG", ["vhangup"]),
        with("CAP_SYS_NICE", ["get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"]),
        with("CAP_SYSLOG", ["syslog"]),
        with("CAP_BPF", ["bpf"]),
        with("CAP_PERFMON", ["perf_event_open"]),
    ]

    /// Without CAP_SYS_ADMIN clone must not make namespaces; clone3 hides its flags in memory, so it "does not exist".
    private static let namespaceCalls: [Rule] = {
        var clone = Rule(
            names: ["clone"], args: [.init(index: 0, value: 0x7E02_0000, op: "SCMP_CMP_MASKED_EQ")])
        clone.excludes.caps = ["CAP_SYS_ADMIN"]
        clone.excludes.arches = ["s390", "s390x"]
        var clone3 = Rule(names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38)
        clone3.excludes.caps = ["CAP_SYS_ADMIN"]
        return [clone, clone3]
    }()
}

extension SeccompRules {
    /// Reads a profile that a user gave (`--security-opt seccomp=FILE`).
    init(parsing text: String) throws(EngineError) {
        do throws(JSON.Failure) {
            guard let json = try JSON(parsing: text).object else { throw JSON.Failure("not an object") }
            try self.init(json: json)
        } catch {
            throw .invalid("Decoding seccomp profile failed: " + error.message)
        }
    }

    private init(json: JSON.Object) throws(JSON.Failure) {
        defaultAction = try json.string("defaultAction")
        defaultErrnoRet = try json.uint("defaultErrnoRet")
        flags = try json.strings("flags")
        architectures = try json.strings("architectures")
        let map = try json.objects("archMap")
        if !architectures.isEmpty && !map.isEmpty {
            throw JSON.Failure(
                "both 'architectures' and 'archMap' are specified in the seccomp profile, use either"
                    + " 'architectures' or 'archMap'")
        }
        for entry in map {
            let name = try entry.string("architecture")
            if name == SeccompRules.native.first { architectures = [name] + (try entry.strings("subArchitectures")) }
        }
        rules = []
        for item in try json.objects("syscalls") { rules.append(try SeccompRules.rule(item)) }
    }

    private static func rule(_ json: JSON.Object) throws(JSON.Failure) -> Rule {
        var names = try json.strings("names")
        let name = try json.string("name")
        if !name.isEmpty && !names.isEmpty {
            throw JSON.Failure(
                "both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'")
        }
        if !name.isEmpty { names = [name] }
        var rule = Rule(names: names, action: try json.string("action"))
        rule.errnoRet = try json.uint("errnoRet")
        for argument in try json.objects("args") {
            rule.args.append(
                SeccompProfile.Condition(
                    index: try argument.int("index"), value: try argument.uint("value") ?? 0,
                    valueTwo: try argument.uint("valueTwo") ?? 0, op: try argument.string("op")))
        }
        rule.includes = try condition(try json.object("includes") ?? JSON.Object())
        rule.excludes = try condition(try json.object("excludes") ?? JSON.Object())
        return rule
    }

    private static func condition(_ json: JSON.Object) throws(JSON.Failure) -> Condition {
        Condition(
            caps: try json.strings("caps"), arches: try json.strings("arches"), minKernel: try json.string("minKernel"))
    }
}
