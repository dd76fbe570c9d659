import Flags
import JSON
import Testing

@testable import DockerCommand

/// The request that a `docker create` line makes.
private func request(_ line: [String], version: String = "1.50") throws -> JSON {
    let flags = FlagSet(.pflag)
    let options = CreateFlags(flags, verb: "creating")
    let arguments = try flags.parse(line)
    return try CreateRequest(options, arguments, detach: false).json(version: version)
}

private func refusal(_ line: [String]) -> String {
    do {
        _ = try request(line)
        return ""
    } catch {
        return failure(from: error).message
    }
}

private let plain =
    #"{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":true,"#
    + #""AttachStderr":true,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":["ls"],"#
    + #""Image":"probe:1","Volumes":{},"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":{},"#
    + #""HostConfig":{"Binds":null,"ContainerIDFile":"","LogConfig":{"Type":"","Config":{}},"#
    + #""NetworkMode":"default","PortBindings":{},"RestartPolicy":{"Name":"no","MaximumRetryCount":0},"#
    + #""AutoRemove":false,"VolumeDriver":"","VolumesFrom":null,"ConsoleSize":[0,0],"CapAdd":null,"#
    + #""CapDrop":null,"CgroupnsMode":"","Dns":[],"DnsOptions":[],"DnsSearch":[],"ExtraHosts":null,"#
    + #""GroupAdd":null,"IpcMode":"","Cgroup":"","Links":null,"OomScoreAdj":0,"PidMode":"","#
    + #""Privileged":false,"PublishAllPorts":false,"ReadonlyRootfs":false,"SecurityOpt":null,"UTSMode":"","#
    + #""UsernsMode":"","ShmSize":0,"Isolation":"","CpuShares":0,"Memory":0,"NanoCpus":0,"CgroupParent":"","#
    + #""BlkioWeight":0,"BlkioWeightDevice":[],"BlkioDeviceReadBps":[],"BlkioDeviceWriteBps":[],"#
    + #""BlkioDeviceReadIOps":[],"BlkioDeviceWriteIOps":[],"CpuPeriod":0,"CpuQuota":0,"CpuRealtimePeriod":0,"#
    + #""CpuRealtimeRuntime":0,"CpusetCpus":"","CpusetMems":"","Devices":[],"DeviceCgroupRules":null,"#
    + #""DeviceRequests":null,"MemoryReservation":0,"MemorySwap":0,"MemorySwappiness":-1,"#
    + #""OomKillDisable":false,"PidsLimit":0,"Ulimits":[],"CpuCount":0,"CpuPercent":0,"IOMaximumIOps":0,"#
    + #""IOMaximumBandwidth":0,"MaskedPaths":null,"ReadonlyPaths":null},"#
    + #""NetworkingConfig":{"EndpointsConfig":{"default":{"IPAMConfig":null,"Links":null,"Aliases":null,"#
    + #""MacAddress":"","DriverOpts":null,"GwPriority":0,"NetworkID":"","EndpointID":"","Gateway":"","#
    + #""IPAddress":"","IPPrefixLen":0,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"#
    + #""DNSNames":null}}}}"#

@Test func aPlainContainerIsTheRequestThatUpstreamSends() throws {
    #expect(try request(["probe:1", "ls"]).text() == plain)
}

