internal import CLinux
internal import Cgroups
internal import Linux
internal import Mounts
public import OCIRuntime
internal import Seccomp

/// A further process in a container.
public struct ExecRequest: Sendable {
    public var process: Spec.Process
    /// The container's own filter, under which this process runs, too.
    public var seccomp: SeccompProfile?
    public var pidFile = ""
    public var consoleSocket = ""
    /// The socket that takes the terminal, when the caller serves it itself; -1: `consoleSocket` or none.
    public var terminalSocket: Int32 = -1
    public var preserved = 0
    public var ignorePaused = false
    public var noNewKeyring = false
    /// Groups below the container's to run in, each with its controller (nil: all).
    public var cgroups: [(controller: String?, path: String)] = []
    public var warn: (@Sendable (String) -> Void)?

    public init(process: Spec.Process) { self.process = process }
}

extension Container {
    /// Runs a process in this container and returns its pid; the caller reaps it.
    public func exec(_ request: ExecRequest) throws(RuntimeFailure) -> Int32 {
        switch status {
        case .stopped: throw RuntimeFailure("cannot exec in a stopped container", status: 255)
        case .paused where !request.ignorePaused:
            throw RuntimeFailure("cannot exec in a paused container (use --ignore-paused to override)", status: 255)
        default: break
        }
        try validateProcess(request.process)
        for limit in request.process.rlimits where rlimitNumber(limit.type) == nil {
            throw RuntimeFailure("wrong rlimit value: " + limit.type)
        }
        var group = try place(request)
        let (capabilities, filter) = try rights(request)
        var consoleSocket: Int32 = -1
        if request.process.terminal {
            consoleSocket =
                request.terminalSocket >= 0
                ? request.terminalSocket : try connectUnix(request.consoleSocket)
        }
        let joined = namespaces.filter { $0.type != "pid" }.map {
            Spec.Namespace($0.type, path: "/proc/" + String(pid) + "/ns/" + (NamespaceKind.named($0.type)?.file ?? ""))
        }
        let plan = NamespacePlan(joined)
        let preface = "unable to start container process: "
        let ends = try system(preface) { () throws(SystemCallError) in try Channel.pair() }
        // Only this process's children enter the pid namespace: it stays outside itself.
        if !shares("pid") {
            let path = "/proc/" + String(pid) + "/ns/pid"
            try system(preface) { () throws(SystemCallError) in
                let file = try Descriptor.open(path, O_RDONLY)
                try checked("setns", path) { cl_setns(file.number, Int32(CL_CLONE_NEWPID)) }
            }
        }
        let child = try system(preface) { () throws(SystemCallError) in try checked("clone") { cl_clone(0, SIGCHLD) } }
        if child == 0 {
            close(ends.runtime)
            let process = ExecProcess(
                process: request.process, plan: plan, capabilities: capabilities, filter: filter,
                preserved: request.preserved, consoleSocket: consoleSocket,
                keyring: request.noNewKeyring ? nil : "_ses." + id, channel: Channel(owning: ends.container))
            _exit(process.run())
        }
        close(ends.container)
        if consoleSocket >= 0 && request.terminalSocket < 0 { close(consoleSocket) }
        do throws(RuntimeFailure) {
            try guide(child, request, in: &group, Channel(owning: ends.runtime))
        } catch {
            kill(child, SIGKILL)
            // It may be reaped already.
            _ = try? Process.wait(child)
            throw RuntimeFailure(preface + error.message, status: 255)
        }
        return child
    }

    /// Where the process is to run.
    private func place(_ request: ExecRequest) throws(RuntimeFailure) -> Cgroup {
        do throws(CgroupFailure) {
            return try cgroup.below(request.cgroups)
        } catch {
            throw RuntimeFailure("unable to create new parent process: " + error.message)
        }
    }

