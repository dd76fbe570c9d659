import CLinux
import EngineAPI
import Linux
import Testing

@testable import Volumes

/// A directory of its own for each test, removed with it.
final class Folder {
    let path: String
    init() throws {
        path = "/tmp/slipway-volumes-" + randomHex(bytes: 6)
        try Files.makeDirectories(path)
    }
    deinit { try? Files.removeTree(path) }
    func store() throws -> VolumeStore { try VolumeStore(dataRoot: path) }
}

func request(_ name: String, options: [String: String] = [:], labels: [String: String] = [:]) -> VolumeCreateRequest {
    var request = VolumeCreateRequest()
    request.name = name
    request.driverOpts = options
    request.labels = labels
    return request
}

@Suite struct VolumeTests {
    let folder: Folder
    init() throws { folder = try Folder() }

    private func failure(_ body: () throws -> Void) -> EngineError? {
        do { try body() } catch { return error as? EngineError }
        return nil
    }

    @Test func aVolumeOutlivesTheStore() throws {
        let made = try folder.store().create(request("v1", labels: ["a": "b"]))
        #expect(made.mountpoint == folder.path + "/volumes/v1/_data")
        #expect(try folder.store().inspect("v1") == made)
        #expect(try folder.store().create(request("v1")).labels == ["a": "b"])
    }

    @Test func namesAndOptionsAreCheckedAsUpstreamDoes() throws {
        let store = try folder.store()
        #expect(
            failure { _ = try store.create(request("v")) }?.message
                == "create v: volume name is too short, names should be at least two alphanumeric characters")
        #expect(failure { _ = try store.create(request("a/b")) }?.status == 400)
        #expect(failure { _ = try store.create(request("../x")) }?.status == 400)
        #expect(
            failure { _ = try store.create(request("v3", options: ["foo": "x"])) }?.message
                == "create v3: invalid option: \"foo\"")
        #expect(
            failure { _ = try store.create(request("v3", options: ["type": "tmpfs"])) }?.message
                == "create v3: missing required option: \"device\"")
        #expect(try store.list().isEmpty)
    }

    @Test func aVolumeInUseStays() throws {
        let store = try folder.store()
        _ = try store.create(request("v1"), for: "c1")
        let error = failure { try store.remove("v1") }
        #expect(error == EngineError(409, "remove v1: volume is in use - [c1]"))
        store.unrefer("v1", from: "c1")
        try store.remove("v1")
        #expect(failure { _ = try store.inspect("v1") } == EngineError(404, "get v1: no such volume"))
        #expect(failure { try store.remove("v1") }?.status == 404)
        try store.remove("v1", force: true)
        #expect(try Files.names(in: folder.path + "/volumes").isEmpty)
    }

    @Test func anonymousVolumesGoWithTheirContainer() throws {
        let store = try folder.store()
        let name = try store.create(request(""), for: "c1").name
        #expect(name.count == 64 && store.isAnonymous(name))
        _ = try store.create(request("kept"), for: "c1")
        store.unrefer(name, from: "c1", removingAnonymous: true)
        store.unrefer("kept", from: "c1", removingAnonymous: true)
        #expect(try store.list().map(\.name) == ["kept"])
    }

    @Test func listsAreFiltered() throws {
        let store = try folder.store()
        _ = try store.create(request("one", labels: ["a": "1"]), for: "c1")
        _ = try store.create(request("two", labels: ["b": ""]))
        func names(_ filters: [String: [String]]) throws -> [String] { try store.list(Filters(filters)).map(\.name) }
        #expect(try names(["dangling": ["true"]]) == ["two"])
        #expect(try names(["dangling": ["0"]]) == ["one"])
        #expect(try names(["name": ["ne"]]) == ["one"])
        #expect(try names(["label": ["b"]]) == ["two"])
        #expect(try names(["label": ["a=2"]]).isEmpty)
        #expect(try names(["driver": ["local"]]).count == 2)
        #expect(failure { _ = try names(["foo": ["x"]]) } == EngineError(400, "invalid filter 'foo'"))
        #expect(failure { _ = try names(["dangling": ["zz"]]) }?.message == "invalid filter 'dangling=[zz]'")
    }

    @Test func pruneTakesAnonymousOnesUnlessAskedForAll() throws {
        let store = try folder.store()
        let anonymous = try store.create(request("")).name
        _ = try store.create(request("named"))
        try Files.write([1, 2, 3], to: store.path(anonymous) + "/x")
        let first = try store.prune()
        #expect(first.names == [anonymous] && first.reclaimed == 3)
        #expect(try store.prune(Filters(["all": ["true"]])).names == ["named"])
    }

    @Test func aHalfRemovedVolumeIsFinished() throws {
        _ = try folder.store().create(request("v1"))
        try Files.rename(folder.path + "/volumes/v1", to: folder.path + "/volumes/.removing-1")
        #expect(try folder.store().list().isEmpty)
        #expect(try Files.names(in: folder.path + "/volumes").isEmpty)
    }

    @Test func upstreamsVolumesAreTakenOver() throws {
        let old = folder.path + "/volumes/old"
        try Files.makeDirectories(old + "/_data")
        try Files.write(
            Array(#"{"MountType":"tmpfs","MountOpts":"size=1m","MountDevice":"tmpfs","Quota":{"Size":0}}"#.utf8),
            to: old + "/opts.json")
        #expect(try folder.store().inspect("old").options == ["type": "tmpfs", "o": "size=1m", "device": "tmpfs"])
    }

    @Test func imageContentIsCopiedOnceAndStaysInside() throws {
        let root = folder.path + "/root"
        try Files.makeDirectories(root + "/data/inner")
        try Files.write([7], to: root + "/data/file", mode: 0o640)
        #expect(link(root + "/data/file", root + "/data/inner/again") == 0)
        #expect(symlink("/etc/passwd", root + "/data/link") == 0)
        #expect(symlink("/data", root + "/way") == 0)
        #expect(symlink("/../../../etc", root + "/out") == 0)
        chmod(root + "/data", 0o750)
        let store = try folder.store()
        let path = try store.create(request("v1")).mountpoint
        try store.copyUp("v1", from: "/way", inRoot: root)
        #expect(Set(try Files.names(in: path)) == ["file", "inner", "link"])
        #expect(try Files.link(path + "/link") == "/etc/passwd")
        #expect(Files.status(path).map { $0.st_mode & 0o7777 } == 0o750)
        #expect(Files.status(path + "/file")?.st_ino == Files.status(path + "/inner/again")?.st_ino)
        try Files.write([], to: root + "/data/later")
        try store.copyUp("v1", from: "/data", inRoot: root)
        #expect(!Files.exists(path + "/later"))
        _ = try store.create(request("v2"))
        try store.copyUp("v2", from: "/out", inRoot: root)
        try store.copyUp("v2", from: "/nowhere", inRoot: root)
        #expect(try Files.names(in: store.path("v2")).isEmpty)
    }

    @Test func mountOptionsAreParsedAsMountDoes() {
        let parsed = MountOptions(type: "tmpfs", device: "tmpfs", options: "size=1m,ro,nosuid,uid=5,rslave").parsed
        #expect(parsed.flags == 3 && parsed.data == "size=1m,uid=5" && parsed.propagation == 1 << 19 | 16384)
        #expect(MountOptions(type: "", device: "", options: "ro,rw").parsed.flags == 0)
    }
}
