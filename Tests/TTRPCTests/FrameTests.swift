import Testing

@testable import TTRPC

/// Feeds bytes in pieces of a size and collects the frames.
private func frames(_ bytes: [UInt8], inPiecesOf size: Int) throws -> [Frame] {
    var reader = FrameReader()
    var found: [Frame] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
        bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { reader.append($0) }
        while let frame = try reader.next() { found.append(frame) }
    }
    return found
}

@Test func aHeaderIsTenBytesInBigEndian() {
    var bytes: [UInt8] = []
    Frame(stream: 0x0102_0304, kind: Frame.Kind.request, payload: [9, 8]).append(to: &bytes)
    #expect(bytes == [0, 0, 0, 2, 1, 2, 3, 4, 1, 0, 9, 8])
}

@Test(arguments: [1, 2, 3, 7, 10, 11, 1000])
func framesAreCutHoweverTheBytesArrive(_ size: Int) throws {
    let sent = [
        Frame(stream: 1, kind: Frame.Kind.request, payload: []),
        Frame(stream: 3, kind: Frame.Kind.response, payload: Array(repeating: 7, count: 300)),
        Frame(stream: 5, kind: Frame.Kind.request, payload: [1]),
    ]
    var bytes: [UInt8] = []
    for frame in sent { frame.append(to: &bytes) }
    #expect(try frames(bytes, inPiecesOf: size) == sent)
}

@Test func anUnfinishedFrameWaits() throws {
    var bytes: [UInt8] = []
    Frame(stream: 1, kind: Frame.Kind.request, payload: [1, 2, 3]).append(to: &bytes)
    for length in 0..<bytes.count { #expect(try frames(Array(bytes[0..<length]), inPiecesOf: 64).isEmpty) }
}

@Test func aFrameBeyondTheLimitEndsTheConnection() {
    #expect(throws: TTRPCError.self) { try frames([0x00, 0x40, 0x00, 0x01, 0, 0, 0, 1, 1, 0], inPiecesOf: 64) }
}
