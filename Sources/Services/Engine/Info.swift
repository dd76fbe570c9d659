internal import CLinux
internal import ContainerdAPI
public import EngineAPI
internal import JSON
internal import Linux
internal import Synchronization
internal import Volumes
internal import Workers

extension Engine {
    /// `GET /info`
    public func info() async throws(EngineError) -> SystemInfo {
        var info = SystemInfo()
        info.id = await machineID()
        let phases = records.map(\.life.phase)
        info.containers = phases.count
        info.containersRunning = phases.filter { $0 == .running || $0 == .restarting }.count
        info.containersPaused = phases.filter { $0 == .paused }.count
        info.containersStopped = info.containers - info.containersRunning - info.containersPaused
        info.images = try await images.count()
        info.driver = "overlayfs"
        info.driverStatus = [["driver-type", "io.containerd.snapshotter.v1"]]
        info.plugins.volume = ["local"]
        info.plugins.network = ["bridge", "host", "null"]
        info.plugins.log = ["json-file", "local"]
        addHost(&info)
        addDaemon(&info)
        await addPrograms(&info)
        return info
    }

    private func addHost(_ info: inout SystemInfo) {
        info.memoryLimit = facts.hasMemoryLimit
        info.swapLimit = facts.hasSwapLimit
        info.kernelMemoryTCP = facts.hasKernelMemoryTCP
        info.cpuCfsPeriod = facts.hasCFSPeriod
        info.cpuCfsQuota = facts.hasCFSQuota
        info.cpuShares = facts.hasCPUShares
        info.cpuSet = facts.hasCPUSet
        info.pidsLimit = facts.hasPidsLimit
        info.oomKillDisable = facts.hasOOMKillDisable
        info.ipv4Forwarding = HostFacts.forwardsIPv4
        // Without /proc nothing is counted.
        info.nfd = ((try? Files.names(in: "/proc/self/fd")) ?? []).count
        info.nGoroutines = ((try? Files.names(in: "/proc/self/task")) ?? []).count
        info.systemTime = Clock.now.description
        info.cgroupDriver = "cgroupfs"
        info.cgroupVersion = String(facts.cgroupVersion)
        info.kernelVersion = facts.kernel
        info.operatingSystem = facts.operatingSystem
        info.osVersion = facts.operatingSystemVersion
        info.osType = "linux"
        info.architecture = facts.architecture
        info.ncpu = facts.cpus
        info.memTotal = facts.memory
        info.name = facts.hostname
        var security: [String] = []
        if facts.hasAppArmor { security.append("name=apparmor") }
        if facts.hasSeccomp {
            let profile = configuration.seccompProfile
            security.append(
                "name=seccomp,profile=" + (profile.isEmpty ? "builtin" : profile.hasPrefix("{") ? "custom" : profile))
        }
        if facts.cgroupVersion == 2 { security.append("name=cgroupns") }
        if configuration.noNewPrivileges { security.append("name=no-new-privileges") }
        info.securityOptions = security
    }

    private func addDaemon(_ info: inout SystemInfo) {
        info.debug = configuration.debug
        info.loggingDriver = configuration.logDriver
        info.nEventsListener = events.listeners
        info.indexServerAddress = "https://index.docker.io/v1/"
        info.registryConfig = .members([
            (
                "IndexConfigs",
                .members([
                    (
                        "docker.io",
                        .members([
                            ("Mirrors", .strings(configuration.registryMirrors)), ("Name", .string("docker.io")),
                            ("Official", .bool(true)), ("Secure", .bool(true)),
                        ])
                    )
                ])
            ),
            ("InsecureRegistryCIDRs", .strings(["::1/128", "127.0.0.0/8"])),
            ("Mirrors", configuration.registryMirrors.isEmpty ? .null : .strings(configuration.registryMirrors)),
        ])
        info.dockerRootDir = configuration.dataRoot
        info.httpProxy = Linux.Process.environment("HTTP_PROXY") ?? ""
        info.httpsProxy = Linux.Process.environment("HTTPS_PROXY") ?? ""
        info.noProxy = Linux.Process.environment("NO_PROXY") ?? ""
        info.labels = configuration.labels
        info.experimentalBuild = configuration.experimental
        info.serverVersion = configuration.version
        info.defaultRuntime = configuration.defaultRuntime
        info.liveRestoreEnabled = configuration.liveRestore
        info.initBinary = configuration.initPath
        info.cdiSpecDirs = []
        info.swarm = .members([
            ("NodeID", .string("")), ("NodeAddr", .string("")), ("LocalNodeState", .string("inactive")),
            ("ControlAvailable", .bool(false)), ("Error", .string("")), ("RemoteManagers", .null),
        ])
        info.firewallBackend = .members([("Driver", .string("iptables"))])
        info.containerd = .members([
            ("Address", .string(configuration.containerdAddress)),
            (
                "Namespaces",
                .members([
                    ("Containers", .string(configuration.containerdNamespace)),
                    ("Plugins", .string(configuration.containerdPluginNamespace)),
                ])
            ),
        ])
    }

