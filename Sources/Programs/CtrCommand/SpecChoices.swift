internal import CLinux
internal import Flags
internal import GoText
internal import JSON
internal import Linux
internal import OCIRuntime

/// Applies to a configuration what the flags say, in upstream's order: a later flag may override an earlier one.
struct SpecChoices {
    let flags: ContainerFlags
    /// nil for `containers create`.
    let run: RunFlags?

    /// What does not depend on the image: before it.
    func applyBefore(_ spec: inout Spec) throws {
        if !flags.envFile.value.isEmpty {
            let lines = try Files.readText(flags.envFile.value).split(separator: "\n").map { String($0) }
            spec.setEnvironment(lines.filter { !$0.hasPrefix("#") && !$0.isEmpty })
        }
        spec.setEnvironment(flags.env.value)
        for text in flags.mounts.value { spec.mounts.append(try parseMount(text)) }
    }

    /// The rest, after the image.
    func applyAfter(_ spec: inout Spec, arguments: [String]) throws {
        if flags.readOnly.value { spec.root = Spec.Root(path: spec.root?.path ?? "rootfs", readonly: true) }
        spec.changeProcess { process in
            if !arguments.isEmpty { process.args = arguments }
            if !flags.cwd.value.isEmpty { process.cwd = flags.cwd.value }
            if flags.tty.value { process.terminal = true }
        }
        if flags.tty.value { spec.setEnvironment(["TERM=xterm"]) }
        if flags.privileged.value { try makePrivileged(&spec) }
        if flags.hostNetwork.value { useHostNetwork(&spec) }
        for text in flags.annotations.value {
            let (name, value) = splitOnce(text, at: UInt8(ascii: "="))
            guard let value else { throw CtrError.message("invalid key=value format annotation: " + text) }
            spec.annotations[name] = value
        }
        try applyCapabilities(&spec)
        try applySecurity(&spec)
        try applyCPU(&spec)
        try joinNamespaces(&spec)
        if !flags.gpus.value.isEmpty { throw CtrError.message("--gpus is not supported") }
        if flags.allowNewPrivileges.value { spec.changeProcess { $0.noNewPrivileges = false } }
        if let cgroup = run?.cgroup, cgroup.isSet { spec.changeLinux { $0.cgroupsPath = cgroup.value } }
        if flags.memoryLimit.value > 0 {
            spec.changeResources { resources in
                var memory = resources.memory ?? Resources.Memory()
                memory.limit = Int(clamping: flags.memoryLimit.value)
                resources.memory = memory
            }
        }
        for device in flags.devices.value { try add(devicesAt: device, to: &spec) }
        if !flags.rootfsPropagation.value.isEmpty {
            spec.changeLinux { $0.rootfsPropagation = flags.rootfsPropagation.value }
        }
        if !flags.rdtClass.value.isEmpty {
            spec.changeLinux { linux in
                var rdt = Spec.IntelRdt()
                rdt.closID = flags.rdtClass.value
                linux.intelRdt = rdt
            }
        }
    }

    private func parseMount(_ text: String) throws -> Spec.Mount {
        var mount = Spec.Mount(destination: "")
        for field in text.split(separator: ",", omittingEmptySubsequences: false) {
            let (key, value) = splitOnce(String(field), at: UInt8(ascii: "="))
            guard let value else { throw CtrError.message("invalid mount specification: expected key=val") }
            switch key {
            case "type": mount.type = value
            case "source", "src": mount.source = value
            case "destination", "dst": mount.destination = value
            case "options": mount.options = value.split(separator: ":").map { String($0) }
            default: throw CtrError.message("mount option " + goQuoted(key) + " not supported")
            }
        }
        return mount
    }

    private func makePrivileged(_ spec: inout Spec) throws {
        let all = currentCapabilities()
        spec.changeProcess { process in
            process.capabilities = Spec.Capabilities(
                bounding: all, effective: all, inheritable: [], permitted: all, ambient: [])
            process.apparmorProfile = ""
            process.selinuxLabel = ""
        }
        for (index, mount) in spec.mounts.enumerated() where mount.type == "sysfs" || mount.type == "cgroup" {
            spec.mounts[index].options = mount.options.map { $0 == "ro" ? "rw" : $0 }
        }
        spec.changeLinux { linux in
            linux.maskedPaths = []
            linux.readonlyPaths = []
            linux.seccomp = nil
        }
        spec.changeResources { $0.devices = [Resources.DeviceRule(allow: true, access: "rwm")] }
        let devices = try devices(below: "/dev")
        spec.changeLinux { $0.devices += devices }
    }

