internal import JSON
internal import Netlink

/// The addresses of a network in one family.
struct AddressPlan<Address: NetworkAddress>: Equatable, Sendable {
    /// The bridge's own address, with the length of the network's prefix.
    var subnet: NetworkPrefix<Address>
    /// The part of the subnet that containers get, when not all of it.
    var range: NetworkPrefix<Address>?
    var gateway: Address
    var reserved: [Address] = []

    /// Whether the way out is another address than the bridge's.
    var hasOwnGateway: Bool { gateway != subnet.address }

    /// The addresses that containers may get.
    var pool: AddressPool<Address> {
        var pool = AddressPool(subnet: subnet, range: range)
        // They were checked when the network was made; a double one is taken already.
        for address in [gateway, subnet.address] + reserved { try? pool.take(address) }
        return pool
    }

    var members: [(String, JSON)] {
        [
            ("subnet", .string(subnet.description)), ("range", range.map { .string($0.description) } ?? .null),
            ("gateway", .string(gateway.description)), ("reserved", .strings(reserved.map(\.description))),
        ]
    }

    init(subnet: NetworkPrefix<Address>, gateway: Address) {
        self.subnet = subnet
        self.gateway = gateway
    }

    init(json: JSON.Object) throws(JSON.Failure) {
        guard let subnet = NetworkPrefix<Address>(try json.string("subnet")),
            let gateway = Address(try json.string("gateway"))
        else { throw JSON.Failure("a bridge without subnet or gateway") }
        self.init(subnet: subnet, gateway: gateway)
        range = NetworkPrefix(try json.string("range"))
        reserved = try json.strings("reserved").compactMap { Address($0) }
    }
}

extension IPv6Prefix {
    /// The address in this network that ends in a hardware address.
    func address(for hardwareAddress: [UInt8]) -> IPv6Address {
        IPv6Address(network.value | hardwareAddress.reduce(0) { $0 << 8 | UInt128($1) })
    }
}
