internal import Flags
internal import HTTPClient

/// The flags that `run` and `create` share, in groups. Each kind of value is checked when it is read, so that a usage
/// error names its flag.
final class CreateFlags {
    let process: ProcessFlags
    let network: NetworkFlags
    let storage: StorageFlags
    let resources: ResourceFlags
    let health: HealthFlags
    let security: SecurityFlags
    let creation: CreationFlags

    init(_ flags: FlagSet, verb: String) {
        process = ProcessFlags(flags)
        network = NetworkFlags(flags)
        storage = StorageFlags(flags)
        resources = ResourceFlags(flags)
        health = HealthFlags(flags)
        security = SecurityFlags(flags)
        creation = CreationFlags(flags, verb: verb)
        flags.interspersed = false
    }
}

/// What runs, and its standard streams.
struct ProcessFlags {
    let attach, env, envFile, label, labelFile, groupAdd: Flag<[String]>
    let domainname, hostname, user, workdir, entrypoint, stopSignal: Flag<String>
    let interactive, tty, initProcess: Flag<Bool>
    let stopTimeout: Flag<Int>

    init(_ flags: FlagSet) {
        attach = flags.value("attach", "a", usage: "Attach to STDIN, STDOUT or STDERR", type: "list", default: []) {
            (text, old) throws(UsageError) in
            let name = text.lowercased()
            guard ["stdin", "stdout", "stderr"].contains(name) else {
                throw UsageError("valid streams are STDIN, STDOUT and STDERR")
            }
            return old + [name]
        }
        env = flags.environment("Set environment variables")
        envFile = flags.list("env-file", usage: "Read in a file of environment variables")
        label = flags.value("label", "l", usage: "Set meta data on a container", type: "list", default: []) {
            (text, old) throws(UsageError) in old + [try checkedLabel(text)]
        }
        labelFile = flags.list("label-file", usage: "Read in a line delimited file of labels")
        groupAdd = flags.list("group-add", usage: "Add additional groups to join")
        domainname = flags.string("domainname", usage: "Container NIS domain name")
        hostname = flags.string("hostname", "h", usage: "Container host name")
        user = flags.string("user", "u", usage: "Username or UID (format: <name|uid>[:<group|gid>])")
        workdir = flags.string("workdir", "w", usage: "Working directory inside the container")
        entrypoint = flags.string("entrypoint", usage: "Overwrite the default ENTRYPOINT of the image")
        stopSignal = flags.string("stop-signal", usage: "Signal to stop the container")
        interactive = flags.bool("interactive", "i", usage: "Keep STDIN open even if not attached")
        tty = flags.bool("tty", "t", usage: "Allocate a pseudo-TTY")
        initProcess = flags.bool(
            "init", usage: "Run an init inside the container that forwards signals and reaps processes")
        stopTimeout = flags.int("stop-timeout", usage: "Timeout (in seconds) to stop a container")
    }
}

/// Networks, names and ports.
struct NetworkFlags {
    let addHost, dns, dnsOption, dnsSearch, expose, link, linkLocal, alias, publish: Flag<[String]>
    let ip, ip6, mac: Flag<String>
    let publishAll: Flag<Bool>
    let networks: Flag<[NetworkAttachment]>

