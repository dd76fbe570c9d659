internal import EngineAPI
internal import Netlink

/// The addresses of one network in one family: which are given out. Rules only; no system call.
struct AddressPool<Address: NetworkAddress>: Equatable, Sendable {
    let subnet: NetworkPrefix<Address>
    let range: NetworkPrefix<Address>
    private var used: Set<Address.Value> = []
    /// No address below this one is free.
    private var lowest: Address.Value

    /// Addresses are given out of `range`, or of the whole subnet; never its own address, and of IPv4 never the
    /// broadcast address.
    init(subnet: NetworkPrefix<Address>, range: NetworkPrefix<Address>? = nil) {
        self.subnet = subnet.masked
        self.range = (range ?? subnet).masked
        lowest = self.range.network.value
        for address in [subnet.network, subnet.last] where isReserved(address) { used.insert(address.value) }
    }

    enum Failure: Error, Equatable { case inUse, outside, exhausted }

    private func isReserved(_ address: Address) -> Bool {
        if Address.family == IPv6Address.family { return address == subnet.network }
        return address == subnet.network || address == subnet.last
    }

    /// The lowest free address of the range.
    mutating func take() throws(Failure) -> Address {
        let last = range.last.value
        var candidate = lowest
        while used.contains(candidate) {
            if candidate == last { throw .exhausted }
            candidate += 1
        }
        used.insert(candidate)
        lowest = candidate
        return Address(candidate)
    }

    /// A wanted address, anywhere in the subnet.
    mutating func take(_ address: Address) throws(Failure) {
        guard subnet.contains(address) else { throw .outside }
        guard used.insert(address.value).inserted else { throw .inUse }
    }

    mutating func release(_ address: Address) {
        guard !isReserved(address), used.remove(address.value) != nil, range.contains(address) else { return }
        lowest = min(lowest, address.value)
    }
}

/// Where networks without a subnet of their own get one.
struct SubnetPools: Equatable, Sendable {
    private var four: Ring<IPv4Address>
    /// Empty unless configured.
    private var six = Ring<IPv6Address>()

    /// Subnets of one family. The search for a free one starts behind the one given last, so that one just given back
    /// rests.
    private struct Ring<Address: NetworkAddress>: Equatable, Sendable {
        var all: [NetworkPrefix<Address>] = []
        var start = 0

        mutating func take(avoiding taken: [NetworkPrefix<Address>]) -> NetworkPrefix<Address>? {
            let order = (0..<all.count).lazy.map { [all, start] in ($0 + start) % all.count }
            guard let found = order.first(where: { index in !taken.contains { $0.overlaps(all[index]) } }) else {
                return nil
            }
            start = found + 1
            return all[found]
        }
    }

    /// Upstream's: 172.17.0.0/16 to 172.31.0.0/16, then sixteen of /20 in 192.168.0.0/16.
    init() {
        four = Ring(
            all: (17...31).map { IPv4Prefix(IPv4Address(172 << 24 | UInt32($0) << 16), 16) }
                + (0..<16).map { IPv4Prefix(IPv4Address(0xC0A8_0000 | UInt32($0) << 12), 20) })
    }

    /// From `--default-address-pool`s.
    init(_ configured: [NetworkConfiguration.Pool]) throws(EngineError) {
        four = Ring()
        for pool in configured {
            if let base = IPv4Prefix(pool.base) {
                four.all += try SubnetPools.divide(base, into: pool.size)
            } else if let base = IPv6Prefix(pool.base) {
                six.all += try SubnetPools.divide(base, into: pool.size)
            } else {
                throw .invalid("invalid base pool \"" + pool.base + "\": invalid CIDR address: " + pool.base)
            }
        }
    }

    /// At most so many of a pool are ever looked at.
    private static let most = 4096

    private static func divide<Address>(
        _ base: NetworkPrefix<Address>, into size: Int
    ) throws(EngineError) -> [NetworkPrefix<Address>] {
        guard size >= base.length, size <= Address.Value.bitWidth - 2 else {
            throw .invalid(
                "the base pool " + base.description + " cannot be divided into networks of size " + String(size))
        }
        let bits = size - base.length
        return (0..<(bits < 12 ? 1 << bits : most)).map { index in
            let offset = Address.Value(index) << (Address.Value.bitWidth - size)
            return NetworkPrefix(Address(base.network.value + offset), size)
        }
    }

    /// The next subnet of a family that overlaps none of those in use.
    mutating func take<Address>(avoiding taken: [NetworkPrefix<Address>]) -> NetworkPrefix<Address>? {
        if let taken = taken as? [IPv4Prefix] { return four.take(avoiding: taken) as? NetworkPrefix<Address> }
        if let taken = taken as? [IPv6Prefix] { return six.take(avoiding: taken) as? NetworkPrefix<Address> }
        return nil
    }
}
