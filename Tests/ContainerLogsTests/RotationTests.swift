import CLinux
import EngineAPI
import Linux
import Testing

@testable import ContainerLogs

/// Numbered lines as a log's writer makes them; the record of each is given to the log by itself.
func write(_ numbers: Range<Int>, to log: ContainerLog, padding: Int = 0) {
    var writer = log.writer(.stdout)
    for number in numbers {
        var out: [UInt8] = []
        var ends: [Int] = []
        let text = Array("\(number)\(String(repeating: ".", count: padding))\n".utf8)
        text.withUnsafeBytes { writer.add($0, time: moment, to: &out, ends: &ends) }
        log.append(out, ends: ends)
    }
}

func settled(_ folder: Folder) throws -> [String] {
    for _ in 0..<200 {
        let names = try Files.names(in: folder.path).sorted()
        if !names.contains(where: { $0.hasSuffix(".1") || $0.hasSuffix(".2") || $0.hasSuffix(".tmp") }) { return names }
        usleep(10_000)
    }
    return try Files.names(in: folder.path).sorted()
}

@Test(arguments: ["json-file", "local"])
func rotatedFilesAreCompressedAndReadAsIfTheyWereNot(_ driver: String) async throws {
    let folder = try Folder()
    let log = try folder.log(["max-size": "1k", "max-file": "3", "compress": "true"], driver: driver)
    write(0..<20, to: log, padding: 80)
    if driver == "json-file" {
        #expect(try settled(folder) == ["x-json.log", "x-json.log.1.gz", "x-json.log.2.gz"])
    } else {
        let inner = try Files.names(in: folder.path + "/local-logs").sorted()
        #expect(inner.contains("container.log"))
    }
    let all = try await text(log).split(separator: " ").map { Int($0.prefix { $0 != "." }) ?? -1 }
    #expect(all.last == 19)
    #expect(all == Array((20 - all.count)..<20))
    for count in 0...all.count {
        let found = try await text(log) { $0.tail = count }.split(separator: " ")
        #expect(found.count == count)
        #expect(found.last.map { $0.hasPrefix("19.") } ?? true)
    }
    log.close()
}

@Test(arguments: ["json-file", "local"])
func aFollowerSeesEveryLineWhileFilesAreRotatedAndCompressed(_ driver: String) async throws {
    let folder = try Folder()
    let log = try folder.log(["max-size": "20k", "max-file": "50", "compress": "true"], driver: driver)
    let follower = Task {
        var query = LogQuery()
        query.follow = true
        query.multiplexed = false
        var out: [UInt8] = []
        try await LogReader(log.location, query: query).read(live: log) { out += $0 }
        return String(decoding: out, as: UTF8.self).split(separator: "\n").map { Int($0) ?? -1 }
    }
    for start in stride(from: 0, to: 5000, by: 50) {
        write(start..<start + 50, to: log)
        await Task.yield()
    }
    log.close()
    #expect(try await follower.value == Array(0..<5000))
}

@Test func aLocalRecordIsWrittenAsUpstreamWritesIt() throws {
    var writer = RecordWriter(LogEncoding(.local, .stderr, attributes: [:]))
    var out: [UInt8] = []
    var ends: [Int] = []
    Array("hi\n\n".utf8).withUnsafeBytes { writer.add($0, time: moment, to: &out, ends: &ends) }
    let time: [UInt8] = [0x10, 0x80, 0x80, 0x90, 0xBB, 0xBA, 0xD6, 0xAD, 0xF0, 0x0D]
    let head = [0x0A, 6] + Array("stderr".utf8) + time
    let first = [0, 0, 0, 22] + head + [0x1A, 2, 0x68, 0x69] + [0, 0, 0, 22]
    #expect(out == first + [0, 0, 0, 18] + head + [0, 0, 0, 18])
    #expect(ends == [30, 56])
}

@Test func piecesOfALongLineAreOneLineAgainInTheLocalFormat() async throws {
    let folder = try Folder()
    let log = try folder.log(driver: "local")
    write(0..<3, to: log, padding: 40_000)
    var query = LogQuery()
    query.multiplexed = false
    query.tail = 4
    var out: [UInt8] = []
    try await LogReader(log.location, query: query).read(live: nil) { out += $0 }
    let lines = out.split(separator: 10).map(\.count)
    #expect(lines == [40_001 - 2 * 16_384, 40_001])
    // A damaged length ends the reading of the file.
    let descriptor = try Descriptor.open(log.location.path, O_WRONLY)
    let bytes: [UInt8] = [0xFF]
    #expect(pwrite(descriptor.number, bytes, 1, 0) == 1)
    query.tail = nil
    out = []
    try await LogReader(log.location, query: query).read(live: nil) { out += $0 }
    #expect(out.isEmpty)
}

@Test func aQueueKeepsOrderAndDropsWhatFindsNoRoom() async throws {
    let folder = try Folder()
    let log = try folder.log(["mode": "non-blocking", "max-buffer-size": "1m"])
    write(0..<200, to: log)
    log.close()
    #expect(try await text(log) == (0..<200).map { String($0) }.joined(separator: " "))

    let queue = try LogQueue(limit: 10)
    queue.offer(Array("aaaaaaaaaaaaaaaa".utf8), ends: [16])
    queue.offer(Array("bbbb".utf8), ends: [4])
    let seen = Seen()
    queue.start { bytes, _ in seen.add(String(decoding: bytes, as: UTF8.self)) }
    queue.close()
    #expect(seen.all == ["aaaaaaaaaaaaaaaa"])
}

/// Safety of `@unchecked`: a queue delivers one piece at a time, and all before it is closed.
final class Seen: @unchecked Sendable {
    private(set) var all: [String] = []
    func add(_ text: String) { all.append(text) }
}