/// Each case: the flags, the path of a member, and what upstream's client puts there.
@Test(arguments: [
    (["-it"], "StdinOnce", "true"), (["-t"], "Tty", "true"), (["-a", "STDIN"], "AttachStdout", "false"),
    (["-e", "A=1", "-e", "A=2", "-e", "B="], "Env", #"["A=2","B="]"#), (["--entrypoint", ""], "Entrypoint", #"[""]"#),
    (["-l", "c=d", "-l", "e"], "Labels", #"{"c":"d","e":""}"#), (["-h", "x"], "Hostname", #""x""#),
    (["-u", "1:2"], "User", #""1:2""#),
    (["--stop-timeout", "0"], "StopTimeout", "0"),
    (["--expose", "90-91/udp"], "ExposedPorts", #"{"90/udp":{},"91/udp":{}}"#),
    (["--no-healthcheck"], "Healthcheck", #"{"Test":["NONE"]}"#),
    (
        ["--health-cmd", "x", "--health-interval", "5s"], "Healthcheck",
        #"{"Test":["CMD-SHELL","x"],"Interval":5000000000}"#
    ),
    (["-v", "/a", "-v", "n:/d:z"], "Volumes", #"{"/a":{}}"#),
    (["-v", "/a", "-v", "n:/d:z"], "HostConfig.Binds", #"["n:/d:z"]"#),
    (["-p", "127.0.0.1::81/udp"], "HostConfig.PortBindings", #"{"81/udp":[{"HostIp":"127.0.0.1","HostPort":""}]}"#),
    (["-p", "3000-3005:80"], "HostConfig.PortBindings", #"{"80/tcp":[{"HostIp":"","HostPort":"3000-3005"}]}"#),
    (["-p", "[::1]:90:91"], "HostConfig.PortBindings", #"{"91/tcp":[{"HostIp":"::1","HostPort":"90"}]}"#),
    (["-p", "target=80,published=81"], "HostConfig.PortBindings", #"{"80/tcp":[{"HostIp":"","HostPort":"81"}]}"#),
    (["--restart", "on-failure:3"], "HostConfig.RestartPolicy", #"{"Name":"on-failure","MaximumRetryCount":3}"#),
    (["--cap-add", "net_admin", "--cap-add", "CAP_CHOWN"], "HostConfig.CapAdd", #"["CAP_CHOWN","CAP_NET_ADMIN"]"#),
    (["--add-host", "b=::1"], "HostConfig.ExtraHosts", #"["b:::1"]"#),
    (["--cpus", "1.5"], "HostConfig.NanoCpus", "1500000000"),
    (["-m", "10m"], "HostConfig.Memory", "10485760"), (["--memory-swap", "-1"], "HostConfig.MemorySwap", "-1"),
    (["--ulimit", "nofile=1:2"], "HostConfig.Ulimits", #"[{"Name":"nofile","Hard":2,"Soft":1}]"#),
    (["--init=false"], "HostConfig.Init", "false"),
    (
        ["--device", "/dev/c:rw"], "HostConfig.Devices",
        #"[{"PathOnHost":"/dev/c","PathInContainer":"/dev/c","CgroupPermissions":"rw"}]"#
    ),
    (
        ["--gpus", "all"], "HostConfig.DeviceRequests",
        #"[{"Driver":"","Count":-1,"DeviceIDs":null,"Capabilities":[["gpu"]],"Options":{}}]"#
    ),
    (["--tmpfs", "/b:rw"], "HostConfig.Tmpfs", #"{"/b":"rw"}"#),
    (["--sysctl", "net.a=1"], "HostConfig.Sysctls", #"{"net.a":"1"}"#),
    (["--security-opt", "systempaths=unconfined"], "HostConfig.MaskedPaths", "[]"),
    (
        ["--mount", "type=bind,src=/a,dst=/c,readonly"], "HostConfig.Mounts",
        #"[{"Type":"bind","Source":"/a","Target":"/c","ReadOnly":true}]"#
    ),
    (
        ["--mount", "type=tmpfs,dst=/x,tmpfs-mode=1770"], "HostConfig.Mounts",
        #"[{"Type":"tmpfs","Target":"/x","TmpfsOptions":{"Mode":1016}}]"#
    ),
    (["-v", "v:/x"], "Volumes", #"{"v:/x":{}}"#), (["-v", "v:/x"], "HostConfig.Binds", "null"),
    (["-i", "-a", "stdout"], "AttachStdin", "true"), (["-a", "stdout"], "AttachStdin", "false"),
    (["--network", "host"], "HostConfig.NetworkMode", #""host""#),
    (["--network", "host"], "NetworkingConfig.EndpointsConfig", "{}"),
    (["--net", "foo", "--net-alias", "z"], "NetworkingConfig.EndpointsConfig.foo.Aliases", #"["z"]"#),
    (["--ip", "10.0.0.1"], "NetworkingConfig.EndpointsConfig.default.IPAMConfig", #"{"IPv4Address":"10.0.0.1"}"#),
    (["--link", "a:b"], "HostConfig.Links", #"["a:b"]"#),
    (["--log-opt", "a=b"], "HostConfig.LogConfig.Config", #"{"a":"b"}"#),
    (["--rm", "--privileged", "--read-only"], "HostConfig.AutoRemove", "true"),
    (["--shm-size", "1g"], "HostConfig.ShmSize", "1073741824"),
    (["--blkio-weight-device", "/dev/sda:20"], "HostConfig.BlkioWeightDevice", #"[{"Path":"/dev/sda","Weight":20}]"#),
    (["--device-read-bps", "/dev/sda:1mb"], "HostConfig.BlkioDeviceReadBps", #"[{"Path":"/dev/sda","Rate":1048576}]"#),
])
func flagsBecomeMembers(_ flags: [String], _ path: String, _ expected: String) throws {
    var found: JSON? = try request(flags + ["probe"])
    for part in path.split(separator: ".") { found = found?[String(part)] }
    #expect(found?.text() == expected)
}

@Test(arguments: [
    (["-p", "80:x"], "invalid containerPort: x"), (["-p", "a:1"], "invalid hostPort: a"),
    (["-p", "1-3:1-2"], "invalid ranges specified for container and host Ports: 1-2 and 1-3"),
    (["--pid", "foo"], "--pid: invalid PID mode"),
    (["--no-healthcheck", "--health-cmd", "x"], "--no-healthcheck conflicts with --health-* options"),
    (["--memory-swappiness", "200"], "invalid value: 200. Valid memory swappiness range is 0-100"),
    (
        ["--network", "a", "--network", "host"],
        "conflicting options: cannot attach both user-defined and non-user-defined network-modes"
    ),
    (["--network", "a", "--network", "a"], "network \"a\" is specified multiple times"),
    (
        ["--ulimit", "nofile=2:1"],
        "invalid argument \"nofile=2:1\" for \"--ulimit\" flag:"
            + " ulimit soft limit must be less than or equal to hard limit: 2 > 1"
    ),
    (["--memory", "abc"], "invalid argument \"abc\" for \"-m, --memory\" flag: invalid size: 'abc'"),
    (["--security-opt", "foo"], "Invalid --security-opt: \"foo\""),
    (["--device", "/a:/b:c:d"], "bad format for path: /a:/b:c:d"),
    (["--mount", "type=bind"], "invalid argument \"type=bind\" for \"--mount\" flag: target is required"),
    (["--log-driver", "none", "--log-opt", "a=b"], "invalid logging opts for driver none"),
    (["--expose", "1:2"], "invalid port format for --expose: 1:2"),
])
func badValuesAreRefusedInUpstreamsWords(_ flags: [String], _ message: String) {
    #expect(refusal(flags + ["probe"]) == message)
}

@Test func olderDaemonsGetTheAddressInTheConfiguration() throws {
    let line = ["--mac-address", "02:42:ac:11:00:02", "--kernel-memory", "5m", "probe"]
    #expect(try request(line, version: "1.41")["MacAddress"]?.string == "02:42:ac:11:00:02")
    #expect(try request(line, version: "1.41")["HostConfig"]?["KernelMemory"]?.int == 5_242_880)
    #expect(try request(line)["MacAddress"] == nil)
    #expect(try request(line)["HostConfig"]?["KernelMemory"] == nil)
}
