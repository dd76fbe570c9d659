internal import EngineAPI
internal import Linux
internal import OCIRuntime

/// The mounts of a container, in the order in which the runtime makes them.
struct SpecMounts {
    let inputs: SpecInputs
    /// "rshared" or "rslave" when a bind asks for it.
    private(set) var rootPropagation = ""

    init(_ inputs: SpecInputs) { self.inputs = inputs }

    private var config: HostConfig { inputs.record.hostConfig }

    mutating func all() throws(EngineError) -> [Spec.Mount] {
        var own: [Spec.Mount] = []
        for mount in inputs.record.mounts { own.append(try specified(mount)) }
        for (path, options) in config.tmpfs.sorted(by: { $0.key < $1.key }) {
            own.append(try tmpfs(path, options.split(separator: ",").map { String($0) }))
        }
        own += networkFiles(covered: Set(own.map(\.destination)))
        own.sort { depth($0.destination) < depth($1.destination) }
        let covered = Set(own.map(\.destination))
        let coversDevices = covered.contains("/dev")
        var usual = usualMounts().filter { mount in
            !covered.contains(mount.destination) && !(coversDevices && mount.destination.hasPrefix("/dev/"))
        }
        if let shared = sharedMemory(), !covered.contains("/dev/shm") { usual.append(shared) }
        if let path = inputs.initPath {
            usual.append(
                Spec.Mount(destination: "/sbin/docker-init", type: "bind", source: path, options: ["bind", "ro"]))
        }
        var mounts = usual + own
        if config.readonlyRootfs { holdReadOnly(&mounts, but: Set(inputs.record.mounts.map(\.destination))) }
        return mounts
    }

    private func depth(_ path: String) -> Int { path.split(separator: "/").count }

    private func usualMounts() -> [Spec.Mount] {
        let isPrivileged = config.privileged
        return [
            Spec.Mount(destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]),
            Spec.Mount(
                destination: "/dev", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            Spec.Mount(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            Spec.Mount(
                destination: "/sys", type: "sysfs", source: "sysfs",
                options: ["nosuid", "noexec", "nodev", isPrivileged ? "rw" : "ro"]),
            Spec.Mount(
                destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
                options: [isPrivileged ? "rw" : "ro", "nosuid", "noexec", "nodev"]),
            Spec.Mount(
                destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"]),
        ]
    }

    private func bind(_ source: String, _ destination: String) -> Spec.Mount {
        Spec.Mount(destination: destination, type: "bind", source: source, options: ["rbind", "rprivate"])
    }

    private func sharedMemory() -> Spec.Mount? {
        if config.ipcMode == "none" { return nil }
        if !inputs.shmPath.isEmpty { return bind(inputs.shmPath, "/dev/shm") }
        return Spec.Mount(
            destination: "/dev/shm", type: "tmpfs", source: "shm",
            options: ["nosuid", "noexec", "nodev", "mode=1777", "size=" + String(config.shmSize)])
    }

    private func networkFiles(covered: Set<String>) -> [Spec.Mount] {
        let files = [
            ("/etc/resolv.conf", inputs.resolvConfPath), ("/etc/hostname", inputs.hostnamePath),
            ("/etc/hosts", inputs.hostsPath),
        ]
        return files.filter { !$0.1.isEmpty && !covered.contains($0.0) }.map { bind($0.1, $0.0) }
    }

    private mutating func specified(_ mount: StoredMount) throws(EngineError) -> Spec.Mount {
        if mount.type == "tmpfs" {
            let options = try TmpfsMountOptions.options(mount.specification.tmpfsOptions, readOnly: !mount.isWritable)
            return try tmpfs(mount.destination, options)
        }
        let wanted = mount.specification.bindOptions
        var options = [wanted?.nonRecursive == true ? "bind" : "rbind"]
        if !mount.isWritable { options.append(readOnlyOption(mount)) }
        let propagation = mount.propagation.isEmpty ? "rprivate" : mount.propagation
        options.append(propagation)
        try noteRootPropagation(propagation, mount.source)
        return Spec.Mount(
            destination: mount.destination, type: "bind", source: mount.source, options: options)
    }

    /// Mounts below a read-only bind are read-only too, unless the client says not to.
    private func readOnlyOption(_ mount: StoredMount) -> String {
        guard mount.type == "bind" else { return "ro" }
        let wanted = mount.specification.bindOptions
        if wanted?.readOnlyForceRecursive == true { return "rro" }
        if wanted?.readOnlyNonRecursive == true || wanted?.nonRecursive == true { return "ro" }
        return KernelRelease(inputs.facts.kernel) >= KernelRelease("5.12") ? "rro" : "ro"
    }

    /// A bind that shares mounts needs a root that shares them, and a source on a mount that does.
    private mutating func noteRootPropagation(_ propagation: String, _ source: String) throws(EngineError) {
        switch propagation {
        case "shared", "rshared":
            guard MountPropagation.of(source).isShared else {
                throw .invalid(
                    "path \(source) is mounted on \(MountPropagation.of(source).mountPoint) but it is not a"
                        + " shared mount")
            }
            rootPropagation = "shared"
        case "slave", "rslave":
            let found = MountPropagation.of(source)
            guard found.isShared || found.isSlave else {
                throw .invalid("path \(source) is mounted on \(found.mountPoint) but it is not a shared or slave mount")
            }
            if rootPropagation.isEmpty { rootPropagation = "rslave" }
        default: break
        }
    }

    private func tmpfs(_ path: String, _ options: [String]) throws(EngineError) -> Spec.Mount {
        Spec.Mount(
            destination: path, type: "tmpfs", source: "tmpfs", options: try TmpfsMountOptions.merged(options))
    }

    private func holdReadOnly(_ mounts: inout [Spec.Mount], but own: Set<String>) {
        let writable: Set<String> = ["/proc", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev"]
        for index in mounts.indices {
            let mount = mounts[index]
            if writable.contains(mount.destination) || own.contains(mount.destination) { continue }
            if config.tmpfs[mount.destination] != nil || mount.options.contains("ro") { continue }
            mounts[index].options.append("ro")
        }
    }
}

/// How the mount that a path is on passes mounts on (mount_namespaces(7)).
struct MountPropagation: Equatable {
    var mountPoint = "/"
    var isShared = false
    var isSlave = false

    static func of(_ path: String) -> MountPropagation {
        // A path that cannot be resolved is looked up as it is written; no mount table means private.
        let resolved = (try? Files.resolved(path)) ?? path
        return find(resolved, in: (try? Files.readText("/proc/self/mountinfo")) ?? "")
    }

    static func find(_ path: String, in table: String) -> MountPropagation {
        var best = MountPropagation()
        var length = -1
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 6 else { continue }
            let point = String(fields[4])
            let covers = point == "/" || path == point || path.hasPrefix(point + "/")
            guard covers, point.utf8.count >= length else { continue }
            length = point.utf8.count
            best = MountPropagation(mountPoint: point)
            for field in fields[6...] {
                if field == "-" { break }
                if field.hasPrefix("shared:") { best.isShared = true }
                if field.hasPrefix("master:") { best.isSlave = true }
            }
        }
        return best
    }
}
