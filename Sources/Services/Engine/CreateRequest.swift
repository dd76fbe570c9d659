internal import EngineAPI

/// A request for a container, checked and completed: as upstream does it before anything is made.
struct CreateDraft: Sendable {
    var config: ContainerConfig
    var hostConfig: HostConfig
    var networking: [String: EndpointSettings]
    var warnings: [String] = []
}

extension CreateDraft {
    /// Checks what does not depend on the image, and fills in the daemon's defaults.
    init(_ request: ContainerCreateRequest, _ settings: EngineConfiguration, _ facts: HostFacts) throws(EngineError) {
        config = request.config
        hostConfig = request.hostConfig ?? HostConfig()
        networking = request.networkingConfig?.endpointsConfig ?? [:]
        try checkConfig()
        try refuseWhatIsMissing(settings)
        try checkModes()
        try NetworkModeChecks(config: config, hostConfig: hostConfig).check()
        if hostConfig.autoRemove && !hostConfig.restartPolicy.isNone {
            throw .invalid("can't create 'AutoRemove' container with restart policy")
        }
        try hostConfig.restartPolicy.validate()
        var checks = ResourceChecks(facts)
        try checks.check(&hostConfig)
        warnings += checks.warnings
        try fillDefaults(settings, facts)
        _ = try SecurityOptions(hostConfig.securityOpt ?? [], defaultNoNewPrivileges: settings.noNewPrivileges)
        _ = try CapabilityList.normalized(hostConfig.capAdd ?? [], "CapAdd")
        _ = try CapabilityList.normalized(hostConfig.capDrop ?? [], "CapDrop")
        if hostConfig.networkMode == "host" && !hostConfig.portBindings.isEmpty {
            warnings.append("Published ports are discarded when using host network mode")
        }
    }

    private func checkConfig() throws(EngineError) {
        if !config.workingDir.isEmpty && !config.workingDir.hasPrefix("/") {
            throw .invalid("the working directory '\(config.workingDir)' is invalid, it needs to be an absolute path")
        }
        for variable in config.env ?? [] where variable.isEmpty || variable.hasPrefix("=") {
            throw .invalid("invalid environment variable: " + variable)
        }
        if !config.stopSignal.isEmpty { _ = try Signals.number(config.stopSignal) }
        if let health = config.healthcheck { try CreateDraft.checkHealth(health) }
        for port in config.exposedPorts { _ = try PortNumber(parsing: port) }
        if config.hostname.utf8.count > 64 { throw .invalid("invalid hostname: " + config.hostname) }
    }

    private static func checkHealth(_ health: HealthConfig) throws(EngineError) {
        let leastMillisecond = 1_000_000
        for (name, value) in [
            ("Interval", health.interval), ("Timeout", health.timeout), ("StartPeriod", health.startPeriod),
            ("StartInterval", health.startInterval),
        ] where value != 0 && value < leastMillisecond {
            throw .invalid("\(name) in Healthcheck cannot be less than 1ms")
        }
        if health.retries < 0 { throw .invalid("Retries in Healthcheck cannot be negative") }
    }

    /// What is asked for and not to be had is refused, by name.
    private func refuseWhatIsMissing(_ settings: EngineConfiguration) throws(EngineError) {
        if !hostConfig.isolation.isEmpty && hostConfig.isolation != "default" {
            throw .invalid("invalid isolation '\(hostConfig.isolation)' on linux")
        }
        if !hostConfig.storageOpt.isEmpty {
            throw .invalid("--storage-opt is supported only for overlay over xfs with 'pquota' mount option")
        }
        if let requests = hostConfig.deviceRequests, let first = requests.first {
            let capabilities = (first.capabilities ?? []).map { "[" + $0.joined(separator: " ") + "]" }
            throw .invalid(
                "could not select device driver \"\(first.driver)\" with capabilities: ["
                    + capabilities.joined(separator: " ") + "]")
        }
        if !hostConfig.cgroup.isEmpty { throw .unsupported("HostConfig.Cgroup is not supported") }
        if !hostConfig.volumeDriver.isEmpty && hostConfig.volumeDriver != "local" {
            throw .notFound(
                "Error looking up volume plugin \(hostConfig.volumeDriver): plugin \"\(hostConfig.volumeDriver)\""
                    + " not found")
        }
        if config.networkDisabled && !["", "none", "default"].contains(hostConfig.networkMode) {
            throw .invalid("NetworkDisabled conflicts with network mode " + hostConfig.networkMode)
        }
        if !hostConfig.runtime.isEmpty && settings.runtimes[hostConfig.runtime] == nil
            && hostConfig.runtime != "io.containerd.runc.v2"
        {
            throw .invalid("unknown or invalid runtime name: " + hostConfig.runtime)
        }
        for (port, bindings) in hostConfig.portBindings {
            _ = try PortNumber(parsing: port)
            for binding in bindings { try PortNumber.checkHostPort(binding.hostPort) }
        }
        for limit in hostConfig.ulimits ?? [] {
            guard CreateDraft.limits.contains(limit.name) else { throw .invalid("invalid ulimit type: " + limit.name) }
            if limit.hard != -1 && (limit.soft == -1 || limit.soft > limit.hard) {
                throw .invalid(
                    "ulimit soft limit must be less than or equal to hard limit: \(limit.soft) > \(limit.hard)")
            }
        }
        for host in hostConfig.extraHosts ?? [] where !host.utf8.contains(UInt8(ascii: ":")) {
            throw .invalid("bad format for add-host: \"\(host)\"")
        }
    }

    private static let limits: Set<String> = [
        "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
        "rttime", "sigpending", "stack",
    ]

