internal import CLinux
public import Linux
public import OCIRuntime

/// A mount that could not be made, in runc's words.
public struct MountFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}

/// What a mount of type "cgroup" shows: v1's directories by the hierarchy's mount name, or v2's.
public struct CgroupView: Sendable {
    /// Name below /sys/fs/cgroup ("cpu,cpuacct", "systemd") and the container's own directory on the host.
    public var legacy: [(name: String, controllers: [String], directory: String)] = []
    /// The container's own directory of v2 where that is all there is.
    public var unified: String?
    /// Whether the process is in a cgroup namespace of its own, where a new mount shows the container's part alone.
    public var hasNamespace = false

    public init() {}

    /// Leaves out the hierarchies that the container is not in.
    public mutating func keep(_ isJoined: (String) -> Bool) {
        legacy.removeAll { !isJoined($0.controllers.first ?? "") }
        if !isJoined("") { unified = nil }
    }
}

extension Root {
    /// Makes one mount of the specification below this root. Only in a mount namespace of the container's own.
    public func mount(_ mount: Spec.Mount, cgroups: CgroupView) throws(MountFailure) {
        let options = MountOptions(mount)
        do throws(SystemCallError) {
            switch mount.type {
            case "proc" where !options.isBind, "sysfs" where !options.isBind, "mqueue" where !options.isBind:
                try mountKernel(mount, options)
            case "cgroup" where !options.isBind: try mountCgroups(mount, options, cgroups)
            case "tmpfs" where !options.isBind: try mountTemporary(mount, options)
            default:
                if options.isBind {
                    try bind(mount, options)
                } else {
                    try mountDevice(mount, options)
                }
            }
        } catch {
            throw MountFailure(
                "error mounting \"" + mount.source + "\" to rootfs at \"" + mount.destination + "\": "
                    + words(error, mount))
        }
    }

    private func words(_ error: SystemCallError, _ mount: Spec.Mount) -> String {
        switch error.operation {
        case "open_tree": "stat " + error.subject + ": " + error.reason
        case "": error.subject
        default: error.description
        }
    }

    /// procfs and its like are the container's own: at a real directory, never through a symbolic link.
    private func mountKernel(_ mount: Spec.Mount, _ options: MountOptions) throws(SystemCallError) {
        if let status = linkStatus(mount.destination), cl_format(status.st_mode) != S_IFDIR {
            throw refusal("filesystem \"" + mount.type + "\" must be mounted on ordinary directory")
        }
        let place = try makeDirectory(mount.destination)
        try mountNew(mount, options, on: place)
    }

    private func mountDevice(_ mount: Spec.Mount, _ options: MountOptions) throws(SystemCallError) {
        let place = try makePlace(mount, isDirectory: true)
        try mountNew(mount, options, on: place)
    }

    private func mountTemporary(_ mount: Spec.Mount, _ options: MountOptions) throws(SystemCallError) {
        let existed = status(mount.destination)
        let place = try makePlace(mount, isDirectory: true)
        var options = options
        // Devices are made in it first: it becomes read-only at the end.
        options.flags &= ~UInt(MS_RDONLY)
        if options.copiesUp {
            try mountCopy(mount, options, on: place)
        } else {
            try mountNew(mount, options, on: place)
        }
        // The directory's own mode goes on where the mount's is not said.
        guard let existed, !hasMode(options.data) else { return }
        let mounted = try open(mount.destination)
        let through = "/proc/self/fd/" + String(mounted.number)
        try checked("chmod", mount.destination) { chmod(through, existed.st_mode & 0o7777) }
    }

    private func hasMode(_ data: String) -> Bool {
        for option in data.utf8.split(separator: 44) where option.starts(with: "mode=".utf8) { return true }
        return false
    }

