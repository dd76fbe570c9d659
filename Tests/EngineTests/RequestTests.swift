import EngineAPI
import GoText
import Testing

@testable import Engine

struct MountParserTests {
    @Test func theShortForms() throws {
        let volume = try MountParser.bind("data:/d:ro", volumeDriver: "")
        #expect(volume.type == "volume" && volume.name == "data" && !volume.isWritable && volume.copiesImageContent)
        let bind = try MountParser.bind("/host/./x:/in:z,rshared", volumeDriver: "")
        #expect(bind.type == "bind" && bind.source == "/host/x" && bind.propagation == "rshared" && bind.isWritable)
        #expect(try MountParser.bind("/a:/b", volumeDriver: "").propagation == "rprivate")
        #expect(try !MountParser.bind("v:/b:nocopy", volumeDriver: "").copiesImageContent)
    }

    @Test(arguments: [
        "", ":/a", "/a:/b:bogus", "/a:/b:ro,rw", "/a:/b:c:d", "/a:ro", "/a:/", "/a:b", "v:/b:rshared", "/a:/b:nocopy",
    ]) func refuses(_ text: String) {
        #expect(throws: EngineError.self) { try MountParser.bind(text, volumeDriver: "") }
    }

    @Test func theLongFormIsCheckedByType() {
        func mount(_ change: (inout Mount) -> Void) -> Mount {
            var mount = Mount()
            mount.type = "bind"
            mount.source = "/"
            mount.target = "/x"
            change(&mount)
            return mount
        }
        #expect(throws: Never.self) { try MountParser.mount(mount { _ in }) }
        #expect(throws: EngineError.self) { try MountParser.mount(mount { $0.source = "/does/not/exist" }) }
        #expect(throws: EngineError.self) { try MountParser.mount(mount { $0.type = "npipe" }) }
        #expect(throws: EngineError.self) { try MountParser.mount(mount { $0.volumeOptions = VolumeOptions() }) }
        #expect(throws: EngineError.self) { try MountParser.mount(mount { $0.type = "tmpfs" }) }
        #expect(throws: EngineError.self) { try MountParser.mount(mount { $0.target = "" }) }
    }

    @Test func tmpfsOptionsAreMerged() throws {
        #expect(
            try TmpfsMountOptions.merged(["exec", "size=1m"]) == ["nosuid", "nodev", "rprivate", "exec", "size=1m"])
        #expect(throws: EngineError.self) { try TmpfsMountOptions.merged(["bogus"]) }
        var options = TmpfsOptions()
        options.sizeBytes = 1 << 20
        options.mode = 0o700
        #expect(try TmpfsMountOptions.options(options, readOnly: true) == ["ro", "mode=700", "size=1m"])
    }

    @Test func propagationIsReadFromTheMountTable() {
        let table = """
            20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda rw
            30 20 0:5 / /mnt rw - tmpfs tmpfs rw
            31 20 0:6 / /srv rw master:3 - tmpfs tmpfs rw
            """
        #expect(MountPropagation.find("/etc/x", in: table).isShared)
        #expect(!MountPropagation.find("/mnt/a", in: table).isShared)
        #expect(MountPropagation.find("/srv", in: table).isSlave)
        #expect(MountPropagation.find("/mntx", in: table).mountPoint == "/")
    }
}

struct UserTests {
    private let lookup = UserLookup(
        passwd: Array("root:x:0:0:root:/root:/bin/sh\nwww:x:33:33:w:/var/www:/bin/sh\nbroken\n".utf8),
        group: Array("root:x:0:\nwww:x:33:\nlp:x:7:www,other\n".utf8))

    @Test func namesAndNumbers() throws {
        #expect(try lookup.resolve("", extraGroups: []).user.uid == 0)
        let www = try lookup.resolve("www", extraGroups: [])
        #expect(www.user.uid == 33 && www.user.additionalGids == [33, 7] && www.home == "/var/www")
        #expect(try lookup.resolve("1234", extraGroups: []).user.gid == 0)
        let mixed = try lookup.resolve("33:lp", extraGroups: ["8", "root"])
        #expect(mixed.user.gid == 7 && mixed.user.additionalGids == [7, 8, 0])
    }

    @Test(arguments: ["nobody", "root:nogroup", "99999999999", "-1"]) func refuses(_ name: String) {
        #expect(throws: EngineError.self) { try lookup.resolve(name, extraGroups: []) }
    }
}

struct FilterTests {
    private func record(_ name: String) -> ContainerRecord {
        var config = ContainerConfig()
        config.labels = ["a": "b"]
        config.exposedPorts = ["80/tcp"]
        return ContainerRecord(
            id: String(repeating: "a", count: 64), name: name, created: Timestamp(seconds: 5), config: config,
            hostConfig: HostConfig(), imageID: "sha256:x")
    }

    @Test(arguments: [
        (["name": ["we"]], true), (["name": ["^/web$"]], true), (["name": ["^eb"]], false), (["label": ["a"]], true),
        (["label": ["a=c"]], false), (["status": ["created"]], true), (["status": ["running"]], false),
        (["id": ["aaaa"]], true), (["expose": ["70-90"]], true), (["publish": ["80"]], false),
        (["is-task": ["true"]], false), (["health": ["none"]], true),
    ]) func matches(_ filters: [String: [String]], _ expected: Bool) throws {
        #expect(try ContainerFilter(Filters(filters)).matches(record("web")) == expected)
    }

    @Test(arguments: [["bogus": ["1"]], ["status": ["sleeping"]], ["exited": ["x"]], ["expose": ["99999"]]])
    func refuses(_ filters: [String: [String]]) {
        #expect(throws: EngineError.self) { try ContainerFilter(Filters(filters)) }
    }
}
