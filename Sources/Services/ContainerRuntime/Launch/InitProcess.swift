internal import CLinux
internal import Linux
internal import Mounts
internal import OCIRuntime

let userNamespaceFlag = CL_CLONE_NEWUSER
let cgroupNamespaceFlag = CL_CLONE_NEWCGROUP

/// The container's first process, from clone(2) to the program's exec. It runs this same image: no second exec of the
/// runtime, and no other thread.
struct InitProcess: ~Copyable {
    let plan: InitPlan
    let channel: Channel

    /// Does everything and becomes the program. Returns only on failure, with the status to exit with.
    func run() -> Int32 {
        do throws(RuntimeFailure) {
            try enter()
            try buildRoot()
            try settle()
        } catch {
            // The runtime is gone when it cannot be told.
            try? channel.send(Message.failure, error.message)
            return 1
        }
        do throws(RuntimeFailure) {
            try execute()
        } catch {
            // A parent that has gone has nobody to tell.
            try? channel.send(Message.refusal, error.message)
        }
        return 1
    }

    // MARK: Entering

    /// Becomes a session of its own in the container's namespaces.
    private func enter() throws(RuntimeFailure) {
        try checkEnvironment(plan.process.env)
        // Until the program runs nobody in the container may look into this process.
        cl_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        try system { () throws(SystemCallError) in try checked("setsid") { setsid() } }
        if !plan.namespaces.needsIntermediate {
            try system { () throws(SystemCallError) in try plan.namespaces.join() }
        }
        if plan.waitsToEnter { try awaitProceed() }
        if plan.namespaces.has(userNamespaceFlag) {
            try system { () throws(SystemCallError) in
                try checked("setresgid") { cl_setresgid(0, 0, 0) }
                try checked("setresuid") { cl_setresuid(0, 0, 0) }
            }
        }
        if plan.namespaces.creates(cgroupNamespaceFlag) {
            try system { () throws(SystemCallError) in
                try checked("unshare") { cl_unshare(Int32(cgroupNamespaceFlag)) }
            }
        }
        if let keyring = plan.keyring, cl_keyctl_join(keyring) < 0, cl_errno() != ENOSYS {
            throw RuntimeFailure("unable to join session keyring: " + errorText(cl_errno()))
        }
        if plan.namespaces.creates(CL_CLONE_NEWNET) { try raiseLoopback() }
        umask(0)
    }

    func awaitProceed() throws(RuntimeFailure) {
        let answer = try system { () throws(SystemCallError) in try channel.receive() }
        if answer?.kind != Message.proceed { throw RuntimeFailure("the runtime gave up") }
    }

