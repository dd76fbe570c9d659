internal import CLinux
internal import Linux
internal import Mounts
internal import OCIRuntime

extension InitProcess {
    /// Makes the container's file system, and moves into it.
    func buildRoot() throws(RuntimeFailure) {
        guard plan.namespaces.has(CL_CLONE_NEWNS) else { return try enterByChroot() }
        try system { () throws(SystemCallError) in try prepareRoot() }
        var readOnlyAtLast: [String] = []
        do {
            let root = try system { () throws(SystemCallError) in try Root(plan.rootfs) }
            for mount in plan.spec.mounts {
                do throws(MountFailure) {
                    try root.mount(mount, cgroups: plan.cgroups)
                } catch {
                    throw RuntimeFailure(error)
                }
                if mount.type == "tmpfs", MountOptions(mount).isReadOnly { readOnlyAtLast.append(mount.destination) }
            }
            if needsDevices {
                if plan.linux.devices.contains(where: { $0.major == -1 || $0.minor == -1 }) {
                    throw RuntimeFailure("error creating device nodes: cannot mkdev() device with wildcards")
                }
                try system("error creating device nodes: ") { () throws(SystemCallError) in try makeDevices(root) }
            }
        }
        if plan.hasRuntimeHooks {
            try system { () throws(SystemCallError) in try channel.send(Message.hooks) }
            try awaitProceed()
        }
        try system { () throws(SystemCallError) in try checked("chdir", plan.rootfs) { chdir(plan.rootfs) } }
        if let hooks = plan.spec.hooks { try runOwnHooks(hooks.createContainer, "creating") }
        try system { () throws(SystemCallError) in
            if plan.noPivot { try moveRoot() } else { try pivot() }
            try reopenNull()
            try finishRoot(readOnlyAtLast)
        }
    }

    private func enterByChroot() throws(RuntimeFailure) {
        try system { () throws(SystemCallError) in
            try checked("chroot", plan.rootfs) { chroot(plan.rootfs) }
            try checked("chdir", "/") { chdir("/") }
        }
        umask(0o022)
    }

    /// Cuts the tree off from the host's, and makes the root a mount of its own: pivot_root(2) wants one.
    private func prepareRoot() throws(SystemCallError) {
        let propagation = MountOptions.propagation(plan.linux.rootfsPropagation)
        let flag = propagation == 0 ? UInt(MS_SLAVE | MS_REC) : propagation
        try checked("mount", "/") { mount("", "/", "", flag, nil) }
        if flag & UInt(MS_SHARED) != 0 { try makeParentPrivate() }
        try checked("mount", plan.rootfs) { mount(plan.rootfs, plan.rootfs, "bind", UInt(MS_BIND | MS_REC), nil) }
    }

    /// A shared mount around the root would carry the container's mounts out to the host.
    private func makeParentPrivate() throws(SystemCallError) {
        var best = "/"
        for line in try Files.readText("/proc/self/mountinfo").utf8.split(separator: 10) {
            let fields = line.split(separator: 32)
            guard fields.count > 4 else { continue }
            let point = String(decoding: Array(fields[4]), as: UTF8.self)
            let inside = plan.rootfs == point || plan.rootfs.utf8.starts(with: (point == "/" ? "/" : point + "/").utf8)
            if inside && point.utf8.count >= best.utf8.count { best = point }
        }
        try checked("mount", best) { mount("", best, "", UInt(MS_PRIVATE), nil) }
    }

    /// Puts the new root in place of the old, which goes. After pivot_root(".", ".") the old root lies stacked on the
    /// new one, so unmounting "." reaches it without a directory for it (pivot_root(2), NOTES).
    private func pivot() throws(SystemCallError) {
        let old = try Descriptor.open("/", O_RDONLY | O_DIRECTORY)
        let new = try Descriptor.open(plan.rootfs, O_RDONLY | O_DIRECTORY)
        try checked("fchdir", plan.rootfs) { fchdir(new.number) }
        try checked("pivot_root", ".") { cl_pivot_root(".", ".") }
        try checked("fchdir", "/") { fchdir(old.number) }
        // Slave first: unmounting must not reach the host's tree.
        try checked("mount", ".") { mount("", ".", "", UInt(MS_SLAVE | MS_REC), nil) }
        try checked("umount2", ".") { umount2(".", Int32(CL_MNT_DETACH)) }
        try checked("chdir", "/") { chdir("/") }
    }

    /// For a root on a ramdisk, where pivot_root(2) does not work. The host's tree stays below, out of reach by path.
    private func moveRoot() throws(SystemCallError) {
        // A procfs or sysfs of the host left mounted below could be reached by a process with rights to mount.
        for line in try Files.readText("/proc/self/mountinfo").utf8.split(separator: 10).reversed() {
            let fields = line.split(separator: 32)
            guard fields.count > 8, let dash = fields.firstIndex(where: { $0.elementsEqual("-".utf8) }) else {
                continue
            }
            let type = String(decoding: Array(fields[dash + 1]), as: UTF8.self)
            let point = String(decoding: Array(fields[4]), as: UTF8.self)
            guard type == "proc" || type == "sysfs", !point.utf8.starts(with: plan.rootfs.utf8) else { continue }
            mount("", point, "", UInt(MS_SLAVE | MS_REC), nil)
            umount2(point, Int32(CL_MNT_DETACH))
        }
        try checked("mount", plan.rootfs) { mount(plan.rootfs, "/", "", UInt(MS_MOVE), nil) }
        try checked("chroot", ".") { chroot(".") }
        try checked("chdir", "/") { chdir("/") }
    }

