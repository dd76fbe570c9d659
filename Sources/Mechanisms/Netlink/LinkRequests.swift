/// Requests about network interfaces.
extension RouteRequest {
    private enum Attribute {
        static let address: UInt16 = 1, name: UInt16 = 3, mtu: UInt16 = 4, master: UInt16 = 10
        static let queueLength: UInt16 = 13, parent: UInt16 = 5, macvlanMode: UInt16 = 1
        static let protocolInfo: UInt16 = 12 | 0x8000, linkInfo: UInt16 = 18, namespace: UInt16 = 28
        static let kind: UInt16 = 1, data: UInt16 = 2, peer: UInt16 = 1, portMode: UInt16 = 4
    }

    /// IFF_UP
    private static let up: UInt32 = 1

    /// `struct ifinfomsg`
    private static func link(family: UInt8 = 0, index: Int32 = 0, up: Bool? = nil) -> MessageBytes {
        var bytes = MessageBytes()
        bytes.put8(family)
        bytes.put8(0)
        bytes.put16(0)
        bytes.put32(UInt32(bitPattern: index))
        bytes.put32(up == true ? RouteRequest.up : 0)
        bytes.put32(up == nil ? 0 : RouteRequest.up)
        return bytes
    }

    /// A new bridge. Its address is given from the start, or it would change with its ports.
    public static func addBridge(_ name: String, hardwareAddress: [UInt8], mtu: Int? = nil) -> RouteRequest {
        var bytes = link()
        bytes.attribute(Attribute.name, name)
        bytes.attribute(Attribute.address, hardwareAddress)
        bytes.attribute(Attribute.queueLength, UInt32(0))
        if let mtu { bytes.attribute(Attribute.mtu, UInt32(mtu)) }
        bytes.nested(Attribute.linkInfo) { $0.attribute(Attribute.kind, "bridge") }
        return RouteRequest(
            type: Route.newLink, flags: Route.create | Route.exclusive, body: bytes.all, subject: name)
    }

    /// A pair of interfaces in one step: `host` here, up and a port of the bridge with index `master`; `peer` in the
    /// namespace behind the descriptor, down.
    public static func addVethPair(
        host: String, master: Int32, mtu: Int, peer: String, peerAddress: [UInt8], namespace: Int32
    ) -> RouteRequest {
        var bytes = link(up: true)
        bytes.attribute(Attribute.name, host)
        bytes.attribute(Attribute.mtu, UInt32(mtu))
        bytes.attribute(Attribute.queueLength, UInt32(0))
        bytes.attribute(Attribute.master, UInt32(bitPattern: master))
        bytes.nested(Attribute.linkInfo) { info in
            info.attribute(Attribute.kind, "veth")
            info.nested(Attribute.data) { data in
                data.nested(Attribute.peer) { inner in
                    inner.append(link().all)
                    inner.attribute(Attribute.name, peer)
                    inner.attribute(Attribute.address, peerAddress)
                    inner.attribute(Attribute.mtu, UInt32(mtu))
                    inner.attribute(Attribute.queueLength, UInt32(0))
                    inner.attribute(Attribute.namespace, UInt32(bitPattern: namespace))
                }
            }
        }
        return RouteRequest(
            type: Route.newLink, flags: Route.create | Route.exclusive, body: bytes.all, subject: host)
    }

    /// An interface on top of another one, `parent`, with a hardware address of its own; in the namespace behind the
    /// descriptor, down. `mode`: MACVLAN_MODE_*.
    public static func addMacvlan(
        _ name: String, parent: Int32, mode: UInt32, hardwareAddress: [UInt8], mtu: Int, namespace: Int32
    ) -> RouteRequest {
        var bytes = link()
        bytes.attribute(Attribute.name, name)
        bytes.attribute(Attribute.parent, UInt32(bitPattern: parent))
        bytes.attribute(Attribute.address, hardwareAddress)
        bytes.attribute(Attribute.mtu, UInt32(mtu))
        bytes.attribute(Attribute.queueLength, UInt32(0))
        bytes.attribute(Attribute.namespace, UInt32(bitPattern: namespace))
        bytes.nested(Attribute.linkInfo) { info in
            info.attribute(Attribute.kind, "macvlan")
            info.nested(Attribute.data) { $0.attribute(Attribute.macvlanMode, mode) }
        }
        return RouteRequest(
            type: Route.newLink, flags: Route.create | Route.exclusive, body: bytes.all, subject: name)
    }

    /// An interface that leads nowhere, up.
    public static func addDummy(_ name: String) -> RouteRequest {
        var bytes = link(up: true)
        bytes.attribute(Attribute.name, name)
        bytes.nested(Attribute.linkInfo) { $0.attribute(Attribute.kind, "dummy") }
        return RouteRequest(
            type: Route.newLink, flags: Route.create | Route.exclusive, body: bytes.all, subject: name)
    }

    /// Removes an interface; of a pair, both ends.
    public static func deleteLink(_ name: String) -> RouteRequest {
        var bytes = link()
        bytes.attribute(Attribute.name, name)
        return RouteRequest(type: Route.deleteLink, flags: 0, body: bytes.all, subject: name)
    }

    public static func setUp(_ index: Int32, _ isUp: Bool = true) -> RouteRequest {
        RouteRequest(
            type: Route.setLink, flags: 0, body: link(index: index, up: isUp).all, subject: "index " + String(index))
    }

    /// Makes an interface a port of the bridge with index `master`.
    public static func setMaster(_ index: Int32, _ master: Int32) -> RouteRequest {
        var bytes = link(index: index)
        bytes.attribute(Attribute.master, UInt32(bitPattern: master))
        return RouteRequest(type: Route.setLink, flags: 0, body: bytes.all, subject: "index " + String(index))
    }

    /// Lets frames leave by the port of a bridge they came in by: a container reaches its own published port.
    public static func setHairpin(_ index: Int32) -> RouteRequest {
        var bytes = link(family: 7, index: index)
        bytes.nested(Attribute.protocolInfo) { $0.attribute(Attribute.portMode, [1]) }
        return RouteRequest(type: Route.setLink, flags: 0, body: bytes.all, subject: "index " + String(index))
    }

    static func getLink(_ name: String) -> RouteRequest {
        var bytes = link()
        bytes.attribute(Attribute.name, name)
        return RouteRequest(type: Route.getLink, flags: 0, body: bytes.all, subject: name)
    }

    static let allLinks = RouteRequest(type: Route.getLink, flags: Route.dump, body: link().all, subject: "links")
}
