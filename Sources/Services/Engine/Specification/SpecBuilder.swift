internal import EngineAPI
internal import Linux
internal import OCIRuntime

/// Makes the OCI configuration of a container.
struct SpecBuilder {
    let inputs: SpecInputs
    private let options: SecurityOptions

    init(_ inputs: SpecInputs) throws(EngineError) {
        self.inputs = inputs
        options = try SecurityOptions(
            inputs.record.hostConfig.securityOpt ?? [],
            defaultNoNewPrivileges: inputs.configuration.noNewPrivileges)
    }

    private var record: ContainerRecord { inputs.record }
    private var config: HostConfig { inputs.record.hostConfig }

    func build() throws(EngineError) -> Spec {
        let capabilities = try CapabilityList.tweaked(
            add: config.capAdd ?? [], drop: config.capDrop ?? [], privileged: config.privileged)
        var mounts = SpecMounts(inputs)
        var spec = Spec(
            ociVersion: "1.0.2-dev", process: process(capabilities),
            root: Spec.Root(path: "rootfs", readonly: config.readonlyRootfs), mounts: try mounts.all(),
            linux: try linux(capabilities))
        spec.annotations = config.annotations
        spec.linux?.rootfsPropagation = mounts.rootPropagation
        if config.utsMode != "host" {
            spec.hostname = record.config.hostname
            setDomainname(&spec)
        }
        return spec
    }

    private func setDomainname(_ spec: inout Spec) {
        // A runtime that predates the member "domainname" sets it by the sysctl.
        if !record.config.domainname.isEmpty && spec.linux?.sysctl["kernel.domainname"] == nil {
            spec.linux?.sysctl["kernel.domainname"] = record.config.domainname
        }
    }

    private var fullHostname: String {
        record.config.domainname.isEmpty
            ? record.config.hostname : record.config.hostname + "." + record.config.domainname
    }

    private func process(_ capabilities: [String]) -> Spec.Process {
        let own = EnvironmentList.ofContainer(
            record.config.env ?? [], hostname: fullHostname, hasTerminal: record.config.tty,
            linked: inputs.linkEnvironment)
        var arguments = [record.path] + record.arguments
        if inputs.initPath != nil { arguments = ["/sbin/docker-init", "--"] + arguments }
        let directory = record.config.workingDir
        var process = Spec.Process(args: arguments, env: own, cwd: directory.isEmpty ? "/" : directory)
        process.terminal = record.config.tty
        if record.config.tty { process.consoleSize = inputs.consoleSize }
        process.user = inputs.user
        process.capabilities = Spec.Capabilities(
            bounding: capabilities, effective: capabilities, inheritable: [], permitted: capabilities, ambient: [])
        process.rlimits = ResourceLimits.rlimits(config.ulimits, defaults: inputs.configuration.defaultUlimits)
        process.noNewPrivileges = options.noNewPrivileges
        process.oomScoreAdj = config.oomScoreAdj
        if inputs.facts.hasAppArmor && !config.privileged && options.apparmor != "unconfined" {
            process.apparmorProfile = options.apparmor.isEmpty ? "docker-default" : options.apparmor
        }
        return process
    }

    private func linux(_ capabilities: [String]) throws(EngineError) -> Spec.Linux {
        var linux = Spec.Linux()
        var devices = DeviceLookup()
        devices.rules = DeviceLookup.usualRules
        if config.privileged { devices.addAll() }
        for mapping in config.devices ?? [] { try devices.add(mapping) }
        for rule in config.deviceCgroupRules ?? [] { try devices.addRule(rule) }
        var resources = try ResourceLimits.resources(config)
        resources.devices = devices.rules
        linux.resources = resources
        linux.devices = devices.devices
        linux.cgroupsPath = cgroupsPath
        linux.namespaces = namespaces()
        linux.sysctl = sysctls()
        linux.seccomp = try seccomp(capabilities)
        if !config.privileged {
            linux.maskedPaths = config.maskedPaths ?? []
            linux.readonlyPaths = config.readonlyPaths ?? []
        }
        return linux
    }

    private var cgroupsPath: String {
        let parent = config.cgroupParent.isEmpty ? inputs.configuration.cgroupParent : config.cgroupParent
        if parent.isEmpty { return "/docker/" + record.id }
        return Files.cleaned("/" + parent + "/" + record.id)
    }

    private func namespaces() -> [Spec.Namespace] {
        var found = [Spec.Namespace("mount")]
        if let path = inputs.networkNamespace { found.append(Spec.Namespace("network", path: path)) }
        for type in ["uts", "pid", "ipc", "cgroup"] where !inputs.hosts.contains(type) {
            found.append(Spec.Namespace(type, path: inputs.joined[type] ?? ""))
        }
        return found
    }

    private func sysctls() -> [String: String] {
        var all: [String: String] = [:]
        let mode = config.networkMode
        if mode != "host" && !mode.hasPrefix("container:") {
            all["net.ipv4.ip_unprivileged_port_start"] = "0"
            all["net.ipv4.ping_group_range"] = "0 2147483647"
        }
        return all.merging(config.sysctls) { $1 }
    }

    private func seccomp(_ capabilities: [String]) throws(EngineError) -> SeccompProfile? {
        if config.privileged || options.seccomp == "unconfined" || !inputs.facts.hasSeccomp { return nil }
        let own = options.seccomp
        if !own.isEmpty && own != "builtin" {
            return try SeccompRules(parsing: own).resolved(capabilities: capabilities, kernel: inputs.facts.kernel)
        }
        let given = inputs.configuration.seccompProfile
        if own.isEmpty && given == "unconfined" { return nil }
        if own.isEmpty && !given.isEmpty && given != "builtin" {
            return try SeccompRules(parsing: given).resolved(capabilities: capabilities, kernel: inputs.facts.kernel)
        }
        return SeccompRules.builtIn.resolved(capabilities: capabilities, kernel: inputs.facts.kernel)
    }
}
