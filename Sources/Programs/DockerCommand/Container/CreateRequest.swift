internal import EngineClient
internal import Flags
internal import JSON

/// Everything that is sent to make a container.
struct CreateRequest {
    var image = ""
    var command: [String] = []
    var attachesInput = false
    var attachesOutput = false
    var attachesError = false
    var hasTerminal = false
    var keepsInputOpen = false
    var removes = false
    var macAddress = ""
    /// The size of the terminal the container will have, rows and columns; zero when there is none.
    var consoleSize = (rows: 0, columns: 0)
    private var config: [(String, JSON)] = []
    private var host: [(String, JSON)] = []
    private var endpoints: [(String, JSON)] = []
    private var variables: [String] = []

    /// `detach` is `run -d`. `arguments` are the image and what follows it. `defaults` are variables of the
    /// configuration, besides those that the flags name.
    init(
        _ flags: CreateFlags, _ arguments: [String], detach: Bool,
        defaults: (_ besides: [String]) throws -> [(String, String)] = { _ in [] }
    ) throws {
        image = arguments[0]
        command = Array(arguments.dropFirst())
        let attach = flags.process.attach.value
        keepsInputOpen = flags.process.interactive.value
        hasTerminal = flags.process.tty.value
        removes = flags.creation.remove.value
        macAddress = flags.network.mac.value
        if !macAddress.isEmpty && !isMACAddress(macAddress) {
            throw CommandFailure(macAddress + " is not a valid mac address")
        }
        if !detach {
            if attach.isEmpty {
                attachesInput = keepsInputOpen
                attachesOutput = true
                attachesError = true
            } else {
                attachesInput = keepsInputOpen || attach.contains("stdin")
                attachesOutput = attach.contains("stdout")
                attachesError = attach.contains("stderr")
            }
        }
        let ports = try PublishedPorts(publish: flags.network.publish.value, expose: flags.network.expose.value)
        let volumes = try VolumeRequests(flags.storage.volume.value)
        try checkModes(flags.security)
        try checkCombinations(flags)
        let named = flags.process.env.value.map { splitOnce($0, at: UInt8(ascii: "=")).0 }
        variables = try defaults(named).map { $0.0 + "=" + $0.1 }
        config = try configMembers(flags, ports, volumes)
        host = try hostMembers(flags, ports, volumes)
        endpoints = try endpointMembers(flags.network)
    }

    /// The request body for an API version.
    func json(version: String) -> JSON {
        var members = config
        // From 1.44 on the address belongs to the endpoint alone.
        if isOlder(version, "1.44") && !macAddress.isEmpty {
            let place = members.firstIndex { $0.0 == "OnBuild" } ?? members.count
            members.insert(("MacAddress", .string(macAddress)), at: place)
        }
        let size = JSON.array([.int(consoleSize.rows), .int(consoleSize.columns)])
        // The kernel's own memory is not limited any more from 1.42 on.
        let kept = isOlder(version, "1.42") ? host : host.filter { $0.0 != "KernelMemory" }
        members.append(("HostConfig", .members(kept.map { $0.0 == "ConsoleSize" ? ("ConsoleSize", size) : $0 })))
        members.append(("NetworkingConfig", .members([("EndpointsConfig", .members(endpoints))])))
        return .members(members)
    }

    private func checkCombinations(_ flags: CreateFlags) throws(CommandFailure) {
        let pull = flags.creation.pull.value
        guard ["always", "missing", "never"].contains(pull) else {
            throw CommandFailure(
                "invalid pull option: '" + pull + "': must be one of \"always\", \"missing\" or \"never\"")
        }
        if removes && !["", "no"].contains(flags.security.restart.value) {
            throw CommandFailure("conflicting options: cannot specify both --restart and --rm")
        }
        let network = flags.network
        for attachment in network.networks.value where !attachment.macAddress.isEmpty {
            if !isMACAddress(attachment.macAddress) {
                throw CommandFailure(attachment.macAddress + " is not a valid mac address")
            }
        }
        let first = network.networks.value.first ?? NetworkAttachment(target: "default")
        if !network.alias.value.isEmpty && !first.isUserDefined {
            throw CommandFailure("network-scoped aliases are only supported for user-defined networks")
        }
    }

