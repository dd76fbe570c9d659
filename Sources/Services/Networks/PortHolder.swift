internal import CLinux
internal import Linux
internal import Netlink
internal import Synchronization

/// Sockets that keep others from published ports where no proxy listens on them.
final class PortHolders: Sendable {
    private let sockets = Mutex<[String: [Int32]]>([:])

    /// Listens on a port for a container. The error has the words of Go's net package.
    func hold(_ port: PublishedPort, for containerID: String) throws(NetworkError) {
        guard let address = IPv4Address(port.hostIP) else { return }
        do throws(SystemCallError) {
            let socket = try PortHolders.listen(address, port)
            sockets.withLock { $0[containerID, default: []].append(socket) }
        } catch {
            throw .failed(
                "listen \(port.transport.rawValue)4 \(port.hostIP):\(port.hostPort): \(error.operation):"
                    + " \(error.reason)"
            )
        }
    }

    func release(_ containerID: String) {
        for socket in sockets.withLock({ $0.removeValue(forKey: containerID) }) ?? [] { close(socket) }
    }

    private static func listen(_ address: IPv4Address, _ port: PublishedPort) throws(SystemCallError) -> Int32 {
        let isDatagram = port.transport == .udp
        // IPPROTO_SCTP
        let transport: Int32 = port.transport == .sctp ? 132 : 0
        let kind = Int32((isDatagram ? SOCK_DGRAM : SOCK_STREAM).rawValue)
        let socket = Descriptor(owning: try checked("socket") { CLinux.socket(AF_INET, kind | 0o2000000, transport) })
        var one: Int32 = 1
        if !isDatagram { setsockopt(socket.number, SOL_SOCKET, SO_REUSEADDR, &one, 4) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.hostPort.bigEndian
        name.sin_addr.s_addr = address.value.bigEndian
        try checked("bind") {
            withUnsafePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket.number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        if !isDatagram { try checked("listen") { CLinux.listen(socket.number, 4096) } }
        return socket.release()
    }
}
