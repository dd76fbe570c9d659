internal import ContainerLogs
internal import Engine
internal import EngineAPI
internal import GoText
internal import Images
internal import Linux
internal import Networks

extension Engine {
    /// Which containers use which images.
    var imageUses: [ImageUse] {
        records.map {
            ImageUse(
                container: $0.id, imageID: $0.imageID, reference: $0.config.image, isRunning: $0.life.isRunning)
        }
    }
}

/// From the daemon's settings to those of its services.
extension Settings {
    func engineConfiguration(report: @escaping @Sendable (String) -> Void) throws(SettingsError) -> EngineConfiguration
    {
        var configuration = EngineConfiguration(dataRoot: dataRoot, execRoot: execRoot)
        if !containerd.isEmpty { configuration.containerdAddress = containerd }
        configuration.containerdNamespace = containerdNamespace
        if !initPath.isEmpty { configuration.initPath = initPath }
        configuration.usesInit = usesInit
        configuration.defaultRuntime = defaultRuntime
        for entry in runtimes {
            let parts = entry.split(separator: "=", maxSplits: 1).map { String($0) }
            guard parts.count == 2 else { throw SettingsError(message: "invalid runtime: " + entry) }
            configuration.runtimes[parts[0]] = parts[1]
        }
        configuration.liveRestore = liveRestore
        configuration.shutdownTimeout = shutdownTimeout
        configuration.defaultShmSize = try Settings.bytes(defaultSharedMemory)
        configuration.cgroupParent = cgroupParent
        configuration.defaultCgroupnsMode = defaultCgroupNamespace
        configuration.defaultIpcMode = defaultIPCMode
        configuration.noNewPrivileges = noNewPrivileges
        configuration.logDriver = logDriver
        for entry in logOptions {
            let parts = entry.split(separator: "=", maxSplits: 1).map { String($0) }
            configuration.logOptions[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        do throws(EngineError) {
            try LogConfiguration.validate(driver: logDriver, options: configuration.logOptions)
        } catch {
            throw SettingsError(message: "failed to set log opts: " + error.message)
        }
        configuration.defaultUlimits = try Settings.limits(defaultUlimits)
        configuration.seccompProfile = try Settings.profile(seccompProfile)
        configuration.labels = labels
        configuration.debug = debug
        configuration.experimental = experimental
        configuration.registryMirrors = registryMirrors
        configuration.insecureRegistries = insecureRegistries
        configuration.version = Daemon.version
        // The program's file tells when it was made.
        if let program = Files.status("/proc/self/exe") {
            configuration.buildTime = Timestamp(seconds: program.st_mtim.tv_sec).description
        }
        configuration.apiVersion = APIVersion.newest.description
        configuration.minAPIVersion = APIVersion.oldest.description
        configuration.report = report
        return configuration
    }

    /// "64MiB", "8m", "1073741824"
    private static func bytes(_ text: String) throws(SettingsError) -> Int {
        let digits = text.prefix { $0 >= "0" && $0 <= "9" }
        let unit = text.dropFirst(digits.count).lowercased()
        let units = ["": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40]
        let letter = unit.first.map(String.init) ?? ""
        guard let number = Int(digits), let scale = units[letter], number < 1 << 22 || scale < 1 << 30 else {
            throw SettingsError(message: "invalid size: '" + text + "'")
        }
        return number * scale
    }

    /// "nofile=1024:2048"
    private static func limits(_ entries: [String]) throws(SettingsError) -> [Ulimit] {
        var found: [Ulimit] = []
        for entry in entries {
            let parts = entry.split(separator: "=", maxSplits: 1).map { String($0) }
            let values = (parts.count > 1 ? parts[1] : "").split(separator: ":").map { Int($0) }
            guard let first = values.first, let soft = first, values.count <= 2, let hard = values.last ?? nil else {
                throw SettingsError(message: "invalid ulimit argument: " + entry)
            }
            var limit = Ulimit()
            limit.name = parts[0]
            limit.soft = soft
            limit.hard = hard
            found.append(limit)
        }
        return found
    }

    /// The text of the profile that a path names.
    private static func profile(_ path: String) throws(SettingsError) -> String {
        if path.isEmpty || path == "unconfined" || path == "builtin" { return path }
        do throws(SystemCallError) { return try Files.readText(path) } catch {
            throw SettingsError(message: "opening seccomp profile (" + path + ") failed: " + error.description)
        }
    }

    func networkConfiguration(
        report: @escaping @Sendable (String) -> Void, observe: @escaping @Sendable (NetworkEvent) -> Void
    ) throws(SettingsError) -> NetworkConfiguration {
        var configuration = NetworkConfiguration(dataRoot: dataRoot, execRoot: execRoot)
        configuration.bridge = bridge
        configuration.bridgeAddress = bridgeAddress
        configuration.fixedCIDR = fixedCIDR
        configuration.defaultGateway = defaultGateway
        configuration.enablesIPv6 = enablesIPv6
        configuration.fixedCIDRv6 = fixedCIDRv6
        configuration.defaultGatewayV6 = defaultGatewayV6
        for entry in addressPools {
            var base = ""
            var size = 0
            for part in entry.split(separator: ",") {
                if part.hasPrefix("base=") { base = String(part.dropFirst(5)) }
                if part.hasPrefix("size=") { size = Int(part.dropFirst(5)) ?? 0 }
            }
            guard !base.isEmpty, size > 0 else { throw SettingsError(message: "invalid address pool: " + entry) }
            configuration.addressPools.append(.init(base: base, size: size))
        }
        configuration.interContainerCommunication = interContainerCommunication
        configuration.usesIptables = iptables
        configuration.usesIP6tables = ip6tables
        configuration.enablesForwarding = forwards
        configuration.masquerades = masquerades
        configuration.publishAddress = publishAddress
        configuration.mtu = mtu
        configuration.usesProxy = userlandProxy
        configuration.proxyPath = userlandProxyPath
        configuration.dns = dns
        configuration.dnsSearch = dnsSearch
        configuration.dnsOptions = dnsOptions
        configuration.hostGatewayAddress = hostGatewayAddress
        configuration.warn = report
        configuration.observe = observe
        return configuration
    }
}