    /// mount(2) on an open place, named by the host's procfs, still there, because the call takes no descriptor.
    func mountNew(
        _ mount: Spec.Mount, _ options: MountOptions, on place: borrowing Descriptor
    ) throws(SystemCallError) {
        let target = "/proc/self/fd/" + String(place.number)
        let data: String? = options.data.isEmpty ? nil : options.data
        if CLinux.mount(mount.source, target, mount.type, options.flags, data) != 0 {
            throw failure(cl_errno(), mount, options, on: place)
        }
        if options.propagation.isEmpty && options.recursiveSet == 0 && options.recursiveClear == 0 { return }
        let mounted = try open(mount.destination)
        for flag in options.propagation {
            let through = "/proc/self/fd/" + String(mounted.number)
            try checked("mount") { CLinux.mount("", through, "", flag, nil) }
        }
        if options.recursiveSet != 0 || options.recursiveClear != 0 {
            try setMountAttributes(mounted, set: options.recursiveSet, clear: options.recursiveClear, recursive: true)
        }
    }

    /// A mount that the kernel refused, in runc's words.
    private func failure(
        _ number: Int32, _ mount: Spec.Mount, _ options: MountOptions, on place: borrowing Descriptor
    ) -> SystemCallError {
        var words = "mount " + mount.source + ":" + mount.destination
        words += " (via /proc/self/fd/" + String(place.number) + ")"
        if options.flags != 0 { words += ", flags: 0x" + String(options.flags, radix: 16) }
        if !options.data.isEmpty { words += ", data: " + options.data }
        return refusal(words + ": " + errorText(number))
    }

    private func bind(_ mount: Spec.Mount, _ options: MountOptions) throws(SystemCallError) {
        let recursive = options.flags & UInt(MS_REC) != 0
        // A relative source starts at the bundle, where this process still is.
        let tree = try DetachedMount(try Files.absolute(mount.source), recursive: recursive)
        let place = try makePlace(mount, isDirectory: tree.isDirectory)
        if tree.isDirectory != isDirectory(place) { throw failure(ENOTDIR, mount, options, on: place) }
        try tree.setAttributes(
            set: MountAttribute.attributes(options.flags), clear: MountAttribute.attributes(options.cleared))
        for flag in options.propagation {
            try tree.setAttributes(
                set: 0, propagation: UInt64(flag & ~UInt(MS_REC)), recursive: flag & UInt(MS_REC) != 0)
        }
        try tree.setAttributes(set: options.recursiveSet, clear: options.recursiveClear, recursive: true)
        try tree.attach(to: place)
    }

    /// Opens a mount's place, made where it is missing. Nothing is mounted inside /proc but on the few files that
    /// container file systems stand in for: judged by where the place is, whatever links the path went through.
    private func makePlace(_ mount: Spec.Mount, isDirectory: Bool) throws(SystemCallError) -> Descriptor {
        let place = isDirectory ? try makeDirectory(mount.destination) : try makeFile(mount.destination)
        let own = try Files.link("/proc/self/fd/" + String(directory.number))
        let full = try Files.link("/proc/self/fd/" + String(place.number))
        guard full.utf8.starts(with: own.utf8) else { return place }
        let path = own == "/" ? full : String(decoding: Array(full.utf8.dropFirst(own.utf8.count)), as: UTF8.self)
        if path == "/proc" {
            // A source that cannot be opened is no procfs.
            if let source = try? Descriptor.open(mount.source, Int32(CL_O_PATH)),
                cl_file_system_type(source.number) == 0x9fa0
            {
                return place
            }
            throw refusal("\"" + full + "\" cannot be mounted because it is not of type proc")
        }
        let allowed = [
            "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime",
            "/proc/loadavg", "/proc/slabinfo", "/proc/net/dev", "/proc/sys/kernel/ns_last_pid",
        ]
        if allowed.contains(path) || !path.utf8.starts(with: "/proc/".utf8) { return place }
        throw refusal("\"" + full + "\" cannot be mounted because it is inside /proc")
    }

    private func isDirectory(_ place: borrowing Descriptor) -> Bool {
        var status = stat()
        return fstat(place.number, &status) == 0 && cl_format(status.st_mode) == S_IFDIR
    }

