internal import CLinux
internal import CSeccomp
internal import JSON
internal import Linux
public import OCIRuntime
internal import SHA2

/// Why a profile cannot be made a filter, or a filter not be loaded.
public struct SeccompFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public let message: String
    init(_ message: String) { self.message = message }
    public var description: String { message }
}

/// A profile compiled to the kernel's instructions: made before the container's process exists, loaded in it.
public struct SeccompFilter: Sendable {
    /// struct sock_filter after struct sock_filter.
    let instructions: [UInt8]
    /// SECCOMP_FILTER_FLAG_*.
    let flags: UInt32
    /// Whether an agent outside answers some calls.
    public var hasAgent: Bool { flags & 8 != 0 }

    /// Compiles a profile, or takes the result of an earlier time from `cache`, a directory only root writes (nil:
    /// none). Compiling docker's default profile takes longer than everything else a start does.
    public init(_ profile: SeccompProfile, cache: String?) throws(SeccompFailure) {
        try SeccompFilter.validate(profile)
        flags = try SeccompFilter.flags(of: profile)
        guard let cache else {
            instructions = try SeccompFilter.compile(profile)
            return
        }
        let library = seccomp_version().pointee
        let version =
            String(library.major) + "." + String(library.minor) + "." + String(library.micro)
            + "/" + String(seccomp_api_get()) + "/1\n"
        let key = SHA256.digest(Array(version.utf8) + profile.json.encoded())
        let path = cache + "/" + hex(key) + ".bpf"
        if let found = SeccompFilter.cached(path) {
            instructions = found
            return
        }
        instructions = try SeccompFilter.compile(profile)
        SeccompFilter.keep(instructions, directory: cache, path: path)
    }

    /// Puts this process, which gives up gaining privileges or has CAP_SYS_ADMIN, under the filter for good. The
    /// descriptor at which an agent answers calls, for the caller to pass on; nil: the filter leaves none to an agent.
    public func load() throws(SeccompFailure) -> Int32? {
        let result = instructions.withUnsafeBytes { cl_seccomp_filter(flags, $0.baseAddress, UInt32($0.count / 8)) }
        if result < 0 {
            throw SeccompFailure(
                "error loading seccomp filter into kernel: error loading seccomp filter: " + errorText(cl_errno()))
        }
        return hasAgent ? result : nil
    }

    // MARK: Cache

    private static func cached(_ path: String) -> [UInt8]? {
        // No file: not compiled yet.
        guard let file = try? Descriptor.open(path, O_RDONLY | O_NOFOLLOW) else { return nil }
        var status = stat()
        guard fstat(file.number, &status) == 0, status.st_uid == 0, status.st_mode & 0o022 == 0,
            // A cache that cannot be read is no cache.
            cl_format(status.st_mode) == S_IFREG, let bytes = try? file.readAll(), !bytes.isEmpty, bytes.count % 8 == 0
        else { return nil }
        return bytes
    }

    private static func keep(_ bytes: [UInt8], directory: String, path: String) {
        // A cache that cannot be written costs time, not correctness.
        try? Files.makeDirectories(directory, mode: 0o700)
        guard let status = Files.linkStatus(directory), status.st_uid == 0, status.st_mode & 0o022 == 0 else { return }
        let temporary = path + ".tmp" + randomHex(bytes: 4)
        // A filter that cannot be kept is compiled again next time.
        guard (try? Files.write(bytes, to: temporary, mode: 0o600)) != nil else { return }
        rename(temporary, path)
    }
}

// MARK: - Compiling

extension SeccompFilter {
    static func compile(_ profile: SeccompProfile) throws(SeccompFailure) -> [UInt8] {
        let standard = try action(profile.defaultAction, profile.defaultErrnoRet)
        if profile.defaultAction == "SCMP_ACT_NOTIFY" {
            throw SeccompFailure("SCMP_ACT_NOTIFY cannot be used as default action")
        }
        guard let context = seccomp_init(standard) else { throw SeccompFailure("error creating filter") }
        defer { seccomp_release(context) }
        var known = [seccomp_arch_native()]
        for name in profile.architectures {
            let token = try architecture(name)
            known.append(token)
            let result = seccomp_arch_add(context, token)
            if result != 0 && result != -EEXIST {
                throw SeccompFailure("error adding architecture to seccomp filter: " + errorText(-result))
            }
        }
        // Gaining privileges is given up where the specification says so, not by the library.
        seccomp_attr_set(context, SCMP_FLTATR_CTL_NNP, 0)
        if profile.flags.contains("SECCOMP_FILTER_FLAG_LOG") { seccomp_attr_set(context, SCMP_FLTATR_CTL_LOG, 1) }
        for rule in profile.syscalls { try add(rule, standard, context) }
        let program = try exported(context)
        return try stub(profile, known) + program
    }

