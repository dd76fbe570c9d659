import Firewall
import Netlink
import Testing

@testable import Networks

@Suite struct RulesTests {
    private let docker0 = BridgeSettings(
        interface: "docker0", subnet: prefix("172.17.0.1/16"), gateway: address("172.17.0.1"))

    private func lines(_ rules: [FirewallRule]) -> [String] { rules.map { "\($0.chain) \($0.specification)" } }

    @Test func theDefaultBridgeHasUpstreamsRules() throws {
        let rules = try #require(BridgeRules(bridge: docker0, isInternal: false, usesProxy: true))
        #expect(
            lines(rules.forward + rules.others) == [
                "FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                "FORWARD -o docker0 -j DOCKER", "FORWARD -i docker0 ! -o docker0 -j ACCEPT",
                "FORWARD -i docker0 -o docker0 -j ACCEPT",
                "DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2",
                "DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP",
                "POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE", "DOCKER -i docker0 -j RETURN",
            ])
    }

    @Test func aPublishedPortHasThreeRules() throws {
        let rules = try #require(BridgeRules(bridge: docker0, isInternal: false, usesProxy: true))
        let port = PublishedPort(transport: .tcp, containerPort: 80, hostIP: "0.0.0.0", hostPort: 8080)
        #expect(
            lines(rules.publish(port, to: "172.17.0.2")) == [
                "DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
                "DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT",
                "POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
            ])
        let local = PublishedPort(transport: .udp, containerPort: 90, hostIP: "127.0.0.1", hostPort: 9000)
        #expect(
            lines(rules.publish(local, to: "172.17.0.2")).first
                == "DOCKER -d 127.0.0.1/32 ! -i docker0 -p udp -m udp --dport 9000 -j DNAT --to-destination"
                + " 172.17.0.2:90"
        )
        let six = PublishedPort(transport: .tcp, containerPort: 80, hostIP: "::", hostPort: 8080)
        #expect(rules.publish(six, to: "172.17.0.2").isEmpty)
    }

    @Test func theRulesOfIPv6HaveItsAddresses() throws {
        #expect(BridgeRules(bridge: docker0, isInternal: false, usesProxy: true, family: .six) == nil)
        var bridge = docker0
        bridge.six = AddressPlan(subnet: prefix6("fd00::1/64"), gateway: prefix6("fd00::1/64").address)
        let rules = try #require(BridgeRules(bridge: bridge, isInternal: false, usesProxy: true, family: .six))
        let port = PublishedPort(transport: .tcp, containerPort: 80, hostIP: "::", hostPort: 8080)
        #expect(
            lines(rules.publish(port, to: "fd00::2")) == [
                "DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd00::2]:80",
                "DOCKER -d fd00::2/128 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT",
                "POSTROUTING -s fd00::2/128 -d fd00::2/128 -p tcp -m tcp --dport 80 -j MASQUERADE",
            ])
        let four = PublishedPort(transport: .tcp, containerPort: 80, hostIP: "0.0.0.0", hostPort: 8080)
        #expect(rules.publish(four, to: "172.17.0.2").isEmpty)
        var set = RuleSet()
        set.family = .six
        set.bridges = [rules]
        let left = "*nat\n-A POSTROUTING -s fd00::9/128 -d fd00::9/128 -p tcp -m tcp --dport 80 -j MASQUERADE\nCOMMIT"
        let text = set.transaction(from: FirewallRules(parsing: left, .six)).text(.six)
        #expect(text.contains("-D POSTROUTING -s fd00::9/128") && !text.contains("DOCKER-USER"))
        #expect(text.contains("-A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER"))
    }

    @Test func anInternalNetworkIsClosedBothWays() throws {
        let rules = try #require(BridgeRules(bridge: docker0, isInternal: true, usesProxy: true))
        #expect(lines(rules.forward) == ["FORWARD -i docker0 -o docker0 -j ACCEPT"])
        #expect(
            lines(rules.others) == [
                "DOCKER-ISOLATION-STAGE-1 ! -s 172.17.0.0/16 -o docker0 -j DROP",
                "DOCKER-ISOLATION-STAGE-1 ! -d 172.17.0.0/16 -i docker0 -j DROP",
            ])
    }

    @Test func othersRulesStayWhereTheyAre() throws {
        var set = RuleSet()
        set.bridges = [try #require(BridgeRules(bridge: docker0, isInternal: false, usesProxy: true))]
        set.formerBridges = ["br-0123456789ab"]
        let present = FirewallRules(
            parsing: """
                *filter
                :DOCKER-USER - [0:0]
                -A FORWARD -i eth0 -j ACCEPT
                -A FORWARD -j DOCKER-USER
                -A FORWARD -o br-0123456789ab -j DOCKER
                -A FORWARD -i br-0123456789ab -o br-0123456789ab -j ACCEPT
                -A FORWARD -i docker0 -o eth1 -j ACCEPT
                -A FORWARD -s 10.0.0.0/8 -i docker0 -j DROP
                -A DOCKER-USER -s 1.2.3.4/32 -j DROP
                COMMIT
                *nat
                -A POSTROUTING -s 10.8.0.0/24 -o eth0 -j MASQUERADE
                -A POSTROUTING -s 172.17.0.9/32 -d 172.17.0.9/32 -p tcp -m tcp --dport 80 -j MASQUERADE
                -A POSTROUTING -s 172.30.0.0/16 ! -o docker0 -j MASQUERADE
                COMMIT
                """)
        let text = set.transaction(from: present).text()
        let deleted = text.split(separator: "\n").filter { $0.hasPrefix("-D") }.map(String.init)
        #expect(
            Set(deleted) == [
                "-D FORWARD -j DOCKER-USER", "-D FORWARD -o br-0123456789ab -j DOCKER",
                "-D FORWARD -i br-0123456789ab -o br-0123456789ab -j ACCEPT",
                "-D POSTROUTING -s 172.17.0.9/32 -d 172.17.0.9/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
                "-D POSTROUTING -s 172.30.0.0/16 ! -o docker0 -j MASQUERADE",
            ])
        #expect(!text.contains(":DOCKER-USER"))
        #expect(!text.contains("-A DOCKER-USER"))
    }

    @Test(arguments: ["a b", "x\n-j", "", "..", "-i", "a/b", "ü"])
    func namesThatCouldBeRulesAreNoInterfaces(_ name: String) { #expect(!NetworkController.isInterfaceName(name)) }
}
