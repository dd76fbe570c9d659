import OCIRuntime
import Testing

@testable import Cgroups

@Suite struct CgroupTests {
    static let hybrid = Hierarchies(
        mountinfo: """
            24 1 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw
            25 24 0:23 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
            26 24 0:24 / /sys/fs/cgroup/memory rw,relatime shared:3 - cgroup cgroup rw,memory
            27 24 0:25 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
            28 24 0:26 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
            """,
        ownCgroups: "3:cpu,cpuacct:/\n2:memory:/own/part\n1:name=systemd:/\n0::/\n")
    static let unified = Hierarchies(
        mountinfo: "24 1 0:22 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n", ownCgroups: "0::/user\n")

    @Test func hierarchiesAreFoundWithTheirControllers() {
        #expect(Self.hybrid.legacy.map(\.controllers) == [["cpu", "cpuacct"], ["memory"], ["name=systemd"]])
        #expect(Self.hybrid.unified?.mountPoint == "/sys/fs/cgroup/unified")
        #expect(!Self.hybrid.isUnified)
        #expect(Self.unified.isUnified)
    }

    @Test func anEmptyPathIsTheNameBelowTheCallersOwnGroup() {
        let cgroup = Cgroup(path: "", id: "x", in: Self.hybrid)
        #expect(cgroup.path("memory") == "/sys/fs/cgroup/memory/own/part/x")
        #expect(cgroup.path("cpuacct") == "/sys/fs/cgroup/cpu,cpuacct/x")
        #expect(cgroup.path("") == "/sys/fs/cgroup/unified/x")
        #expect(cgroup.directories.count == 4)
    }

    @Test func anAbsolutePathStartsAtTheRoot() {
        let cgroup = Cgroup(path: "/docker/x", id: "x", in: Self.hybrid)
        #expect(cgroup.path("memory") == "/sys/fs/cgroup/memory/docker/x")
    }

    @Test(arguments: [("../../x", "x"), ("a/../../b", "b"), ("/../c", "/c"), ("./d//e", "d/e")])
    func noPathClimbsOut(_ given: String, _ wanted: String) {
        #expect(Cgroup.cleaned(given) == wanted)
    }

    @Test func unifiedHasOneDirectoryForAll() {
        let cgroup = Cgroup(path: "/docker/x", id: "x", in: Self.unified)
        #expect(cgroup.isUnified)
        #expect(cgroup.path("memory") == "/sys/fs/cgroup/docker/x")
        #expect(cgroup.directories == ["/sys/fs/cgroup/docker/x"])
    }

    @Test func namesInMountinfoAreUnescaped() {
        #expect(unescaped("/a\\040b\\134"[...].utf8[...]) == "/a b\\")
    }

    @Test(arguments: [(UInt64(2), UInt64(1)), (1024, 39), (262144, 10000), (0, 1)])
    func sharesBecomeWeights(_ shares: UInt64, _ weight: UInt64) {
        #expect(Cgroup.weight(shares: shares) == weight)
    }

    @Test func swapIsCountedAloneInUnified() throws {
        #expect(try Cgroup.swapAlone(limit: 100, swap: 150) == "50")
        #expect(try Cgroup.swapAlone(limit: 100, swap: -1) == "max")
        #expect(try Cgroup.swapAlone(limit: -1, swap: 0) == "max")
        #expect(try Cgroup.swapAlone(limit: 100, swap: 0) == nil)
        #expect(throws: CgroupFailure.self) { try Cgroup.swapAlone(limit: 100, swap: 50) }
        #expect(throws: CgroupFailure.self) { try Cgroup.swapAlone(limit: 0, swap: 50) }
    }

    @Test func deviceRulesBeforeOneForEverythingDoNotCount() {
        let deny = Resources.DeviceRule(allow: false, access: "rwm")
        let own = Resources.DeviceRule(allow: true, type: "c", major: 9, access: "r")
        let rules = Cgroup.effective([own, deny, own])
        #expect(rules.first == deny)
        #expect(rules.count == 2 + Cgroup.defaultDeviceRules.count)
        #expect(Cgroup.legacyText(deny) == "a *:* rwm")
        #expect(Cgroup.legacyText(own) == "c 9:* r")
        #expect(Cgroup.effective([Resources.DeviceRule(allow: true, type: "a", access: "rwm")]).count == 1)
    }

    @Test func theDeviceProgramJumpsInsideItself() {
        let program = DeviceProgram(Cgroup.withDefaults([Resources.DeviceRule(allow: false, access: "rwm")]))
            .instructions
        for (index, word) in program.enumerated() {
            let code = UInt8(word & 255)
            guard code & 7 == 5, code != 0x95 else { continue }
            let offset = Int(Int16(bitPattern: UInt16(word >> 16 & 0xFFFF)))
            #expect(index + 1 + offset < program.count && offset >= 0)
        }
        #expect(program.last == 0x95)
    }
}
