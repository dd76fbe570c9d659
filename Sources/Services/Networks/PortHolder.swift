internal import CLinux
internal import EngineAPI
internal import Linux
internal import Synchronization

/// Sockets that keep others from published ports where no proxy listens on them.
final class PortHolders: Sendable {
    private let sockets = Mutex<[String: [Int32]]>([:])

    /// Listens on a port for a container. The error has the words of Go's net package.
    func hold(_ port: PublishedPort, for containerID: String) throws(EngineError) {
        guard let address = InternetAddress(port.hostIP) else { return }
        do throws(SystemCallError) {
            let socket = try PortHolders.listen(SocketAddress(address, port: port.hostPort), port.transport)
            sockets.withLock { $0[containerID, default: []].append(socket) }
        } catch {
            throw .failed(
                "listen \(port.transport.rawValue)\(port.isIPv6 ? "6 [\(port.hostIP)]" : "4 \(port.hostIP)"):"
                    + "\(port.hostPort): \(error.operation): \(error.reason)"
            )
        }
    }

    func release(_ containerID: String) {
        for socket in sockets.withLock({ $0.removeValue(forKey: containerID) }) ?? [] { close(socket) }
    }

    private static func listen(
        _ address: SocketAddress, _ transport: PortProtocol
    ) throws(SystemCallError) -> Int32 {
        let isDatagram = transport == .udp
        let family = address.address.family
        let kind = Int32((isDatagram ? SOCK_DGRAM : SOCK_STREAM).rawValue)
        // IPPROTO_SCTP
        let number: Int32 = transport == .sctp ? 132 : 0
        let socket = Descriptor(owning: try checked("socket") { CLinux.socket(family, kind | 0o2000000, number) })
        var one: Int32 = 1
        if !isDatagram { setsockopt(socket.number, SOL_SOCKET, SO_REUSEADDR, &one, 4) }
        // IPV6_V6ONLY: the IPv4 port is held by a socket of its own.
        if family == AF_INET6 { setsockopt(socket.number, 41, 26, &one, 4) }
        try address.bind(socket.number)
        if !isDatagram { try checked("listen") { CLinux.listen(socket.number, 4096) } }
        return socket.release()
    }
}