    init(_ flags: FlagSet) {
        addHost = flags.value("add-host", usage: "Add a custom host-to-IP mapping (host:ip)", type: "list", default: [])
        {
            (text, old) throws(UsageError) in old + [try checkedHost(text)]
        }
        dns = flags.value("dns", usage: "Set custom DNS servers", type: "list", default: []) {
            (text, old) throws(UsageError) in
            let address = text.filter { $0 != " " }
            guard addressBytes(address) != nil else {
                throw UsageError("IP address is not correctly formatted: " + address)
            }
            return old + [address]
        }
        dnsOption = flags.list("dns-option", usage: "Set DNS options")
        let oldOption = flags.value("dns-opt", usage: "Set DNS options", type: "list", default: [String]()) {
            [dnsOption] text, _ in
            dnsOption.append(text)
            return []
        }
        oldOption.hidden = true
        dnsSearch = flags.value("dns-search", usage: "Set custom DNS search domains", type: "list", default: []) {
            (text, old) throws(UsageError) in old + [try checkedDomain(text)]
        }
        expose = flags.list("expose", usage: "Expose a port or a range of ports")
        ip = flags.string("ip", usage: "IPv4 address (e.g., 172.30.100.104)")
        ip6 = flags.string("ip6", usage: "IPv6 address (e.g., 2001:db8::33)")
        link = flags.value("link", usage: "Add link to another container", type: "list", default: []) {
            (text, old) throws(UsageError) in
            let count = text.split(separator: ":", omittingEmptySubsequences: false).count
            if text.isEmpty { throw UsageError("empty string specified for links") }
            if count > 2 { throw UsageError("bad format for links: " + text) }
            return old + [text]
        }
        linkLocal = flags.list("link-local-ip", usage: "Container IPv4/IPv6 link-local addresses")
        mac = flags.string("mac-address", usage: "Container MAC address (e.g., 92:d0:c6:0a:29:33)")
        networks = flags.value("network", usage: "Connect a container to a network", type: "network", default: []) {
            (text, old) throws(UsageError) in old + [try NetworkAttachment(text)]
        }
        let oldNetwork = flags.value("net", usage: "Connect a container to a network", type: "network", default: 0) {
            [networks] (text, _) throws(UsageError) in
            networks.append(try NetworkAttachment(text))
            return 0
        }
        oldNetwork.hidden = true
        alias = flags.list("network-alias", usage: "Add network-scoped alias for the container")
        let oldAlias = flags.value(
            "net-alias", usage: "Add network-scoped alias for the container", type: "list", default: 0
        ) {
            [alias] text, _ in
            alias.append(text)
            return 0
        }
        oldAlias.hidden = true
        publish = flags.list("publish", "p", usage: "Publish a container's port(s) to the host")
        publishAll = flags.bool("publish-all", "P", usage: "Publish all exposed ports to random ports")
    }
}

/// Volumes, mounts and devices.
struct StorageFlags {
    let volume, volumesFrom, tmpfs, storageOpt, device, deviceRule: Flag<[String]>
    let mounts: Flag<[MountRequest]>
    let volumeDriver: Flag<String>
    let shmSize: Flag<Int64>
    let readOnly: Flag<Bool>
    let gpus: Flag<[DeviceRequest]>

    init(_ flags: FlagSet) {
        device = flags.list("device", usage: "Add a host device to the container")
        deviceRule = flags.value(
            "device-cgroup-rule", usage: "Add a rule to the cgroup allowed devices list", type: "list", default: []
        ) { (text, old) throws(UsageError) in
            guard isDeviceRule(text) else { throw UsageError("invalid device cgroup format '" + text + "'") }
            return old + [text]
        }
        gpus = flags.value(
            "gpus", usage: "GPU devices to add to the container ('all' to pass all GPUs)", type: "gpu-request",
            default: []
        ) { (text, old) throws(UsageError) in old + [try DeviceRequest(gpus: text)] }
        mounts = flags.value("mount", usage: "Attach a filesystem mount to the container", type: "mount", default: []) {
            (text, old) throws(UsageError) in old + [try MountRequest(text)]
        }
        readOnly = flags.bool("read-only", usage: "Mount the container's root filesystem as read only")
        shmSize = flags.bytes("shm-size", usage: "Size of /dev/shm")
        storageOpt = flags.list("storage-opt", usage: "Storage driver options for the container")
        tmpfs = flags.list("tmpfs", usage: "Mount a tmpfs directory")
        volume = flags.list("volume", "v", usage: "Bind mount a volume")
        volumeDriver = flags.string("volume-driver", usage: "Optional volume driver for the container")
        volumesFrom = flags.list("volumes-from", usage: "Mount volumes from the specified container(s)")
    }
}

