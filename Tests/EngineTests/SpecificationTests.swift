import EngineAPI
import GoText
import OCIRuntime
import Testing

@testable import Engine

struct SpecificationTests {
    private func inputs(_ change: (inout ContainerConfig, inout HostConfig) -> Void = { _, _ in }) throws -> SpecInputs
    {
        var request = ContainerCreateRequest()
        request.config.image = "a"
        request.config.cmd = ["sleep", "100"]
        request.config.hostname = "hh"
        var host = HostConfig()
        change(&request.config, &host)
        request.hostConfig = host
        var facts = HostFacts()
        facts.hasAppArmor = false
        let settings = EngineConfiguration(dataRoot: "/d", execRoot: "/e")
        var draft = try CreateDraft(request, settings, facts)
        try draft.merge(ContainerConfig())
        let record = ContainerRecord(
            id: "0123", name: "web", created: .zero, config: draft.config, hostConfig: draft.hostConfig, imageID: "")
        return SpecInputs(
            record: record, facts: facts, configuration: settings, user: Spec.User(), home: "/", networkNamespace: "/ns"
        )
    }

    private func spec(_ change: (inout ContainerConfig, inout HostConfig) -> Void = { _, _ in }) throws -> Spec {
        try SpecBuilder(try inputs(change)).build()
    }

    @Test func anOrdinaryContainer() throws {
        let spec = try spec()
        #expect(spec.process?.args == ["sleep", "100"])
        #expect(spec.process?.env == [EnvironmentList.usualPath, "HOSTNAME=hh"])
        #expect(spec.process?.capabilities?.bounding.count == 14)
        #expect(spec.linux?.cgroupsPath == "/docker/0123")
        #expect(spec.linux?.namespaces.contains(Spec.Namespace("network", path: "/ns")) == true)
        #expect(spec.linux?.maskedPaths.contains("/proc/kcore") == true)
        #expect(spec.mounts.map(\.destination).contains("/dev/mqueue"))
    }

    @Test func capabilitiesAddAndDrop() throws {
        #expect(try CapabilityList.tweaked(add: ["net_admin"], drop: ["ALL"], privileged: false) == ["CAP_NET_ADMIN"])
        #expect(try !CapabilityList.tweaked(add: [], drop: ["MKNOD"], privileged: false).contains("CAP_MKNOD"))
        #expect(throws: EngineError.self) { try CapabilityList.tweaked(add: ["FLY"], drop: [], privileged: false) }
    }

    @Test func limitsBecomeResources() throws {
        let spec = try spec { _, host in
            host.memory = 64 << 20
            host.nanoCpus = 500_000_000
            host.pidsLimit = 20
            host.cpusetCpus = "0"
        }
        #expect(spec.linux?.resources?.memory?.limit == 64 << 20)
        #expect(spec.linux?.resources?.memory?.swap == 128 << 20)
        #expect(spec.linux?.resources?.cpu?.quota == 50_000)
        #expect(spec.linux?.resources?.pidsLimit == 20)
    }

    @Test func readOnlyRootsHaveReadOnlyMounts() throws {
        let spec = try spec { _, host in
            host.readonlyRootfs = true
            host.tmpfs = ["/t": "size=1m"]
        }
        #expect(spec.root?.readonly == true)
        #expect(spec.mounts.first { $0.destination == "/t" }?.options.contains("ro") == false)
        #expect(spec.mounts.first { $0.destination == "/sys" }?.options.contains("ro") == true)
    }

    @Test func privilegedContainersAreNotMasked() throws {
        let spec = try spec { _, host in host.privileged = true }
        #expect(spec.linux?.maskedPaths == [] && spec.linux?.seccomp == nil)
    }

