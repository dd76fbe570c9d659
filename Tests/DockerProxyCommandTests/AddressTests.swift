import CLinux
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

@Test func noAddressIsEveryAddressOfIPv6() {
    let flags = ProxyFlags()
    guard case .arguments = flags.set.parseAsGo(["-host-ip", "", "-host-port", "80"], program: "docker-proxy") else {
        Issue.record("refused")
        return
    }
    #expect(SocketAddress(flags.hostAddress, port: flags.hostPort).text == "[::]:80")
}

@Test(arguments: [
    (["---x"], "bad flag syntax: ---x"), (["-=x"], "bad flag syntax: -=x"), (["--="], "bad flag syntax: --="),
    (
        ["-host-port", "99999999999999999999"],
        "invalid value \"99999999999999999999\" for flag -host-port: value out of range"
    ),
    (["-host-port", "1e3"], "invalid value \"1e3\" for flag -host-port: parse error"),
])
func mistakesReadAsGos(_ words: [String], _ complaint: String) {
    guard case .end(let text, let status) = ProxyFlags().set.parseAsGo(words, program: "docker-proxy") else {
        Issue.record("taken")
        return
    }
    #expect(status == 2)
    #expect(text.hasPrefix(complaint + "\nUsage of docker-proxy:\n"))
}

@Test(arguments: [("127.9.0.1", true), ("128.0.0.1", false), ("::1", true), ("::2", false), ("fe80::1", false)])
func clientsOfThisMachineAreKnown(_ text: String, _ isLoopback: Bool) throws {
    var storage = sockaddr_storage()
    let address = try #require(IPAddress(text))
    _ = SocketAddress(address, port: 80).with { pointer, length in
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: Int(length)))
        }
        return 0
    }
    #expect(LocalCongestion.isLoopback(storage) == isLoopback)
}

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
