internal import CLinux
internal import Linux

/// What this host can do, found once: cgroups, CPUs, memory, names. Nothing of it changes while the daemon runs.
public struct HostFacts: Sendable {
    /// Whether the host passes packets on, now. A kernel without the file does not.
    static var forwardsIPv4: Bool {
        ((try? Files.readText("/proc/sys/net/ipv4/ip_forward")) ?? "").hasPrefix("1")
    }

    public var cgroupVersion = 1
    public var kernel = ""
    public var architecture = ""
    public var hostname = ""
    public var operatingSystem = ""
    public var operatingSystemVersion = ""
    public var cpus = 1
    /// Bytes.
    public var memory = 0
    public var hasMemoryLimit = false
    public var hasSwapLimit = false
    public var hasOOMKillDisable = false
    public var hasKernelMemoryTCP = false
    public var hasCFSPeriod = false
    public var hasCFSQuota = false
    public var hasCPUShares = false
    public var hasCPURealtime = false
    public var hasCPUSet = false
    public var hasPidsLimit = false
    public var hasBlkioWeight = false
    public var availableCPUs = ""
    public var availableMems = ""
    public var hasSeccomp = false
    public var hasAppArmor = false

    /// Reads them from /proc, /sys and uname(2).
    public init() {
        readNames()
        readSystem()
        if Files.exists("/sys/fs/cgroup/cgroup.controllers") {
            cgroupVersion = 2
            readVersionTwo()
        } else {
            readVersionOne()
        }
        hasSeccomp = cl_prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0
        hasAppArmor = HostFacts.text("/sys/module/apparmor/parameters/enabled").hasPrefix("Y")
    }

    /// A file's text, empty when there is none: a kernel without the file lacks the feature.
    private static func text(_ path: String) -> String { (try? Files.readText(path)) ?? "" }

    private static func line(_ path: String) -> String {
        String(text(path).split(separator: "\n", maxSplits: 1).first ?? "")
    }

    private mutating func readNames() {
        kernel = HostFacts.line("/proc/sys/kernel/osrelease")
        hostname = HostFacts.line("/proc/sys/kernel/hostname")
        #if arch(x86_64)
            architecture = "x86_64"
        #elseif arch(arm64)
            architecture = "aarch64"
        #endif
        for line in HostFacts.text("/etc/os-release").split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[1].filter { $0 != "\"" }
            if parts[0] == "PRETTY_NAME" { operatingSystem = String(value) }
            if parts[0] == "VERSION_ID" { operatingSystemVersion = String(value) }
        }
        if operatingSystem.isEmpty { operatingSystem = "Linux" }
    }

    private mutating func readSystem() {
        cpus = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        for line in HostFacts.text("/proc/meminfo").split(separator: "\n") where line.hasPrefix("MemTotal:") {
            let digits = line.filter { $0 >= "0" && $0 <= "9" }
            memory = (Int(digits) ?? 0) * 1024
        }
    }

    private mutating func readVersionOne() {
        let root = "/sys/fs/cgroup/"
        func has(_ file: String) -> Bool { Files.exists(root + file) }
        hasMemoryLimit = has("memory/memory.limit_in_bytes")
        hasSwapLimit = has("memory/memory.memsw.limit_in_bytes")
        hasOOMKillDisable = has("memory/memory.oom_control")
        hasKernelMemoryTCP = has("memory/memory.kmem.tcp.limit_in_bytes")
        hasCFSPeriod = has("cpu/cpu.cfs_period_us")
        hasCFSQuota = has("cpu/cpu.cfs_quota_us")
        hasCPUShares = has("cpu/cpu.shares")
        hasCPURealtime = has("cpu/cpu.rt_runtime_us")
        hasCPUSet = has("cpuset/cpuset.cpus")
        hasPidsLimit = Files.isDirectory(root + "pids")
        hasBlkioWeight = has("blkio/blkio.weight") || has("blkio/blkio.bfq.weight")
        availableCPUs = HostFacts.line(root + "cpuset/cpuset.cpus")
        availableMems = HostFacts.line(root + "cpuset/cpuset.mems")
    }

    private mutating func readVersionTwo() {
        let controllers = Set(HostFacts.line("/sys/fs/cgroup/cgroup.controllers").split(separator: " "))
        hasMemoryLimit = controllers.contains("memory")
        hasSwapLimit = controllers.contains("memory")
        hasCFSPeriod = controllers.contains("cpu")
        hasCFSQuota = controllers.contains("cpu")
        hasCPUShares = controllers.contains("cpu")
        hasCPUSet = controllers.contains("cpuset")
        hasPidsLimit = controllers.contains("pids")
        hasBlkioWeight = controllers.contains("io")
        availableCPUs = HostFacts.line("/sys/fs/cgroup/cpuset.cpus.effective")
        availableMems = HostFacts.line("/sys/fs/cgroup/cpuset.mems.effective")
    }
}
