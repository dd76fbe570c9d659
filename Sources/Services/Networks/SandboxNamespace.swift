internal import CLinux
internal import EngineAPI
internal import Linux
internal import Netlink

/// A container's network namespace, held open for work inside it.
final class SandboxNamespace: Sendable {
    let path: String
    let namespace: Descriptor
    let route: RouteSocket
    /// Bound to the resolver's address; nil where names are not resolved.
    let resolver: ResolverSockets?

    /// Of the calling thread's namespace, which is pinned at `path`.
    private init(_ path: String, _ resolver: ResolverSockets?) throws(SystemCallError) {
        self.path = path
        self.resolver = resolver
        namespace = try Descriptor.open(path, O_RDONLY)
        route = try RouteSocket()
    }

    /// A new namespace pinned at `path`: loopback up, and no IPv6 until an endpoint brings it, as upstream's containers
    /// have it.
    static func create(_ path: String, withResolver: Bool) throws(EngineError) -> SandboxNamespace {
        do throws(SystemCallError) {
            return try NetworkNamespace.create(pinnedAt: path) { () throws(SystemCallError) in
                try RouteSocket().perform(.setUp(1))
                for name in ["all", "default"] {
                    let path = "ipv6/conf/" + name + "/disable_ipv6"
                    if HostBridge.value(path) == "0" { try HostBridge.set(path, "1") }
                }
                return try SandboxNamespace(
                    path, withResolver ? try ResolverSockets.open(udpPort: 0, tcpPort: 0) : nil)
            }
        } catch {
            throw .failed("failed to create network namespace " + path + ": " + error.description)
        }
    }

    /// The namespace of a container that lives. With ports, the resolver's sockets are opened on them; on a port of 0,
    /// on any.
    static func open(
        _ path: String, resolverPorts: (udp: UInt16, tcp: UInt16)? = nil
    ) throws(EngineError) -> SandboxNamespace {
        do throws(SystemCallError) {
            return try NetworkNamespace.enter(path) { () throws(SystemCallError) in
                guard let (udp, tcp) = resolverPorts else { return try SandboxNamespace(path, nil) }
                return try SandboxNamespace(path, try ResolverSockets.open(udpPort: udp, tcpPort: tcp))
            }
        } catch {
            throw .failed("failed to enter network namespace " + path + ": " + error.description)
        }
    }
}

extension SandboxNamespace {
    /// Switches IPv6 on for an endpoint that has some, and sets what its options ask for.
    func setSwitches(_ endpoint: EndpointRecord) throws(SystemCallError) {
        var switches = endpoint.requested.switches.map { ($0.path(endpoint.interface), $0.value) }
        if endpoint.address6 != nil {
            switches += ["lo", endpoint.interface].map { ("ipv6/conf/" + $0 + "/disable_ipv6", "0") }
        }
        try set(switches)
    }

    /// The loopback has its IPv6 address while an endpoint has one.
    func withdrawIPv6() throws(SystemCallError) { try set([("ipv6/conf/lo/disable_ipv6", "1")]) }

    /// /proc shows a thread the switches of its own namespace.
    private func set(_ switches: [(path: String, value: String)]) throws(SystemCallError) {
        if switches.isEmpty { return }
        try NetworkNamespace.enter(path) { () throws(SystemCallError) in
            for (path, value) in switches { try HostBridge.set(path, value) }
        }
    }
}

/// The sockets on which a container's names are asked for: 127.0.0.11 in its namespace, on ports of the kernel's
/// choice, so that the container may have a server of its own on port 53.
final class ResolverSockets: Sendable {
    let udp: Descriptor
    let tcp: Descriptor
    let udpPort: UInt16
    let tcpPort: UInt16

    private init(udp: consuming Descriptor, tcp: consuming Descriptor) throws(SystemCallError) {
        udpPort = try ResolverSockets.port(udp.number)
        tcpPort = try ResolverSockets.port(tcp.number)
        self.udp = udp
        self.tcp = tcp
    }

    /// In the calling thread's namespace, whose loopback must be up.
    static func open(udpPort: UInt16, tcpPort: UInt16) throws(SystemCallError) -> ResolverSockets {
        let udp = try bound(SOCK_DGRAM, udpPort)
        let tcp = try bound(SOCK_STREAM, tcpPort)
        try checked("listen") { listen(tcp.number, 64) }
        return try ResolverSockets(udp: udp, tcp: tcp)
    }

    private static func bound(_ kind: __socket_type, _ port: UInt16) throws(SystemCallError) -> Descriptor {
        // SOCK_CLOEXEC | SOCK_NONBLOCK
        let socket = Descriptor(
            owning: try checked("socket") { CLinux.socket(AF_INET, Int32(kind.rawValue) | 0o2004000, 0) })
        var one: Int32 = 1
        if kind == SOCK_STREAM { setsockopt(socket.number, SOL_SOCKET, SO_REUSEADDR, &one, 4) }
        try SocketAddress(.four(IPv4Address(0x7F00_000B)), port: port).bind(socket.number)
        return socket
    }

    private static func port(_ socket: Int32) throws(SystemCallError) -> UInt16 {
        var name = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try checked("getsockname") {
            withUnsafeMutablePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
            }
        }
        return UInt16(bigEndian: name.sin_port)
    }
}
