internal import CLinux
internal import Linux
internal import Netlink

/// An address of either family.
enum InternetAddress: Hashable, Sendable, CustomStringConvertible {
    case four(IPv4Address)
    case six(IPv6Address)

    init?(_ text: String) {
        if let four = IPv4Address(text) {
            self = .four(four)
        } else if let six = IPv6Address(text) {
            self = .six(six)
        } else {
            return nil
        }
    }

    var family: Int32 {
        switch self {
        case .four: AF_INET
        case .six: AF_INET6
        }
    }

    var isLoopback: Bool {
        switch self {
        case .four(let address): address.isLoopback
        case .six(let address): address.isLoopback
        }
    }

    var description: String {
        switch self {
        case .four(let address): address.description
        case .six(let address): address.description
        }
    }

    static func isIPv6(_ text: String) -> Bool { IPv6Address(text) != nil }

    static func isAddress(_ text: String) -> Bool { InternetAddress(text) != nil }

    /// Whether sockets can listen on IPv6 addresses here.
    static let canListenOnIPv6: Bool = {
        let socket = socket(AF_INET6, Int32(SOCK_STREAM.rawValue) | 0o2000000, 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        // No socket: no listening.
        return (try? SocketAddress(.six(IPv6Address(0)), port: 0).bind(socket)) != nil
    }()
}

/// An address and a port, for the socket calls.
struct SocketAddress: Sendable {
    let address: InternetAddress
    let port: UInt16

    init(_ address: InternetAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    func bind(_ socket: Int32) throws(SystemCallError) {
        try checked("bind") { withPointer { CLinux.bind(socket, $0, $1) } }
    }

    /// -1, and errno, when it fails or is under way.
    func connect(_ socket: Int32) -> Int32 { withPointer { CLinux.connect(socket, $0, $1) } }

    private func withPointer(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        switch address {
        case .four(let address):
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = port.bigEndian
            name.sin_addr.s_addr = address.value.bigEndian
            return SocketAddress.lend(&name, body)
        case .six(let address):
            var name = sockaddr_in6()
            name.sin6_family = sa_family_t(AF_INET6)
            name.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: address.bytes) }
            return SocketAddress.lend(&name, body)
        }
    }

    private static func lend<Name>(
        _ name: inout Name, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Name>.size))
            }
        }
    }
}
