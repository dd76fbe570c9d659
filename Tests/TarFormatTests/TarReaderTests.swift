import ByteStream
import Foundation
import TarFormat
import Testing

func fixture(_ name: String) throws -> [UInt8] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    return [UInt8](try Data(contentsOf: folder.appending(path: name)))
}

func members(_ bytes: [UInt8]) throws -> [(header: TarHeader, content: [UInt8])] {
    let reader = TarReader(BytesSource(bytes))
    var found: [(header: TarHeader, content: [UInt8])] = []
    while let header = try reader.next() { found.append((header, try reader.content(limit: 1 << 20))) }
    return found
}

@Test(arguments: ["gnu.tar", "pax.tar"])
func archivesOfGNUTarAreRead(_ name: String) throws {
    let found = try members(try fixture(name))
    let long = String(repeating: "long", count: 40)
    let names = found.map { $0.header.nameText }
    #expect(names.contains("d/"))
    #expect(names.contains("d/\(long)/y"))
    #expect(found.contains { $0.header.name == Array("d/caf".utf8) + [0xE9] })
    let link = try #require(found.first { $0.header.nameText == "d/longlink" })
    #expect(link.header.kind == .symbolicLink && link.header.linkText == "\(long)/y")
    let file = try #require(found.first { $0.header.nameText == "d/file" })
    #expect(file.content == Array("hello\n".utf8))
    #expect(file.header.uid == 0 && file.header.modified.seconds == 1_577_934_245)
    #expect(file.header.modified.nanoseconds == (name == "pax.tar" ? 123_456_789 : 0))
    let hard = try #require(found.first { $0.header.nameText == "d/hard" })
    #expect(hard.header.kind == .hardLink && hard.header.linkText == "d/file" && hard.header.size == 0)
    #expect(found.first { $0.header.nameText == "d/fifo" }?.header.kind == .fifo)
}

@Test(arguments: ["sparse0.0.tar", "sparse0.1.tar", "sparse1.0.tar", "sparsegnu.tar"])
func sparseFilesAreReadWithTheirHoles(_ name: String) throws {
    let found = try members(try fixture(name))
    #expect(found.count == 1)
    #expect(found[0].header.nameText == "d/sparse")
    #expect(found[0].header.size == 100_000 && found[0].content.count == 100_000)
    #expect(Array(found[0].content[50_000..<50_004]) == Array("data".utf8))
    #expect(found[0].content.reduce(0) { $0 + Int($1) } == Array("data".utf8).reduce(0) { $0 + Int($1) })
}

@Test func archivesOfPythonAreRead() throws {
    let found = try members(try fixture("python.tar"))
    #expect(found[0].header.nameText == String(repeating: "dév/é", count: 30))
    #expect(found[0].header.uid == 3_000_000)
    #expect(found[0].header.modified == .init(seconds: -2, nanoseconds: 500_000_000))
    #expect(found[1].header.gid == 10_000_000)
}

@Test(arguments: [("sparsegnu.tar", 1), ("pax.tar", 41), ("sparse1.0.tar", 13)])
func everyTruncationIsAnErrorOrTheEndBetweenMembers(_ name: String, _ step: Int) throws {
    let bytes = try fixture(name)
    let all = try members(bytes).count
    var wrong: [Int] = []
    for length in stride(from: 0, to: bytes.count - 1024, by: step) {
        do {
            let found = try members(Array(bytes[0..<length]))
            if length % 512 != 0 || found.count > all { wrong.append(length) }
        } catch let error as StreamError {
            if !["unexpected EOF", "archive/tar: invalid tar header"].contains(error.message) { wrong.append(length) }
        }
    }
    #expect(wrong == [])
}

@Test func damagedBytesNeverCrashTheReader() throws {
    for name in ["pax.tar", "sparse1.0.tar", "sparse0.1.tar", "sparsegnu.tar"] {
        let bytes = try fixture(name)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var damaged = bytes
            let at = Int.random(in: 0..<min(4096, bytes.count), using: &random)
            damaged[at] = UInt8.random(in: 0...255, using: &random)
            // The checksum is made right again so that the damage reaches the fields.
            let block = at / 512 * 512
            for index in 148..<156 { damaged[block + index] = 32 }
            let sum = damaged[block..<block + 512].reduce(0) { $0 + Int($1) }
            let text = Array((String(sum, radix: 8) + "\0 ").utf8)
            for (index, byte) in text.prefix(8).enumerated() { damaged[block + 148 + index] = byte }
            _ = try? members(damaged)  // Any answer but a crash is right.
        }
    }
}

@Test func writtenMembersAreReadAgain() throws {
    var file = TarHeader(.file, String(repeating: "dir/", count: 60) + "naïve", mode: 0o4755)
    file.uid = 3_000_000
    file.modified = .init(seconds: 1, nanoseconds: 5)
    file.accessed = .init(seconds: -1, nanoseconds: 250_000_000)
    file.attributes = ["security.capability": [1, 0, 10, 61], "user.empty": []]
    file.size = 700
    var link = TarHeader(.symbolicLink, "l", mode: 0o777)
    link.linkName = Array(String(repeating: "t", count: 150).utf8)
    var device = TarHeader(.characterDevice, "null", mode: 0o666)
    device.deviceMajor = 1
    device.deviceMinor = 3
    let sink = BytesSink()
    let writer = TarWriter(sink)
    try writer.add(file, content: [UInt8](repeating: 7, count: 700))
    try writer.add(link)
    try writer.add(device)
    try writer.add(TarHeader(.directory, "d/", mode: 0o1777))
    try writer.finish()
    #expect(sink.bytes.count % 512 == 0)
    let found = try members(sink.bytes)
    #expect(found.map(\.header) == [file, link, device, TarHeader(.directory, "d/", mode: 0o1777)])
    #expect(found[0].content == [UInt8](repeating: 7, count: 700))
}

@Test func aPlainMemberIsTheBlockThatGoWrites() throws {
    let bytes = try TarWriter.encode(TarHeader(.file, "a", mode: 0o644, size: 5))
    #expect(bytes.count == 512)
    #expect(Array(bytes[100..<108]) == Array("0000644\0".utf8))
    #expect(Array(bytes[124..<136]) == Array("00000000005\0".utf8))
    #expect(Array(bytes[257..<265]) == Array("ustar\u{0}00".utf8))
    #expect(bytes[154] == 0 && bytes[155] == 32)
}

@Test func moreOrLessContentThanAnnouncedIsRefused() throws {
    let writer = TarWriter(BytesSink())
    try writer.add(TarHeader(.file, "a", size: 2))
    #expect(throws: StreamError.self) { try [1, 2, 3].withUnsafeBytes { try writer.write($0) } }
    #expect(throws: StreamError.self) { try writer.finish() }
}

@Test func aRecordOfAHugeSizeIsRefused() throws {
    var header = try TarWriter.encode(TarHeader(.file, "a", size: 1 << 21))
    header[156] = UInt8(ascii: "x")
    for index in 148..<156 { header[index] = 32 }
    let sum = header.reduce(0) { $0 + Int($1) }
    for (index, byte) in Array((String(sum, radix: 8) + "\0").utf8).enumerated() { header[148 + index] = byte }
    #expect(throws: StreamError("archive/tar: header field too long")) { try members(header) }
}
