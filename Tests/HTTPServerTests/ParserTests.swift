import Testing

@testable import HTTPServer

private func events(_ text: String, pieces: Int = .max) throws -> [RequestParser.Event] {
    var parser = RequestParser()
    var found: [RequestParser.Event] = []
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
        let end = min(bytes.count, index + min(pieces, bytes.count))
        parser.append(Array(bytes[index..<end]))
        index = end
        while let event = try parser.next() { found.append(event) }
    }
    return found
}

private func body(_ events: [RequestParser.Event]) -> String {
    var all: [UInt8] = []
    for case .body(let bytes) in events { all += bytes }
    return String(decoding: all, as: UTF8.self)
}

@Test func aRequestWithALengthIsReadWhole() throws {
    let found = try events("POST /v1.41/x?a=b HTTP/1.1\r\nHost: d\r\nContent-Length: 5\r\n\r\nhello")
    guard case .head(let head) = found[0] else { return #expect(Bool(false)) }
    #expect(head.method == "POST" && head.target == "/v1.41/x?a=b" && head.keepsAlive)
    #expect(body(found) == "hello" && found.last == .end)
}

@Test func chunksAreJoinedWhateverThePiecesTheyArriveIn() throws {
    let text =
        "PUT /a HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na;x=y\r\n0123456789\r\n0\r\nT: v\r\n\r\n"
    for pieces in 1...text.utf8.count {
        let found = try events(text, pieces: pieces)
        #expect(body(found) == "abc0123456789" && found.last == .end)
    }
}

@Test func bytesBehindARequestStayForTheHijackedConnection() throws {
    var parser = RequestParser()
    parser.append(Array("POST /attach HTTP/1.1\r\nHost: d\r\n\r\nstdin bytes".utf8))
    guard case .head(let head)? = try parser.next() else { return #expect(Bool(false)) }
    #expect(!head.hasBody)
    #expect(try parser.next() == .end)
    #expect(try parser.next() == nil)
    #expect(parser.leftover == Array("stdin bytes".utf8))
}

@Test(arguments: [
    "GET\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "G(T / HTTP/1.1\r\nHost: d\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: d\r\nNo colon\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: d\r\nContent-Length: -1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: d\r\nContent-Length: +5\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: d\r\nHost: e\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: d\r\n\r\n",
    "GET x HTTP/1.1\r\nHost: d\r\n\r\n",
    "GET / HTTP/1.1\r\nHost : d\r\n\r\n", "GET / HTTP/1.1\r\nHost: d\r\nExpect: tea\r\n\r\n",
])
func whatIsNoRequestIsRefused(_ text: String) {
    #expect(throws: RequestParser.Malformed.self) { try events(text) }
}

@Test func queriesAreDecodedAndReadAsMobyReadsThem() {
    let query = HTTPQuery(parsing: "filters=%7B%22a%22%3A1%7D&all=1&size=False&t=&x=a+b%zz")
    #expect(query["filters"] == "{\"a\":1}")
    #expect(query.bool("all") && !query.bool("size") && !query.bool("t") && !query.bool("absent"))
    #expect(query["x"] == "a b%zz")
}

@Test(arguments: [
    ("http://h:2375/v1.41/x?a=b", "/v1.41/x?a=b"), ("http://h", "/"), ("http://h?q", "/?q"), ("/a://b", "/a://b"),
    ("*", "*"),
])
func aWholeAddressIsTakenForItsPath(_ target: String, _ path: String) throws {
    guard case .head(let head) = try events("GET " + target + " HTTP/1.1\r\nHost: d\r\n\r\n")[0] else {
        return #expect(Bool(false))
    }
    #expect(head.target == path)
}

@Test func theVersionThePathAndTheWishToEndAreReadAsTheyMayBeWritten() throws {
    let one = try events("GET http://d:2375/_ping?a=b HTTP/1.1\r\nHost: d\r\nConnection: foo, Close\r\n\r\n")
    guard case .head(let head) = one[0] else { return #expect(Bool(false)) }
    #expect(head.target == "/_ping?a=b" && !head.keepsAlive)
    let old = try events("GET /_ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    guard case .head(let head) = old[0] else { return #expect(Bool(false)) }
    #expect(head.minorVersion == 0 && head.keepsAlive)
    #expect(throws: RequestParser.Malformed(status: 505, words: "unsupported protocol version")) {
        try events("GET / HTTP/2.0\r\nHost: d\r\n\r\n")
    }
}
