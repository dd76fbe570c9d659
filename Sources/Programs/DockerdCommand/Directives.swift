extension Directive {
    /// Every flag of dockerd, in the order of its help.
    static var all: [Directive] { daemon + containers + networks + security + refused }

    private static var daemon: [Directive] {
        [
            Directive("config-file", key: .some(nil), .text(\.configFile), "Daemon configuration file"),
            Directive("containerd", .text(\.containerd), "containerd grpc address"),
            Directive("containerd-namespace", .text(\.containerdNamespace), "Containerd namespace to use"),
            Directive("data-root", .text(\.dataRoot), "Root directory of persistent Docker state"),
            Directive("debug", short: "D", .flag(\.debug), "Enable debug mode"),
            Directive("exec-root", .text(\.execRoot), "Root directory for execution state files"),
            Directive("experimental", .flag(\.experimental), "Enable experimental features"),
            Directive("group", short: "G", .text(\.group), "Group for the unix socket"),
            Directive("host", short: "H", key: "hosts", .list(\.hosts), "Daemon socket(s) to connect to"),
            Directive("label", key: "labels", .list(\.labels), "Set key=value labels to the daemon"),
            Directive("live-restore", .flag(\.liveRestore), "Keep containers running while the daemon is away"),
            Directive(
                "log-level", short: "l", .text(\.logLevel),
                #"Set the logging level ("debug"|"info"|"warn"|"error"|"fatal")"#),
            Directive("oom-score-adjust", .number(\.oomScoreAdjust), "Set the oom_score_adj for the daemon"),
            Directive("pidfile", short: "p", .text(\.pidFile), "Path to use for daemon PID file"),
            Directive("shutdown-timeout", .number(\.shutdownTimeout), "Set the default shutdown timeout"),
            Directive("storage-driver", short: "s", .text(\.storageDriver), "Storage driver to use"),
        ]
    }

    private static var containers: [Directive] {
        [
            Directive(
                "add-runtime", key: "runtimes", type: "runtime", .list(\.runtimes),
                "Register an additional OCI compatible runtime"),
            Directive("cgroup-parent", .text(\.cgroupParent), "Set parent cgroup for all containers"),
            Directive(
                "default-cgroupns-mode", .text(\.defaultCgroupNamespace),
                #"Default mode for containers cgroup namespace ("host" | "private")"#),
            Directive(
                "default-ipc-mode", .text(\.defaultIPCMode),
                #"Default mode for containers ipc ("shareable" | "private")"#),
            Directive("default-runtime", .text(\.defaultRuntime), "Default OCI runtime for containers"),
            Directive(
                "default-shm-size", type: "bytes", .text(\.defaultSharedMemory), "Default shm size for containers"),
            Directive(
                "default-ulimit", key: "default-ulimits", type: "ulimit", .list(\.defaultUlimits),
                "Default ulimits for containers"),
            Directive("exec-opt", key: "exec-opts", .list(\.execOptions), "Runtime execution options"),
            Directive("init", .flag(\.usesInit), "Run an init in the container to forward signals and reap processes"),
            Directive("init-path", .text(\.initPath), "Path to the docker-init binary"),
            Directive("log-driver", .text(\.logDriver), "Default driver for container logs"),
            Directive(
                "log-opt", key: "log-opts", type: "map", .list(\.logOptions),
                "Default log driver options for containers"),
            Directive(
                "no-new-privileges", .flag(\.noNewPrivileges), "Set no-new-privileges by default for new containers"),
            Directive("seccomp-profile", .text(\.seccompProfile), "Path to seccomp profile"),
        ]
    }

    private static var networks: [Directive] {
        [
            Directive("bip", .text(\.bridgeAddress), "Specify network bridge IP"),
            Directive("bridge", short: "b", .text(\.bridge), "Attach containers to a network bridge"),
            Directive(
                "default-address-pool", key: "default-address-pools", type: "pool-options", .list(\.addressPools),
                "Default address pools for node specific local networks"),
            Directive(
                "default-gateway", type: "ip", .text(\.defaultGateway), "Container default gateway IPv4 address"),
            Directive("dns", .list(\.dns), "DNS server to use"),
            Directive("dns-opt", key: "dns-opts", .list(\.dnsOptions), "DNS options to use"),
            Directive("dns-search", .list(\.dnsSearch), "DNS search domains to use"),
            Directive(
                "default-gateway-v6", type: "ip", .text(\.defaultGatewayV6), "Container default gateway IPv6 address"),
            Directive("fixed-cidr-v6", .text(\.fixedCIDRv6), "IPv6 subnet for fixed IPs"),
            Directive("ip6tables", .flag(\.ip6tables), "Enable addition of ip6tables rules"),
            Directive("ipv6", .flag(\.enablesIPv6), "Enable IPv6 networking"),
            Directive("fixed-cidr", .text(\.fixedCIDR), "IPv4 subnet for fixed IPs"),
            Directive(
                "host-gateway-ip", type: "ip", .text(\.hostGatewayAddress),
                "IP address that the special 'host-gateway' string in --add-host resolves to."
                    + " Defaults to the IP address of the default bridge"),
            Directive("icc", .flag(\.interContainerCommunication), "Enable inter-container communication"),
            Directive("ip", type: "ip", .text(\.publishAddress), "Default IP when binding container ports"),
            Directive("ip-forward", .flag(\.forwards), "Enable net.ipv4.ip_forward"),
            Directive("ip-masq", .flag(\.masquerades), "Enable IP masquerading"),
            Directive("iptables", .flag(\.iptables), "Enable addition of iptables rules"),
            Directive("mtu", .number(\.mtu), "Set the containers network MTU"),
            Directive("userland-proxy", .flag(\.userlandProxy), "Use userland proxy for loopback traffic"),
            Directive("userland-proxy-path", .text(\.userlandProxyPath), "Path to the userland proxy binary"),
        ]
    }

    private static var security: [Directive] {
        [
            Directive(
                "insecure-registry", key: "insecure-registries", .list(\.insecureRegistries),
                "Enable insecure registry communication"),
            Directive(
                "registry-mirror", key: "registry-mirrors", .list(\.registryMirrors), "Preferred registry mirror"),
            Directive("tls", .flag(\.tls), "Use TLS; implied by --tlsverify"),
            Directive("tlscacert", .text(\.tlsAuthority), "Trust certs signed only by this CA"),
            Directive("tlscert", .text(\.tlsCertificate), "Path to TLS certificate file"),
            Directive("tlskey", .text(\.tlsKey), "Path to TLS key file"),
            Directive("tlsverify", .flag(\.tlsVerify), "Use TLS and verify the remote"),
        ]
    }

    private static var refused: [Directive] {
        [
            Directive(
                "allow-direct-routing", .refused, "Allow remote access to published ports on container IP addresses"),
            Directive(
                "allow-nondistributable-artifacts", type: "list", .refused,
                "Allow push of nondistributable artifacts to registry"),
            Directive("api-cors-header", type: "string", .refused, "Set CORS headers in the Engine API"),
            Directive("bip6", type: "string", .refused, "IPv6 address of the default bridge"),
            Directive(
                "cdi-spec-dir", key: "cdi-spec-dirs", type: "list", .refused, "CDI specification directories to use"),
            Directive(
                "default-network-opt", key: "default-network-opts", type: "mapmap", .refused,
                "Default network options"),
            Directive("feature", key: "features", type: "map", .refused, "Enable feature in the daemon"),
            Directive("http-proxy", type: "string", .refused, "HTTP proxy URL to use for outgoing traffic"),
            Directive("https-proxy", type: "string", .refused, "HTTPS proxy URL to use for outgoing traffic"),
            Directive(
                "ip-forward-no-drop", .refused,
                "Do not set the filter-FORWARD policy to DROP when enabling IP forwarding"),
            Directive("log-format", type: "string", .refused, #"Set the logging format ("text"|"json")"#),
            Directive("no-proxy", type: "string", .refused, "Comma-separated list of hosts not to reach by proxy"),
            Directive(
                "authorization-plugin", key: "authorization-plugins", type: "list", .refused,
                "Authorization plugins to load"),
            Directive(
                "containerd-plugins-namespace", type: "string", .refused, "Containerd namespace to use for plugins"),
            Directive(
                "cpu-rt-period", type: "int", .refused,
                "Limit the CPU real-time period in microseconds for the parent cgroup for all containers"),
            Directive(
                "cpu-rt-runtime", type: "int", .refused,
                "Limit the CPU real-time runtime in microseconds for the parent cgroup for all containers"),
            Directive("cri-containerd", .refused, "start containerd with cri"),
            Directive("max-concurrent-downloads", type: "int", .refused, "Set the max concurrent downloads"),
            Directive("max-concurrent-uploads", type: "int", .refused, "Set the max concurrent uploads"),
            Directive("max-download-attempts", type: "int", .refused, "Set the max download attempts for each pull"),
            Directive(
                "metrics-addr", type: "string", .refused, "Set default address and port to serve the metrics api on"),
            Directive(
                "network-control-plane-mtu", type: "int", .refused, "Network Control plane MTU"),
            Directive(
                "node-generic-resource", key: "node-generic-resources", type: "list", .refused,
                "Advertise user-defined resource"),
            Directive("raw-logs", .refused, "Full timestamps without ANSI coloring"),
            Directive("rootless", .refused, "Enable rootless mode; typically used with RootlessKit"),
            Directive("selinux-enabled", .refused, "Enable selinux support"),
            Directive("storage-opt", key: "storage-opts", type: "list", .refused, "Storage driver options"),
            Directive(
                "swarm-default-advertise-addr", type: "string", .refused,
                "Set default address or interface for swarm advertised address"),
            Directive("userns-remap", type: "string", .refused, "User/Group setting for user namespaces"),
        ]
    }
}
