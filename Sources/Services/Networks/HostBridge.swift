internal import EngineAPI
internal import Linux
internal import Netlink

/// The bridge of a network on the host.
enum HostBridge {
    /// Makes the bridge, or makes the one that is there fit: its address, and up. Another's bridge keeps its addresses.
    static func ensure(_ bridge: BridgeSettings) throws(EngineError) {
        do throws(SystemCallError) {
            let route = try RouteSocket()
            let links = try route.links()
            if let link = links.first(where: { $0.name == bridge.interface }) {
                guard link.kind == "bridge" else {
                    throw SystemCallError(number: 17, operation: "existing interface", subject: bridge.interface)
                }
            } else {
                let address: [UInt8] = [0x02, 0x42] + randomBytes(4)
                try route.perform(
                    .addBridge(
                        bridge.interface, hardwareAddress: address, mtu: bridge.mtu == 1500 ? nil : bridge.mtu))
                // The host takes no routes from its containers.
                let path = "ipv6/conf/" + bridge.interface + "/accept_ra"
                if value(path) != nil { try set(path, "0") }
            }
            let link = try route.link(bridge.interface)
            var requests = try missing([bridge.subnet], on: link, of: bridge, route)
            if let six = bridge.six {
                let path = "ipv6/conf/" + bridge.interface + "/disable_ipv6"
                if value(path) != "0" { try set(path, "0") }
                // fe80::1, as upstream gives every bridge.
                let local = IPv6Prefix(IPv6Address(0xFE80 << 112 | 1), 64)
                requests += try missing([six.subnet, local], on: link, of: bridge, route)
            }
            if !link.isUp { requests.append(.setUp(link.index)) }
            try route.perform(requests)
        } catch {
            throw .failed("failed to set up bridge " + bridge.interface + ": " + error.description)
        }
    }

    /// What gives a bridge these addresses, and takes others of their family from it when it is the network's own. The
    /// kernel's link-local address stays. None is announced: ports lead through the bridge from the first moment on.
    private static func missing<Address>(
        _ wanted: [NetworkPrefix<Address>], on link: Link, of bridge: BridgeSettings, _ route: borrowing RouteSocket
    ) throws(SystemCallError) -> [RouteRequest] {
        let present = try route.addresses(of: Address.self).filter { $0.index == link.index }.map(\.prefix)
        let others = present.filter { prefix in
            bridge.ownsInterface && !wanted.contains(prefix) && !prefix.description.hasPrefix("fe80:")
        }
        return others.map { .deleteAddress($0, index: link.index) }
            + wanted.filter { !present.contains($0) }.map { .addAddress($0, index: link.index, announced: false) }
    }

    /// Removes the bridge; one that is gone or another's is left alone.
    static func remove(_ bridge: BridgeSettings) throws(SystemCallError) {
        guard bridge.ownsInterface else { return }
        let route = try RouteSocket()
        try removeLink(bridge.interface, route)
    }

    /// Removes an interface; one that is gone is no error.
    static func removeLink(_ name: String, _ route: borrowing RouteSocket) throws(SystemCallError) {
        do throws(SystemCallError) {
            try route.perform(.deleteLink(name))
        } catch  where error.number == 19 {
            // ENODEV: that is what was wanted.
        }
    }

    private static func randomBytes(_ count: Int) -> [UInt8] {
        Array(randomHex(bytes: count).utf8).chunks.compactMap { UInt8($0, radix: 16) }
    }

    /// Writes a switch of the network stack.
    static func set(_ path: String, _ value: String) throws(SystemCallError) {
        try Files.put(value, into: "/proc/sys/net/" + path)
    }

    /// Reads one; nil when this kernel has no such switch.
    static func value(_ path: String) -> String? {
        // No file: no switch.
        guard let text = try? Files.readText("/proc/sys/net/" + path) else { return nil }
        return String(text.prefix { $0 != "\n" })
    }
}

extension Array where Element == UInt8 {
    /// The text in pairs of characters.
    fileprivate var chunks: [String] {
        stride(from: 0, to: count - 1, by: 2).map { String(decoding: self[$0..<($0 + 2)], as: UTF8.self) }
    }
}