    private func useHostNetwork(_ spec: inout Spec) {
        spec.changeLinux { $0.namespaces.removeAll { $0.type == "network" } }
        for file in ["/etc/hosts", "/etc/resolv.conf"] {
            spec.mounts.append(
                Spec.Mount(destination: file, type: "bind", source: file, options: ["rbind", "ro"]))
        }
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, 255)
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        spec.setEnvironment(["HOSTNAME=" + String(decoding: bytes, as: UTF8.self)])
    }

    private func applyCapabilities(_ spec: inout Spec) throws {
        let added = flags.addedCapabilities.value
        let dropped = flags.droppedCapabilities.value
        for name in added + dropped where !name.hasPrefix("CAP_") {
            throw CtrError.message("capabilities must be specified with 'CAP_' prefix")
        }
        func changed(_ set: [String]) -> [String] {
            (set + added.filter { !set.contains($0) }).filter { !dropped.contains($0) }
        }
        spec.changeProcess { process in
            guard var capabilities = process.capabilities else { return }
            capabilities.bounding = changed(capabilities.bounding)
            capabilities.effective = changed(capabilities.effective)
            capabilities.permitted = changed(capabilities.permitted)
            process.capabilities = capabilities
        }
    }

    private func applySecurity(_ spec: inout Spec) throws {
        let profile = flags.seccompProfile.value
        if !flags.seccomp.value && !profile.isEmpty {
            throw CtrError.message("seccomp must be set to true, if using a custom seccomp-profile")
        }
        if flags.seccomp.value {
            if profile.isEmpty {
                throw CtrError.message(
                    "--seccomp without --seccomp-profile is not supported: there is no default profile yet")
            }
            let bytes: [UInt8]
            do throws(SystemCallError) {
                bytes = try Files.read(profile)
            } catch {
                throw CtrError.message("cannot load seccomp profile " + goQuoted(profile) + ": " + error.description)
            }
            guard let json = try JSON(parsing: bytes).object else {
                throw CtrError.message("decoding seccomp profile failed: no object")
            }
            let seccomp = try SeccompProfile(json: json)
            spec.changeLinux { $0.seccomp = seccomp }
        }
        if !flags.apparmorDefault.value.isEmpty {
            if !flags.apparmor.value.isEmpty {
                throw CtrError.message("apparmor-profile conflicts with apparmor-default-profile")
            }
            throw CtrError.message(
                "--apparmor-default-profile is not supported: load the profile and use --apparmor-profile")
        }
        if !flags.apparmor.value.isEmpty { spec.changeProcess { $0.apparmorProfile = flags.apparmor.value } }
    }

    private func applyCPU(_ spec: inout Spec) throws {
        let cpus = run?.cpus.value ?? 0
        let quotaGiven = flags.cpuQuota.value != -1 || flags.cpuPeriod.value != 0
        if cpus > 0 && quotaGiven { throw CtrError.message("cpus and quota/period should be used separately") }
        let shares = run?.cpuShares.value ?? 0
        if cpus <= 0 && !quotaGiven && shares <= 0 { return }
        spec.changeResources { resources in
            var cpu = resources.cpu ?? Resources.CPU()
            if cpus > 0 {
                cpu.quota = Int(cpus * 100_000)
                cpu.period = 100_000
            }
            if shares > 0 { cpu.shares = UInt64(shares) }
            if quotaGiven {
                cpu.quota = flags.cpuQuota.value
                cpu.period = flags.cpuPeriod.value
            }
            resources.cpu = cpu
        }
    }

    private func joinNamespaces(_ spec: inout Spec) throws {
        for text in flags.namespaces.value {
            let (type, path) = splitOnce(text, at: UInt8(ascii: ":"))
            guard let path else {
                throw CtrError.message("joining a Linux namespace using --with-ns requires the format 'nstype:path'")
            }
            guard ["pid", "network", "mount", "ipc", "uts", "user", "cgroup"].contains(type) else {
                throw CtrError.message("the Linux namespace type specified in --with-ns is not valid: " + type)
            }
            spec.changeLinux { linux in
                let joined = Spec.Namespace(type, path: path)
                if let index = linux.namespaces.firstIndex(where: { $0.type == type }) {
                    linux.namespaces[index] = joined
                } else {
                    linux.namespaces.append(joined)
                }
            }
        }
    }

    private func add(devicesAt path: String, to spec: inout Spec) throws {
        let found: [Spec.Device]
        if Files.isDirectory(path) {
            found = try devices(below: path)
        } else if let device = device(at: path) {
            found = [device]
        } else if Files.exists(path) {
            throw CtrError.message("not a device node")
        } else {
            throw CtrError.message("error stating device path: stat " + path + ": no such file or directory")
        }
        spec.changeLinux { $0.devices += found }
        spec.changeResources { resources in
            for one in found {
                resources.devices.append(
                    Resources.DeviceRule(
                        allow: true, type: one.type, major: one.major, minor: one.minor, access: "rwm"))
            }
        }
    }
}

/// The device node at `path`; nil when it is something else.
private func device(at path: String) -> Spec.Device? {
    guard let status = Files.linkStatus(path) else { return nil }
    let type: String
    switch status.st_mode & UInt32(S_IFMT) {
    case UInt32(S_IFCHR): type = "c"
    case UInt32(S_IFBLK): type = "b"
    default: return nil
    }
    return Spec.Device(
        path: path, type: type, major: Int(cl_major(UInt64(status.st_rdev))),
        minor: Int(cl_minor(UInt64(status.st_rdev))),
        fileMode: status.st_mode & 0o7777, uid: status.st_uid, gid: status.st_gid)
}

/// All device nodes of a folder, but for those that each container has of its own.
private func devices(below folder: String) throws -> [Spec.Device] {
    var found: [Spec.Device] = []
    for name in try Files.names(in: folder).sorted() {
        let path = folder + "/" + name
        if let status = Files.linkStatus(path), status.st_mode & UInt32(S_IFMT) == UInt32(S_IFDIR) {
            if ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"].contains(name) { continue }
            found += try devices(below: path)
        } else if name != "console", let device = device(at: path) {
            found.append(device)
        }
    }
    return found
}

/// The effective capabilities of this process, by name in the kernel's order.
private func currentCapabilities() -> [String] {
    var effective: UInt64 = 0
    var permitted: UInt64 = 0
    var inheritable: UInt64 = 0
    cl_capget(&effective, &permitted, &inheritable)
    return capabilityNames.enumerated().filter { effective & (1 << UInt64($0.offset)) != 0 }.map { "CAP_" + $0.element }
}

private let capabilityNames = [
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
]
