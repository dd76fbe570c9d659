internal import CLinux
internal import Cgroups
internal import GoText
internal import Linux
internal import Mounts
public import OCIRuntime
internal import Seccomp

/// What `create` and `run` were asked for.
public struct LaunchRequest: Sendable {
    public var id: String
    /// The bundle's absolute path.
    public var bundle: String
    public var spec: Spec
    public var pidFile = ""
    public var consoleSocket = ""
    public var preserved = 0
    public var noPivot = false
    /// Go on without cgroups that this user has no rights over.
    public var toleratesDeniedCgroups = false
    public var noNewKeyring = false
    /// Run the program at once instead of waiting for `start`.
    public var startsAtOnce = false
    /// The socket that takes the terminal, when the caller serves it itself; -1: `consoleSocket` or none.
    public var terminalSocket: Int32 = -1
    /// Told of what is odd but no failure.
    public var warn: (@Sendable (String) -> Void)?

    public init(id: String, bundle: String, spec: Spec) {
        self.id = id
        self.bundle = bundle
        self.spec = spec
    }
}

/// One start of a container, from its directory to its record. What fails takes back what was done.
final class Launch {
    private let store: ContainerStore
    private let request: LaunchRequest
    private let process: Spec.Process
    private var container: Container
    private var plan: InitPlan
    private var madeCgroup = false

    init(_ request: LaunchRequest, in store: ContainerStore) throws(RuntimeFailure) {
        guard let process = request.spec.process else { throw RuntimeFailure("process property must not be empty") }
        try validate(request.spec, bundle: request.bundle, process: process)
        self.store = store
        self.request = request
        self.process = process
        let linux = request.spec.linux ?? Spec.Linux()
        let rootfs = Files.cleaned(rootPath(request.spec.root ?? Spec.Root(path: ""), bundle: request.bundle))
        let hierarchies: Hierarchies
        do throws(CgroupFailure) { hierarchies = try Hierarchies() } catch { throw RuntimeFailure(error) }
        let resources = linux.resources ?? Resources()
        if resources.memory?.kernel != nil || resources.memory?.kernelTCP != nil {
            request.warn?("Kernel memory settings are ignored and will be removed")
        }
        var cgroup = Cgroup(path: linux.cgroupsPath, id: request.id, in: hierarchies)
        cgroup.toleratesDenial = request.toleratesDeniedCgroups
        do throws(CgroupFailure) { try cgroup.refuseOdd(resources) } catch { throw RuntimeFailure(error) }
        container = Container(
            id: request.id, directory: store.directory(request.id), pid: 0, startTime: 0,
            created: Timestamp(WallClock.now).description,
            bundle: request.bundle, rootfs: rootfs, cgroup: cgroup, namespaces: linux.namespaces,
            hooks: request.spec.hooks, annotations: request.spec.annotations, owner: "")
        let namespaces = NamespacePlan(linux.namespaces)
        for (_, path) in namespaces.joined where !Files.exists(path) {
            throw RuntimeFailure(
                "unable to create new parent process: namespace path: lstat " + path + ": " + errorText(cl_errno()))
        }
        plan = InitPlan(
            spec: request.spec, process: process, rootfs: rootfs, namespaces: namespaces,
            state: container.state("creating"))
        if let names = process.capabilities { plan.capabilities = CapabilitySets(names) }
        plan.keyring = request.noNewKeyring ? nil : "_ses." + request.id
        plan.noPivot = request.noPivot
        plan.preserved = request.preserved
        plan.cgroups = Launch.view(cgroup, hierarchies, namespaces)
        if let words = plan.capabilities.warning { request.warn?(words) }
        for mount in request.spec.mounts where mount.destination.utf8.first != 47 {
            request.warn?(
                "mount destination " + mount.destination + " is not absolute. "
                    + "Support for non-absolute mount destinations will be removed in a future release.")
        }
    }

    private static func view(_ cgroup: Cgroup, _ hierarchies: Hierarchies, _ plan: NamespacePlan) -> CgroupView {
        var view = CgroupView()
        view.hasNamespace = plan.has(cgroupNamespaceFlag)
        if cgroup.isUnified {
            view.unified = cgroup.path("")
            return view
        }
        for hierarchy in hierarchies.legacy {
            guard let first = hierarchy.controllers.first, let directory = cgroup.path(first) else { continue }
            view.legacy.append((Files.name(of: hierarchy.mountPoint), hierarchy.controllers, directory))
        }
        return view
    }

    /// Makes the container. Its first process waits for `start`, or runs where that was asked for.
    func run() throws(RuntimeFailure) -> Container {
        _ = try store.claim(request.id)
        do throws(RuntimeFailure) {
            try prepare()
            try start()
            return container
        } catch {
            undo()
            throw error
        }
    }

    private func undo() {
        if container.pid > 0 {
            kill(container.pid, SIGKILL)
            // It may be reaped already.
            _ = try? Process.wait(container.pid)
        }
        // The failure that is being reported is the one that counts.
        if madeCgroup { try? container.cgroup.remove() }
        try? store.forget(request.id)
    }

