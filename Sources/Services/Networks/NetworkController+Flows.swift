internal import Linux
internal import Netlink

extension NetworkController {
    /// Makes the kernel forget the flows of datagrams to published ports: without that, a client that goes on sending
    /// is led where its first datagram was led, to a container that is gone or past the rules of a new one.
    func forgetFlows(to ports: [PublishedPort]) {
        let wanted = Set(ports.filter { $0.transport == .udp }.map(\.hostPort))
        if wanted.isEmpty { return }
        forget(hasIPv6: ports.contains(where: \.isIPv6)) { flow in
            flow.transport == 17 && wanted.contains(flow.destinationPort)
        }
    }

    /// The same for all flows that were led to or from a sandbox: its addresses are somebody else's next.
    func forgetFlows(of record: SandboxRecord, _ ports: [PublishedPort]) {
        let addresses = record.endpoints.flatMap { [$0.address?.address.bytes, $0.address6?.address.bytes] }
            .compactMap { $0 }
        if addresses.isEmpty { return }
        let wanted = Set(ports.filter { $0.transport == .udp }.map(\.hostPort))
        forget(hasIPv6: ports.contains(where: \.isIPv6) || addresses.contains { $0.count == 16 }) { flow in
            flow.transport == 17 && wanted.contains(flow.destinationPort)
                || addresses.contains(where: flow.isTranslated)
        }
    }

    private func forget(hasIPv6: Bool, where matches: (TrackedFlow) -> Bool) {
        do throws(SystemCallError) {
            try ConnectionTracking.forget(IPv4Address.self, where: matches)
            if hasIPv6 { try ConnectionTracking.forget(IPv6Address.self, where: matches) }
        } catch {
            configuration.warn("tracked flows: " + error.description)
        }
    }
}
