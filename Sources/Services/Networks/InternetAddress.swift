internal import CLinux
internal import Netlink

/// Addresses of either family, as text.
enum InternetAddress {
    static func isIPv6(_ text: String) -> Bool {
        var bytes = in6_addr()
        return inet_pton(AF_INET6, text, &bytes) == 1
    }

    static func isAddress(_ text: String) -> Bool { IPv4Address(text) != nil || isIPv6(text) }

    /// Whether sockets can listen on IPv6 addresses here.
    static let canListenOnIPv6: Bool = {
        let socket = socket(AF_INET6, Int32(SOCK_STREAM.rawValue) | 0o2000000, 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
            }
        }
    }()
}
