import Testing

@testable import HTTPServer

private func masked(_ head: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let mask: [UInt8] = [1, 2, 3, 4]
    var length: [UInt8] = [0x80 | UInt8(min(payload.count, 126))]
    if payload.count > 125 { length += [UInt8(payload.count >> 8), UInt8(payload.count & 255)] }
    return [head] + length + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
}

@Test func framesAreReadWhateverThePiecesTheyArriveIn() throws {
    let long = [UInt8](repeating: 7, count: 300)
    let all =
        masked(0x02, [1, 2]) + masked(0x89, [9]) + masked(0x80, long) + masked(0x8a, []) + masked(0x88, [3, 232])
    for pieces in [1, 2, 5, 1000] {
        var frames = WebSocketFrames()
        var data: [UInt8] = []
        var others: [WebSocketFrames.Event] = []
        for start in stride(from: 0, to: all.count, by: pieces) {
            frames.append(Array(all[start..<min(start + pieces, all.count)]))
            while let event = try frames.next() {
                if case .data(let bytes) = event { data += bytes } else { others.append(event) }
            }
        }
        #expect(data == [1, 2] + long && others == [.ping([9]), .close([3, 232])])
    }
}

@Test(arguments: [
    [0x82, 0x01, 0x41], [0xc2, 0x80, 0, 0, 0, 0], [0x83, 0x80, 0, 0, 0, 0], [0x88, 0xfe, 1, 0, 0, 0, 0, 0],
])
func framesThatNoClientSendsAreRefused(_ bytes: [UInt8]) {
    var frames = WebSocketFrames()
    frames.append(bytes)
    #expect(throws: WebSocketFrames.Malformed.self) { try frames.next() }
}

@Test func lengthsAreWrittenInTheShortestForm() {
    #expect(WebSocketFrames.frame(2, [5]) == [0x82, 1, 5])
    #expect(WebSocketFrames.frame(2, [UInt8](repeating: 0, count: 200)).prefix(4) == [0x82, 126, 0, 200])
    #expect(
        WebSocketFrames.frame(2, [UInt8](repeating: 0, count: 70000)).prefix(10) == [
            0x82, 127, 0, 0, 0, 0, 0, 1, 17, 112,
        ])
}

@Test func theHandshakeOfTheStandardIsAnswered() {
    let request = HTTPRequest(
        method: "GET", rawPath: "/", query: HTTPQuery(parsing: ""),
        headers: [
            ("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ], body: RequestBody(), understandsChunks: true)
    let answer = HTTPResponse.webSocket(request) { _ in }
    #expect(answer?.status == 101)
    #expect(answer?.headers.last?.value == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
}
