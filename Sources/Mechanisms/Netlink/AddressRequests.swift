/// Requests about addresses and routes.
extension RouteRequest {
    private enum Attribute {
        static let address: UInt16 = 1, local: UInt16 = 2, broadcast: UInt16 = 4
        static let destination: UInt16 = 1, output: UInt16 = 4, gateway: UInt16 = 5
    }

    /// AF_INET
    private static let internet: UInt8 = 2

    private static func address(
        _ type: UInt16, _ flags: UInt16, _ prefix: IPv4Prefix, index: Int32, broadcast: Bool
    ) -> RouteRequest {
        var bytes = MessageBytes()
        bytes.put8(internet)
        bytes.put8(UInt8(prefix.length))
        bytes.put8(0)
        bytes.put8(0)
        bytes.put32(UInt32(bitPattern: index))
        bytes.attribute(Attribute.local, prefix.address.bytes)
        bytes.attribute(Attribute.address, prefix.address.bytes)
        if broadcast { bytes.attribute(Attribute.broadcast, prefix.broadcast.bytes) }
        return RouteRequest(type: type, flags: flags, body: bytes.all, subject: prefix.description)
    }

    /// Gives an interface an address, with the broadcast address of its network.
    public static func addAddress(_ prefix: IPv4Prefix, index: Int32) -> RouteRequest {
        address(
            Route.newAddress, Route.create | Route.exclusive, prefix, index: index, broadcast: prefix.length < 31)
    }

    public static func deleteAddress(_ prefix: IPv4Prefix, index: Int32) -> RouteRequest {
        address(Route.deleteAddress, 0, prefix, index: index, broadcast: false)
    }

    /// The default route.
    public static func addDefaultRoute(gateway: IPv4Address, index: Int32) -> RouteRequest {
        var bytes = route(length: 0)
        bytes.attribute(Attribute.gateway, gateway.bytes)
        bytes.attribute(Attribute.output, UInt32(bitPattern: index))
        return RouteRequest(
            type: Route.newRoute, flags: Route.create | Route.exclusive, body: bytes.all,
            subject: "default via " + gateway.description)
    }

    public static func deleteDefaultRoute() -> RouteRequest {
        RouteRequest(type: Route.deleteRoute, flags: 0, body: route(length: 0).all, subject: "default")
    }

    /// `struct rtmsg`: the main table, set by an administrator, anywhere, unicast.
    private static func route(length: UInt8) -> MessageBytes {
        var bytes = MessageBytes()
        for byte in [internet, length, 0, 0, 254, 3, 0, 1] { bytes.put8(byte) }
        bytes.put32(0)
        return bytes
    }

    static let allAddresses = RouteRequest(
        type: Route.getAddress, flags: Route.dump, body: [internet, 0, 0, 0, 0, 0, 0, 0], subject: "addresses")
    static let allRoutes = RouteRequest(
        type: Route.getRoute, flags: Route.dump, body: [internet] + [UInt8](repeating: 0, count: 11),
        subject: "routes")
}
