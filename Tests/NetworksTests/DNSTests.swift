import EngineAPI
import Netlink
import Testing

@testable import Networks

func query(_ name: String, type: UInt16 = 1, id: UInt16 = 0x1234) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(id >> 8), UInt8(id & 255), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    for label in name.split(separator: ".") { bytes += [UInt8(label.utf8.count)] + Array(label.utf8) }
    return bytes + [0, UInt8(type >> 8), UInt8(type & 255), 0, 1]
}

@Suite struct DNSTests {
    @Test func aQuestionIsRead() throws {
        let question = try #require(DNSQuestion(query("Web.N1")))
        #expect(question.name == "web.n1")
        #expect(question.kind == .address)
        #expect(question.id == 0x1234 && question.wantsRecursion)
    }

    @Test func questionsCutShortAreNone() {
        let whole = query("a.bc")
        for length in 0..<whole.count { #expect(DNSQuestion(Array(whole.prefix(length))) == nil) }
    }

    @Test func hostileQuestionsAreNone() {
        var pointer = query("a")
        pointer[12] = 0xC0
        #expect(DNSQuestion(pointer) == nil)
        var response = query("a")
        response[2] |= 0x80
        #expect(DNSQuestion(response) == nil)
        var two = query("a")
        two[5] = 2
        #expect(DNSQuestion(two) == nil)
        let long = (0..<80).map { _ in "abc" }.joined(separator: ".")
        #expect(DNSQuestion(query(long)) == nil)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            _ = DNSQuestion((0..<Int.random(in: 0...80)).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
    }

    @Test func anAnswerRepeatsTheQuestion() throws {
        let question = try #require(DNSQuestion(query("web")))
        let answer = question.answer([address("172.18.0.2").bytes])
        #expect(
            answer == [
                0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 3, 119, 101, 98, 0, 0, 1, 0, 1, 0xC0, 12, 0, 1, 0, 1, 0,
                0, 2,
                0x58, 0, 4, 172, 18, 0, 2,
            ])
        #expect(question.isAnswered(by: answer, id: 0x1234))
        #expect(!question.isAnswered(by: answer, id: 0x1235))
        #expect(!question.isAnswered(by: query("web"), id: 0x1234))
        #expect(question.failure(2)[3] & 15 == 2)
        let six = try #require(DNSQuestion(query(String(repeating: "a", count: 60), type: 28)))
        #expect(six.answer((0..<100).map { IPv6Address($0).bytes }).count <= 512)
        #expect(question.answer((0..<100).map { IPv4Address($0).bytes }).count <= 512)
    }

    private func state() -> NetworkState {
        var state = NetworkState()
        var network = NetworkRecord(id: "n", name: "n1", created: "", driver: "bridge")
        network.phase = .ready
        network.bridge = BridgeSettings(
            interface: "br-n", subnet: prefix("172.18.0.1/16"), gateway: address("172.18.0.1"))
        state.put(network)
        for (id, name, ip) in [("a", "web", "172.18.0.2"), ("b", "db", "172.18.0.3")] {
            var sandbox = SandboxRecord(containerID: id, containerName: name, id: id, kind: .own, key: "")
            var endpoint = EndpointRecord(networkID: "n", networkName: "n1", endpointID: id)
            endpoint.address = IPv4Prefix(address(ip), 16)
            endpoint.names = [name, "Alias-" + name]
            endpoint.address6 = id == "b" ? prefix6("fd00::3/64") : nil
            endpoint.requested.links = ["db:near"]
            sandbox.endpoints = [endpoint]
            sandbox.links = [("lk", "db")]
            state.put(sandbox)
        }
        return state
    }

    @Test func containersOfOneNetworkKnowEachOther() throws {
        let state = state()
        func ask(_ name: String, type: UInt16 = 1, from: String = "a") throws -> ResolverAnswer {
            state.answer(try #require(DNSQuestion(query(name, type: type))), for: from)
        }
        #expect(try ask("db") == .addresses([address("172.18.0.3").bytes]))
        #expect(try ask("DB.n1") == .addresses([address("172.18.0.3").bytes]))
        #expect(try ask("alias-web", from: "b") == .addresses([address("172.18.0.2").bytes]))
        #expect(try ask("lk") == .addresses([address("172.18.0.3").bytes]))
        #expect(try ask("near.n1") == .addresses([address("172.18.0.3").bytes]))
        #expect(try ask("db", type: 28) == .addresses([prefix6("fd00::3/64").address.bytes]))
        #expect(try ask("web", type: 28) == .addresses([]))
        let digits = "3" + String(repeating: ".0", count: 27) + ".0.0.d.f.ip6.arpa"
        #expect(try ask(digits, type: 12) == .pointer("db.n1"))
        #expect(try ask("x" + digits.dropFirst(), type: 12) == .unknown)
        #expect(try ask("db", type: 15) == .addresses([]))
        #expect(try ask("db", type: 16) == .unknown)
        #expect(try ask("example.com") == .unknown)
        #expect(try ask("db", from: "stranger") == .unknown)
        #expect(try ask("3.0.18.172.in-addr.arpa", type: 12) == .pointer("db.n1"))
        #expect(try ask("9.0.18.172.in-addr.arpa", type: 12) == .unknown)
    }
}