/// Limits.
struct ResourceFlags {
    let blkioWeight, cpuCount, cpuPercent, cpuPeriod, cpuQuota, cpuRealtimePeriod, cpuRealtimeRuntime,
        cpuShares: Flag<Int>
    let oomScore, pids, swappiness, ioOperations: Flag<Int>
    let ioBandwidth, kernelMemory, memory, memoryReservation, memorySwap, cpus: Flag<Int64>
    let cpusetCPUs, cpusetMemory, cgroupParent: Flag<String>
    let weightDevices, readBytes, writeBytes, readOperations, writeOperations: Flag<[DeviceLimit]>
    let ulimits: Flag<[Ulimit]>
    let oomKillDisable: Flag<Bool>

    init(_ flags: FlagSet) {
        blkioWeight = flags.value(
            "blkio-weight", usage: "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)",
            type: "uint16", default: 0, parse: parseUInt16)
        weightDevices = flags.deviceLimits("blkio-weight-device", "Block IO weight (relative device weight)", .weight)
        cgroupParent = flags.string("cgroup-parent", usage: "Optional parent cgroup for the container")
        cpuCount = flags.int("cpu-count", usage: "CPU count (Windows only)")
        cpuPercent = flags.int("cpu-percent", usage: "CPU percent (Windows only)")
        cpuPeriod = flags.int("cpu-period", usage: "Limit CPU CFS (Completely Fair Scheduler) period")
        cpuQuota = flags.int("cpu-quota", usage: "Limit CPU CFS (Completely Fair Scheduler) quota")
        cpuRealtimePeriod = flags.int("cpu-rt-period", usage: "Limit CPU real-time period in microseconds")
        cpuRealtimeRuntime = flags.int("cpu-rt-runtime", usage: "Limit CPU real-time runtime in microseconds")
        cpuShares = flags.int("cpu-shares", "c", usage: "CPU shares (relative weight)")
        cpus = flags.cpus("Number of CPUs")
        cpusetCPUs = flags.string("cpuset-cpus", usage: "CPUs in which to allow execution (0-3, 0,1)")
        cpusetMemory = flags.string("cpuset-mems", usage: "MEMs in which to allow execution (0-3, 0,1)")
        readBytes = flags.deviceLimits("device-read-bps", "Limit read rate (bytes per second) from a device", .bytes)
        readOperations = flags.deviceLimits(
            "device-read-iops", "Limit read rate (IO per second) from a device", .operations)
        writeBytes = flags.deviceLimits("device-write-bps", "Limit write rate (bytes per second) to a device", .bytes)
        writeOperations = flags.deviceLimits(
            "device-write-iops", "Limit write rate (IO per second) to a device", .operations)
        ioBandwidth = flags.bytes(
            "io-maxbandwidth", usage: "Maximum IO bandwidth limit for the system drive (Windows only)")
        ioOperations = flags.int(
            "io-maxiops", usage: "Maximum IOps limit for the system drive (Windows only)", type: "uint")
        kernelMemory = flags.bytes("kernel-memory", usage: "Kernel memory limit")
        memory = flags.bytes("memory", "m", usage: "Memory limit")
        memoryReservation = flags.bytes("memory-reservation", usage: "Memory soft limit")
        memorySwap = flags.bytes(
            "memory-swap", usage: "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
            allowsUnlimited: true)
        swappiness = flags.value(
            "memory-swappiness", usage: "Tune container memory swappiness (0 to 100)", type: "int", default: -1,
            defaultText: "-1", parse: parseNumber)
        oomKillDisable = flags.bool("oom-kill-disable", usage: "Disable OOM Killer")
        oomScore = flags.int("oom-score-adj", usage: "Tune host's OOM preferences (-1000 to 1000)")
        pids = flags.int("pids-limit", usage: "Tune container pids limit (set -1 for unlimited)")
        ulimits = flags.ulimits("Ulimit options")
    }
}

/// The health check.
struct HealthFlags {
    let command: Flag<String>
    let interval, timeout, startPeriod, startInterval: Flag<Int64>
    let retries: Flag<Int>
    let none: Flag<Bool>