    @Test func theSeccompProfileFollowsTheCapabilities() {
        func names(_ capabilities: [String]) -> Set<String> {
            let profile = SeccompRules.builtIn.resolved(capabilities: capabilities, kernel: "6.1.0")
            return Set(profile.syscalls.filter { $0.action == "SCMP_ACT_ALLOW" }.flatMap(\.names))
        }
        #expect(!names([]).contains("mount") && names(["CAP_SYS_ADMIN"]).contains("mount"))
        #expect(names([]).contains("ptrace") && names([]).contains("openat2"))
        let old = SeccompRules.builtIn.resolved(capabilities: [], kernel: "4.4.0")
        #expect(!old.syscalls.contains { $0.names.contains("ptrace") })
    }

    @Test func aProfileOfTheUsersIsRead() throws {
        let rules = try SeccompRules(
            parsing: #"{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}"#)
        #expect(rules.resolved(capabilities: [], kernel: "6.1").syscalls.first?.names == ["read"])
        #expect(throws: EngineError.self) { try SeccompRules(parsing: "{") }
    }

    @Test func environmentsAreReplacedByName() {
        #expect(EnvironmentList.replacing(["A=1", "B=2"], with: ["A=3", "C=4", "B"]) == ["A=3", "C=4"])
    }

    @Test(
        arguments: [
            { (config: inout ContainerConfig, host: inout HostConfig) in host.memory = 1 << 20 },
            { config, host in
                host.networkMode = "container:x"; config.hostname = "h"
            },
            { config, host in host.ipcMode = "bogus" }, { config, host in host.oomScoreAdj = 2000 },
            { config, host in host.cpusetCpus = "x" }, { config, host in config.workingDir = "rel" },
            { config, host in
                host.autoRemove = true; host.restartPolicy.name = "always"
            },
            { config, host in host.securityOpt = ["bogus=1"] }, { config, host in config.stopSignal = "SIGNONE" },
            { config, host in host.runtime = "kata" }, { config, host in host.storageOpt = ["size": "1g"] },
            { config, host in config.env = ["=x"] }, { config, host in host.usernsMode = "keep-id" },
        ] as [@Sendable (inout ContainerConfig, inout HostConfig) -> Void])
    func refuses(_ change: @Sendable (inout ContainerConfig, inout HostConfig) -> Void) {
        #expect(throws: EngineError.self) { try inputs(change) }
    }

    @Test func recordsAreReadAsTheyWereWritten() throws {
        var record = try inputs().record
        record.mounts = [try MountParser.bind("data:/d", volumeDriver: "")]
        try record.life.handle(.started(pid: 3, at: Timestamp(seconds: 9)))
        let again = try ContainerRecord(stored: record.stored, hostConfig: record.hostConfig.encoded)
        #expect(again.name == "web" && again.life.pid == 3 && again.mounts == record.mounts)
        #expect(again.config == record.config && again.hostConfig == record.hostConfig)
    }

    @Test func signalsByNameAndNumber() throws {
        #expect(try Signals.number("SIGKILL") == 9 && Signals.number("term") == 15 && Signals.number("9") == 9)
        #expect(try Signals.number("RTMIN+3") == 37)
        #expect(throws: EngineError.self) { try Signals.number("0") }
        #expect(throws: EngineError(400, "the linux daemon does not support signal 99")) {
            try Signals.number("99")
        }
        #expect(throws: EngineError.self) { try Signals.number("NOPE") }
    }

    @Test func healthTurnsWithItsProbes() throws {
        var config = ContainerConfig()
        config.healthcheck = HealthConfig()
        config.healthcheck?.test = ["CMD", "true"]
        config.healthcheck?.retries = 2
        config.healthcheck?.startPeriod = 10
        let plan = try #require(HealthPlan(config))
        var failed = HealthcheckResult()
        failed.exitCode = 1
        var health = Health()
        health.status = "starting"
        health = plan.health(after: failed, health, running: 5)
        #expect(health.failingStreak == 0)
        health = plan.health(after: failed, health, running: 20)
        health = plan.health(after: failed, health, running: 30)
        #expect(health.status == "unhealthy")
        #expect(plan.health(after: HealthcheckResult(), health, running: 40).status == "healthy")
        config.healthcheck?.test = ["NONE"]
        #expect(HealthPlan(config) == nil)
    }
}
