import Testing

@testable import Netlink

@Suite struct MessageTests {
    @Test func aMessageHasItsLengthTypeFlagsAndSequenceInFront() {
        let request = RouteRequest(type: 16, flags: 0x600, body: [1, 2, 3, 4], subject: "x")
        #expect(
            request.message(sequence: 7, adding: 5) == [
                20, 0, 0, 0, 16, 0, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4,
            ])
    }

    @Test func attributesArePaddedToFourBytes() {
        var bytes = MessageBytes()
        bytes.attribute(3, "lo")
        bytes.attribute(4, UInt32(1500))
        #expect(bytes.all == [7, 0, 3, 0, 108, 111, 0, 0, 8, 0, 4, 0, 220, 5, 0, 0])
        let attributes = MessageReader(bytes.all[...]).attributes(from: 0)
        #expect(attributes[3].map(Array.init) == [108, 111, 0])
        #expect(attributes[4].flatMap { MessageReader($0).u32(0) } == 1500)
    }

    @Test func aVethPairNamesBothEndsInOneRequest() {
        let request = RouteRequest.addVethPair(
            host: "veth1", master: 4, mtu: 1400, peer: "eth0", peerAddress: [2, 0x42, 0xAC, 17, 0, 2], namespace: 9)
        let outer = MessageReader(request.body[...]).attributes(from: 16)
        #expect(outer[10].flatMap { MessageReader($0).u32(0) } == 4)
        let info = outer[18].map { MessageReader($0).attributes(from: 0) } ?? [:]
        #expect(info[1].map { String(decoding: $0.dropLast(), as: UTF8.self) } == "veth")
        let peer =
            info[2].flatMap { MessageReader($0).attributes(from: 0)[1] }.map { MessageReader($0).attributes(from: 16) }
            ?? [:]
        #expect(peer[3].map { String(decoding: $0.dropLast(), as: UTF8.self) } == "eth0")
        #expect(peer[28].flatMap { MessageReader($0).u32(0) } == 9)
        #expect(peer[1].map(Array.init) == [2, 0x42, 0xAC, 17, 0, 2])
    }

    @Test func anAddressCarriesItsBroadcast() {
        let prefix = IPv4Prefix(IPv4Address(0x0A05_0001), 16)
        let request = RouteRequest.addAddress(prefix, index: 3)
        #expect(request.body.prefix(8) == [2, 16, 0, 0, 3, 0, 0, 0])
        #expect(MessageReader(request.body[...]).attributes(from: 8)[4].map(Array.init) == [10, 5, 255, 255])
    }

    @Test func anIPv6AddressHasNoBroadcastAndIsUsableAtOnce() throws {
        let prefix = try #require(IPv6Prefix("fd00::2/64"))
        let request = RouteRequest.addAddress(prefix, index: 3, announced: false)
        #expect(request.body.prefix(8) == [10, 64, 2, 0, 3, 0, 0, 0])
        let attributes = MessageReader(request.body[...]).attributes(from: 8)
        #expect(attributes[4] == nil && attributes[2].map { $0.count } == 16)
    }

    @Test(arguments: ["::1", "fd00::2", "2001:db8::1:0:0:1"])
    func addressesOfIPv6AreWrittenAsTheyAreRead(_ text: String) { #expect(IPv6Address(text)?.description == text) }

    @Test(arguments: ["::1%lo", "1.2.3.4", "", ":::", "fd00::/64"])
    func otherTextIsNoIPv6Address(_ text: String) { #expect(IPv6Address(text) == nil) }

    @Test func prefixesKnowTheirEnds() throws {
        let prefix = try #require(IPv6Prefix("fd00:1::5/64"))
        #expect(prefix.masked.description == "fd00:1::/64")
        #expect(prefix.last.description == "fd00:1::ffff:ffff:ffff:ffff")
        #expect(try #require(IPv6Prefix("::/0")).overlaps(prefix) && prefix.overlaps(try #require(IPv6Prefix("::/0"))))
        #expect(try #require(IPv6Prefix("::1/128")).last.isLoopback && IPv6Prefix("::1/129") == nil)
    }

    @Test func whatIsCutShortIsNotRead() {
        let request = RouteRequest.addBridge("br0", hardwareAddress: [2, 0x42, 1, 2, 3, 4])
        let whole = request.message(sequence: 1, adding: 5)
        for length in 0..<whole.count {
            let replies = Replies(bytes: Array(whole.prefix(length))).map(\.type)
            #expect(replies.isEmpty)
        }
        for length in 0..<request.body.count {
            _ = Link(MessageReader(request.body.prefix(length)))
        }
        // An attribute that claims to be longer than what holds it, or shorter than its own header.
        #expect(MessageReader([200, 0, 3, 0][...]).attributes(from: 0).isEmpty)
        #expect(MessageReader([0, 0, 3, 0][...]).attributes(from: 0).isEmpty)
    }
}

@Suite struct AddressTests {
    @Test(arguments: ["0.0.0.0", "172.17.0.1", "255.255.255.255"])
    func anAddressIsWrittenAsItWasRead(_ text: String) { #expect(IPv4Address(text)?.description == text) }

    @Test(arguments: ["", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.04", "a.b.c.d", "1.2.3.-4", " 1.2.3.4", "::1"])
    func anythingElseIsNone(_ text: String) { #expect(IPv4Address(text) == nil) }

    @Test(arguments: ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "/8", "10.0.0.0/08", "10.0.0.0/8/8"])
    func aPrefixNeedsItsLength(_ text: String) { #expect(IPv4Prefix(text) == nil) }

    @Test func prefixesKnowTheirEndsAndNeighbours() throws {
        let net = try #require(IPv4Prefix("172.17.5.9/16"))
        #expect(net.masked.description == "172.17.0.0/16")
        #expect(net.last.description == "172.17.255.255")
        #expect(net.overlaps(try #require(IPv4Prefix("172.16.0.0/12"))))
        #expect(net.overlaps(try #require(IPv4Prefix("172.17.4.0/24"))))
        #expect(!net.overlaps(try #require(IPv4Prefix("172.18.0.0/16"))))
        #expect(try #require(IPv4Prefix("0.0.0.0/0")).contains(IPv4Address(1)))
    }
}