    private func checkModes(_ security: SecurityFlags) throws(CommandFailure) {
        let pid = security.pid.value
        if !(pid.isEmpty || pid == "host" || pid.hasPrefix("container:") && pid.utf8.count > 10) {
            throw CommandFailure("--pid: invalid PID mode")
        }
        if !["", "host"].contains(security.uts.value) { throw CommandFailure("--uts: invalid UTS mode") }
        if !["", "host"].contains(security.userns.value) { throw CommandFailure("--userns: invalid USER mode") }
        if !["", "host", "private"].contains(security.cgroupns.value) {
            throw CommandFailure("--cgroupns: invalid CGROUP mode")
        }
        if security.useAPISocket.value {
            throw CommandFailure("--use-api-socket is not supported: mount the daemon's socket with -v")
        }
    }

    // MARK: Config

    private func configMembers(_ flags: CreateFlags, _ ports: PublishedPorts, _ volumes: VolumeRequests) throws -> [(
        String, JSON
    )] {
        let process = flags.process
        var members: [(String, JSON)] = [
            ("Hostname", .string(process.hostname.value)), ("Domainname", .string(process.domainname.value)),
            ("User", .string(process.user.value)), ("AttachStdin", .bool(attachesInput)),
            ("AttachStdout", .bool(attachesOutput)), ("AttachStderr", .bool(attachesError)),
        ]
        if !ports.exposed.isEmpty { members.append(("ExposedPorts", ports.exposedJSON)) }
        members += [
            ("Tty", .bool(hasTerminal)), ("OpenStdin", .bool(keepsInputOpen)),
            ("StdinOnce", .bool(keepsInputOpen && attachesInput)), ("Env", listOrNull(try environment(process))),
            ("Cmd", listOrNull(command)),
        ]
        if let health = try healthcheck(flags.health) { members.append(("Healthcheck", health)) }
        members += [
            ("Image", .string(image)), ("Volumes", .members(volumes.anonymous.map { ($0, .members([])) })),
            ("WorkingDir", .string(process.workdir.value)),
            ("Entrypoint", process.entrypoint.isSet ? .strings([process.entrypoint.value]) : .null), ("OnBuild", .null),
            ("Labels", textMap(try labels(process))),
        ]
        if !process.stopSignal.value.isEmpty { members.append(("StopSignal", .string(process.stopSignal.value))) }
        if process.stopTimeout.isSet { members.append(("StopTimeout", .int(process.stopTimeout.value))) }
        return members
    }

    /// Files first, then flags; a later value of the same name takes the earlier one's place.
    private func environment(_ process: ProcessFlags) throws -> [String] {
        var lines: [String] = []
        for path in process.envFile.value { lines += try readEnvironmentFile(path) }
        lines += process.env.value + variables
        var order: [String] = []
        var last: [String: String] = [:]
        for line in lines {
            let name = splitOnce(line, at: UInt8(ascii: "=")).0
            if last[name] == nil { order.append(name) }
            last[name] = line
        }
        return order.compactMap { last[$0] }
    }

    private func labels(_ process: ProcessFlags) throws -> [(String, String)] {
        var lines: [String] = []
        for path in process.labelFile.value { lines += try readLines(path).filter { $0.contains("=") } }
        return pairs(lines + process.label.value)
    }

