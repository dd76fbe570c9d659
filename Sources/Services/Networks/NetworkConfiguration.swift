/// How the daemon's networks are set up: its network flags, and where it keeps its records.
public struct NetworkConfiguration: Sendable {
    /// A range of addresses that networks are cut from, each with a prefix of `size` bits.
    public struct Pool: Equatable, Sendable {
        public var base: String
        public var size: Int

        public init(base: String, size: Int) {
            self.base = base
            self.size = size
        }
    }

    /// `--data-root`: records are in its `network/files`.
    public var dataRoot: String
    /// `--exec-root`: network namespaces are pinned in its `netns`.
    public var execRoot: String
    /// `--bridge`: an existing bridge to use instead of docker0; "none" for no default bridge; empty for docker0.
    public var bridge = ""
    /// `--bip`: address and prefix of the default bridge; empty for the first free pool.
    public var bridgeAddress = ""
    /// `--fixed-cidr`: the part of the default bridge's subnet that containers get.
    public var fixedCIDR = ""
    /// `--default-gateway`
    public var defaultGateway = ""
    /// `--ipv6`, `--fixed-cidr-v6`, `--default-gateway-v6`: IPv6 of the default bridge.
    public var enablesIPv6 = false
    public var fixedCIDRv6 = ""
    public var defaultGatewayV6 = ""
    /// `--default-address-pool`; empty for the built-in ones.
    public var addressPools: [Pool] = []
    /// `--icc`
    public var interContainerCommunication = true
    /// `--iptables`
    public var usesIptables = true
    /// `--ip6tables`
    public var usesIP6tables = false
    /// `--ip-forward`
    public var enablesForwarding = true
    /// `--ip-masq`
    public var masquerades = true
    /// `--ip`: where ports are published that name no address.
    public var publishAddress = "0.0.0.0"
    /// `--mtu`; 0 for the default.
    public var mtu = 0
    /// `--userland-proxy`
    public var usesProxy = true
    /// `--userland-proxy-path`; empty for docker-proxy on PATH.
    public var proxyPath = ""
    /// `--dns`, `--dns-search`, `--dns-opt`
    public var dns: [String] = []
    public var dnsSearch: [String] = []
    public var dnsOptions: [String] = []
    /// `--host-gateway-ip`; empty for the default bridge's address.
    public var hostGatewayAddress = ""
    /// Receives a line when something went wrong that no request can be told about.
    public var warn: @Sendable (String) -> Void = { _ in }
    /// Receives what happens to networks, for the daemon's event stream.
    public var observe: @Sendable (NetworkEvent) -> Void = { _ in }

    public init(dataRoot: String, execRoot: String) {
        self.dataRoot = dataRoot
        self.execRoot = execRoot
    }
}

/// Something that happened to a network.
public struct NetworkEvent: Equatable, Sendable {
    /// "create", "connect", "disconnect", "destroy" or "prune".
    public var action: String
    public var networkID: String
    public var networkName: String
    /// The driver.
    public var networkType: String
    /// nil unless a container was connected or disconnected.
    public var containerID: String?

    public init(
        action: String, networkID: String, networkName: String, networkType: String, containerID: String? = nil
    ) {
        self.action = action
        self.networkID = networkID
        self.networkName = networkName
        self.networkType = networkType
        self.containerID = containerID
    }
}
