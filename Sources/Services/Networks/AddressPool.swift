internal import Netlink

/// The addresses of one network: which are given out. Rules only; no system call.
struct AddressPool: Equatable, Sendable {
    let subnet: IPv4Prefix
    let range: IPv4Prefix
    private var used: Set<UInt32> = []
    /// No address below this one is free.
    private var lowest: UInt32

    /// Addresses are given out of `range`, or of the whole subnet; its own address and the broadcast address never.
    init(subnet: IPv4Prefix, range: IPv4Prefix? = nil) {
        self.subnet = subnet.masked
        self.range = (range ?? subnet).masked
        lowest = self.range.network.value
        if subnet.length < 31 {
            used.insert(subnet.network.value)
            used.insert(subnet.broadcast.value)
        }
    }

    enum Failure: Error, Equatable { case inUse, outside, exhausted }

    /// The lowest free address of the range.
    mutating func take() throws(Failure) -> IPv4Address {
        let last = range.broadcast.value
        var candidate = lowest
        while used.contains(candidate) {
            if candidate == last { throw .exhausted }
            candidate += 1
        }
        used.insert(candidate)
        lowest = candidate
        return IPv4Address(candidate)
    }

    /// A wanted address, anywhere in the subnet.
    mutating func take(_ address: IPv4Address) throws(Failure) {
        guard subnet.contains(address) else { throw .outside }
        guard used.insert(address.value).inserted else { throw .inUse }
    }

    mutating func release(_ address: IPv4Address) {
        guard subnet.length >= 31 || (address != subnet.network && address != subnet.broadcast) else { return }
        guard used.remove(address.value) != nil, range.contains(address) else { return }
        lowest = min(lowest, address.value)
    }

    func isUsed(_ address: IPv4Address) -> Bool { used.contains(address.value) }
}

/// Where networks without a subnet of their own get one.
struct SubnetPools: Equatable, Sendable {
    let pools: [IPv4Prefix]

    /// Upstream's: 172.17.0.0/16 to 172.31.0.0/16, then sixteen of /20 in 192.168.0.0/16.
    static let standard = SubnetPools(
        pools: (17...31).map { IPv4Prefix(IPv4Address(172 << 24 | UInt32($0) << 16), 16) }
            + (0..<16).map { IPv4Prefix(IPv4Address(0xC0A8_0000 | UInt32($0) << 12), 20) })

    init(pools: [IPv4Prefix]) { self.pools = pools }

    /// From `--default-address-pool`s.
    init(_ configured: [NetworkConfiguration.Pool]) throws(NetworkError) {
        var pools: [IPv4Prefix] = []
        for pool in configured {
            guard let base = IPv4Prefix(pool.base) else {
                throw .invalid("invalid base pool \"" + pool.base + "\": invalid CIDR address: " + pool.base)
            }
            guard pool.size >= base.length, pool.size <= 30 else {
                throw .invalid(
                    "the base pool " + pool.base + " cannot be divided into networks of size " + String(pool.size))
            }
            let step = UInt64(1) << UInt64(32 - pool.size)
            let count = UInt64(1) << UInt64(pool.size - base.length)
            for index in 0..<min(count, 4096) {
                pools.append(IPv4Prefix(IPv4Address(base.network.value + UInt32(index * step)), pool.size))
            }
        }
        self.init(pools: pools)
    }

    /// The first subnet that overlaps none of those in use.
    func firstFree(avoiding taken: [IPv4Prefix]) -> IPv4Prefix? {
        pools.first { pool in !taken.contains { $0.overlaps(pool) } }
    }
}
