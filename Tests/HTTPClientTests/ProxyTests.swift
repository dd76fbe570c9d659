import GoText
import Testing

@testable import HTTPClient

@Test(arguments: [
    ("", "server.example", true), ("other.example", "server.example", true),
    ("server.example", "server.example", false),
    ("example", "server.example", false), (".example", "server.example", false),
    (".server.example", "server.example", true),
    ("*.example", "server.example", false), ("*", "server.example", false),
    ("server.example:80", "server.example", true),
    ("server.example:2375", "server.example", false), ("10.0.0.0/8", "10.1.2.3", false),
    ("10.0.0.0/8", "11.1.2.3", true),
    ("fd00::/8", "fd00::1", false), ("10.1.2.3", "10.1.2.3", false), (" a , server.example ", "server.example", false),
    ("", "localhost", false), ("", "127.0.0.1", false), ("", "127.9.9.9", false), ("", "::1", false),
])
func noProxyNamesWhatIsReachedDirectly(_ excluded: String, _ host: String, _ isUsed: Bool) throws {
    let environment = ["HTTP_PROXY": "http://proxy:3128", "NO_PROXY": excluded]
    let proxy = try Proxy.choose(secure: false, host: host, port: "2375") { environment[$0] }
    #expect((proxy != nil) == isUsed)
}

@Test func theSchemeChoosesTheVariable() throws {
    let environment = ["https_proxy": "http://user:p%40ss@proxy", "HTTP_PROXY": "plain:8080"]
    let secure = try Proxy.choose(secure: true, host: "h", port: "2376") { environment[$0] }
    #expect(secure?.host == "proxy" && secure?.port == "80")
    #expect(secure?.authorization == "Basic dXNlcjpwQHNz")
    let plain = try Proxy.choose(secure: false, host: "h", port: "2375") { environment[$0] }
    #expect(plain?.host == "plain" && plain?.port == "8080" && plain?.authorization == "")
}

@Test func aProxyOfAnotherKindIsRefused() {
    #expect(throws: HTTPFailure.self) {
        try Proxy.choose(secure: false, host: "h", port: "1") { $0 == "HTTP_PROXY" ? "socks5://proxy" : nil }
    }
}

@Test func base64RoundTrips() {
    for length in 0..<9 {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: 251 + $0) }
        #expect(Base64.decoded(Base64.encoded(bytes)) == bytes)
        #expect(Base64.decoded(Base64.encoded(bytes, urlSafe: true)) == bytes)
    }
    #expect(Base64.decoded("a b") == nil)
}