    private func addPrograms(_ info: inout SystemInfo) async {
        let programs = await programVersions()
        info.containerdCommit.id = programs.containerdCommit
        info.runcCommit.id = programs.runcCommit
        info.initCommit.id = programs.initCommit
        for (name, path) in configuration.runtimes {
            var runtime = RuntimeInfo()
            runtime.path = path
            if !programs.features.isEmpty {
                runtime.status = ["org.opencontainers.runtime-spec.features": programs.features]
            }
            info.runtimes[name] = runtime
        }
        info.runtimes["io.containerd.runc.v2"] = info.runtimes[configuration.defaultRuntime]
    }

    /// A number for this daemon, made once and kept.
    private func machineID() async -> String {
        let path = configuration.dataRoot + "/engine-id"
        let report = configuration.report
        return await Workers.shared.run {
            // No file yet: the identity is made below.
            if let kept = try? Files.readText(path) { return kept.filter { $0 != "\n" } }
            let bytes = randomHex(bytes: 16)
            let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map { range in
                String(Array(bytes)[range.0..<range.1])
            }
            let made = parts.joined(separator: "-")
            do throws(SystemCallError) {
                try Files.replace(path, with: Array(made.utf8), mode: 0o600)
            } catch {
                report("cannot keep the daemon's id: \(error)")
            }
            return made
        }
    }

    /// `GET /version`
    public func version() async -> SystemVersion {
        let programs = await programVersions()
        var version = SystemVersion()
        version.platform.name = "Slipway"
        version.version = configuration.version
        version.apiVersion = configuration.apiVersion
        version.minAPIVersion = configuration.minAPIVersion
        version.gitCommit = configuration.gitCommit
        version.goVersion = "none"
        version.os = "linux"
        version.arch =
            facts.architecture == "x86_64" ? "amd64" : facts.architecture == "aarch64" ? "arm64" : facts.architecture
        version.kernelVersion = facts.kernel
        version.experimental = configuration.experimental
        version.buildTime = configuration.buildTime
        var engine = VersionComponent()
        engine.name = "Engine"
        engine.version = configuration.version
        engine.details = [
            "ApiVersion": version.apiVersion, "Arch": version.arch, "BuildTime": version.buildTime,
            "Experimental": configuration.experimental ? "true" : "false", "GitCommit": version.gitCommit,
            "GoVersion": version.goVersion, "KernelVersion": facts.kernel, "MinAPIVersion": version.minAPIVersion,
            "Os": "linux",
        ]
        version.components = [engine]
        for (name, number, commit) in [
            ("containerd", programs.containerdVersion, programs.containerdCommit),
            ("runc", programs.runcVersion, programs.runcCommit),
            ("docker-init", programs.initVersion, programs.initCommit),
        ] {
            var component = VersionComponent()
            component.name = name
            component.version = number
            component.details = ["GitCommit": commit]
            version.components?.append(component)
        }
        return version
    }

    /// `GET /system/df`
    public func diskUsage(_ types: Set<String>) async throws(EngineError) -> DiskUsage {
        func wants(_ type: String) -> Bool { types.isEmpty || types.contains(type) }
        var usage = DiskUsage()
        if wants("image") {
            var summaries = try await images.summaries()
            let used = records.map(\.imageID)
            for index in summaries.indices {
                summaries[index].containers = used.filter { $0 == summaries[index].id }.count
            }
            usage.images = summaries
            usage.layersSize = try await images.layersSize()
        }
        if wants("container") {
            var listing = ContainerListing()
            listing.all = true
            listing.size = true
            usage.containers = try await summaries(listing)
        }
        if wants("volume") {
            let volumes = volumes
            usage.volumes = try await Workers.shared.run { () throws(EngineError) in try volumes.listWithUsage() }
        }
        if wants("build-cache") { usage.buildCache = .array([]) }
        return usage
    }
}
