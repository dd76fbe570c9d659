internal import CLinux
internal import GoText
internal import Linux
internal import OCIRuntime
internal import Seccomp

/// Refuses a configuration that cannot be run, in runc's words and order.
func validate(_ spec: Spec, bundle: String, process: Spec.Process) throws(RuntimeFailure) {
    try validateProcess(process)
    guard let root = spec.root else { throw RuntimeFailure("root must be specified") }
    let linux = spec.linux ?? Spec.Linux()
    if !["", "shared", "rshared", "slave", "rslave", "private", "rprivate", "unbindable", "runbindable"]
        .contains(linux.rootfsPropagation)
    {
        throw RuntimeFailure("rootfsPropagation=" + linux.rootfsPropagation + " is not supported")
    }
    try validateNamespaces(linux)
    for (index, rule) in (linux.resources?.devices ?? []).enumerated() {
        if rule.access.isEmpty { throw RuntimeFailure("device access at " + String(index) + " field cannot be empty") }
        if !["", "a", "b", "c"].contains(rule.type) {
            throw RuntimeFailure("invalid cgroup device type " + goQuoted(rule.type))
        }
    }
    for device in linux.devices where !["c", "b", "u", "p"].contains(device.type) {
        throw RuntimeFailure("invalid device type \"" + device.type + "\"")
    }
    if let seccomp = linux.activeSeccomp {
        do throws(SeccompFailure) { try SeccompFilter.validate(seccomp) } catch { throw RuntimeFailure(error) }
    }
    for limit in process.rlimits where rlimitNumber(limit.type) == nil {
        throw RuntimeFailure("wrong rlimit value: " + limit.type)
    }
    try validateRoot(rootPath(root, bundle: bundle))
    if !spec.hostname.isEmpty && !linux.namespaces.contains(where: { $0.type == "uts" }) {
        throw RuntimeFailure("unable to set hostname without a private UTS namespace")
    }
    if !spec.domainname.isEmpty && !linux.namespaces.contains(where: { $0.type == "uts" }) {
        throw RuntimeFailure("unable to set domainname without a private UTS namespace")
    }
    if (!linux.maskedPaths.isEmpty || !linux.readonlyPaths.isEmpty)
        && !linux.namespaces.contains(where: { $0.type == "mount" })
    {
        throw RuntimeFailure("unable to restrict sys entries without a private MNT namespace")
    }
    try validateUserNamespace(linux)
    try validateSysctl(linux)
    try refuseWhatIsMissing(linux, process)
}

/// The root file system's absolute path.
func rootPath(_ root: Spec.Root, bundle: String) -> String {
    root.path.utf8.first == 47 ? root.path : bundle + "/" + root.path
}

/// What is wrong with a process by itself.
func validateProcess(_ process: Spec.Process) throws(RuntimeFailure) {
    if process.cwd.isEmpty { throw RuntimeFailure("Cwd property must not be empty") }
    if process.cwd.utf8.first != 47 { throw RuntimeFailure("Cwd must be an absolute path") }
    if process.args.isEmpty { throw RuntimeFailure("args must not be empty") }
    if !process.selinuxLabel.isEmpty {
        throw RuntimeFailure("selinux label is specified in config, but selinux is disabled or not supported")
    }
}

private func validateNamespaces(_ linux: Spec.Linux) throws(RuntimeFailure) {
    var seen: [String] = []
    for namespace in linux.namespaces {
        let shown = "{\"" + namespace.type + "\" \"" + namespace.path + "\"}"
        if NamespaceKind.named(namespace.type) == nil { throw RuntimeFailure("namespace " + shown + " does not exist") }
        if seen.contains(namespace.type) { throw RuntimeFailure("malformed spec file: duplicated ns " + shown) }
        seen.append(namespace.type)
    }
}

