public import EngineAPI

/// How the daemon was told to run: its flags and daemon.json, as far as containers are concerned.
public struct EngineConfiguration: Sendable {
    /// Where what lasts is kept ("/var/lib/docker").
    public var dataRoot: String
    /// Where what lasts until a reboot is kept ("/var/run/docker").
    public var execRoot: String
    /// containerd's socket.
    public var containerdAddress = "/run/containerd/containerd.sock"
    public var containerdNamespace = "moby"
    public var containerdPluginNamespace = "plugins.moby"
    /// The file bind-mounted at /sbin/docker-init for `--init`.
    public var initPath = "docker-init"
    /// `--init`: containers get it unless they say otherwise.
    public var usesInit = false
    /// OCI runtimes by name: the program's path.
    public var runtimes: [String: String] = ["runc": "runc"]
    public var defaultRuntime = "runc"
    public var liveRestore = true
    /// Seconds.
    public var shutdownTimeout = 15
    /// Bytes.
    public var defaultShmSize = 64 << 20
    public var defaultUlimits: [Ulimit] = []
    public var cgroupParent = ""
    /// "private", "host" or empty: as the host's cgroups are (private on version 2).
    public var defaultCgroupnsMode = ""
    /// "private" or "shareable".
    public var defaultIpcMode = "private"
    public var logDriver = "json-file"
    public var logOptions: [String: String] = [:]
    public var noNewPrivileges = false
    /// The text of a profile, "unconfined", "builtin" or empty for the built-in one.
    public var seccompProfile = ""
    public var labels: [String] = []
    public var debug = false
    public var experimental = false
    /// `--registry-mirror` and `--insecure-registry`, for /info.
    public var registryMirrors: [String] = []
    public var insecureRegistries: [String] = []
    /// The release that /version and the Server header name.
    public var version = "0"
    public var apiVersion = "1.51"
    public var minAPIVersion = "1.24"
    public var gitCommit = ""
    public var buildTime = ""

    /// Receives a line when something went wrong that no request can be told about.
    public var report: @Sendable (String) -> Void = { _ in }

    public init(dataRoot: String, execRoot: String) {
        self.dataRoot = dataRoot
        self.execRoot = execRoot
    }
}