    private func prepare() throws(RuntimeFailure) {
        if let profile = plan.linux.activeSeccomp {
            do throws(SeccompFailure) {
                plan.filter = try SeccompFilter(profile, cache: geteuid() == 0 ? "/run/slipway/seccomp" : nil)
            } catch {
                throw RuntimeFailure("unable to start container process: unable to init seccomp: " + error.message)
            }
        }
        if process.terminal {
            plan.consoleSocket =
                request.terminalSocket >= 0
                ? request.terminalSocket : try connectUnix(request.consoleSocket)
        }
        if !request.startsAtOnce { try makeFifo() }
    }

    /// The pipe that `start` opens. It is made with the container's root as its owner, who is to open it.
    private func makeFifo() throws(RuntimeFailure) {
        let path = container.fifo
        try system { () throws(SystemCallError) in
            let old = umask(0)
            defer { umask(old) }
            try checked("mkfifo", path) { mkfifo(path, 0o622) }
            guard plan.namespaces.has(userNamespaceFlag) else {
                plan.fifo = try Descriptor.open(path, Int32(CL_O_PATH)).release()
                return
            }
            let owner = plan.linux.uidMappings.first { $0.containerID == 0 }?.hostID ?? 0
            let group = plan.linux.gidMappings.first { $0.containerID == 0 }?.hostID ?? 0
            if owner != 0 || group != 0 { try checked("chown", path) { chown(path, owner, group) } }
            plan.fifo = try Descriptor.open(path, Int32(CL_O_PATH)).release()
        }
    }

    // MARK: The start

    private func start() throws(RuntimeFailure) {
        // Made before the process, which may mount them; joining them is slow and goes on beside its mounts.
        madeCgroup = true
        try encloseDo { () throws(CgroupFailure) in try container.cgroup.create(plan.linux.resources) }
        plan.cgroups.keep { container.cgroup.path($0) != nil }
        let ends = try system { () throws(SystemCallError) in try Channel.pair() }
        let pid = try clone(ends)
        close(ends.container)
        let channel = Channel(owning: ends.runtime)
        if plan.fifo >= 0 { close(plan.fifo) }
        if plan.consoleSocket >= 0 && request.terminalSocket < 0 { close(plan.consoleSocket) }
        container.pid = pid != 0 ? pid : try awaitChild(channel)
        // Before the process is in: it opens devices while it makes its file system.
        try limit { (cgroup) throws(CgroupFailure) in
            try cgroup.restrictDevices(plan.linux.resources?.devices ?? [])
        }
        try enclose()
        if plan.waitsToEnter { try proceed(channel) }
        try limit { (cgroup) throws(CgroupFailure) in try cgroup.apply(plan.linux.resources ?? Resources()) }
        try negotiate(channel)
    }

    /// Clones the container's process. 0: an intermediate process does, and will tell.
    private func clone(_ ends: (runtime: Int32, container: Int32)) throws(RuntimeFailure) -> Int32 {
        let intermediate = plan.namespaces.needsIntermediate
        let pid = try system("unable to start container process: ") { () throws(SystemCallError) in
            intermediate
                ? try checked("fork") { cl_fork() }
                : try checked("clone") { cl_clone(plan.namespaces.cloneFlags, SIGCHLD) }
        }
        if pid != 0 {
            if intermediate { waiting = pid }
            return intermediate ? 0 : pid
        }
        close(ends.runtime)
        if !intermediate { _exit(InitProcess(plan: plan, channel: Channel(owning: ends.container)).run()) }
        _exit(enterAndClone(Channel(owning: ends.container)))
    }

    /// The intermediate process, until it is reaped.
    private var waiting: Int32 = 0

    /// In the intermediate process: joins what is joined, and clones the container's process as the runtime's child.
    private func enterAndClone(_ channel: consuming Channel) -> Int32 {
        do throws(SystemCallError) {
            try plan.namespaces.join()
            let flags = plan.namespaces.cloneFlags | UInt64(CL_CLONE_PARENT)
            let pid = try checked("clone") { cl_clone(flags, 0) }
            if pid == 0 { return InitProcess(plan: plan, channel: channel).run() }
            try channel.send(Message.child, String(pid))
            return 0
        } catch {
            // A parent that has gone has nobody to tell.
            try? channel.send(Message.failure, error.description)
            return 1
        }
    }

    private func awaitChild(_ channel: borrowing Channel) throws(RuntimeFailure) -> Int32 {
        let message = try system { () throws(SystemCallError) in try channel.receive() }
        if message?.kind == Message.child, let pid = Int32(message?.text ?? "") {
            _ = try system { () throws(SystemCallError) in try Process.wait(waiting) }
            return pid
        }
        // It is reaped already, or will be by whoever inherits it.
        _ = try? Process.wait(waiting)
        throw RuntimeFailure(
            "unable to start container process: " + (message?.text ?? "the container's process ended early"))
    }