    /// Loopback is down in a new network namespace.
    private func raiseLoopback() throws(RuntimeFailure) {
        let socket = Descriptor(
            owning: CLinux.socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
        // struct ifreq: the name in 16 bytes, then the flags.
        var request = [UInt8](repeating: 0, count: 40)
        request[0] = UInt8(ascii: "l")
        request[1] = UInt8(ascii: "o")
        request[16] = 1  // IFF_UP
        if cl_ioctl_pointer(socket.number, 0x8914, &request) != 0 {
            throw RuntimeFailure("unable to bring up loopback: " + errorText(cl_errno()))
        }
    }

    // MARK: The container's settings

    /// Everything inside the new root that needs rights the program may not have.
    private func settle() throws(RuntimeFailure) {
        let root = try system { () throws(SystemCallError) in try Root("/") }
        try system { () throws(SystemCallError) in
            if plan.consoleSocket >= 0 {
                try openTerminal(
                    root, socket: plan.consoleSocket, size: plan.process.consoleSize,
                    mountsConsole: plan.namespaces.has(CL_CLONE_NEWNS))
            }
            if !plan.spec.hostname.isEmpty {
                try checked("sethostname") { cl_sethostname(plan.spec.hostname, plan.spec.hostname.utf8.count) }
            }
            if !plan.spec.domainname.isEmpty {
                try checked("setdomainname") { cl_setdomainname(plan.spec.domainname, plan.spec.domainname.utf8.count) }
            }
        }
        if !plan.process.apparmorProfile.isEmpty {
            do throws(RuntimeFailure) {
                try confine(root, plan.process.apparmorProfile)
            } catch {
                throw error.during("unable to apply apparmor profile: ")
            }
        }
        for (key, value) in plan.linux.sysctl { try set(root, key, value) }
        try system { () throws(SystemCallError) in
            for path in plan.linux.readonlyPaths { try root.coverReadOnly(path) }
            if !plan.linux.maskedPaths.isEmpty { try mask(root) }
        }
        if !plan.waitsToEnter { try setLimits(plan.process.rlimits, of: 0) }
        if let personality = plan.linux.personality {
            guard personality.domain == "LINUX" || personality.domain == "LINUX32" else {
                throw RuntimeFailure("invalid personality domain: " + personality.domain)
            }
            cl_personality(personality.domain == "LINUX32" ? 8 : 0)
        }
    }

    private func mask(_ root: borrowing Root) throws(SystemCallError) {
        let null = try root.open("/dev/null")
        var status = stat()
        try checked("fstat", "/dev/null") { fstat(null.number, &status) }
        guard isNull(status) else { throw SystemCallError(number: ENODEV, operation: "open", subject: "/dev/null") }
        for path in plan.linux.maskedPaths { try root.mask(path, null: null) }
    }

    private func set(_ root: borrowing Root, _ key: String, _ value: String) throws(RuntimeFailure) {
        // Every dot, also beside slashes: nothing of "net/../kernel" may reach what was not checked.
        let name = String(decoding: key.utf8.map { $0 == 46 ? 47 : $0 }, as: UTF8.self)
        try writeProc(root, Files.cleaned("/proc/sys/" + name), value)
    }

    // MARK: Becoming the program

    private func execute() throws(RuntimeFailure) {
        try finish(plan.process, plan.capabilities, plan.filter, preserved: plan.preserved, channel) {
            () throws(RuntimeFailure) in
            try system { () throws(SystemCallError) in try channel.send(Message.ready) }
            try awaitProceed()
            failAlone { () throws(RuntimeFailure) in
                if plan.fifo >= 0 { try waitAtFifo() }
                if let hooks = plan.spec.hooks { try runOwnHooks(hooks.startContainer, "created") }
            }
        }
    }

    /// Runs hooks that belong into the container, with its environment where they have none of their own.
    func runOwnHooks(_ hooks: [Spec.Hook], _ status: String) throws(RuntimeFailure) {
        var state = plan.state
        state.status = status
        state.pid = getpid()
        try runHooks(hooks, state, environment: plan.process.env)
    }

    /// Blocks until `start` opens the other end. The pipe is reached through procfs because only its inode is open.
    private func waitAtFifo() throws(RuntimeFailure) {
        let path = "/proc/self/fd/" + String(plan.fifo)
        // The first process of a pid namespace hears no signal it does not ask for, and a container that was never
        // started has to end all the same. The program has the defaults again: exec resets handlers.
        for number in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] { signal(number) { _ in _exit(2) } }
        try system("open exec fifo: ") { () throws(SystemCallError) in
            let pipe = try Descriptor.open(path, O_WRONLY)
            try pipe.writeAll("0")
        }
        close(plan.fifo)
    }
}

/// Writes a file of procfs, having made sure that it is one.
func writeProc(_ root: borrowing Root, _ path: String, _ text: String) throws(RuntimeFailure) {
    let file: Descriptor
    do throws(SystemCallError) {
        file = try root.open(path, O_WRONLY)
    } catch {
        throw RuntimeFailure("open " + path + ": " + error.reason)
    }
    guard cl_file_system_type(file.number) == 0x9fa0 else {
        throw RuntimeFailure("write " + path + ": not on procfs")
    }
    do throws(SystemCallError) {
        try file.writeAll(text)
    } catch {
        throw RuntimeFailure("write " + path + ": " + error.reason)
    }
}

/// Has the kernel put the next program under an AppArmor profile.
func confine(_ root: borrowing Root, _ profile: String) throws(RuntimeFailure) {
    let preface = "apparmor failed to apply profile: "
    do throws(RuntimeFailure) {
        let modern = "/proc/self/attr/apparmor/exec"
        let path = root.linkStatus(modern) == nil ? "/proc/self/attr/exec" : modern
        try writeProc(root, path, "exec " + profile)
    } catch {
        throw error.during(preface)
    }
}
