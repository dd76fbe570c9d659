internal import GoTemplate

/// The Go types that the API's objects are decoded into upstream, as templates show them: which fields exist, what an
/// absent one is, and in which order a struct prints.
enum Shapes {
    typealias Field = Structure.Field

    private static func structure(_ name: String, _ fields: [Field]) -> Shape { .structure(Structure(name, fields)) }

    private static func texts(_ names: String...) -> [Field] { names.map { Field($0, .string) } }
    private static func numbers(_ names: String...) -> [Field] { names.map { Field($0, .int) } }
    private static func flags(_ names: String...) -> [Field] { names.map { Field($0, .bool) } }
    private static func lists(_ names: String...) -> [Field] { names.map { Field($0, .list(.string)) } }

    static let ports: Shape = .keyed(
        "nat.Port",
        .list(structure("nat.PortBinding", [Field("HostIP", key: "HostIp", .string), Field("HostPort", .string)])))

    private static let exposed: Shape = .keyed("nat.Port", structure("struct {}", []))

    private static let health = structure(
        "types.Health",
        texts("Status") + numbers("FailingStreak") + [
            Field(
                "Log",
                .list(
                    .pointer(
                        structure(
                            "types.HealthcheckResult",
                            [
                                Field("Start", .time), Field("End", .time), Field("ExitCode", .int),
                                Field("Output", .string),
                            ]))))
        ])

    private static let state = structure(
        "container.State",
        texts("Status") + flags("Running", "Paused", "Restarting", "OOMKilled", "Dead") + numbers("Pid", "ExitCode")
            + texts("Error", "StartedAt", "FinishedAt") + [Field("Health", .pointer(health))])

    private static let healthConfig = structure(
        "container.HealthConfig",
        lists("Test") + numbers("Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"))

    static let config = structure(
        "container.Config",
        texts("Hostname", "Domainname", "User") + flags("AttachStdin", "AttachStdout", "AttachStderr")
            + [Field("ExposedPorts", exposed)] + flags("Tty", "OpenStdin", "StdinOnce") + lists("Env", "Cmd")
            + [Field("Healthcheck", .pointer(healthConfig))] + flags("ArgsEscaped") + texts("Image")
            + [Field("Volumes", .map(structure("struct {}", [])))] + texts("WorkingDir") + lists("Entrypoint")
            + flags("NetworkDisabled")
            + texts("MacAddress") + lists("OnBuild") + [Field("Labels", .map(.string))] + texts("StopSignal")
            + [Field("StopTimeout", .pointer(.int))] + lists("Shell"))

    private static let throttle: Shape = .list(
        .pointer(structure("blkiodev.ThrottleDevice", texts("Path") + numbers("Rate"))))

    private static let resources = structure(
        "container.Resources",
        [Field("CPUShares", key: "CpuShares", .int), Field("Memory", .int), Field("NanoCPUs", key: "NanoCpus", .int)]
            + texts("CgroupParent") + numbers("BlkioWeight")
            + [
                Field(
                    "BlkioWeightDevice",
                    .list(.pointer(structure("blkiodev.WeightDevice", texts("Path") + numbers("Weight"))))),
                Field("BlkioDeviceReadBps", throttle), Field("BlkioDeviceWriteBps", throttle),
                Field("BlkioDeviceReadIOps", throttle), Field("BlkioDeviceWriteIOps", throttle),
                Field("CPUPeriod", key: "CpuPeriod", .int), Field("CPUQuota", key: "CpuQuota", .int),
                Field("CPURealtimePeriod", key: "CpuRealtimePeriod", .int),
                Field("CPURealtimeRuntime", key: "CpuRealtimeRuntime", .int), Field("CpusetCpus", .string),
                Field("CpusetMems", .string),
                Field(
                    "Devices",
                    .list(
                        structure(
                            "container.DeviceMapping", texts("PathOnHost", "PathInContainer", "CgroupPermissions")))),
                Field("DeviceCgroupRules", .list(.string)),
                Field(
                    "DeviceRequests",
                    .list(
                        structure(
                            "container.DeviceRequest",
                            texts("Driver") + numbers("Count") + lists("DeviceIDs") + [
                                Field("Capabilities", .list(.list(.string))), Field("Options", .map(.string)),
                            ]))),
            ] + numbers("KernelMemory", "KernelMemoryTCP", "MemoryReservation", "MemorySwap")
            + [
                Field("MemorySwappiness", .pointer(.int)), Field("OomKillDisable", .pointer(.bool)),
                Field("PidsLimit", .pointer(.int)),
                Field("Ulimits", .list(.pointer(structure("units.Ulimit", texts("Name") + numbers("Hard", "Soft"))))),
                Field("CPUCount", key: "CpuCount", .int), Field("CPUPercent", key: "CpuPercent", .int),
            ] + numbers("IOMaximumIOps", "IOMaximumBandwidth"))

