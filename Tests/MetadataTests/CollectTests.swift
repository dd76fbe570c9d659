import GoText
import Testing

@testable import Metadata

private func blob(_ metadata: Metadata, _ name: Character, _ labels: Labels = [:], lease: String? = nil) throws {
    let scope = Scope(namespace: "default", lease: lease)
    _ = try metadata.openIngest(String(name), expected: "", total: 0, in: scope)
    try metadata.commitIngest(String(name), digest: digest(name), size: 1, labels: labels, in: scope)
}

private func snapshot(
    _ metadata: Metadata, _ name: String, parent: String = "", labels: Labels = [:], commit: Bool = true,
    lease: String? = nil
) throws {
    let scope = Scope(namespace: "default", lease: lease)
    let key = commit ? name + "-key" : name
    _ = try metadata.createSnapshot(
        key, of: "overlayfs", parent: parent, kind: .active, labels: labels, in: scope
    ) { (_) throws(ServiceError) in }
    if commit {
        try metadata.commitSnapshot(key, as: name, of: "overlayfs", labels: labels, size: 0, inodes: 0, in: scope)
    }
}

private func digests(_ metadata: Metadata) throws -> [String] {
    try metadata.contents(matching: try Filter([]), in: scope).map { String($0.digest.last ?? "?") }
}

private func names(_ metadata: Metadata) throws -> [String] {
    try metadata.snapshots(of: "overlayfs", matching: try Filter([]), in: scope).map(\.name)
}

@Test func whatAnImageRefersToIsKept() throws {
    try withMetadata { metadata in
        let references = ["config": digest("b"), "l.0": digest("c")]
        let labels = references.map { ("containerd.io/gc.ref.content." + $0.key, $0.value) }
        try blob(metadata, "a", Dictionary(uniqueKeysWithValues: labels))
        try blob(metadata, "b", ["containerd.io/gc.ref.snapshot.overlayfs": "top"])
        try blob(metadata, "c")
        try blob(metadata, "d")
        try snapshot(metadata, "base")
        try snapshot(metadata, "top", parent: "base")
        try snapshot(metadata, "lost", parent: "base")
        _ = try metadata.createImage(image("i", digest("a")), in: scope)
        let removed = try metadata.collect()
        #expect(removed.digests == [digest("d")])
        #expect(try digests(metadata) == ["a", "b", "c"])
        #expect(try names(metadata) == ["base", "top"])
        try metadata.deleteImage("i", in: scope)
        let rest = try metadata.collect()
        #expect(rest.digests == [digest("a"), digest("b"), digest("c")])
        #expect(rest.snapshots.map(\.name) == ["top", "base"])
        #expect(try metadata.collect().isEmpty)
    }
}

@Test func leasesRootsAndContainersKeep() throws {
    try withMetadata { metadata in
        _ = try metadata.createLease("l", labels: [:], in: scope)
        try blob(metadata, "a", lease: "l")
        try blob(metadata, "b", ["containerd.io/gc.root": "x"])
        try snapshot(metadata, "leased", commit: false, lease: "l")
        try snapshot(metadata, "rooted", labels: ["containerd.io/gc.root": "x"], commit: false)
        try snapshot(metadata, "used", commit: false)
        var container = ContainerRecord(id: "c")
        container.runtime = "r"
        container.spec = TypedBytes(type: "s", bytes: [])
        container.snapshotter = "overlayfs"
        container.snapshotKey = "used"
        _ = try metadata.createContainer(container, in: scope)
        #expect(try metadata.collect().isEmpty)
        try metadata.deleteLease("l", in: scope)
        try metadata.deleteContainer("c", in: scope)
        _ = try metadata.collect()
        #expect(try digests(metadata) == ["b"])
        #expect(try names(metadata) == ["rooted"])
    }
}

@Test func leasesExpire() throws {
    try withMetadata { metadata in
        _ = try metadata.createLease("l", labels: ["containerd.io/gc.expire": "2030-01-01T00:00:00Z"], in: scope)
        try blob(metadata, "a", lease: "l")
        let before = Nanoseconds(try #require(Timestamp(rfc3339: "2029-12-31T23:59:59.5Z")).totalNanoseconds)
        #expect(try metadata.collect(now: before).isEmpty)
        #expect(try metadata.collect(now: before + 1_000_000_000).digests == [digest("a")])
        #expect(try metadata.leases(matching: try Filter([]), in: scope).isEmpty)
    }
}

@Test func aFlatLeaseKeepsOnlyWhatItNames() throws {
    try withMetadata { metadata in
        _ = try metadata.createLease("l", labels: ["containerd.io/gc.flat": "x"], in: scope)
        try blob(metadata, "b")
        try blob(metadata, "a", ["containerd.io/gc.ref.content": digest("b")], lease: "l")
        #expect(try metadata.collect().digests == [digest("b")])
    }
}

@Test func whatAnotherNamespaceKnowsIsNotRemoved() throws {
    try withMetadata { metadata in
        try blob(metadata, "a")
        let other = Scope(namespace: "other")
        _ = try metadata.openIngest("r", expected: "", total: 0, in: other)
        try metadata.commitIngest(
            "r", digest: digest("a"), size: 1, labels: ["containerd.io/gc.root": "x"], in: other)
        let removed = try metadata.collect()
        #expect(removed.digests.isEmpty)
        #expect(try digests(metadata).isEmpty)
    }
}

@Test func ingestsWithoutALeaseEndAfterADay() throws {
    try withMetadata { metadata in
        _ = try metadata.openIngest("r", expected: "", total: 0, in: scope)
        #expect(try metadata.collect().isEmpty)
        let later = nanosecondsNow() + 25 * 3600 * 1_000_000_000
        #expect(try metadata.collect(now: later).ingests.count == 1)
    }
}

@Test func snapshotsRefuseWhatWouldBreakThem() throws {
    try withMetadata { metadata in
        try snapshot(metadata, "base")
        try snapshot(metadata, "active", parent: "base", commit: false)
        #expect(
            refusal { try snapshot(metadata, "x", parent: "active") }
                == "failed to create snapshot: parent \"active\" is not committed snapshot: invalid argument")
        #expect(
            refusal { try snapshot(metadata, "x", parent: "no") } == "parent snapshot no does not exist: not found")
        #expect(
            refusal { _ = try metadata.deleteSnapshot("base", of: "overlayfs", in: scope) }
                == "cannot remove snapshot with child: failed precondition")
        #expect(
            refusal { try snapshot(metadata, "active", commit: false) } == "snapshot \"active\": already exists")
        #expect(try metadata.chain("active", of: "overlayfs", in: scope).parents.count == 1)
        let undone = refusal {
            _ = try metadata.createSnapshot(
                "y", of: "overlayfs", parent: "", kind: .active, labels: [:], in: scope
            ) { (_) throws(ServiceError) in throw ServiceError(.unknown, "no room") }
        }
        #expect(undone == "no room")
        #expect(try names(metadata) == ["active", "base"])
    }
}
