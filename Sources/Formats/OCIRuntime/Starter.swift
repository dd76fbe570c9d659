extension Spec {
    /// The configuration that `runc spec` writes to start from.
    public static var starter: Spec {
        let capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
        var process = Process(
            args: ["sh"],
            env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"])
        process.terminal = true
        process.capabilities = Capabilities(
            bounding: capabilities, effective: capabilities, inheritable: [], permitted: capabilities,
            ambient: capabilities)
        process.rlimits = [Rlimit(type: "RLIMIT_NOFILE", hard: 1024, soft: 1024)]
        process.noNewPrivileges = true
        var linux = Linux()
        var resources = Resources()
        resources.devices = [Resources.DeviceRule(allow: false, access: "rwm")]
        linux.resources = resources
        linux.namespaces = [
            Namespace("pid"), Namespace("network"), Namespace("ipc"), Namespace("uts"), Namespace("mount"),
        ]
        linux.maskedPaths = Spec.usualMaskedPaths
        linux.readonlyPaths = Spec.usualReadonlyPaths
        return Spec(
            ociVersion: "1.0.2-dev", process: process, root: Root(path: "rootfs", readonly: true), hostname: "runc",
            mounts: starterMounts, linux: linux)
    }

    /// Kernel interfaces that no container should read.
    public static let usualMaskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
    ]

    /// Kernel interfaces that no container should write.
    public static let usualReadonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    private static var starterMounts: [Mount] {
        [
            Mount(destination: "/proc", type: "proc", source: "proc"),
            Mount(
                destination: "/dev", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            Mount(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            Mount(
                destination: "/dev/shm", type: "tmpfs", source: "shm",
                options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
            Mount(
                destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"]),
            Mount(destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"]),
            Mount(
                destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
                options: ["nosuid", "noexec", "nodev", "relatime", "ro"]),
        ]
    }

    /// Changes the configuration for a user without root: a user namespace that maps the caller to root, no network
    /// namespace, no cgroup.
    public mutating func makeRootless(uid: UInt32, gid: UInt32) {
        var kept = (linux ?? Linux())
        kept.namespaces = kept.namespaces.filter { $0.type != "network" && $0.type != "user" } + [Namespace("user")]
        kept.uidMappings = [IDMapping(containerID: 0, hostID: uid, size: 1)]
        kept.gidMappings = [IDMapping(containerID: 0, hostID: gid, size: 1)]
        kept.resources = nil
        linux = kept
        mounts = mounts.filter { $0.destination != "/sys" }.map { mount in
            var changed = mount
            changed.options = mount.options.filter {
                !$0.utf8.starts(with: "gid=".utf8) && !$0.utf8.starts(with: "uid=".utf8)
            }
            return changed
        }
        let cgroup = mounts.lastIndex { $0.destination == "/sys/fs/cgroup" } ?? mounts.count
        mounts.insert(
            Mount(
                destination: "/sys", type: "none", source: "/sys",
                options: ["rbind", "nosuid", "noexec", "nodev", "ro"]),
            at: cgroup)
    }
}