    private func rights(_ request: ExecRequest) throws(RuntimeFailure) -> (CapabilitySets, SeccompFilter?) {
        let capabilities = CapabilitySets(request.process.capabilities ?? Spec.Capabilities())
        if let words = capabilities.warning { request.warn?(words) }
        guard let profile = request.seccomp else { return (capabilities, nil) }
        do throws(SeccompFailure) {
            return (capabilities, try SeccompFilter(profile, cache: geteuid() == 0 ? "/run/slipway/seccomp" : nil))
        } catch {
            throw RuntimeFailure("unable to start container process: unable to init seccomp: " + error.message)
        }
    }

    /// The runtime's side: cgroup, limits, pid file, and the news whether the program runs.
    private func guide(
        _ child: Int32, _ request: ExecRequest, in group: inout Cgroup, _ channel: consuming Channel
    ) throws(RuntimeFailure) {
        do throws(CgroupFailure) {
            if request.cgroups.isEmpty { try group.add(child, with: pid) } else { try group.add(child) }
        } catch {
            throw RuntimeFailure("error adding pid " + String(child) + " to cgroups: " + error.message)
        }
        // While the process is still root's: another user's would be out of reach.
        try setLimits(request.process.rlimits, of: child)
        if let score = request.process.oomScoreAdj {
            try system { () throws(SystemCallError) in
                try Files.put(String(score), into: "/proc/" + String(child) + "/oom_score_adj")
            }
        }
        try system { () throws(SystemCallError) in try channel.send(Message.proceed) }
        var ready = false
        while let message = try system({ () throws(SystemCallError) in try channel.receive() }) {
            if message.kind == Message.listener {
                try introduceAgent(request.seccomp, listener: message.text, of: child, state("running"))
                try system { () throws(SystemCallError) in try channel.send(Message.proceed) }
                continue
            }
            guard message.kind == Message.ready else { throw RuntimeFailure(message.text) }
            ready = true
            if !request.pidFile.isEmpty { try writePidFile(request.pidFile, child) }
            try system { () throws(SystemCallError) in try channel.send(Message.proceed) }
        }
        if !ready { throw RuntimeFailure("the process ended early") }
    }
}

/// The process on its way into the container.
private struct ExecProcess: ~Copyable {
    let process: Spec.Process
    let plan: NamespacePlan
    let capabilities: CapabilitySets
    let filter: SeccompFilter?
    let preserved: Int
    let consoleSocket: Int32
    let keyring: String?
    let channel: Channel

    /// Becomes the program. Returns only on failure.
    func run() -> Int32 {
        do throws(RuntimeFailure) {
            try enter()
            try finish(process, capabilities, filter, preserved: preserved, channel) { () throws(RuntimeFailure) in
                try system { () throws(SystemCallError) in try channel.send(Message.ready) }
                try awaitProceed()
            }
        } catch {
            // The runtime is gone when it cannot be told.
            try? channel.send(Message.refusal, error.message)
        }
        return 255
    }

    private func awaitProceed() throws(RuntimeFailure) {
        let answer = try system { () throws(SystemCallError) in try channel.receive() }
        if answer?.kind != Message.proceed { throw RuntimeFailure("the runtime gave up") }
    }

    private func enter() throws(RuntimeFailure) {
        try checkEnvironment(process.env)
        cl_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        try system { () throws(SystemCallError) in
            try checked("setsid") { setsid() }
            try plan.join()
            if plan.has(userNamespaceFlag) {
                try checked("setresgid") { cl_setresgid(0, 0, 0) }
                try checked("setresuid") { cl_setresuid(0, 0, 0) }
            }
        }
        // Only when the process counts as the container's may anything of the container's run in it.
        try awaitProceed()
        if let keyring, cl_keyctl_join(keyring) < 0, cl_errno() != ENOSYS {
            throw RuntimeFailure("unable to join session keyring: " + errorText(cl_errno()))
        }
        let root = try system { () throws(SystemCallError) in try Root("/") }
        umask(mode_t(process.user.umask ?? 0o022))
        if consoleSocket >= 0 {
            try system { () throws(SystemCallError) in
                try openTerminal(root, socket: consoleSocket, size: process.consoleSize, mountsConsole: false)
            }
        }
        if !process.apparmorProfile.isEmpty { try confine(root, process.apparmorProfile) }
    }
}
