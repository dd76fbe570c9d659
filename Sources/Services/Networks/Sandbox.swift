public import EngineAPI

/// What a container that is about to start wants of the network.
public struct SandboxRequest: Sendable {
    /// A container whose name is to be known under another one (`--link`).
    public struct Link: Equatable, Sendable {
        public var containerID: String
        /// Without the slash.
        public var containerName: String
        public var alias: String

        public init(containerID: String, containerName: String, alias: String) {
            self.containerID = containerID
            self.containerName = containerName
            self.alias = alias
        }
    }

    public var containerID: String
    /// Without the slash.
    public var containerName: String
    public var hostname: String
    public var domainname = ""
    /// `HostConfig.NetworkMode`: "", "default", "bridge", "none", "host", a network's name or id, or "container:" and
    /// the name or full id of a running container.
    public var networkMode = "default"
    /// The container's `NetworkSettings.Networks` as recorded: by name or id, as they were asked for, without what an
    /// earlier run got. Empty: one endpoint by `networkMode`.
    public var networks: [String: EndpointSettings] = [:]
    public var portBindings: PortMap = [:]
    /// "80/tcp"
    public var exposedPorts: [String] = []
    public var publishAllPorts = false
    /// `HostConfig.Dns`, `DnsSearch`, `DnsOptions`; empty lists take the daemon's or the host's.
    public var dns: [String] = []
    public var dnsSearch: [String] = []
    public var dnsOptions: [String] = []
    /// "name:address", where the address may be "host-gateway".
    public var extraHosts: [String] = []
    public var links: [Link] = []
    /// `Config.MacAddress`, for the first endpoint.
    public var macAddress = ""

    public init(containerID: String, containerName: String, hostname: String) {
        self.containerID = containerID
        self.containerName = containerName
        self.hostname = hostname
    }
}

/// A container's network as it was made.
public struct Sandbox: Equatable, Sendable {
    /// 64 hexadecimal digits; empty where another container's network is shared.
    public var id: String
    /// `NetworkSettings.SandboxKey`
    public var key: String
    /// For the spec's network namespace; nil when the container runs in the host's.
    public var namespacePath: String?
    /// By the network's name.
    public var endpoints: [String: EndpointSettings]
    public var ports: PortMap
    /// What the files of the same names are to hold; the caller writes them.
    public var hosts: String
    public var resolvConf: String
    public var hostnameFile: String

    public init(
        id: String, key: String, namespacePath: String?, endpoints: [String: EndpointSettings] = [:],
        ports: PortMap = [:], hosts: String = "", resolvConf: String = "", hostnameFile: String = ""
    ) {
        self.id = id
        self.key = key
        self.namespacePath = namespacePath
        self.endpoints = endpoints
        self.ports = ports
        self.hosts = hosts
        self.resolvConf = resolvConf
        self.hostnameFile = hostnameFile
    }

    /// For the container's inspection. The members at the top repeat the endpoint on the default bridge.
    public var settings: NetworkSettings {
        var settings = NetworkSettings()
        settings.sandboxID = id
        settings.sandboxKey = key
        settings.ports = ports
        settings.networks = endpoints
        if let first = endpoints["bridge"] {
            settings.endpointID = first.endpointID
            settings.gateway = first.gateway
            settings.ipAddress = first.ipAddress
            settings.ipPrefixLen = first.ipPrefixLen
            settings.ipv6Gateway = first.ipv6Gateway
            settings.globalIPv6Address = first.globalIPv6Address
            settings.globalIPv6PrefixLen = first.globalIPv6PrefixLen
            settings.macAddress = first.macAddress
        }
        return settings
    }
}

/// Counters of one interface of a container.
public struct InterfaceStatistics: Equatable, Sendable {
    /// The name inside the container: "eth0".
    public var name: String
    public var receivedBytes: UInt64
    public var receivedPackets: UInt64
    public var receiveErrors: UInt64
    public var receiveDropped: UInt64
    public var sentBytes: UInt64
    public var sentPackets: UInt64
    public var sendErrors: UInt64
    public var sendDropped: UInt64
}
