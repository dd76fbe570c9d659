import CLinux
import Digests
import Linux
import Metadata
import Testing

@testable import Content

private let scope = Scope(namespace: "default")
private let hello = Array("hello".utf8)
private let helloDigest = Digest(of: hello).description

/// A store in a directory of its own, which `open` opens once more, as a daemon that starts again does.
private func withStore(_ body: (_ root: String, _ open: () throws -> ContentStore) throws -> Void) throws {
    let root = "/tmp/content-test-" + randomHex(bytes: 6)
    try Files.makeDirectories(root)
    // A leftover in /tmp harms nobody.
    defer { try? Files.removeTree(root) }
    try body(root) { try ContentStore(root: root + "/content", metadata: try Metadata(directory: root)) }
}

private func refusal(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return (error as? ServiceError)?.message ?? "other"
    }
}

@Test func aBlobIsVisibleOnlyOnceCommitted() throws {
    try withStore { root, open in
        let store = try open()
        let writer = try store.writer("r", total: 5, expected: helloDigest, in: scope)
        try writer.write(Array(hello[0..<2]))
        #expect(refusal { _ = try store.info(helloDigest, in: scope) } == "content digest \(helloDigest): not found")
        #expect(try store.status("r", in: scope).offset == 2)
        try writer.write(Array(hello[2...]))
        try writer.commit(size: 5, expected: helloDigest, labels: ["a": "b"])
        let info = try store.info(helloDigest, in: scope)
        #expect(info.size == 5 && info.labels == ["a": "b"])
        #expect(try store.open(helloDigest, in: scope).read(10, at: 1) == Array("ello".utf8))
        #expect(try store.statuses(matching: try Filter([]), in: scope).isEmpty)
        #expect(try Files.names(in: root + "/content/ingest").isEmpty)
    }
}

@Test func aWrongDigestOrSizeIsRefusedAndNothingShows() throws {
    try withStore { _, open in
        let store = try open()
        let writer = try store.writer("r", total: 0, expected: "", in: scope)
        try writer.write(hello)
        #expect(
            refusal { try writer.commit(size: 4, expected: "", labels: [:]) }
                == "\"r\" failed size validation: 5 != 4: failed precondition")
        let other = Digest(of: [1]).description
        #expect(
            refusal { try writer.commit(size: 5, expected: other, labels: [:]) }
                == "unexpected commit digest \(helloDigest), expected \(other): failed precondition")
        #expect(try store.list(matching: try Filter([]), in: scope).isEmpty)
    }
}

@Test func aReferenceHasOneWriterAtATime() throws {
    try withStore { _, open in
        let store = try open()
        let writer = try store.writer("r", total: 0, expected: "", in: scope)
        #expect(refusal { _ = try store.writer("r", total: 0, expected: "", in: scope) } == "ref r locked: unavailable")
        writer.close()
        try store.writer("r", total: 0, expected: "", in: scope).close()
        #expect(refusal { _ = try store.writer("", total: 0, expected: "", in: scope) } != nil)
    }
}

@Test func anIngestGoesOnAfterARestart() throws {
    try withStore { _, open in
        do {
            let writer = try open().writer("r", total: 5, expected: "", in: scope)
            try writer.write(Array(hello[0..<3]))
        }
        let writer = try open().writer("r", total: 5, expected: "", in: scope)
        #expect(writer.offset == 3)
        try writer.write(Array(hello[3...]))
        try writer.commit(size: 5, expected: helloDigest, labels: [:])
    }
}

@Test func aStartRemovesWhatNoRecordKnows() throws {
    try withStore { root, open in
        _ = try open()
        let stray = root + "/content/blobs/sha256/" + String(repeating: "0", count: 64)
        try Files.write([1], to: stray)
        try Files.makeDirectories(root + "/content/ingest/77")
        _ = try open()
        #expect(!Files.exists(stray) && !Files.exists(root + "/content/ingest/77"))
    }
}

@Test func anotherNamespaceNeedNotSendTheBytesAgain() throws {
    try withStore { root, open in
        let store = try open()
        let writer = try store.writer("r", total: 0, expected: "", in: scope)
        try writer.write(hello)
        try writer.commit(size: 0, expected: "", labels: [:])
        let other = Scope(namespace: "other")
        let shared = try store.writer("r", total: 5, expected: helloDigest, in: other)
        #expect(shared.offset == 5)
        try shared.commit(size: 5, expected: helloDigest, labels: [:])
        try store.delete(helloDigest, in: scope)
        #expect(try store.open(helloDigest, in: other).read(5, at: 0) == hello)
        try store.delete(helloDigest, in: other)
        #expect(try Files.names(in: root + "/content/blobs/sha256").isEmpty)
    }
}

@Test func whatIsThereAlreadyIsTold() throws {
    try withStore { _, open in
        let store = try open()
        for first in [true, false] {
            let writer = try store.writer(first ? "a" : "b", total: 0, expected: "", in: scope)
            try writer.write(hello)
            let words = refusal { try writer.commit(size: 5, expected: "", labels: [:]) }
            #expect(words == (first ? nil : "content \(helloDigest): already exists"))
        }
        #expect(
            refusal { _ = try store.writer("c", total: 0, expected: helloDigest, in: scope) }
                == "content \(helloDigest): already exists")
        #expect(try store.statuses(matching: try Filter([]), in: scope).isEmpty)
    }
}

@Test func truncatingStartsOver() throws {
    try withStore { _, open in
        let writer = try open().writer("r", total: 0, expected: "", in: scope)
        try writer.write([1, 2, 3])
        try writer.truncate(to: 0)
        try writer.write(hello)
        #expect(writer.digest == helloDigest)
        #expect(refusal { try writer.truncate(to: 2) } == "truncate: unsupported size: invalid argument")
    }
}

@Test func aStartForgetsIngestsOfWhichNothingIsThere() throws {
    try withStore { root, open in
        let store = try open()
        try store.writer("kept", total: 0, expected: "", in: scope).write(hello)
        let writer = try store.writer("gone", total: 0, expected: "", in: scope)
        writer.close()
        for name in try Files.names(in: root + "/content/ingest") {
            let reference = String(decoding: try Files.read(root + "/content/ingest/" + name + "/ref"), as: UTF8.self)
            if reference == "default/gone" { try Files.removeTree(root + "/content/ingest/" + name) }
        }
        let started = try open()
        #expect(try started.statuses(matching: try Filter([]), in: scope).map { $0.reference } == ["kept"])
    }
}

@Test func aBlobThatIsThereIsKeptByTheLeaseOfWhoBringsItAgain() throws {
    try withStore { root, open in
        let store = try open()
        let writer = try store.writer("r", total: 5, expected: "", in: scope)
        try writer.write(hello)
        try writer.commit(size: 5, expected: "", labels: [:])
        _ = try store.metadata.createLease("l", labels: [:], in: scope)
        #expect(
            try !store.keep("sha256:" + String(repeating: "0", count: 64), in: Scope(namespace: "default", lease: "l")))
        #expect(try store.keep(helloDigest, in: Scope(namespace: "default", lease: "l")))
        #expect(try store.metadata.collect().isEmpty)
        #expect(try store.info(helloDigest, in: scope).size == 5)
    }
}
