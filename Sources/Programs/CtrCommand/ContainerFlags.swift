internal import Flags

/// The flags that `run` and `containers create` share.
struct ContainerFlags {
    let snapshotter, config, cwd, envFile, runtime, runtimeConfig, pidFile: Flag<String>
    let seccompProfile, apparmorDefault, apparmor, rdtClass, rootfsPropagation: Flag<String>
    let snapshotterLabels, env, labels, annotations, mounts, namespaces, gpus, devices: Flag<[String]>
    let addedCapabilities, droppedCapabilities: Flag<[String]>
    let hostNetwork, privileged, readOnly, tty, allowNewPrivileges, seccomp, rootfs, noPivot: Flag<Bool>
    let memoryLimit: Flag<UInt64>
    let cpuQuota: Flag<Int>
    let cpuPeriod: Flag<UInt64>

    init(_ flags: FlagSet) {
        snapshotter = flags.snapshotter()
        snapshotterLabels = flags.texts(
            "snapshotter-label", "labels added to the new snapshot for this container.")
        config = flags.string("config", "c", usage: "path to the runtime-specific spec config file")
        cwd = flags.string("cwd", usage: "specify the working directory of the process")
        env = flags.texts("env", "specify additional container environment variables (e.g. FOO=bar)")
        envFile = flags.string(
            "env-file",
            usage: "specify additional container environment variables in a file(e.g. FOO=bar, one per line)")
        labels = flags.texts("label", "specify additional labels (e.g. foo=bar)")
        annotations = flags.texts("annotation", "specify additional OCI annotations (e.g. foo=bar)")
        mounts = flags.texts(
            "mount", "specify additional container mount (e.g. type=bind,src=/tmp,dst=/host,options=rbind:ro)")
        hostNetwork = flags.bool("net-host", usage: "enable host networking for the container")
        privileged = flags.bool("privileged", usage: "run privileged container")
        readOnly = flags.bool("read-only", usage: "set the containers filesystem as readonly")
        runtime = flags.string("runtime", usage: "runtime name", default: "io.containerd.runc.v2")
        runtimeConfig = flags.string("runtime-config-path", usage: "optional runtime config path")
        tty = flags.bool("tty", "t", usage: "allocate a TTY for the container")
        namespaces = flags.texts(
            "with-ns",
            "specify existing Linux namespaces to join at container runtime (format '<nstype>:<path>')")
        pidFile = flags.string("pid-file", usage: "file path to write the task's pid")
        gpus = flags.texts("gpus", "add gpus to the container")
        allowNewPrivileges = flags.bool("allow-new-privs", usage: "turn off OCI spec's NoNewPrivileges feature flag")
        memoryLimit = flags.uint("memory-limit", "memory limit (in bytes) for the container")
        devices = flags.texts(
            "device",
            "file path to a device to add to the container; or a path to a directory tree of devices "
                + "to add to the container")
        addedCapabilities = flags.texts("cap-add", "add Linux capabilities (Set capabilities with 'CAP_' prefix)")
        droppedCapabilities = flags.texts("cap-drop", "drop Linux capabilities (Set capabilities with 'CAP_' prefix)")
        seccomp = flags.bool("seccomp", usage: "enable the default seccomp profile")
        seccompProfile = flags.string(
            "seccomp-profile",
            usage: "file path to custom seccomp profile. seccomp must be set to true, before using seccomp-profile")
        apparmorDefault = flags.string(
            "apparmor-default-profile",
            usage:
                "enable AppArmor with the default profile with the specified name, e.g. \"cri-containerd.apparmor.d\"")
        apparmor = flags.string("apparmor-profile", usage: "enable AppArmor with an existing custom profile")
        rdtClass = flags.string(
            "rdt-class",
            usage:
                "name of the RDT class to associate the container with. Specifies a Class of Service "
                + "(CLOS) for cache and memory bandwidth management."
        )
        rootfs = flags.bool("rootfs", usage: "use custom rootfs that is not managed by containerd snapshotter")
        noPivot = flags.bool("no-pivot", usage: "disable use of pivot-root (linux only)")
        cpuQuota = flags.value(
            "cpu-quota", usage: "Limit CPU CFS quota", type: "int", default: -1, defaultText: "-1",
            parse: { (text, _) throws(UsageError) in
                guard let value = parseInt(text) else { throw UsageError("strconv.ParseInt") }
                return value
            })
        cpuPeriod = flags.uint("cpu-period", "Limit CPU CFS period")
        rootfsPropagation = flags.string("rootfs-propagation", usage: "set the propagation of the container rootfs")
    }
}

/// The flags that only `run` has.
struct RunFlags {
    let remove, nullIO, detach, cni, systemdCgroup, remapLabels: Flag<Bool>
    let logURI, fifoFolder, cgroup, platform, runcBinary, runcRoot, uidMap, gidMap: Flag<String>
    let cpus: Flag<Double>
    let cpuShares: Flag<Int>

    init(_ flags: FlagSet) {
        remove = flags.bool("rm", usage: "remove the container after running, cannot be used with --detach")
        nullIO = flags.bool("null-io", usage: "send all IO to /dev/null")
        logURI = flags.string("log-uri", usage: "log uri")
        detach = flags.bool(
            "detach", "d", usage: "detach from the task after it has started execution, cannot be used with --rm")
        fifoFolder = flags.string("fifo-dir", usage: "directory used for storing IO FIFOs")
        cgroup = flags.string("cgroup", usage: "cgroup path (To disable use of cgroup, set to \"\" explicitly)")
        platform = flags.string("platform", usage: "run image for specific platform")
        cni = flags.bool("cni", usage: "enable cni networking for the container")
        runcBinary = flags.string("runc-binary", usage: "specify runc-compatible binary")
        runcRoot = flags.string("runc-root", usage: "specify runc-compatible root")
        systemdCgroup = flags.bool("runc-systemd-cgroup", usage: "start runc with systemd cgroup manager")
        uidMap = flags.string(
            "uidmap",
            usage:
                "run inside a user namespace with the specified UID mapping range; specified with "
                + "the format `container-uid:host-uid:length`"
        )
        gidMap = flags.string(
            "gidmap",
            usage:
                "run inside a user namespace with the specified GID mapping range; specified with "
                + "the format `container-gid:host-gid:length`"
        )
        remapLabels = flags.bool(
            "remap-labels",
            usage:
                "provide the user namespace ID remapping to the snapshotter via label options; "
                + "requires snapshotter support"
        )
        cpus = flags.value(
            "cpus", usage: "set the CFS cpu quota", type: "float", default: 0, defaultText: "0",
            parse: { (text, _) throws(UsageError) in
                guard let value = Double(text) else { throw UsageError("strconv.ParseFloat") }
                return value
            })
        cpuShares = flags.int("cpu-shares", usage: "set the cpu shares", default: 1024)
    }
}

extension FlagSet {
    /// A flag of texts, which may be given many times.
    func texts(_ name: String, _ usage: String) -> Flag<[String]> { list(name, usage: usage, type: "value") }

    func uint(_ name: String, _ usage: String) -> Flag<UInt64> {
        value(
            name, usage: usage, type: "int", default: 0, defaultText: "0",
            parse: { (text, _) throws(UsageError) in
                guard let value = parseInt(text), value >= 0 else { throw UsageError("strconv.ParseUint") }
                return UInt64(value)
            })
    }
}
