import ByteStream
import Compression
import Foundation
import Testing

func fixture(_ name: String) throws -> [UInt8] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    return [UInt8](try Data(contentsOf: folder.appending(path: name)))
}

let plain = Array(String(repeating: "hello compression\n", count: 200).utf8)

func expanded(_ bytes: [UInt8]) throws -> [UInt8] {
    try Compression.decompressed(BytesSource(bytes)).source.readAll()
}

@Test(arguments: [
    ("plain.gz", ""), ("two.gz", "more\n"), ("plain.zst", ""), ("two.zst", "more\n"), ("plain.xz", ""),
    ("two.xz", "more\n"),
    ("plain.bz2", ""), ("two.bz2", "more\n"),
])
func streamsOfTheToolsAreExpanded(_ name: String, _ rest: String) throws {
    #expect(try expanded(try fixture(name)) == plain + Array(rest.utf8))
}

@Test func whatIsNotCompressedPasses() throws {
    let (source, found) = try Compression.decompressed(BytesSource(plain))
    #expect(found == .none)
    #expect(try source.readAll() == plain)
    #expect(try expanded([]) == [])
}

@Test(arguments: ["plain.gz", "plain.zst", "plain.xz", "plain.bz2"])
func everyTruncationIsAnError(_ name: String) throws {
    let bytes = try fixture(name)
    for length in 7..<bytes.count {
        #expect(throws: StreamError.unexpectedEnd) { try expanded(Array(bytes[0..<length])) }
    }
}

@Test func damageIsAnError() throws {
    var bytes = try fixture("plain.gz")
    bytes[bytes.count - 6] ^= 1
    #expect(throws: StreamError("gzip: invalid checksum")) { try expanded(bytes) }
    #expect(throws: StreamError("gzip: invalid header")) { try expanded(try fixture("plain.gz") + [1, 2, 3, 4]) }
    #expect(try expanded(try fixture("plain.gz") + [0, 0, 0, 0]) == plain)
    for name in ["plain.xz", "plain.bz2"] {
        var bytes = try fixture(name)
        bytes[bytes.count / 2] ^= 0x55
        #expect(throws: StreamError.self) { try expanded(bytes) }
    }
}

@Test(arguments: [0, 1, 70_000, 1_000_000])
func whatIsWrittenIsReadAgain(_ size: Int) throws {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
    for gzip in [true, false] {
        let sink = BytesSink()
        let compressor: any FinishingSink = gzip ? try Deflater(sink, level: 1) : try ZstdCompressor(sink)
        try compressor.write(bytes)
        try compressor.finish()
        #expect(try expanded(sink.bytes) == bytes)
    }
}
