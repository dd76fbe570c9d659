import JSON
import Testing

@testable import OCIRuntime

@Suite struct SpecTests {
    /// A configuration with most members that docker writes, as Go's encoder writes it.
    static let docker = """
        {"ociVersion":"1.0.2-dev","process":{"terminal":true,"consoleSize":{"height":24,"width":80},"user":{"uid":1,"gid":2,\
        "additionalGids":[3,4]},"args":["sh"],"env":["A=b"],"cwd":"/","capabilities":{"bounding":["CAP_CHOWN"]},\
        "rlimits":[{"type":"RLIMIT_NOFILE","hard":18446744073709551615,"soft":1024}],"oomScoreAdj":0},\
        "root":{"path":"rootfs"},"hostname":"h","mounts":[{"destination":"/proc","type":"proc","source":"proc",\
        "options":["nosuid"]}],"hooks":{"prestart":[{"path":"/bin/x","args":["x","y"],"timeout":3}]},\
        "annotations":{"a":"1","b":"2"},"linux":{"sysctl":{"net.x":"0"},"resources":{"devices":[{"allow":false,\
        "access":"rwm"},{"allow":true,"type":"c","major":1,"minor":5,"access":"rwm"}],"memory":{"limit":-1,\
        "disableOOMKiller":false},"cpu":{"shares":512},"pids":{"limit":0},"blockIO":{"weight":10}},\
        "cgroupsPath":"/docker/x","namespaces":[{"type":"mount"},{"type":"network","path":"/run/n"}],\
        "devices":[{"path":"/dev/x","type":"c","major":1,"minor":3,"fileMode":438,"uid":0,"gid":0}],\
        "seccomp":{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,"architectures":["SCMP_ARCH_X86_64"],\
        "syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]}]},\
        "maskedPaths":["/proc/kcore"]}}
        """

    @Test func whatIsReadIsWrittenTheSame() throws {
        let spec = try Spec(parsing: Array(Self.docker.utf8))
        #expect(spec.json.text() == Self.docker)
        #expect(try Spec(parsing: spec.json.encoded()) == spec)
    }

    @Test func unknownMembersAreDropped() throws {
        let spec = try Spec(
            parsing: Array(#"{"ociVersion":"1.0.0","what":{"is":1},"root":{"path":"r","more":2}}"#.utf8))
        #expect(spec.json.text() == #"{"ociVersion":"1.0.0","root":{"path":"r"}}"#)
    }

    @Test func absenceIsNotZero() throws {
        let spec = try Spec(parsing: Array(Self.docker.utf8))
        #expect(spec.process?.oomScoreAdj == 0)
        #expect(spec.linux?.resources?.memory?.swap == nil)
        #expect(spec.linux?.resources?.pidsLimit == 0)
    }

    @Test func cutShortAtAnyByteItIsRefused() {
        let bytes = Array(Self.docker.utf8)
        for end in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: JSON.Failure.self) { try Spec(parsing: Array(bytes[..<end])) }
        }
    }

    @Test(arguments: [
        #"{"process":{"user":{"uid":-1}}}"#, #"{"process":{"user":{"uid":4294967296}}}"#, #"{"mounts":{}}"#,
        #"{"linux":{"resources":{"memory":{"limit":"1"}}}}"#, "[]",
    ])
    func valuesOfAnotherTypeAreRefused(_ text: String) {
        #expect(throws: JSON.Failure.self) { try Spec(parsing: Array(text.utf8)) }
    }

    @Test func theStarterHasWhatASmallContainerNeeds() throws {
        let spec = Spec.starter
        #expect(
            spec.mounts.map(\.destination) == [
                "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup",
            ])
        #expect(spec.linux?.namespaces.map(\.type) == ["pid", "network", "ipc", "uts", "mount"])
        #expect(try Spec(parsing: spec.json.encoded()) == spec)
    }

    @Test func aRootlessStarterMapsItsUser() {
        var spec = Spec.starter
        spec.makeRootless(uid: 1000, gid: 100)
        #expect(spec.linux?.uidMappings == [Spec.IDMapping(containerID: 0, hostID: 1000, size: 1)])
        #expect(spec.linux?.namespaces.contains { $0.type == "network" } == false)
        #expect(spec.linux?.resources == nil)
        #expect(spec.mounts.allSatisfy { mount in !mount.options.contains { $0.hasPrefix("gid=") } })
    }

    @Test func stateForHooks() throws {
        let state = State(id: "x", status: "creating", pid: 7, bundle: "/b", annotations: ["k": "v"])
        #expect(
            state.json.text()
                == #"{"ociVersion":"1.0.2-dev","id":"x","status":"creating","pid":7,"bundle":"/b","annotations":{"k":"v"}}"#
        )
        #expect(try State(json: #require(state.json.object)) == state)
    }
}