    private static let mountRequest = structure(
        "mount.Mount",
        texts("Type", "Source", "Target") + flags("ReadOnly") + texts("Consistency")
            + [
                Field("BindOptions", .pointer(.raw)), Field("VolumeOptions", .pointer(.raw)),
                Field("ImageOptions", .pointer(.raw)),
                Field("TmpfsOptions", .pointer(.raw)), Field("ClusterOptions", .pointer(.raw)),
            ])

    static let hostConfig = structure(
        "container.HostConfig",
        lists("Binds") + texts("ContainerIDFile")
            + [
                Field("LogConfig", structure("container.LogConfig", texts("Type") + [Field("Config", .map(.string))])),
                Field("NetworkMode", .string), Field("PortBindings", ports),
                Field(
                    "RestartPolicy",
                    structure("container.RestartPolicy", texts("Name") + numbers("MaximumRetryCount"))),
            ] + flags("AutoRemove") + texts("VolumeDriver") + lists("VolumesFrom") + [Field("ConsoleSize", .list(.int))]
            + [Field("Annotations", .map(.string))] + lists("CapAdd", "CapDrop") + texts("CgroupnsMode")
            + [
                Field("DNS", key: "Dns", .list(.string)), Field("DNSOptions", key: "DnsOptions", .list(.string)),
                Field("DNSSearch", key: "DnsSearch", .list(.string)),
            ] + lists("ExtraHosts", "GroupAdd") + texts("IpcMode", "Cgroup") + lists("Links") + numbers("OomScoreAdj")
            + texts("PidMode") + flags("Privileged", "PublishAllPorts", "ReadonlyRootfs") + lists("SecurityOpt")
            + [Field("StorageOpt", .map(.string)), Field("Tmpfs", .map(.string))] + texts("UTSMode", "UsernsMode")
            + numbers("ShmSize") + [Field("Sysctls", .map(.string))] + texts("Runtime", "Isolation")
            + [Field("Resources", key: "", resources), Field("Mounts", .list(mountRequest))]
            + lists("MaskedPaths", "ReadonlyPaths") + [Field("Init", .pointer(.bool))])

    private static let addresses = structure(
        "network.EndpointIPAMConfig", texts("IPv4Address", "IPv6Address") + lists("LinkLocalIPs"))

    static let endpoint = structure(
        "network.EndpointSettings",
        [Field("IPAMConfig", .pointer(addresses))] + lists("Links", "Aliases") + texts("MacAddress")
            + [Field("DriverOpts", .map(.string))] + numbers("GwPriority")
            + texts("NetworkID", "EndpointID", "Gateway", "IPAddress") + numbers("IPPrefixLen")
            + texts("IPv6Gateway", "GlobalIPv6Address") + numbers("GlobalIPv6PrefixLen") + lists("DNSNames"))

    private static let networkSettings = structure(
        "types.NetworkSettings",
        [
            Field(
                "NetworkSettingsBase", key: "",
                structure(
                    "types.NetworkSettingsBase",
                    texts("Bridge", "SandboxID", "SandboxKey") + [Field("Ports", ports)] + flags("HairpinMode")
                        + texts("LinkLocalIPv6Address") + numbers("LinkLocalIPv6PrefixLen") + [
                            Field("SecondaryIPAddresses", .list(.raw)), Field("SecondaryIPv6Addresses", .list(.raw)),
                        ])),
            Field(
                "DefaultNetworkSettings", key: "",
                structure(
                    "types.DefaultNetworkSettings",
                    texts("EndpointID", "Gateway", "GlobalIPv6Address") + numbers("GlobalIPv6PrefixLen")
                        + texts("IPAddress")
                        + numbers("IPPrefixLen") + texts("IPv6Gateway", "MacAddress"))),
            Field("Networks", .map(.pointer(endpoint))),
        ])

    private static let driver = structure("storage.DriverData", [Field("Data", .map(.string)), Field("Name", .string)])

    private static let mountPoint = structure(
        "container.MountPoint",
        texts("Type", "Name", "Source", "Destination", "Driver", "Mode") + flags("RW") + texts("Propagation"))