    /// A stream that is the host's /dev/null becomes the container's.
    private func reopenNull() throws(SystemCallError) {
        for number in Int32(0)..<3 {
            var status = stat()
            guard fstat(number, &status) == 0, isNull(status) else { continue }
            let null = cl_open("/dev/null", O_RDWR | O_CLOEXEC, 0)
            // A root without devices keeps what it was given.
            if null < 0 { return }
            cl_dup3(null, number, 0)
            close(null)
        }
    }

    private func finishRoot(_ readOnlyAtLast: [String]) throws(SystemCallError) {
        let root = try Root("/")
        let place = try root.makeDirectory(plan.process.cwd)
        var status = stat()
        guard fstat(place.number, &status) == 0, cl_format(status.st_mode) == S_IFDIR else {
            throw SystemCallError(number: ENOTDIR, operation: "mkdir", subject: plan.process.cwd)
        }
        for path in readOnlyAtLast { try root.makeReadOnly(path) }
        let propagation = MountOptions.propagation(plan.linux.rootfsPropagation)
        if propagation != 0 {
            try checked("mount", "/") { mount("", "/", "", propagation, nil) }
        }
        if plan.spec.root?.readonly ?? false { try root.makeReadOnly("/") }
        umask(mode_t(plan.process.user.umask ?? 0o022))
    }

    // MARK: Devices

    /// Whether /dev is the container's own: one that is bound from the host has its devices.
    private var needsDevices: Bool {
        for mount in plan.spec.mounts where Files.cleaned(mount.destination) == "/dev" {
            if MountOptions(mount).isBind { return false }
        }
        return true
    }

    private static let standardDevices: [Spec.Device] = [
        Spec.Device(path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 0o666),
        Spec.Device(path: "/dev/random", type: "c", major: 1, minor: 8, fileMode: 0o666),
        Spec.Device(path: "/dev/full", type: "c", major: 1, minor: 7, fileMode: 0o666),
        Spec.Device(path: "/dev/tty", type: "c", major: 5, minor: 0, fileMode: 0o666),
        Spec.Device(path: "/dev/zero", type: "c", major: 1, minor: 5, fileMode: 0o666),
        Spec.Device(path: "/dev/urandom", type: "c", major: 1, minor: 9, fileMode: 0o666),
    ]

    private func makeDevices(_ root: borrowing Root) throws(SystemCallError) {
        let binds = plan.namespaces.has(CL_CLONE_NEWUSER)
        let own = plan.linux.devices
        for device in InitProcess.standardDevices where !own.contains(where: { $0.path == device.path }) {
            try make(device, root, binds: binds)
        }
        // One without a path is there for its cgroup rule alone.
        for device in own where !["/dev/ptmx", ""].contains(device.path) { try make(device, root, binds: binds) }
        if Files.exists("/proc/kcore") { try root.makeLink("/dev/core", to: "/proc/kcore") }
        try root.makeLink("/dev/fd", to: "/proc/self/fd")
        try root.makeLink("/dev/stdin", to: "/proc/self/fd/0")
        try root.makeLink("/dev/stdout", to: "/proc/self/fd/1")
        try root.makeLink("/dev/stderr", to: "/proc/self/fd/2")
        // Terminals come from the container's own devpts.
        if root.linkStatus("/dev/ptmx") == nil { try root.makeLink("/dev/ptmx", to: "pts/ptmx") }
    }

    /// A node, or in a user namespace, where none can be made, the host's bound in its place.
    private func make(_ device: Spec.Device, _ root: borrowing Root, binds: Bool) throws(SystemCallError) {
        if binds { return try bind(device, root) }
        let type: UInt32
        switch device.type {
        case "b": type = UInt32(S_IFBLK)
        case "p": type = UInt32(S_IFIFO)
        default: type = UInt32(S_IFCHR)
        }
        do throws(SystemCallError) {
            try root.makeNode(
                device.path, type: type, mode: (device.fileMode ?? 0o666) & 0o7777,
                major: UInt32(truncatingIfNeeded: device.major),
                minor: UInt32(truncatingIfNeeded: device.minor), uid: device.uid ?? 0, gid: device.gid ?? 0)
        } catch {
            if error.number != EPERM { throw error }
            try bind(device, root)
        }
    }

    private func bind(_ device: Spec.Device, _ root: borrowing Root) throws(SystemCallError) {
        let tree = try DetachedMount(device.path, recursive: false)
        let place = try root.makeFile(device.path)
        try tree.attach(to: place)
    }
}

extension MountOptions {
    /// The MS_* flags of a word for propagation; 0: none.
    static func propagation(_ word: String) -> UInt {
        switch word {
        case "shared": UInt(MS_SHARED)
        case "rshared": UInt(MS_SHARED | MS_REC)
        case "slave": UInt(MS_SLAVE)
        case "rslave": UInt(MS_SLAVE | MS_REC)
        case "private": UInt(MS_PRIVATE)
        case "rprivate": UInt(MS_PRIVATE | MS_REC)
        case "unbindable": UInt(MS_UNBINDABLE)
        case "runbindable": UInt(MS_UNBINDABLE | MS_REC)
        default: 0
        }
    }
}
