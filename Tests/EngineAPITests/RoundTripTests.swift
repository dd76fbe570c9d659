import JSON
import Testing

@testable import EngineAPI

/// What upstream's daemon wrote, read and written again, is the same bytes.
struct RoundTripTests {
    static let hostConfig = #"""
        {"Binds":null,"ContainerIDFile":"","LogConfig":{"Type":"json-file","Config":{}},"NetworkMode":"default",\#
        "PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"}]},"RestartPolicy":{"Name":"no",\#
        "MaximumRetryCount":0},"AutoRemove":false,"VolumeDriver":"","VolumesFrom":null,"ConsoleSize":[0,0],\#
        "CapAdd":null,"CapDrop":["MKNOD"],"CgroupnsMode":"host","Dns":[],"DnsOptions":[],"DnsSearch":[],\#
        "ExtraHosts":null,"GroupAdd":null,"IpcMode":"private","Cgroup":"","Links":null,"OomScoreAdj":0,"PidMode":"",\#
        "Privileged":false,"PublishAllPorts":false,"ReadonlyRootfs":false,"SecurityOpt":null,"UTSMode":"",\#
        "UsernsMode":"","ShmSize":67108864,"Runtime":"runc","Isolation":"","CpuShares":0,"Memory":0,"NanoCpus":0,\#
        "CgroupParent":"","BlkioWeight":0,"BlkioWeightDevice":[],"BlkioDeviceReadBps":[],"BlkioDeviceWriteBps":[],\#
        "BlkioDeviceReadIOps":[],"BlkioDeviceWriteIOps":[],"CpuPeriod":0,"CpuQuota":0,"CpuRealtimePeriod":0,\#
        "CpuRealtimeRuntime":0,"CpusetCpus":"","CpusetMems":"","Devices":[],"DeviceCgroupRules":null,\#
        "DeviceRequests":null,"MemoryReservation":0,"MemorySwap":0,"MemorySwappiness":null,"OomKillDisable":false,\#
        "PidsLimit":null,"Ulimits":[],"CpuCount":0,"CpuPercent":0,"IOMaximumIOps":0,"IOMaximumBandwidth":0,\#
        "MaskedPaths":["/proc/asound"],"ReadonlyPaths":["/proc/bus"]}
        """#

    static let state = #"""
        {"Status":"running","Running":true,"Paused":false,"Restarting":false,"OOMKilled":false,"Dead":false,\#
        "Pid":208,"ExitCode":0,"Error":"","StartedAt":"2026-11-25T17:59:17.23484874Z",\#
        "FinishedAt":"0001-01-01T00:00:00Z"}
        """#

    static let config = #"""
        {"Hostname":"hh","Domainname":"dd","User":"33","AttachStdin":false,"AttachStdout":false,\#
        "AttachStderr":false,"Tty":true,"OpenStdin":false,"StdinOnce":false,"Env":["A=b"],"Cmd":["sleep","100"],\#
        "Image":"probe:1","Volumes":null,"WorkingDir":"/wd","Entrypoint":null,"OnBuild":null,\#
        "Labels":{"probe.image":"probe:1"}}
        """#

    static let stats = #"""
        {"name":"/aa","id":"866f","read":"2026-11-25T17:59:18.731965973Z",\#
        "preread":"2026-11-25T17:59:17.727721623Z","pids_stats":{"current":1},\#
        "blkio_stats":{"io_service_bytes_recursive":[],"io_serviced_recursive":[],"io_queue_recursive":[],\#
        "io_service_time_recursive":[],"io_wait_time_recursive":[],"io_merged_recursive":[],"io_time_recursive":[],\#
        "sectors_recursive":[]},"num_procs":0,"storage_stats":{},"cpu_stats":{"cpu_usage":{"total_usage":17346324,\#
        "percpu_usage":[16024479,1321845],"usage_in_kernelmode":0,"usage_in_usermode":10000000},\#
        "system_cpu_usage":2620590000000,"online_cpus":2,"throttling_data":{"periods":0,"throttled_periods":0,\#
        "throttled_time":0}},"precpu_stats":{"cpu_usage":{"total_usage":0,"usage_in_kernelmode":0,\#
        "usage_in_usermode":0},"throttling_data":{"periods":0,"throttled_periods":0,"throttled_time":0}},\#
        "memory_stats":{"usage":397312,"max_usage":3817472,"stats":{"cache":0,"rss":53248},"limit":25276510208},\#
        "networks":{"eth0":{"rx_bytes":572,"rx_packets":6,"rx_errors":0,"rx_dropped":0,"tx_bytes":0,"tx_packets":0,\#
        "tx_errors":0,"tx_dropped":0}}}
        """#

    private func again<Value: EngineObject>(_ text: String, _ type: Value.Type) throws -> String {
        String(decoding: try Value(parsing: Array(text.utf8)).encoded, as: UTF8.self)
    }

    @Test func hostConfig() throws { #expect(try again(Self.hostConfig, HostConfig.self) == Self.hostConfig) }
    @Test func state() throws { #expect(try again(Self.state, ContainerState.self) == Self.state) }
    @Test func config() throws { #expect(try again(Self.config, ContainerConfig.self) == Self.config) }
    @Test func stats() throws { #expect(try again(Self.stats, StatsResponse.self) == Self.stats) }

    @Test func createRequestHasItsConfigurationBesideTheHostsPart() throws {
        let text = """
            {"Image":"a","Cmd":"sh","HostConfig":{"AutoRemove":true},
            "NetworkingConfig":{"EndpointsConfig":{"n":{}}}}
            """
        let request = try ContainerCreateRequest(parsing: Array(text.utf8))
        #expect(request.config.image == "a")
        #expect(request.config.cmd == ["sh"])
        #expect(request.hostConfig?.autoRemove == true)
        #expect(request.networkingConfig?.endpointsConfig["n"] != nil)
    }

    @Test func nullAndEmptyListsAreToldApart() throws {
        let one = try ContainerConfig(parsing: Array(#"{"Entrypoint":[]}"#.utf8))
        let other = try ContainerConfig(parsing: Array(#"{"Entrypoint":null}"#.utf8))
        #expect(one.entrypoint == [])
        #expect(other.entrypoint == nil)
    }

    @Test func aMemberOfAnotherTypeIsAFailureInGosWords() {
        #expect(throws: JSON.Failure.self) { try HostConfig(parsing: Array(#"{"Memory":"x"}"#.utf8)) }
        #expect(throws: JSON.Failure.self) { try ContainerConfig(parsing: Array(#"{"Env":{}}"#.utf8)) }
        #expect(throws: JSON.Failure.self) { try ContainerConfig(parsing: Array("[]".utf8)) }
    }
}
