import Flags
import Testing

@testable import DockerProxyCommand

@Test(arguments: [
    ("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80"), ("::", "[::]:80"), ("::ffff:1.2.3.4", "1.2.3.4:80"),
])
func addressesReadAsGoPrintsThem(_ text: String, _ printed: String) throws {
    let address = try #require(IPAddress(text))
    #expect(SocketAddress(address, port: 80).text == printed)
}

@Test(arguments: ["", "1.2.3", "::g", "localhost", "1.2.3.4 "])
func whatIsNoAddressIsRefused(_ text: String) { #expect(IPAddress(text) == nil) }

@Test func theHelpIsGos() {
    let help = ProxyFlags().set.goHelp("docker-proxy")
    #expect(help.hasPrefix("Usage of docker-proxy:\n  -container-ip value\n    \tcontainer ip (default 0.0.0.0)\n"))
    #expect(help.contains("  -proto string\n    \tproxy protocol (default \"tcp\")\n"))
    #expect(help.contains("  -v\tprint version information and quit\n"))
}

@Test func mistakesEndWithStatusTwoAndHelpWithNone() {
    guard case .end(let text, 2) = ProxyFlags().set.parseAsGo(["-host-port", "x"], program: "p") else {
        Issue.record("accepted")
        return
    }
    #expect(text.hasPrefix("invalid value \"x\" for flag -host-port: parse error\nUsage of p:\n"))
    guard case .end(_, 0) = ProxyFlags().set.parseAsGo(["-h"], program: "p") else {
        Issue.record("no help")
        return
    }
}
