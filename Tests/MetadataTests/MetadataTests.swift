import CLinux
import Testing

@testable import Metadata

/// Metadata in a directory of its own.
func withMetadata(_ body: (Metadata) throws -> Void) throws {
    var template = Array("/tmp/metadata-test-XXXXXX".utf8CString)
    _ = mkdtemp(&template)
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
        for name in ["meta.db", "meta.db-wal", "meta.db-shm"] { unlink(directory + "/" + name) }
        rmdir(directory)
    }
    try body(try Metadata(directory: directory))
}

let scope = Scope(namespace: "default")

func digest(_ character: Character) -> String { "sha256:" + String(repeating: character, count: 64) }

func image(_ name: String, _ digest: String = digest("a"), labels: Labels = [:]) -> ImageRecord {
    ImageRecord(name: name, labels: labels, target: .init(mediaType: "application/x", digest: digest, size: 3))
}

/// The message a call fails with; nil when it does not.
func refusal(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as ServiceError {
        return error.message
    } catch {
        return "other: \(error)"
    }
}

@Test func imagesAreCreatedOnceAndUpdatedByMask() throws {
    try withMetadata { metadata in
        let made = try metadata.createImage(image("x", labels: ["a": "1"]), in: scope)
        #expect(made.created > 0 && made.created == made.updated)
        #expect(refusal { _ = try metadata.createImage(image("x"), in: scope) } == "image \"x\": already exists")
        let changed = try metadata.updateImage(
            image("x", digest("b"), labels: ["b": "2"]), paths: ["labels.b"], in: scope)
        #expect(changed.labels == ["a": "1", "b": "2"])
        #expect(changed.target.digest == digest("a"))
        #expect(
            refusal { _ = try metadata.updateImage(image("x"), paths: ["size"], in: scope) }
                == "cannot update \"size\" field on image \"x\": invalid argument")
        try metadata.deleteImage("x", in: scope)
        #expect(refusal { _ = try metadata.image("x", in: scope) } == "image \"x\": not found")
    }
}

@Test func namespacesKeepApartWhatTheyHold() throws {
    try withMetadata { metadata in
        _ = try metadata.createImage(image("x"), in: scope)
        #expect(try metadata.images(matching: try Filter([]), in: Scope(namespace: "other")).isEmpty)
        #expect(try metadata.namespaces().map(\.name) == ["default"])
        #expect(
            refusal { try metadata.deleteNamespace("default") }
                == "namespace \"default\" must be empty, but it still has images: failed precondition")
        try metadata.deleteImage("x", in: scope)
        try metadata.deleteNamespace("default")
        #expect(refusal { try metadata.deleteNamespace("default") } == "namespace \"default\": not found")
    }
}

@Test func containersAreWholeAndImmutableWhereTheyShouldBe() throws {
    try withMetadata { metadata in
        var container = ContainerRecord(id: "c")
        #expect(
            refusal { _ = try metadata.createContainer(container, in: scope) }
                == "create container failed validation: container.Runtime.Name must be set: invalid argument")
        container.runtime = "io.containerd.runc.v2"
        container.runtimeOptions = TypedBytes(type: "o", bytes: [1])
        container.spec = TypedBytes(type: "s", bytes: [0, 2])
        container.extensions = ["e": TypedBytes(type: "t", bytes: [3])]
        container.labels = ["l": "v"]
        let made = try metadata.createContainer(container, in: scope)
        #expect(try metadata.container("c", in: scope) == made)
        container.runtime = "other"
        #expect(
            refusal { _ = try metadata.updateContainer(container, paths: [], in: scope) }
                == "container.Runtime.Name field is immutable: invalid argument")
        container.labels = ["l": ""]
        #expect(try metadata.updateContainer(container, paths: ["labels.l"], in: scope).labels.isEmpty)
        let words = "container \"d\" in namespace \"default\": not found"
        #expect(refusal { _ = try metadata.container("d", in: scope) } == words)
    }
}

@Test(arguments: ["", "a b", ".a", "a.", "a..b", "a/b", String(repeating: "a", count: 77), "é"])
func namesThatAreNoIdentifiersAreRefused(_ name: String) {
    #expect(throws: ServiceError.self) { try Identifier.check(name) }
}

@Test func leasesHoldWhatIsMadeUnderThem() throws {
    try withMetadata { metadata in
        _ = try metadata.createLease("l", labels: [:], in: scope)
        #expect(
            refusal { _ = try metadata.createLease("l", labels: [:], in: scope) } == "lease \"l\": already exists")
        let leased = Scope(namespace: "default", lease: "l")
        guard case .ingest = try metadata.openIngest("r", expected: "", total: 0, in: leased) else {
            Issue.record("no ingest")
            return
        }
        #expect(try metadata.resources(ofLease: "l", in: scope) == [LeaseResource(type: "ingests", id: "r")])
        try metadata.commitIngest("r", digest: digest("a"), size: 1, labels: [:], in: leased)
        #expect(try metadata.resources(ofLease: "l", in: scope) == [LeaseResource(type: "content", id: digest("a"))])
        let absent = Scope(namespace: "default", lease: "no")
        #expect(
            refusal { _ = try metadata.openIngest("r", expected: "", total: 0, in: absent) }
                == "lease does not exist: not found")
        #expect(
            refusal { try metadata.addResource(LeaseResource(type: "x", id: "y"), toLease: "l", in: scope) }
                == "resource type x not supported yet: not implemented")
    }
}
