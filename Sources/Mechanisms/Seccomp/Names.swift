internal import CLinux
internal import CSeccomp
public import OCIRuntime

extension SeccompFilter {
    /// The architectures a profile may name, sorted, and libseccomp's token of each.
    public static let architectures: [String] = architectureTokens.map { $0.name }
    /// The actions a profile may name, sorted.
    public static let actions = [
        "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
        "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP",
    ]
    /// The comparisons a profile may name, sorted.
    public static let operators = [
        "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE",
    ]

    /// The version of libseccomp in this program.
    public static var libraryVersion: String {
        let version = seccomp_version().pointee
        return String(version.major) + "." + String(version.minor) + "." + String(version.micro)
    }

    private static let architectureTokens: [(name: String, token: UInt32)] = [
        ("SCMP_ARCH_AARCH64", 0xC000_00B7), ("SCMP_ARCH_ARM", 0x4000_0028), ("SCMP_ARCH_MIPS", 0x0000_0008),
        ("SCMP_ARCH_MIPS64", 0x8000_0008), ("SCMP_ARCH_MIPS64N32", 0xA000_0008), ("SCMP_ARCH_MIPSEL", 0x4000_0008),
        ("SCMP_ARCH_MIPSEL64", 0xC000_0008), ("SCMP_ARCH_MIPSEL64N32", 0xE000_0008), ("SCMP_ARCH_PPC", 0x0000_0014),
        ("SCMP_ARCH_PPC64", 0x8000_0015), ("SCMP_ARCH_PPC64LE", 0xC000_0015), ("SCMP_ARCH_S390", 0x0000_0016),
        ("SCMP_ARCH_S390X", 0x8000_0016), ("SCMP_ARCH_X32", 0x4000_003E), ("SCMP_ARCH_X86", 0x4000_0003),
        ("SCMP_ARCH_X86_64", 0xC000_003E),
    ]

    /// Checks every name in a profile, in runc's words.
    public static func validate(_ profile: SeccompProfile) throws(SeccompFailure) {
        _ = try action(profile.defaultAction, profile.defaultErrnoRet)
        for name in profile.architectures { _ = try architecture(name) }
        _ = try flags(of: profile)
        for rule in profile.syscalls {
            _ = try action(rule.action, rule.errnoRet)
            for condition in rule.args { _ = try comparator(condition.op) }
        }
    }

    static func architecture(_ name: String) throws(SeccompFailure) -> UInt32 {
        for entry in architectureTokens where entry.name == name {
            // x32's token is x86_64's machine number without the bit for 64 bits.
            return entry.token
        }
        throw SeccompFailure("string " + name + " is not a valid arch for seccomp")
    }

    static func action(_ name: String, _ errnoRet: UInt64?) throws(SeccompFailure) -> UInt32 {
        let number = UInt32(truncatingIfNeeded: errnoRet ?? UInt64(EPERM)) & 0xFFFF
        switch name {
        case "SCMP_ACT_ALLOW": return 0x7FFF_0000
        case "SCMP_ACT_ERRNO": return 0x0005_0000 | number
        case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD": return 0
        case "SCMP_ACT_KILL_PROCESS": return 0x8000_0000
        case "SCMP_ACT_LOG": return 0x7FFC_0000
        case "SCMP_ACT_TRACE": return 0x7FF0_0000 | number
        case "SCMP_ACT_TRAP": return 0x0003_0000
        case "SCMP_ACT_NOTIFY": return 0x7FC0_0000
        default: throw SeccompFailure("string " + name + " is not a valid action for seccomp")
        }
    }

    static func comparator(_ name: String) throws(SeccompFailure) -> scmp_compare {
        switch name {
        case "SCMP_CMP_NE": return SCMP_CMP_NE
        case "SCMP_CMP_LT": return SCMP_CMP_LT
        case "SCMP_CMP_LE": return SCMP_CMP_LE
        case "SCMP_CMP_EQ": return SCMP_CMP_EQ
        case "SCMP_CMP_GE": return SCMP_CMP_GE
        case "SCMP_CMP_GT": return SCMP_CMP_GT
        case "SCMP_CMP_MASKED_EQ": return SCMP_CMP_MASKED_EQ
        default: throw SeccompFailure("string " + name + " is not a valid operator for seccomp")
        }
    }

    static func flags(of profile: SeccompProfile) throws(SeccompFailure) -> UInt32 {
        var flags: UInt32 = profile.notifies ? 8 : 0  // SECCOMP_FILTER_FLAG_NEW_LISTENER
        for name in profile.flags {
            switch name {
            case "SECCOMP_FILTER_FLAG_TSYNC": break  // one thread is all there is
            case "SECCOMP_FILTER_FLAG_LOG": flags |= 2
            case "SECCOMP_FILTER_FLAG_SPEC_ALLOW": flags |= 4
            default: throw SeccompFailure("seccomp flag not supported: " + name)
            }
        }
        return flags
    }
}