    private func healthcheck(_ flags: HealthFlags) throws(CommandFailure) -> JSON? {
        let asked = [
            !flags.command.value.isEmpty, flags.interval.value != 0, flags.timeout.value != 0,
            flags.startPeriod.value != 0,
            flags.retries.value != 0, flags.startInterval.value != 0,
        ].contains(true)
        if flags.none.value {
            if asked { throw CommandFailure("--no-healthcheck conflicts with --health-* options") }
            return .members([("Test", .strings(["NONE"]))])
        }
        guard asked else { return nil }
        for (name, value) in [
            ("interval", flags.interval.value), ("timeout", flags.timeout.value),
            ("retries", Int64(flags.retries.value)),
            ("start-period", flags.startPeriod.value), ("start-interval", flags.startInterval.value),
        ] where value < 0 {
            throw CommandFailure("--health-" + name + " cannot be negative")
        }
        var members: [(String, JSON)] = []
        if !flags.command.value.isEmpty { members.append(("Test", .strings(["CMD-SHELL", flags.command.value]))) }
        for (name, value) in [
            ("Interval", flags.interval.value), ("Timeout", flags.timeout.value),
            ("StartPeriod", flags.startPeriod.value),
            ("StartInterval", flags.startInterval.value), ("Retries", Int64(flags.retries.value)),
        ] where value != 0 {
            members.append((name, .int(value)))
        }
        return .members(members)
    }

    // MARK: HostConfig

    private func hostMembers(_ flags: CreateFlags, _ ports: PublishedPorts, _ volumes: VolumeRequests) throws -> [(
        String, JSON
    )] {
        let security = flags.security
        let network = flags.network
        let options = try SecurityOptions(security.securityOpt.value)
        var members: [(String, JSON)] = [
            ("Binds", listOrNull(volumes.binds)), ("ContainerIDFile", .string(flags.creation.cidFile.value)),
            ("LogConfig", try logConfig(security)),
            ("NetworkMode", .string(network.networks.value.first?.target ?? "default")),
            ("PortBindings", ports.bindingsJSON), ("RestartPolicy", try restartPolicy(security.restart.value)),
            ("AutoRemove", .bool(removes)), ("VolumeDriver", .string(flags.storage.volumeDriver.value)),
            ("VolumesFrom", listOrNull(flags.storage.volumesFrom.value)), ("ConsoleSize", .array([.int(0), .int(0)])),
        ]
        if !security.annotations.value.isEmpty {
            members.append(("Annotations", textMap(pairs(security.annotations.value))))
        }
        members += [
            ("CapAdd", listOrNull(capabilities(security.capAdd.value))),
            ("CapDrop", listOrNull(capabilities(security.capDrop.value))),
            ("CgroupnsMode", .string(security.cgroupns.value)), ("Dns", .strings(network.dns.value)),
            ("DnsOptions", .strings(network.dnsOption.value)), ("DnsSearch", .strings(network.dnsSearch.value)),
            ("ExtraHosts", listOrNull(network.addHost.value)), ("GroupAdd", listOrNull(flags.process.groupAdd.value)),
            ("IpcMode", .string(security.ipc.value)), ("Cgroup", .string("")),
            ("Links", listOrNull(network.link.value)),
            ("OomScoreAdj", .int(flags.resources.oomScore.value)), ("PidMode", .string(security.pid.value)),
            ("Privileged", .bool(security.privileged.value)), ("PublishAllPorts", .bool(network.publishAll.value)),
            ("ReadonlyRootfs", .bool(flags.storage.readOnly.value)),
            ("SecurityOpt", security.securityOpt.value.isEmpty ? .null : .strings(options.options)),
        ]
        if !flags.storage.storageOpt.value.isEmpty {
            members.append(("StorageOpt", try storageOptions(flags.storage.storageOpt.value)))
        }
        if !flags.storage.tmpfs.value.isEmpty { members.append(("Tmpfs", tmpfs(flags.storage.tmpfs.value))) }
        members += [
            ("UTSMode", .string(security.uts.value)), ("UsernsMode", .string(security.userns.value)),
            ("ShmSize", .int(flags.storage.shmSize.value)),
        ]
        if !security.sysctls.value.isEmpty { members.append(("Sysctls", textMap(pairs(security.sysctls.value)))) }
        if !security.runtime.value.isEmpty { members.append(("Runtime", .string(security.runtime.value))) }
        members.append(("Isolation", .string(security.isolation.value)))
        members += try resourceMembers(flags.resources, flags.storage)
        if !flags.storage.mounts.value.isEmpty {
            members.append(("Mounts", .array(flags.storage.mounts.value.map { $0.json })))
        }
        members += [
            ("MaskedPaths", options.showsSystemPaths ? .array([]) : .null),
            ("ReadonlyPaths", options.showsSystemPaths ? .array([]) : .null),
        ]
        if flags.process.initProcess.isSet { members.append(("Init", .bool(flags.process.initProcess.value))) }
        return members
    }

