internal import OCIRuntime

extension Spec {
    /// What a container gets when nobody says otherwise: containerd's default for Linux.
    static func usual(cgroup: String) -> Spec {
        var process = Process(args: [], cwd: "/")
        process.capabilities = Capabilities(
            bounding: usualCapabilities, effective: usualCapabilities, inheritable: [], permitted: usualCapabilities,
            ambient: [])
        process.rlimits = [Rlimit(type: "RLIMIT_NOFILE", hard: 1024, soft: 1024)]
        process.noNewPrivileges = true
        var linux = Linux()
        var resources = Resources()
        resources.devices = [Resources.DeviceRule(allow: false, access: "rwm")]
        linux.resources = resources
        linux.cgroupsPath = cgroup
        linux.namespaces = ["pid", "ipc", "uts", "mount", "network"].map { Namespace($0) }
        linux.maskedPaths = Spec.usualMaskedPaths
        linux.readonlyPaths = Spec.usualReadonlyPaths
        return Spec(
            ociVersion: "1.0.2-dev", process: process, root: Root(path: "rootfs"), mounts: usualMounts, linux: linux)
    }

    private static let usualCapabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
        "CAP_AUDIT_WRITE",
    ]

    private static var usualMounts: [Mount] {
        let safe = ["nosuid", "noexec", "nodev"]
        let small = ["nosuid", "strictatime", "mode=755", "size=65536k"]
        return [
            Mount(destination: "/proc", type: "proc", source: "proc", options: safe),
            Mount(destination: "/dev", type: "tmpfs", source: "tmpfs", options: small),
            Mount(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            Mount(
                destination: "/dev/shm", type: "tmpfs", source: "shm",
                options: safe + ["mode=1777", "size=65536k"]),
            Mount(destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: safe),
            Mount(destination: "/sys", type: "sysfs", source: "sysfs", options: safe + ["ro"]),
            Mount(destination: "/run", type: "tmpfs", source: "tmpfs", options: small),
        ]
    }

    /// The devices that every container may use; the runtime makes their nodes.
    mutating func allowUsualDevices() {
        let numbers: [(Int, Int?)] = [(1, 3), (1, 8), (1, 7), (5, 0), (1, 5), (1, 9), (5, 1), (136, nil), (5, 2)]
        changeResources { resources in
            for (major, minor) in numbers {
                resources.devices.append(
                    Resources.DeviceRule(allow: true, type: "c", major: major, minor: minor, access: "rwm"))
            }
        }
    }

    mutating func changeResources(_ change: (inout Resources) -> Void) {
        changeLinux { linux in
            var resources = linux.resources ?? Resources()
            change(&resources)
            linux.resources = resources
        }
    }

    mutating func changeLinux(_ change: (inout Linux) -> Void) {
        var changed = linux ?? Linux()
        change(&changed)
        linux = changed
    }

    mutating func changeProcess(_ change: (inout Process) -> Void) {
        var changed = process ?? Process(args: [], cwd: "/")
        change(&changed)
        process = changed
    }

    /// Sets variables: one that is there is replaced, one without "=" is taken away.
    mutating func setEnvironment(_ more: [String]) {
        changeProcess { $0.env = merged($0.env, with: more) }
    }
}

/// `defaults` with `overrides` in their place or behind them; an override without "=" removes a variable.
func merged(_ defaults: [String], with overrides: [String]) -> [String] {
    var all = defaults
    for entry in overrides {
        let name = entry.prefix { $0 != "=" }
        let index = all.firstIndex { $0.prefix { $0 != "=" } == name }
        switch (index, entry.contains("=")) {
        case (let index?, true): all[index] = entry
        case (let index?, false): all.remove(at: index)
        case (nil, true): all.append(entry)
        case (nil, false): break
        }
    }
    return all
}
