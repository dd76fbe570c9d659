import EngineAPI
import Testing

@testable import Networks

@Suite struct ContainerFilesTests {
    @Test func theHostsFileIsUpstreams() {
        #expect(
            HostsFile.text(
                extra: ["172.17.0.1\thg"], links: ["172.17.0.2\tlk fb07b5bf521a web"], own: ["172.17.0.4"],
                hostname: "d3cfa067ef7c", domainname: "")
                == "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n"
                + "ff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"
                + "172.17.0.1\thg\n172.17.0.2\tlk fb07b5bf521a web\n172.17.0.4\td3cfa067ef7c\n")
    }

    @Test func aFullNameComesWithItsShortForm() {
        #expect(HostsFile.ownNames(hostname: "h.ex.com", domainname: "") == "h.ex.com h")
        #expect(HostsFile.ownNames(hostname: "h", domainname: "ex.com") == "h.ex.com h")
        #expect(HostsFile.ownNames(hostname: "h", domainname: "") == "h")
    }

    @Test func extraHostsMayNameTheGateway() throws {
        #expect(try HostsFile.line("a:1.2.3.4", gateway: "") == "1.2.3.4\ta")
        #expect(try HostsFile.line("a:::1", gateway: "") == "::1\ta")
        #expect(try HostsFile.line("a:[::1]", gateway: "") == "::1\ta")
        #expect(try HostsFile.line("hg:host-gateway", gateway: "172.17.0.1") == "172.17.0.1\thg")
        #expect(throws: EngineError.self) { try HostsFile.line("hg:host-gateway", gateway: "") }
        #expect(throws: EngineError.self) { try HostsFile.line("nothing", gateway: "") }
    }

    private func plan(
        _ host: String, dns: [String] = [], search: [String] = [], options: [String] = [], usesHost: Bool = false,
        isEmbedded: Bool = false
    ) -> ResolverPlan {
        ResolverPlan(
            host: ResolvConf(text: host), dns: dns, search: search, options: options, usesHost: usesHost,
            isEmbedded: isEmbedded)
    }

    @Test func theHostsServersAreTakenButNotItsLoopback() {
        #expect(plan("# c\nsearch a.b\nnameserver 10.0.0.1\n").text == "# c\nsearch a.b\nnameserver 10.0.0.1\n")
        #expect(plan("nameserver 127.0.0.1\nnameserver 10.0.0.1\nnameserver fd00::1\n").text == "nameserver 10.0.0.1\n")
        let six = ResolvConf(text: "nameserver ::1\nnameserver fd00::1\n")
        #expect(six.filtered(reachesIPv6: true).nameservers == ["fd00::1"])
        #expect(plan("nameserver 127.0.0.1\n").text == "\nnameserver 8.8.8.8\nnameserver 8.8.4.4")
        #expect(plan("nameserver 127.0.0.1\n", usesHost: true).text == "nameserver 127.0.0.1\n")
    }

    @Test func ownSettingsReplaceTheHosts() {
        let plan = plan(
            "search x\nnameserver 10.0.0.1\noptions rotate\n", dns: ["9.9.9.9"], search: ["a.b"], options: ["ndots:3"])
        #expect(plan.text == "search a.b\nnameserver 9.9.9.9\noptions ndots:3\n")
        #expect(self.plan("nameserver 10.0.0.1\nsearch x\n", search: ["."]).text == "nameserver 10.0.0.1\n")
    }

    @Test func theEmbeddedResolverStandsInForAll() {
        let own = plan("search x\nnameserver 127.0.0.1\n", isEmbedded: true)
        #expect(own.text == "search x\nnameserver 127.0.0.11\noptions ndots:0\n")
        #expect(own.servers.map(\.address.description) == ["127.0.0.1"])
        #expect(own.servers.map(\.isHostLoopback) == [true])
        let given = plan("nameserver 10.0.0.1\n", dns: ["127.0.0.5"], options: ["ndots:2"], isEmbedded: true)
        #expect(given.text == "nameserver 127.0.0.11\noptions ndots:2\n")
        #expect(given.servers.map(\.isHostLoopback) == [false])
    }
}
