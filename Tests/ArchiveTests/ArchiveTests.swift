import Archive
import ByteStream
import CLinux
import Linux
import TarFormat
import Testing

/// A directory that goes when the test ends.
final class Folder {
    let path = "/tmp/slipway-archive-" + randomHex(bytes: 6)
    init() throws { try Files.makeDirectories(path) }
    deinit { try? Files.removeTree(path) }  // The test has its answer.

    func extract(_ bytes: [UInt8], _ change: (inout Extraction) -> Void = { _ in }) throws {
        var extraction = Extraction()
        extraction.setsOwner = getuid() == 0
        change(&extraction)
        try extraction.extract(BytesSource(bytes), into: Descriptor.open(path, O_RDONLY | O_DIRECTORY))
    }
}

func archive(_ members: [(TarHeader, String)]) throws -> [UInt8] {
    let sink = BytesSink()
    let writer = TarWriter(sink)
    for (header, content) in members { try writer.add(header, content: Array(content.utf8)) }
    try writer.finish()
    return sink.bytes
}

func link(_ kind: TarHeader.Kind, _ name: String, _ target: String) -> (TarHeader, String) {
    var header = TarHeader(kind, name, mode: 0o777)
    header.linkName = Array(target.utf8)
    return (header, "")
}

func file(_ name: String, _ content: String, mode: UInt32 = 0o644) -> (TarHeader, String) {
    (TarHeader(.file, name, mode: mode), content)
}

@Test func membersBecomeFiles() throws {
    let folder = try Folder()
    var dated = TarHeader(.directory, "d/", mode: 0o1777)
    dated.modified = .init(seconds: 1000, nanoseconds: 5)
    var old = TarHeader(.file, "old", mode: 0o644)
    old.modified = .init(seconds: -1000, nanoseconds: 5)
    try folder.extract(
        try archive([
            (dated, ""), file("d/a", "one", mode: 0o4755), link(.symbolicLink, "d/s", "/etc/passwd"),
            link(.hardLink, "d/h", "d/a"), file("implied/deep/x", "two"),
            (old, ""),
        ]))
    #expect(try Files.readText(folder.path + "/d/a") == "one")
    #expect(try Files.link(folder.path + "/d/s") == "/etc/passwd")
    let a = try #require(Files.status(folder.path + "/d/a"))
    #expect(a.st_nlink == 2 && a.st_mode & 0o7777 == 0o4755)
    let d = try #require(Files.status(folder.path + "/d"))
    #expect(d.st_mode & 0o7777 == 0o1777 && d.st_mtim.tv_sec == 1000 && d.st_mtim.tv_nsec == 5)
    #expect(try Files.readText(folder.path + "/implied/deep/x") == "two")
    let oldest = try #require(Files.status(folder.path + "/old"))
    #expect(oldest.st_mtim.tv_sec == 0)
}

@Test(arguments: ["../escape", "/../../escape", "a/../../escape", "/escape"])
func namesThatClimbOutStayInside(_ name: String) throws {
    let folder = try Folder()
    try Files.makeDirectories(folder.path + "/in")
    var extraction = Extraction()
    extraction.setsOwner = false
    let root = try Descriptor.open(folder.path + "/in", O_RDONLY | O_DIRECTORY)
    try extraction.extract(BytesSource(try archive([file(name, "x")])), into: root)
    #expect(!Files.exists(folder.path + "/escape"))
    #expect(try Files.readText(folder.path + "/in/escape") == "x")
    extraction.refusesEscape = true
    if !name.hasPrefix("/") {
        #expect(throws: ArchiveError.refused("\"\(name)\" is outside of \"/\"")) {
            try extraction.extract(BytesSource(try archive([file(name, "x")])), into: root)
        }
    }
}

@Test(arguments: ["/", "..", "../..", "/tmp"])
func linksThatPointOutsideAreFollowedInsideOnly(_ target: String) throws {
    let folder = try Folder()
    let marker = "slipway-" + randomHex(bytes: 4)
    try Files.makeDirectories(folder.path + "/in/tmp")
    let root = try Descriptor.open(folder.path + "/in", O_RDONLY | O_DIRECTORY)
    var extraction = Extraction()
    extraction.setsOwner = false
    let bytes = try archive([link(.symbolicLink, "out", target), file("out/\(marker)", "x")])
    try extraction.extract(BytesSource(bytes), into: root)
    #expect(!Files.exists("/" + marker) && !Files.exists("/tmp/" + marker) && !Files.exists(folder.path + "/" + marker))
}

@Test func aHardLinkToSomethingOutsideIsNotMade() throws {
    let folder = try Folder()
    #expect(throws: ArchiveError.self) {
        try folder.extract(try archive([link(.hardLink, "shadow", "../../../../etc/hostname")]))
    }
    #expect(throws: ArchiveError.self) {
        try folder.extract(try archive([link(.symbolicLink, "l", "/etc"), link(.hardLink, "shadow", "l/hostname")]))
    }
}

