/// Requests about addresses and routes.
extension RouteRequest {
    private enum Attribute {
        static let address: UInt16 = 1, local: UInt16 = 2, broadcast: UInt16 = 4
        static let output: UInt16 = 4, gateway: UInt16 = 5
    }

    private static func address<Address>(
        _ type: UInt16, _ flags: UInt16, _ prefix: NetworkPrefix<Address>, index: Int32, announced: Bool = true
    ) -> RouteRequest {
        // IFA_F_NODAD: nobody else can have it.
        let addressFlags: UInt8 = announced || Address.family == IPv4Address.family ? 0 : 2
        var bytes = MessageBytes()
        for byte in [Address.family, UInt8(prefix.length), addressFlags, 0] { bytes.put8(byte) }
        bytes.put32(UInt32(bitPattern: index))
        bytes.attribute(Attribute.local, prefix.address.bytes)
        bytes.attribute(Attribute.address, prefix.address.bytes)
        if type == Route.newAddress, Address.family == IPv4Address.family, prefix.length < 31 {
            bytes.attribute(Attribute.broadcast, prefix.last.bytes)
        }
        return RouteRequest(type: type, flags: flags, body: bytes.all, subject: prefix.description)
    }

    /// Gives an interface an address; an IPv4 one with the broadcast address of its network. An IPv6 address that is
    /// not `announced` is usable at once, without asking the network whether somebody has it.
    public static func addAddress<Address>(
        _ prefix: NetworkPrefix<Address>, index: Int32, announced: Bool = true
    ) -> RouteRequest {
        address(Route.newAddress, Route.create | Route.exclusive, prefix, index: index, announced: announced)
    }

    public static func deleteAddress<Address>(_ prefix: NetworkPrefix<Address>, index: Int32) -> RouteRequest {
        address(Route.deleteAddress, 0, prefix, index: index)
    }

    /// The default route of the gateway's family.
    public static func addDefaultRoute<Address: NetworkAddress>(gateway: Address, index: Int32) -> RouteRequest {
        var bytes = defaultRoute(Address.family)
        bytes.attribute(Attribute.gateway, gateway.bytes)
        bytes.attribute(Attribute.output, UInt32(bitPattern: index))
        return RouteRequest(
            type: Route.newRoute, flags: Route.create | Route.exclusive, body: bytes.all,
            subject: "default via " + gateway.description)
    }

    public static func deleteDefaultRoute<Address: NetworkAddress>(_ family: Address.Type) -> RouteRequest {
        RouteRequest(type: Route.deleteRoute, flags: 0, body: defaultRoute(Address.family).all, subject: "default")
    }

    /// `struct rtmsg`: the main table, set by an administrator, anywhere, unicast.
    private static func defaultRoute(_ family: UInt8) -> MessageBytes {
        var bytes = MessageBytes()
        for byte in [family, 0, 0, 0, 254, 3, 0, 1] { bytes.put8(byte) }
        bytes.put32(0)
        return bytes
    }

    static func allAddresses(_ family: UInt8) -> RouteRequest {
        RouteRequest(
            type: Route.getAddress, flags: Route.dump, body: [family, 0, 0, 0, 0, 0, 0, 0], subject: "addresses")
    }

    static func allRoutes(_ family: UInt8) -> RouteRequest {
        RouteRequest(
            type: Route.getRoute, flags: Route.dump, body: [family] + [UInt8](repeating: 0, count: 11),
            subject: "routes")
    }
}