private func validateRoot(_ path: String) throws(RuntimeFailure) {
    guard Files.exists(path) else {
        throw RuntimeFailure("invalid rootfs: stat " + Files.cleaned(path) + ": no such file or directory")
    }
    let clean = Files.cleaned(path)
    // One that is away by now is reported as the link it may be.
    if (try? Files.resolved(clean)) != clean {
        throw RuntimeFailure("invalid rootfs: not an absolute path, or a symlink")
    }
}

private func validateUserNamespace(_ linux: Spec.Linux) throws(RuntimeFailure) {
    guard let user = linux.namespaces.first(where: { $0.type == "user" }), user.path.isEmpty else { return }
    try validateMappings(linux.uidMappings, "uid", "user")
    try validateMappings(linux.gidMappings, "gid", "group")
}

/// Without a root inside nobody could set the container up.
private func validateMappings(_ mappings: [Spec.IDMapping], _ kind: String, _ name: String) throws(RuntimeFailure) {
    let preface = "User namespaces enabled, but no "
    if mappings.isEmpty { throw RuntimeFailure(preface + kind + " mappings found.") }
    if !mappings.contains(where: { $0.containerID == 0 && $0.size > 0 }) {
        throw RuntimeFailure(preface + name + " mapping found.")
    }
}

/// Only settings that a namespace of the container's own keeps to itself.
private func validateSysctl(_ linux: Spec.Linux) throws(RuntimeFailure) {
    let ipc = [
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
        "kernel.shmmni", "kernel.shm_rmid_forced",
    ]
    func has(_ type: String) -> Bool { linux.namespaces.contains { $0.type == type } }
    for (key, _) in linux.sysctl {
        let name = String(decoding: key.utf8.map { $0 == 47 ? 46 : $0 }, as: UTF8.self)
        if ipc.contains(name) || name.utf8.starts(with: "fs.mqueue.".utf8) {
            if has("ipc") { continue }
            throw RuntimeFailure("sysctl \"" + key + "\" is not allowed in the hosts ipc namespace")
        }
        if name.utf8.starts(with: "net.".utf8) {
            if hasOwnNetwork(linux) { continue }
            throw RuntimeFailure("sysctl \"" + key + "\" not allowed in host network namespace")
        }
        if name == "kernel.domainname" && has("uts") { continue }
        if name == "kernel.hostname" && has("uts") {
            throw RuntimeFailure(
                "sysctl \"" + key + "\" is not allowed as it conflicts with the OCI \"hostname\" field")
        }
        throw RuntimeFailure("sysctl \"" + key + "\" is not in a separate kernel namespace")
    }
}

/// Whether the network namespace is another than this process's: one that is joined may be the same.
private func hasOwnNetwork(_ linux: Spec.Linux) -> Bool {
    guard let network = linux.namespaces.first(where: { $0.type == "network" }) else { return false }
    guard !network.path.isEmpty, let joined = Files.status(network.path), let own = Files.status("/proc/self/ns/net")
    else { return true }
    return joined.st_ino != own.st_ino || joined.st_dev != own.st_dev
}

/// Members of the specification that would otherwise be passed over in silence.
private func refuseWhatIsMissing(_ linux: Spec.Linux, _ process: Spec.Process) throws(RuntimeFailure) {
    if linux.intelRdt != nil { throw RuntimeFailure("intelRdt is not supported by this runc") }
    if linux.memoryPolicy != nil { throw RuntimeFailure("memoryPolicy is not supported by this runc") }
    if !linux.netDevices.isEmpty { throw RuntimeFailure("netDevices is not supported by this runc") }
    if !linux.timeOffsets.isEmpty { throw RuntimeFailure("timeOffsets is not supported by this runc") }
    if !linux.mountLabel.isEmpty {
        throw RuntimeFailure("selinux label is specified in config, but selinux is disabled or not supported")
    }
    if process.scheduler != nil { throw RuntimeFailure("scheduler is not supported by this runc") }
    if process.ioPriority != nil { throw RuntimeFailure("ioPriority is not supported by this runc") }
    if process.execCPUAffinity != nil { throw RuntimeFailure("execCPUAffinity is not supported by this runc") }
}