    /// Maps users, and moves the process into its cgroup.
    private func enclose() throws(RuntimeFailure) {
        let linux = plan.linux
        if plan.namespaces.creates(userNamespaceFlag) {
            try map("uid_map", linux.uidMappings)
            try map("gid_map", linux.gidMappings)
        }
        // In a user namespace the process may not raise its limits itself.
        if plan.waitsToEnter { try setLimits(process.rlimits, of: container.pid) }
        try encloseDo { () throws(CgroupFailure) in try container.cgroup.add(container.pid) }
    }

    private func encloseDo(_ body: () throws(CgroupFailure) -> Void) throws(RuntimeFailure) {
        do throws(CgroupFailure) {
            try body()
        } catch {
            throw RuntimeFailure(
                "unable to start container process: unable to apply cgroup configuration: " + error.message)
        }
    }

    private func map(_ file: String, _ mappings: [Spec.IDMapping]) throws(RuntimeFailure) {
        var text = ""
        for entry in mappings {
            text += String(entry.containerID) + " " + String(entry.hostID) + " " + String(entry.size) + "\n"
        }
        let directory = "/proc/" + String(container.pid) + "/"
        try system("unable to start container process: ") { () throws(SystemCallError) in
            // Without rights outside a user may map groups only after giving up setting them.
            if file == "gid_map" && geteuid() != 0 { try Files.put("deny", into: directory + "setgroups") }
            try Files.put(text, into: directory + file)
        }
    }

    private func limit(_ body: (Cgroup) throws(CgroupFailure) -> Void) throws(RuntimeFailure) {
        do throws(CgroupFailure) {
            try body(container.cgroup)
        } catch {
            throw RuntimeFailure(
                "unable to start container process: error during container init: "
                    + "error setting cgroup config for procHooks process: "
                    + error.message)
        }
    }

    private func proceed(_ channel: borrowing Channel) throws(RuntimeFailure) {
        try system { () throws(SystemCallError) in try channel.send(Message.proceed) }
    }

    // MARK: Talking

    private func negotiate(_ channel: borrowing Channel) throws(RuntimeFailure) {
        while let message = try system({ () throws(SystemCallError) in try channel.receive() }) {
            switch message.kind {
            case Message.hooks:
                try runtimeHooks()
                try proceed(channel)
            case Message.listener:
                do throws(RuntimeFailure) {
                    try introduceAgent(
                        plan.linux.activeSeccomp, listener: message.text, of: container.pid, container.state("creating")
                    )
                } catch {
                    throw error.during("unable to start container process: ")
                }
                try proceed(channel)
            case Message.ready:
                try record()
                try proceed(channel)
                if !request.startsAtOnce { return }
            case Message.refusal: throw RuntimeFailure("unable to start container process: " + message.text)
            default:
                throw RuntimeFailure("unable to start container process: error during container init: " + message.text)
            }
        }
        // The program's exec closes the channel: so it does when the process ended before.
        if container.startTime == 0 { throw RuntimeFailure("unable to start container process: " + endWords()) }
        if let hooks = container.hooks, !hooks.poststart.isEmpty {
            try runHooks(hooks.poststart, container.state("running"))
        }
    }

    private func endWords() -> String {
        // Without a status the failure is told without one.
        let status = try? Process.wait(container.pid)
        container.pid = 0
        switch status {
        case .exited(let number): return "container init exited with status " + String(number)
        case .signaled(SIGKILL): return "container init was killed (out of memory?)"
        case .signaled(let signal): return "container init was ended by signal " + String(signal)
        case nil: return "container init ended"
        }
    }

    private func runtimeHooks() throws(RuntimeFailure) {
        guard let hooks = container.hooks else { return }
        do throws(RuntimeFailure) {
            try runHooks(hooks.prestart + hooks.createRuntime, container.state("creating"))
        } catch {
            throw error.during("unable to start container process: error during container init: ")
        }
    }

    /// The process is ready: its OOM score, its record, its pid for whoever asked.
    private func record() throws(RuntimeFailure) {
        let pid = container.pid
        if let score = process.oomScoreAdj {
            try system("failed to set oom score: ") { () throws(SystemCallError) in
                try Files.put(String(score), into: "/proc/" + String(pid) + "/oom_score_adj")
            }
        }
        container.startTime = Process.startTime(pid) ?? 0
        try container.save(
            container.record(
                request.spec, process: process, noPivot: request.noPivot, noNewKeyring: request.noNewKeyring))
        if !request.pidFile.isEmpty { try writePidFile(request.pidFile, pid) }
    }
}

/// Writes a pid for whoever asked, all of it or none.
func writePidFile(_ path: String, _ pid: Int32) throws(RuntimeFailure) {
    let temporary = Files.parent(of: path) + "/." + Files.name(of: path)
    try system { () throws(SystemCallError) in
        try Files.write(Array(String(pid).utf8), to: temporary)
        try checked("rename", path) { rename(temporary, path) }
    }
}

extension ContainerStore {
    /// Makes a container as asked, and returns its record.
    public func launch(_ request: LaunchRequest) throws(RuntimeFailure) -> Container {
        try Launch(request, in: self).run()
    }
}