    private func refusal(_ words: String) -> SystemCallError {
        SystemCallError(number: EPERM, operation: "", subject: words)
    }
}

// MARK: - cgroup file systems

extension Root {
    private func mountCgroups(
        _ mount: Spec.Mount, _ options: MountOptions, _ view: CgroupView
    ) throws(SystemCallError) {
        if let unified = view.unified { return try mountUnified(mount, options, view, unified) }
        var frame = options
        frame.flags &= ~UInt(MS_RDONLY)
        frame.data = "mode=755"
        frame.propagation = []
        let place = try makeDirectory(mount.destination)
        try mountNew(Spec.Mount(destination: mount.destination, type: "tmpfs", source: "tmpfs"), frame, on: place)
        for part in view.legacy {
            let path = mount.destination + "/" + part.name
            let spot = try makeDirectory(path)
            if view.hasNamespace {
                var own = options
                own.data = part.controllers.joined(separator: ",")
                if own.data.utf8.starts(with: "name=".utf8) { own.data = "none," + own.data }
                try mountNew(Spec.Mount(destination: path, type: "cgroup", source: "cgroup"), own, on: spot)
            } else {
                let tree = try DetachedMount(part.directory, recursive: false)
                try tree.setAttributes(set: MountAttribute.attributes(options.flags))
                try tree.attach(to: spot)
            }
            // Controllers that share a hierarchy are also found by their own names.
            if part.controllers.count > 1 {
                for name in part.controllers { try makeLink(mount.destination + "/" + name, to: part.name) }
            }
        }
        if options.isReadOnly { try makeReadOnly(mount.destination) }
    }

    private func mountUnified(
        _ mount: Spec.Mount, _ options: MountOptions, _ view: CgroupView, _ directory: String
    ) throws(SystemCallError) {
        let place = try makeDirectory(mount.destination)
        if view.hasNamespace {
            var own = options
            own.data = ""
            return try mountNew(
                Spec.Mount(destination: mount.destination, type: "cgroup2", source: "cgroup"), own, on: place)
        }
        let tree = try DetachedMount(directory, recursive: false)
        try tree.setAttributes(set: MountAttribute.attributes(options.flags))
        try tree.attach(to: place)
    }
}

// MARK: - Afterwards

extension Root {
    /// Makes the mount at `path` read-only; nothing there is no error.
    public func makeReadOnly(_ path: String, recursive: Bool = false) throws(SystemCallError) {
        let place: Descriptor
        do throws(SystemCallError) {
            place = try open(path)
        } catch {
            if error.number == ENOENT || error.number == ENOTDIR { return }
            throw error
        }
        try setMountAttributes(place, set: MountAttribute.rdonly, clear: 0, recursive: recursive)
    }

    /// Puts a read-only view of a path over itself; nothing there is no error.
    public func coverReadOnly(_ path: String) throws(SystemCallError) {
        let place: Descriptor
        do throws(SystemCallError) {
            place = try open(path)
        } catch {
            if error.number == ENOENT || error.number == ENOTDIR { return }
            throw error
        }
        let tree = try DetachedMount(place, recursive: true)
        try tree.makeReadOnly()
        try tree.attach(to: place)
    }

    /// Hides a path: a file behind `null`, the container's /dev/null, a directory behind an empty read-only one.
    public func mask(_ path: String, null: borrowing Descriptor) throws(SystemCallError) {
        let place: Descriptor
        do throws(SystemCallError) {
            place = try open(path)
        } catch {
            if error.number == ENOENT || error.number == ENOTDIR { return }
            throw error
        }
        var status = stat()
        let number = place.number
        try checked("fstat", path) { fstat(number, &status) }
        if cl_format(status.st_mode) != S_IFDIR { return try DetachedMount(null, recursive: false).attach(to: place) }
        try DetachedMount(emptyReadOnly: ()).attach(to: place)
    }
}