    private func resourceMembers(_ limits: ResourceFlags, _ storage: StorageFlags) throws(CommandFailure) -> [(
        String, JSON
    )] {
        let swappiness = limits.swappiness.value
        if swappiness != -1 && !(0...100).contains(swappiness) {
            throw CommandFailure("invalid value: \(swappiness). Valid memory swappiness range is 0-100")
        }
        let devices = try DeviceRequests(storage.device.value)
        func list(_ limits: Flag<[DeviceLimit]>) -> JSON { .array(limits.value.map { $0.json }) }
        var members: [(String, JSON)] = [
            ("CpuShares", .int(limits.cpuShares.value)), ("Memory", .int(limits.memory.value)),
            ("NanoCpus", .int(limits.cpus.value)),
            ("CgroupParent", .string(limits.cgroupParent.value)), ("BlkioWeight", .int(limits.blkioWeight.value)),
            ("BlkioWeightDevice", list(limits.weightDevices)), ("BlkioDeviceReadBps", list(limits.readBytes)),
            ("BlkioDeviceWriteBps", list(limits.writeBytes)), ("BlkioDeviceReadIOps", list(limits.readOperations)),
            ("BlkioDeviceWriteIOps", list(limits.writeOperations)), ("CpuPeriod", .int(limits.cpuPeriod.value)),
            ("CpuQuota", .int(limits.cpuQuota.value)), ("CpuRealtimePeriod", .int(limits.cpuRealtimePeriod.value)),
            ("CpuRealtimeRuntime", .int(limits.cpuRealtimeRuntime.value)),
            ("CpusetCpus", .string(limits.cpusetCPUs.value)),
            ("CpusetMems", .string(limits.cpusetMemory.value)), ("Devices", .array(devices.mappings)),
            ("DeviceCgroupRules", listOrNull(storage.deviceRule.value)),
        ]
        let requests = storage.gpus.value + devices.interfaces.map { DeviceRequest(interface: $0) }
        members.append(("DeviceRequests", requests.isEmpty ? .null : .array(requests.map { $0.json })))
        if limits.kernelMemory.value != 0 { members.append(("KernelMemory", .int(limits.kernelMemory.value))) }
        members += [
            ("MemoryReservation", .int(limits.memoryReservation.value)), ("MemorySwap", .int(limits.memorySwap.value)),
            ("MemorySwappiness", .int(swappiness)), ("OomKillDisable", .bool(limits.oomKillDisable.value)),
            ("PidsLimit", .int(limits.pids.value)),
            ("Ulimits", .array(limits.ulimits.value.sorted { $0.name < $1.name }.map { $0.json })),
            ("CpuCount", .int(limits.cpuCount.value)), ("CpuPercent", .int(limits.cpuPercent.value)),
            ("IOMaximumIOps", .int(limits.ioOperations.value)), ("IOMaximumBandwidth", .int(limits.ioBandwidth.value)),
        ]
        return members
    }

    private func logConfig(_ security: SecurityFlags) throws(CommandFailure) -> JSON {
        if security.logDriver.value == "none" && !security.logOpt.value.isEmpty {
            throw CommandFailure("invalid logging opts for driver none")
        }
        return .members([
            ("Type", .string(security.logDriver.value)), ("Config", textMap(pairs(security.logOpt.value))),
        ])
    }

    private func storageOptions(_ options: [String]) throws(CommandFailure) -> JSON {
        for option in options where !option.contains("=") { throw CommandFailure("invalid storage option") }
        return textMap(pairs(options))
    }

    private func tmpfs(_ texts: [String]) -> JSON {
        textMap(
            texts.map { text in
                let (path, options) = splitOnce(text, at: UInt8(ascii: ":"))
                return (path, options ?? "")
            })
    }

    // MARK: Networks