@Test func aFileIsNotWrittenThroughALinkInItsPlace() throws {
    let folder = try Folder()
    let victim = folder.path + "-victim"
    try Files.write(Array("safe".utf8), to: victim)
    defer { try? Files.remove(victim) }  // Nothing to tell.
    try folder.extract(try archive([link(.symbolicLink, "f", victim), file("f", "evil")]))
    #expect(try Files.readText(victim) == "safe")
    #expect(try Files.readText(folder.path + "/f") == "evil")
}

@Test func laterMembersReplaceEarlierOnes() throws {
    let folder = try Folder()
    try folder.extract(
        try archive([
            file("d/x/y", "1"), file("d", "file now"), (TarHeader(.directory, "d/", mode: 0o755), ""), file("d/z", "2"),
        ]))
    #expect(try Files.names(in: folder.path + "/d") == ["z"])
}

@Test func aChangeOfTypeIsRefusedWhenAsked() throws {
    let folder = try Folder()
    try folder.extract(try archive([file("d/x", "1")]))
    #expect(throws: ArchiveError.self) {
        try folder.extract(try archive([file("d", "2")])) { $0.refusesTypeChange = true }
    }
    #expect(throws: ArchiveError.self) {
        try folder.extract(try archive([(TarHeader(.directory, "d/x/", mode: 0o755), "")])) {
            $0.refusesTypeChange = true
        }
    }
    #expect(try Files.readText(folder.path + "/d/x") == "1")
}

@Test func whiteoutsRemoveWhatWasThereBefore() throws {
    let folder = try Folder()
    try folder.extract(try archive([file("a/old", "1"), file("a/keep", "1"), file("b/x/y", "1"), file("b/z", "1")]))
    try folder.extract(
        try archive([
            file("a/.wh.old", ""), file("b/new", "2"), file("b/.wh..wh..opq", ""), file(".wh..wh.plnk/1", ""),
        ])
    ) { $0.whiteouts = .apply }
    #expect(try Files.names(in: folder.path + "/a") == ["keep"])
    #expect(try Files.names(in: folder.path + "/b") == ["new"])
    #expect(try Files.names(in: folder.path).sorted() == ["a", "b"])
    #expect(throws: ArchiveError.self) {
        try folder.extract(try archive([file("a/.wh...", "")])) { $0.whiteouts = .apply }
    }
}

@Test func aTreeBecomesAnArchiveAndATreeAgain() throws {
    let folder = try Folder()
    let again = try Folder()
    let bytes = try archive([
        (TarHeader(.directory, "d/", mode: 0o750), ""), file("d/a", "one", mode: 0o600), link(.hardLink, "d/b", "d/a"),
        link(.symbolicLink, "s", "d/a"), (TarHeader(.fifo, "pipe", mode: 0o640), ""),
        file(String(repeating: "n", count: 200), "long"),
    ])
    try folder.extract(bytes)
    let sink = BytesSink()
    let writer = TarWriter(sink)
    let root = try Descriptor.open(folder.path, O_RDONLY | O_DIRECTORY)
    try TreeArchive(root: root.number, writer: writer).addAll()
    try writer.finish()
    try again.extract(sink.bytes)
    let reader = TarReader(BytesSource(sink.bytes))
    var names: [String] = []
    while let header = try reader.next() { names.append(header.nameText) }
    #expect(names == ["d/", "d/a", "d/b", String(repeating: "n", count: 200), "pipe", "s"])
    #expect(Files.status(again.path + "/d/a")?.st_nlink == 2)
    #expect(Files.status(again.path + "/d")?.st_mode ?? 0 & 0o7777 == 0o40750)
    #expect(try Files.link(again.path + "/s") == "d/a")
}

@Test func truncatedArchivesAreErrors() throws {
    let bytes = try archive([file("a", String(repeating: "x", count: 1000)), file("b", "y")])
    for length in stride(from: 1, to: 2048, by: 37) where length % 512 != 0 {
        let folder = try Folder()
        #expect(throws: ArchiveError.self) { try folder.extract(Array(bytes[0..<length])) }
    }
}

@Test func bytesPassThroughAChannelBothWays() async throws {
    let channel = ByteChannel(most: 1000, pieceSize: 100)
    let thread = Task.detached {
        let up = ByteChannel(most: 1000)
        async let pushed: Void = {
            for _ in 0..<100 { try await up.push([UInt8](repeating: 1, count: 77)) }
            up.finish()
        }()
        let total = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Int, any Error>) in
            spawn { continuation.resume(with: Result { try up.copy(to: channel) }) }
        }
        try await pushed
        return total
    }
    var count = 0
    let reader = Task {
        var count = 0
        while let piece = try await channel.next() { count += piece.count }
        return count
    }
    #expect(try await thread.value == 7700)
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        spawn {
            try? channel.flush()  // The count below tells.
            channel.finish()
            done.resume()
        }
    }
    count = try await reader.value
    #expect(count == 7700)
}

private func spawn(_ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(Box(body)).toOpaque()
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, box)
    pthread_detach(thread)
}

private final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