    private func checkModes() throws(EngineError) {
        func isContainer(_ mode: String) -> Bool { mode.hasPrefix("container:") && mode.utf8.count > 10 }
        let ipc = hostConfig.ipcMode
        guard ["", "none", "private", "shareable", "host"].contains(ipc) || isContainer(ipc) else {
            throw .invalid("invalid IPC mode: " + ipc)
        }
        guard ["", "host"].contains(hostConfig.pidMode) || isContainer(hostConfig.pidMode) else {
            throw .invalid("invalid PID mode: " + hostConfig.pidMode)
        }
        guard ["", "host"].contains(hostConfig.utsMode) else {
            throw .invalid("invalid UTS mode: " + hostConfig.utsMode)
        }
        guard ["", "host"].contains(hostConfig.usernsMode) else {
            throw .invalid("invalid USER mode: " + hostConfig.usernsMode)
        }
        guard ["", "private", "host"].contains(hostConfig.cgroupnsMode) else {
            throw .invalid("invalid CgroupNS mode: " + hostConfig.cgroupnsMode)
        }
    }
}

extension CreateDraft {
    private mutating func fillDefaults(_ settings: EngineConfiguration, _ facts: HostFacts) throws(EngineError) {
        if hostConfig.logConfig.type.isEmpty { hostConfig.logConfig.type = settings.logDriver }
        if hostConfig.logConfig.type == settings.logDriver {
            hostConfig.logConfig.config = settings.logOptions.merging(hostConfig.logConfig.config ?? [:]) { $1 }
        }
        if hostConfig.logConfig.config == nil { hostConfig.logConfig.config = [:] }
        if hostConfig.networkMode.isEmpty { hostConfig.networkMode = "default" }
        if hostConfig.restartPolicy.name.isEmpty { hostConfig.restartPolicy.name = "no" }
        if hostConfig.ipcMode.isEmpty { hostConfig.ipcMode = settings.defaultIpcMode }
        if hostConfig.cgroupnsMode.isEmpty {
            let usual =
                settings.defaultCgroupnsMode.isEmpty
                ? (facts.cgroupVersion == 2 ? "private" : "host") : settings.defaultCgroupnsMode
            hostConfig.cgroupnsMode = hostConfig.privileged && facts.cgroupVersion == 1 ? "host" : usual
        }
        if hostConfig.shmSize == 0 { hostConfig.shmSize = settings.defaultShmSize }
        if hostConfig.runtime.isEmpty { hostConfig.runtime = settings.defaultRuntime }
        if hostConfig.memory > 0 && hostConfig.memorySwap == 0 { hostConfig.memorySwap = hostConfig.memory * 2 }
        if hostConfig.oomKillDisable == nil && facts.hasOOMKillDisable { hostConfig.oomKillDisable = false }
        if hostConfig.consoleSize.count != 2 { hostConfig.consoleSize = [0, 0] }
        if hostConfig.privileged {
            hostConfig.maskedPaths = nil
            hostConfig.readonlyPaths = nil
        } else {
            if hostConfig.maskedPaths == nil { hostConfig.maskedPaths = CreateDraft.maskedPaths }
            if hostConfig.readonlyPaths == nil { hostConfig.readonlyPaths = CreateDraft.readonlyPaths }
        }
        if config.hostname.isEmpty && hostConfig.utsMode == "host" { config.hostname = facts.hostname }
    }

    static let maskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
        "/sys/firmware",
    ]
    static let readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    /// Takes from the image what the request leaves open.
    mutating func merge(_ image: ContainerConfig) throws(EngineError) {
        if config.user.isEmpty { config.user = image.user }
        config.exposedPorts.formUnion(image.exposedPorts)
        mergeEnvironment(image.env ?? [])
        config.labels = (image.labels ?? [:]).merging(config.labels ?? [:]) { $1 }
        if (config.entrypoint ?? []).isEmpty {
            if (config.cmd ?? []).isEmpty { config.cmd = image.cmd }
            if config.entrypoint == nil { config.entrypoint = image.entrypoint }
        }
        if config.entrypoint == [""] { config.entrypoint = nil }
        if config.workingDir.isEmpty { config.workingDir = image.workingDir }
        if (config.volumes ?? []).isEmpty {
            config.volumes = image.volumes
        } else {
            config.volumes?.formUnion(image.volumes ?? [])
        }
        if config.stopSignal.isEmpty { config.stopSignal = image.stopSignal }
        mergeHealth(image.healthcheck)
        if (config.entrypoint ?? []).isEmpty && (config.cmd ?? []).isEmpty { throw .invalid("no command specified") }
    }

    private mutating func mergeEnvironment(_ given: [String]) {
        func name(_ variable: String) -> Substring {
            variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)[0]
        }
        let own = Set((config.env ?? []).map(name))
        let more = given.filter { !own.contains(name($0)) }
        if config.env != nil || !more.isEmpty { config.env = (config.env ?? []) + more }
        if config.env == nil { config.env = [] }
    }

    private mutating func mergeHealth(_ given: HealthConfig?) {
        guard let given else { return }
        guard var own = config.healthcheck else {
            config.healthcheck = given
            return
        }
        if own.test.isEmpty { own.test = given.test }
        if own.interval == 0 { own.interval = given.interval }
        if own.timeout == 0 { own.timeout = given.timeout }
        if own.startPeriod == 0 { own.startPeriod = given.startPeriod }
        if own.startInterval == 0 { own.startInterval = given.startInterval }
        if own.retries == 0 { own.retries = given.retries }
        config.healthcheck = own
    }
}
