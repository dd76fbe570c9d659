import CLinux
import EngineAPI
import GoText
import Linux
import Testing

@testable import ContainerLogs

let moment = LogMoment(Timestamp(seconds: 1_000_000_000))

extension LogMoment {
    var shown: String { String(decoding: text, as: UTF8.self) }
}

func records(_ pieces: [String], attributes: [String: String] = [:]) -> String {
    var writer = RecordWriter(LogEncoding(.jsonFile, .stdout, attributes: attributes))
    var out: [UInt8] = []
    var ends: [Int] = []
    for piece in pieces {
        Array(piece.utf8).withUnsafeBytes { writer.add($0, time: moment, to: &out, ends: &ends) }
    }
    writer.finish(time: moment, to: &out, ends: &ends)
    return String(decoding: out, as: UTF8.self).split(separator: moment.shown).joined(separator: "T")
}

@Test func aLineIsARecordAndAnUnfinishedOneHasNoLineFeed() {
    #expect(
        records(["one\ntw", "o\n", "\nend"]) == #"""
            {"log":"one\n","stream":"stdout","time":"T"}
            {"log":"two\n","stream":"stdout","time":"T"}
            {"log":"\n","stream":"stdout","time":"T"}
            {"log":"end","stream":"stdout","time":"T"}

            """#)
}

@Test func textIsEscapedAsDockerEscapesIt() {
    #expect(
        records(["\t\r\u{1}\u{7F}\"\\<&>é\u{2028}\n"]) == #"{"log":"\u0009\r\u0001"# + "\u{7F}"
            + #"\"\\\u003c\u0026\u003eé\u2028\n","stream":"stdout","time":"T"}"# + "\n")
    var out: [UInt8] = []
    let broken: [UInt8] = [0x61, 0xFF, 0xE2, 0x80, 0x62]
    broken.withUnsafeBytes { JSONText.escape($0, into: &out) }
    #expect(String(decoding: out, as: UTF8.self) == #"a\ufffd\ufffd\ufffdb"#)
}

@Test func attributesStandBeforeTheTime() {
    #expect(
        records(["x\n"], attributes: ["b": "2", "a": "\"1\""])
            == #"{"log":"x\n","stream":"stdout","attrs":{"a":"\"1\"","b":"2"},"time":"T"}"# + "\n")
}

@Test(arguments: [(16383, [16384]), (16384, [16384, 1]), (40000, [16384, 16384, 7233])])
func longLinesAreCutEvery16KiB(_ length: Int, _ expected: [Int]) {
    let text = String(repeating: "x", count: length) + "\n"
    for step in [length + 1, 1000, 4096] {
        let pieces = stride(from: 0, to: text.utf8.count, by: step).map {
            String(decoding: Array(text.utf8)[$0..<min($0 + step, text.utf8.count)], as: UTF8.self)
        }
        let lines = records(pieces).split(separator: "\n")
        let found = lines.map { line in Array(line.utf8).withUnsafeBytes { LogRecord($0)?.text.count ?? -1 } }
        #expect(found == expected)
    }
}

@Test func recordsAreReadAsTheyWereWritten() throws {
    for line in [
        #"{"log":"a\tb\u0009\"\\\u003c\u00e9\n","stream":"stderr","time":"2020-01-02T03:04:05.5Z"}"#,
        #"{"time":"2020-01-02T03:04:05.5Z","stream":"stderr","log":"a\tb\u0009\"\\<é\n"}"#,
    ] {
        let record = try #require(Array(line.utf8).withUnsafeBytes { LogRecord($0) })
        #expect(String(decoding: record.text, as: UTF8.self) == "a\tb\t\"\\<é\n")
        #expect(record.isStderr)
        var out: [UInt8] = []
        var query = LogQuery()
        query.timestamps = true
        query.multiplexed = false
        record.append(to: &out, query)
        #expect(String(decoding: out, as: UTF8.self) == "2020-01-02T03:04:05.500000000Z a\tb\t\"\\<é\n")
    }
    for length in 0..<60 {
        let cut = Array(#"{"log":"abc\n","stream":"stdout","time":"2020-01-02T03:04:05.5Z"}"#.utf8)[0..<length]
        #expect(Array(cut).withUnsafeBytes { LogRecord($0) } == nil)
    }
}

@Test(arguments: [
    ("json-file", ["x": "1"], "unknown log opt 'x' for json-file log driver"),
    ("json-file", ["max-file": "0"], "max-file cannot be less than 1"),
    ("json-file", ["max-size": "no"], "invalid size: 'no'"),
    ("json-file", ["max-size": "0"], "max-size must be a positive number"),
    ("json-file", ["compress": "true"], "compress cannot be true when max-file is less than 2 or max-size is not set"),
    ("json-file", ["compress": "maybe"], "strconv.ParseBool: parsing \"maybe\": invalid syntax"),
    ("json-file", ["mode": "odd"], "logger: logging mode not supported: odd"),
    (
        "json-file", ["max-buffer-size": "4k"],
        "logger: max-buffer-size option is only supported with 'mode=non-blocking'"
    ),
    (
        "json-file", ["max-buffer-size": "no", "mode": "non-blocking"],
        "error parsing option max-buffer-size: invalid size: 'no'"
    ),
    ("json-file", ["cache-disabled": "no"], "invalid value for option cache-disabled: no"),
    ("local", ["tag": "x"], "unknown log opt 'tag' for log driver local"),
    ("local", ["max-size": "no"], "invalid value for max-size: no: invalid size: 'no'"),
    ("local", ["max-file": "no"], "invalid value for max-file: no: strconv.Atoi: parsing \"no\": invalid syntax"),
    ("local", ["max-file": "1"], "compression cannot be enabled when max file count is 1"),
    ("local", ["max-file": "-1", "compress": "false"], "max file count cannot be less than 0"),
    ("odd", [:], "error looking up logging plugin odd: plugin \"odd\" not found"),
])
func badSettingsAreRefused(_ driver: String, _ options: [String: String], _ message: String) {
    do {
        _ = try LogConfiguration(driver: driver, options: options)
        Issue.record("taken")
    } catch { #expect(error.message == message) }
}

@Test func attributesAreChosenByNameAndByExpressionAndTheTagIsATemplate() throws {
    var subject = LogSubject(id: "0123456789abcdef", name: "web")
    subject.labels = ["a": "1", "bee": "2", "c": "3"]
    subject.environment = ["HOME=/", "PATH=x=y", "NONE"]
    func attributes(_ options: [String: String]) throws -> [String: String] {
        try LogConfiguration(driver: "", options: options).attributes(of: subject)
    }
    #expect(try attributes(["labels": "a,zz", "labels-regex": "^be+$"]) == ["a": "1", "bee": "2"])
    #expect(try attributes(["env": "NONE,HOME", "env-regex": "TH"]) == ["HOME": "/", "PATH": "x=y"])
    #expect(try attributes(["tag": "{{.Name}}/{{.ID}}{{upper .DaemonName}}"]) == ["tag": "web/0123456789abDOCKER"])
    for (option, message) in [
        ("labels-regex", "error parsing regexp: missing closing ): `(`"),
        (
            "tag",
            #"template: log-tag:1:2: executing "log-tag" at <.Foo>: can't evaluate field Foo in type *logger.Info"#
        ),
    ] {
        do {
            _ = try attributes([option: option == "tag" ? "{{.Foo}}" : "("])
            Issue.record("taken")
        } catch let error as EngineError { #expect(error.message == message) }
    }
}

final class Folder {
    let path = "/tmp/slipway-logs-" + randomHex(bytes: 6)
    init() throws { try Files.makeDirectories(path) }
    deinit { try? Files.removeTree(path) }  // The test has its answer.

    func log(_ options: [String: String] = [:], driver: String = "") throws -> ContainerLog {
        try #require(
            try ContainerLog(
                folder: path, configuration: LogConfiguration(driver: driver, options: options),
                subject: LogSubject(id: "x", name: "x"), report: { _ in }))
    }
}

func line(_ number: Int) -> [UInt8] {
    let stream = number % 2 == 0 ? "stdout" : "stderr"
    let time = "2020-01-01T00:00:\(number / 10)\(number % 10)Z"
    return Array("{\"log\":\"\(number)\\n\",\"stream\":\"\(stream)\",\"time\":\"\(time)\"}\n".utf8)
}

func text(_ log: ContainerLog, _ change: (inout LogQuery) -> Void = { _ in }) async throws -> String {
    var query = LogQuery()
    query.multiplexed = false
    change(&query)
    var out: [UInt8] = []
    try await LogReader(log.location, query: query).read(live: nil) { out += $0 }
    return String(decoding: out, as: UTF8.self).split(separator: "\n").joined(separator: " ")
}

@Test func logsAreRotatedAndReadAcrossFiles() async throws {
    let folder = try Folder()
    let size = line(10).count
    let log = try folder.log(["max-size": "\(size * 3)", "max-file": "3"])
    for number in 10..<18 { log.append(line(number), ends: [size]) }
    #expect(try Files.names(in: folder.path).sorted() == ["x-json.log", "x-json.log.1", "x-json.log.2"])
    #expect(try await text(log) == "10 11 12 13 14 15 16 17")
    for count in 0...9 {
        let expected = (10..<18).suffix(count).map { String($0) }.joined(separator: " ")
        #expect(try await text(log) { $0.tail = count } == expected)
    }
    #expect(try await text(log) { $0.stderr = false } == "10 12 14 16")
    #expect(try await text(log) { $0.since = Timestamp(rfc3339: "2020-01-01T00:00:15Z") } == "15 16 17")
    #expect(try await text(log) { $0.until = Timestamp(rfc3339: "2020-01-01T00:00:12Z") } == "10 11 12")
    // A batch that crosses files is cut where single writes would be.
    let batch = (18..<26).flatMap { line($0) }
    log.append(batch, ends: (1...8).map { $0 * size })
    #expect(try await text(log) == "19 20 21 22 23 24 25")
}

@Test func outputIsCollectedPassedOnAndFollowed() async throws {
    let folder = try Folder()
    let log = try folder.log()
    let collector = try LogCollector()
    let pipe = try Pipe()
    let writer = try pipe.writer.duplicate()
    let reader = try pipe.reader.duplicate()
    _ = consume pipe
    let (bytes, seen) = AsyncStream.makeStream(of: [UInt8].self)
    _ = try collector.collect(
        stdout: consume reader, stderr: nil, into: log,
        onOutput: { (_, bytes) -> Bool in
            seen.yield(Array(bytes))
            return true
        }
    ) {
        seen.finish()
        log.close()
    }
    let follower = Task {
        var query = LogQuery()
        query.follow = true
        var out: [UInt8] = []
        try await LogReader(log.location, query: query).read(live: log) { out += $0 }
        return out
    }
    try writer.writeAll("hello\n")
    try writer.writeAll("rest")
    _ = consume writer
    var passed: [UInt8] = []
    for await piece in bytes { passed += piece }
    #expect(passed == Array("hello\nrest".utf8))
    let followed = try await follower.value
    #expect(
        followed == [1, 0, 0, 0, 0, 0, 0, 6] + Array("hello\n".utf8) + [1, 0, 0, 0, 0, 0, 0, 4] + Array("rest".utf8))
}
