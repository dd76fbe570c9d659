internal import Linux
internal import Netlink

/// The bridge of a network on the host.
enum HostBridge {
    /// Makes the bridge, or makes the one that is there fit: its address, and up. Another's bridge keeps its addresses.
    static func ensure(_ bridge: BridgeSettings) throws(NetworkError) {
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
            }
            let link = try route.link(bridge.interface)
            let present = try route.addresses().filter { $0.index == link.index }.map(\.prefix)
            var requests: [RouteRequest] = []
            if bridge.ownsInterface {
                for other in present where other != bridge.subnet {
                    requests.append(.deleteAddress(other, index: link.index))
                }
            }
            if !present.contains(bridge.subnet) { requests.append(.addAddress(bridge.subnet, index: link.index)) }
            if !link.isUp { requests.append(.setUp(link.index)) }
            try route.perform(requests)
        } catch {
            throw .failed("failed to set up bridge " + bridge.interface + ": " + error.description)
        }
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
