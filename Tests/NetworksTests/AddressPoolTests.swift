import EngineAPI
import Netlink
import Testing

@testable import Networks

func prefix(_ text: String) -> IPv4Prefix { IPv4Prefix(text) ?? IPv4Prefix(IPv4Address(0), 0) }
func address(_ text: String) -> IPv4Address { IPv4Address(text) ?? IPv4Address(0) }
func prefix6(_ text: String) -> IPv6Prefix { IPv6Prefix(text) ?? IPv6Prefix(IPv6Address(0), 0) }

@Suite struct AddressPoolTests {
    @Test func theLowestFreeAddressIsGiven() throws {
        var pool = AddressPool(subnet: prefix("172.17.0.0/16"))
        #expect(try pool.take().description == "172.17.0.1")
        #expect(try pool.take().description == "172.17.0.2")
        #expect(try pool.take().description == "172.17.0.3")
        pool.release(address("172.17.0.2"))
        #expect(try pool.take().description == "172.17.0.2")
        #expect(try pool.take().description == "172.17.0.4")
    }

    @Test func aRangeBeginsAtItsFirstAddress() throws {
        var pool = AddressPool(subnet: prefix("10.5.0.0/16"), range: prefix("10.5.4.0/24"))
        try pool.take(address("10.5.4.2"))
        #expect(try pool.take().description == "10.5.4.0")
        #expect(try pool.take().description == "10.5.4.1")
        #expect(try pool.take().description == "10.5.4.3")
    }

    @Test func wantedAddressesAreRefusedWhenTakenOrElsewhere() throws {
        var pool = AddressPool(subnet: prefix("10.5.0.0/24"))
        try pool.take(address("10.5.0.9"))
        #expect(throws: AddressPool<IPv4Address>.Failure.inUse) { try pool.take(address("10.5.0.9")) }
        #expect(throws: AddressPool<IPv4Address>.Failure.inUse) { try pool.take(address("10.5.0.0")) }
        #expect(throws: AddressPool<IPv4Address>.Failure.inUse) { try pool.take(address("10.5.0.255")) }
        #expect(throws: AddressPool<IPv4Address>.Failure.outside) { try pool.take(address("10.5.1.1")) }
    }

    @Test func aFullPoolSaysSoAndRecovers() throws {
        var pool = AddressPool(subnet: prefix("10.0.0.0/29"))
        for _ in 0..<6 { _ = try pool.take() }
        #expect(throws: AddressPool<IPv4Address>.Failure.exhausted) { try pool.take() }
        pool.release(address("10.0.0.4"))
        #expect(try pool.take().description == "10.0.0.4")
    }

    @Test func theNetworksOwnAddressIsNeverReleased() throws {
        var pool = AddressPool(subnet: prefix("10.0.0.0/30"))
        pool.release(address("10.0.0.0"))
        #expect(try pool.take().description == "10.0.0.1")
    }

    @Test func subnetsAvoidWhatIsInUse() {
        var pools = SubnetPools()
        #expect(pools.take(avoiding: [prefix6("fd00::/8")]) == nil)
        #expect(pools.take(avoiding: [prefix("172.16.0.0/12")])?.description == "192.168.0.0/20")
        #expect(pools.take(avoiding: [prefix("0.0.0.0/0")]) == nil)
    }

    @Test func aSubnetGivenBackRests() {
        var pools = SubnetPools()
        let none: [IPv4Prefix] = []
        #expect(pools.take(avoiding: none)?.description == "172.17.0.0/16")
        #expect(pools.take(avoiding: none)?.description == "172.18.0.0/16")
        for _ in 0..<28 { _ = pools.take(avoiding: none) }
        #expect(pools.take(avoiding: none)?.description == "192.168.240.0/20")
        #expect(pools.take(avoiding: [prefix("172.17.0.0/16")])?.description == "172.18.0.0/16")
    }

    @Test func configuredPoolsAreDivided() throws {
        var pools = try SubnetPools([.init(base: "10.10.0.0/16", size: 24)])
        #expect(pools.take(avoiding: [prefix("10.10.0.0/23")])?.description == "10.10.2.0/24")
        #expect(throws: EngineError.self) { try SubnetPools([.init(base: "10.10.0.0/16", size: 8)]) }
        #expect(throws: EngineError.self) { try SubnetPools([.init(base: "x", size: 24)]) }
        var six = try SubnetPools([.init(base: "fd00:0:0:100::/56", size: 64)])
        #expect(six.take(avoiding: [prefix6("fd00:0:0:100::/64")])?.description == "fd00:0:0:101::/64")
    }
}