    private static func add(
        _ rule: SeccompProfile.Rule, _ standard: UInt32, _ context: scmp_filter_ctx
    ) throws(SeccompFailure) {
        let wanted = try action(rule.action, rule.errnoRet)
        // The library refuses rules that say what is so anyway.
        if wanted == standard { return }
        for name in rule.names {
            if name == "write" && rule.action == "SCMP_ACT_NOTIFY" {
                // The process tells with it that the filter is there.
                throw SeccompFailure("SCMP_ACT_NOTIFY cannot be used for the write syscall")
            }
            if let wrong = rule.args.first(where: { $0.index < 0 || $0.index > 5 }) {
                throw SeccompFailure(
                    "error creating seccomp syscall condition for syscall " + name
                        + ": syscalls only have up to 6 arguments (" + String(wrong.index) + " given)")
            }
            let number = seccomp_syscall_resolve_name(name)
            // One that this library does not know cannot be called by its name either.
            if number == __NR_SCMP_ERROR { continue }
            try add(name, number, wanted, try conditions(rule.args), context)
        }
    }

    private static func add(
        _ name: String, _ number: Int32, _ action: UInt32, _ conditions: [scmp_arg_cmp], _ context: scmp_filter_ctx
    ) throws(SeccompFailure) {
        var seen: [UInt32] = []
        var repeated = false
        for condition in conditions {
            if seen.contains(condition.arg) { repeated = true }
            seen.append(condition.arg)
        }
        // The library takes one comparison an argument: with several, any of them is enough.
        let groups = repeated ? conditions.map { [$0] } : [conditions]
        for group in groups {
            let result = group.withUnsafeBufferPointer {
                seccomp_rule_add_array(context, action, number, UInt32($0.count), $0.baseAddress)
            }
            if result != 0 && result != -EEXIST {
                // upstream's reading of EINVAL, whatever it was about
                let words = result == -EINVAL ? "two checks on same syscall argument" : errorText(-result)
                throw SeccompFailure("error adding seccomp filter rule for syscall " + name + ": " + words)
            }
        }
    }

    private static func conditions(_ list: [SeccompProfile.Condition]) throws(SeccompFailure) -> [scmp_arg_cmp] {
        var found: [scmp_arg_cmp] = []
        for condition in list {
            var comparison = scmp_arg_cmp()
            comparison.arg = UInt32(truncatingIfNeeded: condition.index)
            comparison.op = try comparator(condition.op)
            comparison.datum_a = condition.value
            comparison.datum_b = condition.valueTwo
            found.append(comparison)
        }
        return found
    }

    private static func exported(_ context: scmp_filter_ctx) throws(SeccompFailure) -> [UInt8] {
        do throws(SystemCallError) {
            let memory = Descriptor(
                owning: try checked("memfd_create") { cl_memfd_create("seccomp", UInt32(CL_MFD_CLOEXEC)) })
            let result = seccomp_export_bpf(context, memory.number)
            if result != 0 { throw SystemCallError(number: -result, operation: "seccomp_export_bpf") }
            try checked("lseek") { lseek(memory.number, 0, SEEK_SET) }
            return try memory.readAll()
        } catch {
            throw SeccompFailure("error loading seccomp filter into kernel: " + error.description)
        }
    }

    /// Instructions before the filter's own: a system call newer than any the profile names fails with ENOSYS, so that
    /// programs fall back to the older one, where the profile would make it fail with EPERM.
    private static func stub(_ profile: SeccompProfile, _ architectures: [UInt32]) throws(SeccompFailure) -> [UInt8] {
        guard profile.defaultAction == "SCMP_ACT_ERRNO", profile.defaultErrnoRet ?? UInt64(EPERM) != UInt64(ENOSYS)
        else { return [] }
        var bytes: [UInt8] = []
        func emit(_ code: UInt16, _ yes: UInt8, _ no: UInt8, _ value: UInt32) {
            bytes += [UInt8(code & 255), UInt8(code >> 8), yes, no]
            for shift in stride(from: UInt32(0), through: 24, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        var done: [UInt32] = []
        for token in architectures where !done.contains(token) {
            done.append(token)
            // x32 shares x86_64's token in the kernel and is told apart by bit 30.
            if token == UInt32(SCMP_ARCH_X32) { continue }
            var last: Int32 = -1
            for rule in profile.syscalls {
                for name in rule.names {
                    let number = seccomp_syscall_resolve_name_arch(token, name)
                    if number < 0x4000_0000 { last = max(last, number) }
                }
            }
            if last < 0 { continue }
            emit(0x20, 0, 0, 4)  // the architecture
            emit(0x15, 0, 4, token)
            emit(0x20, 0, 0, 0)  // the system call's number
            emit(0x35, 2, 0, 0x4000_0000)
            emit(0x25, 0, 1, UInt32(last))
            emit(0x06, 0, 0, 0x0005_0000 | UInt32(ENOSYS))
        }
        return bytes
    }
}