    init(_ flags: FlagSet) {
        command = flags.string("health-cmd", usage: "Command to run to check health")
        interval = flags.duration("health-interval", usage: "Time between running the check (ms|s|m|h)")
        retries = flags.int("health-retries", usage: "Consecutive failures needed to report unhealthy")
        startInterval = flags.duration(
            "health-start-interval", usage: "Time between running the check during the start period (ms|s|m|h)")
        startPeriod = flags.duration(
            "health-start-period",
            usage: "Start period for the container to initialize before starting health-retries countdown (ms|s|m|h)")
        timeout = flags.duration("health-timeout", usage: "Maximum time to allow one check to run (ms|s|m|h)")
        none = flags.bool("no-healthcheck", usage: "Disable any container-specified HEALTHCHECK")
    }
}

/// Namespaces, capabilities and the runtime.
struct SecurityFlags {
    let capAdd, capDrop, securityOpt, sysctls, annotations, logOpt: Flag<[String]>
    let cgroupns, ipc, pid, uts, userns, isolation, runtime, logDriver, restart: Flag<String>
    let privileged, useAPISocket: Flag<Bool>

    init(_ flags: FlagSet) {
        annotations = flags.map(
            "annotation", usage: "Add an annotation to the container (passed through to the OCI runtime)")
        capAdd = flags.list("cap-add", usage: "Add Linux capabilities")
        capDrop = flags.list("cap-drop", usage: "Drop Linux capabilities")
        cgroupns = flags.string(
            "cgroupns",
            usage:
                "Cgroup namespace to use (host|private)\n"
                + "'host':    Run the container in the Docker host's cgroup namespace\n"
                + "'private': Run the container in its own private cgroup namespace\n"
                + "'':        Use the cgroup namespace as configured by the\n"
                + "           default-cgroupns-mode option on the daemon (default)")
        ipc = flags.string("ipc", usage: "IPC mode to use")
        isolation = flags.string("isolation", usage: "Container isolation technology")
        logDriver = flags.string("log-driver", usage: "Logging driver for the container")
        logOpt = flags.list("log-opt", usage: "Log driver options")
        pid = flags.string("pid", usage: "PID namespace to use")
        privileged = flags.bool("privileged", usage: "Give extended privileges to this container")
        restart = flags.string("restart", usage: "Restart policy to apply when a container exits", default: "no")
        runtime = flags.string("runtime", usage: "Runtime to use for this container")
        securityOpt = flags.list("security-opt", usage: "Security Options")
        sysctls = flags.value("sysctl", usage: "Sysctl options", type: "map", default: [], defaultText: "map[]") {
            (text, old) throws(UsageError) in
            guard isNamespacedSysctl(splitOnce(text, at: UInt8(ascii: "=")).0), text.contains("=") else {
                throw UsageError("sysctl '" + text + "' is not allowed")
            }
            return old + [text]
        }
        useAPISocket = flags.bool("use-api-socket", usage: "Bind mount Docker API socket and required auth")
        userns = flags.string("userns", usage: "User namespace to use")
        uts = flags.string("uts", usage: "UTS namespace to use")
    }
}

/// How the container is made.
struct CreationFlags {
    let cidFile, name, platform, pull: Flag<String>
    let trust, quiet, remove: Flag<Bool>

    init(_ flags: FlagSet, verb: String) {
        cidFile = flags.string("cidfile", usage: "Write the container ID to the file")
        trust = flags.contentTrust("Skip image verification")
        name = flags.string("name", usage: "Assign a name to the container")
        platform = flags.string("platform", usage: "Set platform if server is multi-platform capable")
        let choices =
            verb == "running" ? "(\"always\", \"missing\", \"never\")" : "(\"always\", \"|missing\", \"never\")"
        pull = flags.string("pull", usage: "Pull image before " + verb + " " + choices, default: "missing")
        quiet = flags.bool("quiet", "q", usage: "Suppress the pull output")
        remove = flags.bool(
            "rm", usage: "Automatically remove the container and its associated anonymous volumes when it exits")
    }
}