    private static let containerBase = structure(
        "types.ContainerJSONBase",
        [
            Field("ID", key: "Id", .string), Field("Created", .string), Field("Path", .string),
            Field("Args", .list(.string)),
            Field("State", .pointer(state)),
        ]
            + texts("Image", "ResolvConfPath", "HostnamePath", "HostsPath", "LogPath", "Name") + numbers("RestartCount")
            + texts("Driver", "Platform", "MountLabel", "ProcessLabel", "AppArmorProfile") + lists("ExecIDs")
            + [
                Field("HostConfig", .pointer(hostConfig)), Field("GraphDriver", driver),
                Field("SizeRw", .pointer(.int)), Field("SizeRootFs", .pointer(.int)),
            ])

    /// `docker inspect` of a container.
    static let container = structure(
        "types.ContainerJSON",
        [
            Field("ContainerJSONBase", key: "", .pointer(containerBase)), Field("Mounts", .list(mountPoint)),
            Field("Config", .pointer(config)), Field("NetworkSettings", .pointer(networkSettings)),
            Field("ImageManifestDescriptor", .pointer(.raw)),
        ])

    private static let imageConfig = structure(
        "v1.DockerOCIImageConfig",
        [
            Field(
                "ImageConfig", key: "",
                structure(
                    "v1.ImageConfig",
                    texts("User") + [Field("ExposedPorts", exposed)] + lists("Env", "Entrypoint", "Cmd") + [
                        Field("Volumes", .map(structure("struct {}", [])))
                    ]
                        + texts("WorkingDir") + [Field("Labels", .map(.string))] + texts("StopSignal")
                        + flags("ArgsEscaped"))),
            Field(
                "DockerOCIImageConfigExt", key: "",
                structure(
                    "v1.DockerOCIImageConfigExt",
                    [Field("Healthcheck", .pointer(healthConfig))] + lists("OnBuild", "Shell"))),
        ])

    /// `docker inspect` of an image.
    static let image = structure(
        "image.InspectResponse",
        [Field("ID", key: "Id", .string)] + lists("RepoTags", "RepoDigests")
            + texts("Parent", "Comment", "Created", "Container")
            + [Field("ContainerConfig", .pointer(config))] + texts("DockerVersion", "Author")
            + [Field("Config", .pointer(imageConfig))] + texts("Architecture", "Variant", "Os", "OsVersion")
            + numbers("Size", "VirtualSize") + [
                Field("GraphDriver", driver),
                Field("RootFS", structure("image.RootFS", texts("Type") + lists("Layers"))),
                Field("Metadata", structure("image.Metadata", [Field("LastTagTime", .time)])),
                Field("Descriptor", .pointer(.raw)), Field("Manifests", .list(.raw)),
            ])

    /// `docker network inspect`.
    static let network = structure(
        "network.Inspect",
        [Field("Name", .string), Field("ID", key: "Id", .string), Field("Created", .time)] + texts("Scope", "Driver")
            + flags("EnableIPv4", "EnableIPv6") + [
                Field(
                    "IPAM",
                    structure(
                        "network.IPAM",
                        [
                            Field("Driver", .string), Field("Options", .map(.string)),
                            Field(
                                "Config",
                                .list(
                                    structure(
                                        "network.IPAMConfig",
                                        texts("Subnet", "IPRange", "Gateway") + [
                                            Field("AuxAddress", key: "AuxiliaryAddresses", .map(.string))
                                        ]))),
                        ]))
            ] + flags("Internal", "Attachable", "Ingress") + [
                Field("ConfigFrom", structure("network.ConfigReference", texts("Network"))), Field("ConfigOnly", .bool),
                Field(
                    "Containers",
                    .map(
                        structure(
                            "network.EndpointResource",
                            texts("Name", "EndpointID", "MacAddress", "IPv4Address", "IPv6Address")))),
                Field("Options", .map(.string)), Field("Labels", .map(.string)), Field("Peers", .list(.raw)),
                Field("Services", .map(.raw)),
            ])

    /// `docker volume inspect`.
    static let volume = structure(
        "volume.Volume",
        [Field("ClusterVolume", .pointer(.raw))] + texts("CreatedAt", "Driver")
            + [Field("Labels", .map(.string))] + texts("Mountpoint", "Name")
            + [
                Field("Options", .map(.string)), Field("Scope", .string), Field("Status", .map(.raw)),
                Field("UsageData", .pointer(structure("volume.UsageData", numbers("RefCount", "Size")))),
            ])
}