    private func endpointMembers(_ flags: NetworkFlags) throws(CommandFailure) -> [(String, JSON)] {
        var attachments = flags.networks.value
        let isImplicit = attachments.isEmpty
        if isImplicit { attachments = [NetworkAttachment(target: "default")] }
        attachments[0] = try withContainerOptions(attachments[0], flags)
        var members: [(String, JSON)] = []
        for (index, attachment) in attachments.enumerated() {
            if members.contains(where: { $0.0 == attachment.target }) {
                throw CommandFailure("network \"" + attachment.target + "\" is specified multiple times")
            }
            // One plain network needs no words: the daemon attaches it by the network mode.
            if !isImplicit, index == 0, attachments.count == 1,
                attachment == NetworkAttachment(target: attachment.target)
            {
                continue
            }
            members.append((attachment.target, attachment.endpoint.json()))
        }
        if !isImplicit, attachments.contains(where: { $0.isUserDefined }),
            attachments.contains(where: { !$0.isUserDefined })
        {
            throw CommandFailure(
                "conflicting options: cannot attach both user-defined and non-user-defined network-modes")
        }
        return members.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
    }

    /// The flags that speak of "the" network mean the first one.
    private func withContainerOptions(_ first: NetworkAttachment, _ flags: NetworkFlags) throws(CommandFailure)
        -> NetworkAttachment
    {
        var attachment = first
        func refuse(_ both: Bool, _ flag: String, _ field: String) throws(CommandFailure) {
            if both {
                throw CommandFailure("conflicting options: cannot specify both " + flag + " and per-network " + field)
            }
        }
        try refuse(!first.aliases.isEmpty && !flags.alias.value.isEmpty, "--network-alias", "alias")
        try refuse(!first.links.isEmpty && !flags.link.value.isEmpty, "--link", "links")
        try refuse(!first.ipv4.isEmpty && !flags.ip.value.isEmpty, "--ip", "IPv4 address")
        try refuse(!first.ipv6.isEmpty && !flags.ip6.value.isEmpty, "--ip6", "IPv6 address")
        try refuse(!first.macAddress.isEmpty && !flags.mac.value.isEmpty, "--mac-address", "MAC address")
        try refuse(
            !first.linkLocal.isEmpty && !flags.linkLocal.value.isEmpty, "--link-local-ip", "link-local IP addresses")
        if !flags.alias.value.isEmpty { attachment.aliases = flags.alias.value }
        // On the default bridge a link is the container's affair; elsewhere it is an alias on the network.
        if first.isUserDefined && !flags.link.value.isEmpty { attachment.links = flags.link.value }
        if !flags.ip.value.isEmpty { attachment.ipv4 = flags.ip.value }
        if !flags.ip6.value.isEmpty { attachment.ipv6 = flags.ip6.value }
        if !flags.mac.value.isEmpty { attachment.macAddress = flags.mac.value }
        if !flags.linkLocal.value.isEmpty { attachment.linkLocal = flags.linkLocal.value }
        return attachment
    }
}

func listOrNull(_ list: [String]) -> JSON { list.isEmpty ? .null : .strings(list) }

/// Capability names as the API wants them: upper case, with the prefix, sorted, once each.
func capabilities(_ names: [String]) -> [String] {
    var all: Set<String> = []
    for name in names {
        let upper = name.filter { $0 != " " }.uppercased()
        if upper == "ALL" { return ["ALL"] }
        all.insert(upper.hasPrefix("CAP_") ? upper : "CAP_" + upper)
    }
    return all.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

/// A restart policy of the command line.
func restartPolicy(_ text: String) throws(CommandFailure) -> JSON {
    if text.isEmpty { return .members([("Name", .string("")), ("MaximumRetryCount", .int(0))]) }
    let (name, countText) = splitOnce(text, at: UInt8(ascii: ":"))
    var count = 0
    if let countText {
        if name.isEmpty { throw CommandFailure("invalid restart policy format: no policy provided before colon") }
        guard let number = Int(countText) else {
            throw CommandFailure("invalid restart policy format: maximum retry count must be an integer")
        }
        count = number
    }
    return .members([("Name", .string(name)), ("MaximumRetryCount", .int(count))])
}
