internal import HTTPServer

/// Everything the daemon is told by its flags and by daemon.json.
struct Settings: Sendable {
    var hosts: [String] = []
    var group = "docker"
    var configFile = "/etc/docker/daemon.json"
    var dataRoot = "/var/lib/docker"
    var execRoot = "/var/run/docker"
    var pidFile = "/var/run/docker.pid"
    var debug = false
    var logLevel = "info"
    var liveRestore = true
    var shutdownTimeout = 15
    var labels: [String] = []
    var experimental = false
    /// --oom-score-adjust: the daemon's own, from -1000 to 1000; 0 leaves it as it is.
    var oomScoreAdjust = 0

    // containerd and the runtimes
    var containerd = ""
    var containerdNamespace = "moby"
    var defaultRuntime = "runc"
    /// `NAME=PATH` of --add-runtime, and the map `runtimes` of daemon.json in the same form.
    var runtimes: [String] = []
    var execOptions: [String] = []
    var cgroupParent = ""
    var usesInit = false
    var initPath = ""
    var storageDriver = ""

    // Defaults of containers
    var defaultCgroupNamespace = ""
    var defaultIPCMode = "private"
    var defaultSharedMemory = "64MiB"
    var defaultUlimits: [String] = []
    var noNewPrivileges = false
    var seccompProfile = ""
    var logDriver = "json-file"
    /// `KEY=VALUE`.
    var logOptions: [String] = []

    // Networks
    var bridge = ""
    var bridgeAddress = ""
    var fixedCIDR = ""
    var defaultGateway = ""
    var enablesIPv6 = false
    var fixedCIDRv6 = ""
    var defaultGatewayV6 = ""
    var addressPools: [String] = []
    var dns: [String] = []
    var dnsOptions: [String] = []
    var dnsSearch: [String] = []
    var hostGatewayAddress = ""
    var interContainerCommunication = true
    var publishAddress = "0.0.0.0"
    var forwards = true
    var masquerades = true
    var iptables = true
    var ip6tables = false
    var mtu = 0
    var userlandProxy = true
    var userlandProxyPath = ""

    // Registries
    var insecureRegistries: [String] = []
    var registryMirrors: [String] = []

    // TLS
    var tls = false
    /// Whether clients must show a certificate; nil: nothing is said, and they must. Said at all, it turns TLS on.
    var verifiesClients: Bool?
    var tlsVerify: Bool {
        get { verifiesClients ?? false }
        set { verifiesClients = newValue }
    }
    var tlsAuthority = ""
    var tlsCertificate = ""
    var tlsKey = ""

    /// The hosts to listen on, the default one when none is named.
    var listeners: [String] { hosts.isEmpty ? ["unix:///var/run/docker.sock"] : hosts }
    /// What TCP listeners need to speak TLS; nil when they do not.
    var security: HTTPServer.TLS? {
        if !tls { return nil }
        return HTTPServer.TLS(
            certificate: tlsCertificate, key: tlsKey, clientAuthority: verifiesClients == false ? nil : tlsAuthority)
    }
}

/// One thing that can be set, by a flag and by a key of daemon.json.
struct Directive {
    enum Target {
        case text(WritableKeyPath<Settings, String>)
        case flag(WritableKeyPath<Settings, Bool>)
        case number(WritableKeyPath<Settings, Int>)
        case list(WritableKeyPath<Settings, [String]>)
        /// Known upstream and not to be had here: set, it is refused.
        case refused
    }

    let flag: String
    let short: String?
    /// The key in daemon.json; nil when there is none.
    let key: String?
    let type: String
    let target: Target
    let usage: String

    init(
        _ flag: String, short: String? = nil, key: String?? = .none, type: String = "", _ target: Target,
        _ usage: String
    ) {
        self.flag = flag
        self.short = short
        self.key = key ?? flag
        self.target = target
        self.usage = usage
        switch target {
        case .text: self.type = type.isEmpty ? "string" : type
        case .flag: self.type = ""
        case .number: self.type = type.isEmpty ? "int" : type
        case .list: self.type = type.isEmpty ? "list" : type
        case .refused: self.type = type
        }
    }
}
