internal import GoTemplate
internal import JSON

extension Shapes {
    private static func structure(_ name: String, _ fields: [Field]) -> Shape { .structure(Structure(name, fields)) }
    private static func each(_ shape: Shape, _ names: String...) -> [Field] { names.map { Field($0, shape) } }

    /// What the client says of itself, in `docker info` and `docker version`.
    static let clientVersion = structure(
        "system.clientVersion",
        [
            Field("Platform", .pointer(.raw)), Field("Version", .string),
            Field("APIVersion", key: "ApiVersion", .string),
        ] + each(.string, "DefaultAPIVersion", "GitCommit", "GoVersion", "Os", "Arch", "BuildTime", "Context"))

    static let clientInfo = structure(
        "system.clientInfo",
        [
            Field("Debug", .bool), Field("clientVersion", key: "", clientVersion), Field("Plugins", .list(.raw)),
            Field("Warnings", .list(.string)),
        ])

    private static let swarm = structure(
        "swarm.Info",
        each(.string, "NodeID", "NodeAddr", "LocalNodeState") + each(.bool, "ControlAvailable")
            + each(.string, "Error") + each(.list(.raw), "RemoteManagers") + each(.int, "Nodes", "Managers")
            + [Field("Cluster", .pointer(.raw)), Field("Warnings", .list(.string))])

    private static let runtime = structure(
        "system.RuntimeWithStatus",
        [
            Field(
                "Runtime", key: "",
                structure(
                    "system.Runtime",
                    [
                        Field("Path", key: "path", .string), Field("Args", key: "runtimeArgs", .list(.string)),
                        Field("Type", key: "runtimeType", .string), Field("Options", key: "options", .map(.raw)),
                    ])), Field("Status", key: "status", .map(.string)),
        ])

    private static let registry = structure(
        "registry.ServiceConfig",
        each(.list(.string), "AllowNondistributableArtifactsCIDRs", "AllowNondistributableArtifactsHostnames")
            + each(.list(.string), "InsecureRegistryCIDRs") + [
                Field(
                    "IndexConfigs",
                    .map(
                        .pointer(
                            structure(
                                "registry.IndexInfo",
                                [Field("Name", .string), Field("Mirrors", .list(.string))]
                                    + each(.bool, "Secure", "Official")))))
            ] + each(.list(.string), "Mirrors") + each(.map(.raw), "ExtraFields"))

    private static let commit = structure("system.Commit", each(.string, "ID", "Expected"))
    private static let plugins = structure(
        "system.PluginsInfo", each(.list(.string), "Volume", "Network", "Authorization", "Log"))

    private static let daemon = structure(
        "system.Info",
        each(.string, "ID")
            + each(.int, "Containers", "ContainersRunning", "ContainersPaused", "ContainersStopped", "Images")
            + each(.string, "Driver") + each(.list(.list(.string)), "DriverStatus", "SystemStatus")
            + [Field("Plugins", plugins)]
            + each(.bool, "MemoryLimit", "SwapLimit", "KernelMemory", "KernelMemoryTCP")
            + [Field("CPUCfsPeriod", key: "CpuCfsPeriod", .bool), Field("CPUCfsQuota", key: "CpuCfsQuota", .bool)]
            + each(.bool, "CPUShares", "CPUSet", "PidsLimit", "IPv4Forwarding", "Debug") + each(.int, "NFd")
            + each(.bool, "OomKillDisable") + each(.int, "NGoroutines")
            + each(.string, "SystemTime", "LoggingDriver", "CgroupDriver", "CgroupVersion")
            + each(.int, "NEventsListener")
            + each(.string, "KernelVersion", "OperatingSystem", "OSVersion", "OSType", "Architecture")
            + each(.string, "IndexServerAddress") + [Field("RegistryConfig", .pointer(registry))]
            + each(.int, "NCPU", "MemTotal") + each(.list(.raw), "GenericResources") + each(.string, "DockerRootDir")
            + [Field("HTTPProxy", key: "HttpProxy", .string), Field("HTTPSProxy", key: "HttpsProxy", .string)]
            + each(.string, "NoProxy", "Name") + each(.list(.string), "Labels") + each(.bool, "ExperimentalBuild")
            + each(.string, "ServerVersion") + each(.map(runtime), "Runtimes") + each(.string, "DefaultRuntime")
            + [Field("Swarm", swarm)] + each(.bool, "LiveRestoreEnabled") + each(.string, "Isolation", "InitBinary")
            + each(commit, "ContainerdCommit", "RuncCommit", "InitCommit") + each(.list(.string), "SecurityOptions")
            + each(.string, "ProductLicense")
            + [
                Field(
                    "DefaultAddressPools",
                    .list(structure("system.NetworkAddressPool", each(.string, "Base") + each(.int, "Size")))),
                Field("FirewallBackend", .pointer(.raw)),
            ] + each(.list(.string), "CDISpecDirs")
            + [Field("Containerd", .pointer(.raw)), Field("Warnings", .list(.string))])

    /// `docker info`: what the daemon says, and what is said of the client.
    static let info = structure(
        "system.dockerInfo",
        [
            Field("Info", key: "", .pointer(daemon)), Field("ServerErrors", .list(.string)),
            Field("UserName", .string), Field("ClientInfo", .pointer(clientInfo)),
            Field("ClientErrors", .list(.string)),
        ])

    /// What JSON is written of a daemon that said nothing.
    static let unknownDaemon: JSON.Object = {
        let omitted: Set<String> = [
            "SystemStatus", "KernelMemory", "KernelMemoryTCP", "CgroupVersion", "ProductLicense",
            "DefaultAddressPools", "FirewallBackend", "Containerd", "Expected", "Nodes", "Managers", "Cluster",
        ]
        func zero(_ shape: Shape) -> JSON {
            switch shape {
            case .string: .string("")
            case .int: .int(0)
            case .bool: .bool(false)
            case .structure(let structure):
                .members(structure.fields.filter { !omitted.contains($0.key) }.map { ($0.key, zero($0.shape)) })
            default: .null
            }
        }
        var object = zero(daemon).object ?? JSON.Object()
        if var own = object["Swarm"]?.object {
            own["Warnings"] = nil
            object["Swarm"] = .object(own)
        }
        return object
    }()
}
