import CLinux
import ContainerdAPI
import Linux
import Metadata
import Testing

@testable import Snapshots

private let scope = Scope(namespace: "default")

private func withSnapshots(_ body: (_ root: String, _ open: () throws -> OverlaySnapshots) throws -> Void) throws {
    let root = "/tmp/snapshots-test-" + randomHex(bytes: 6)
    try Files.makeDirectories(root)
    // A leftover in /tmp harms nobody.
    defer { try? Files.removeTree(root) }
    try body(root) { try OverlaySnapshots(root: root + "/overlay", metadata: try Metadata(directory: root)) }
}

@Test func aSnapshotWithoutParentsIsABindMount() throws {
    try withSnapshots { root, open in
        let snapshots = try open()
        let mounts = try snapshots.prepare("a", parent: "", labels: [:], in: scope)
        #expect(mounts.map(\.type) == ["bind"])
        #expect(mounts[0].source == root + "/overlay/snapshots/1/fs")
        #expect(mounts[0].options == ["rw", "rbind"])
        #expect(Files.isDirectory(root + "/overlay/snapshots/1/work"))
        #expect(try snapshots.view("v", parent: "", labels: [:], in: scope)[0].options == ["ro", "rbind"])
    }
}

@Test func layersAreStackedTheNearestFirst() throws {
    try withSnapshots { root, open in
        let snapshots = try open()
        _ = try snapshots.prepare("1", parent: "", labels: [:], in: scope)
        try snapshots.commit("1", as: "one", labels: [:], in: scope)
        _ = try snapshots.prepare("2", parent: "one", labels: [:], in: scope)
        try snapshots.commit("2", as: "two", labels: [:], in: scope)
        let mount = try snapshots.prepare("3", parent: "two", labels: [:], in: scope)[0]
        let base = root + "/overlay/snapshots/"
        #expect(mount.type == "overlay" && mount.source == "overlay")
        let options = mount.options.filter { $0 != "index=off" }
        let wanted = ["workdir=\(base)3/work", "upperdir=\(base)3/fs", "lowerdir=\(base)2/fs:\(base)1/fs"]
        #expect(options == wanted)
        #expect(try snapshots.mounts("3", in: scope)[0] == mount)
        #expect(try snapshots.view("v", parent: "one", labels: [:], in: scope)[0].source == base + "1/fs")
    }
}

@Test func committedUsageIsRemembered() throws {
    try withSnapshots { root, open in
        let snapshots = try open()
        _ = try snapshots.prepare("1", parent: "", labels: [:], in: scope)
        try Files.write([UInt8](repeating: 7, count: 10_000), to: root + "/overlay/snapshots/1/fs/f")
        let measured = try snapshots.usage("1", in: scope)
        #expect(measured.inodes == 2 && measured.size >= 10_000)
        try snapshots.commit("1", as: "one", labels: ["k": "v"], in: scope)
        #expect(try snapshots.usage("one", in: scope) == measured)
        #expect(try snapshots.stat("one", in: scope).labels == ["k": "v"])
        #expect(throws: ServiceError.self) { try snapshots.commit("1", as: "again", labels: [:], in: scope) }
    }
}

@Test func aStartRemovesDirectoriesWithoutRecords() throws {
    try withSnapshots { root, open in
        let snapshots = try open()
        _ = try snapshots.prepare("1", parent: "", labels: [:], in: scope)
        for name in ["9", "new-123"] { try Files.makeDirectories(root + "/overlay/snapshots/\(name)/fs") }
        _ = try open()
        #expect(try Files.names(in: root + "/overlay/snapshots") == ["1"])
        let id = try snapshots.remove("1", in: scope)
        #expect(throws: ServiceError.self) { try snapshots.mounts("1", in: scope) }
        try snapshots.removeDirectory(id)
        #expect(try Files.names(in: root + "/overlay/snapshots").isEmpty)
    }
}
