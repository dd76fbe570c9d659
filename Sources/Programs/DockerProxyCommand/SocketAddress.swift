internal import CLinux
internal import Linux

/// An IP address of either family. An IPv4 address mapped into IPv6 is the IPv4 address.
struct IPAddress: Equatable {
    let isV6: Bool
    /// 4 or 16, in network order.
    let bytes: [UInt8]

    static let any = IPAddress(isV6: false, bytes: [0, 0, 0, 0])

    private init(isV6: Bool, bytes: [UInt8]) {
        self.isV6 = isV6
        self.bytes = bytes
    }

    init?(_ text: String) {
        var short = [UInt8](repeating: 0, count: 4)
        if short.withUnsafeMutableBytes({ inet_pton(AF_INET, text, $0.baseAddress) }) == 1 {
            self.init(isV6: false, bytes: short)
            return
        }
        var long = [UInt8](repeating: 0, count: 16)
        guard long.withUnsafeMutableBytes({ inet_pton(AF_INET6, text, $0.baseAddress) }) == 1 else { return nil }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        if Array(long[0..<12]) == mapped {
            self.init(isV6: false, bytes: Array(long[12...]))
        } else {
            self.init(isV6: true, bytes: long)
        }
    }

    var text: String {
        var buffer = [CChar](repeating: 0, count: 64)
        _ = bytes.withUnsafeBytes {
            inet_ntop(isV6 ? AF_INET6 : AF_INET, $0.baseAddress, &buffer, socklen_t(buffer.count))
        }
        return buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }
}

/// An address and a port, ready for the kernel.
struct SocketAddress {
    let address: IPAddress
    private let port: Int
    private var storage = sockaddr_storage()
    private let length: socklen_t

    init(_ address: IPAddress, port: Int) {
        self.address = address
        self.port = port
        let number = UInt16(truncatingIfNeeded: port).bigEndian
        length = socklen_t(address.isV6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
        withUnsafeMutableBytes(of: &storage) { raw in
            raw.storeBytes(of: UInt16(address.isV6 ? AF_INET6 : AF_INET), as: UInt16.self)
            raw.storeBytes(of: number, toByteOffset: 2, as: UInt16.self)
            // sockaddr_in has the address at 4, sockaddr_in6 after four bytes of flow label.
            let offset = address.isV6 ? 8 : 4
            for (index, byte) in address.bytes.enumerated() { raw[offset + index] = byte }
        }
    }

    /// As Go prints it: "1.2.3.4:80", "[::1]:80".
    var text: String { (address.isV6 ? "[" + address.text + "]" : address.text) + ":" + String(port) }

    var family: Int32 { address.isV6 ? AF_INET6 : AF_INET }

    /// bind(2) or connect(2): whatever takes an address.
    func with(_ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, length) }
        }
    }

    /// A listening socket of this family alone. Failures read as Go's do.
    func listenTCP() throws(SystemCallError) -> Descriptor {
        let place = "listen " + (address.isV6 ? "tcp6 " : "tcp4 ") + text + ": "
        let listener = try open(SOCK_STREAM, place)
        try setOption(listener.number, SOL_SOCKET, SO_REUSEADDR, 1, place)
        try checked(place + "bind") { with { bind(listener.number, $0, $1) } }
        try checked(place + "listen") { listen(listener.number, 4096) }
        return listener
    }

    func listenUDP() throws(SystemCallError) -> Descriptor {
        let place = "listen " + (address.isV6 ? "udp6 " : "udp4 ") + text + ": "
        let listener = try open(SOCK_DGRAM, place)
        try checked(place + "bind") { with { bind(listener.number, $0, $1) } }
        return listener
    }

    private func open(_ kind: __socket_type, _ place: String) throws(SystemCallError) -> Descriptor {
        if port < 0 || port > 65535 {
            throw SystemCallError(number: EINVAL, operation: place + "bind")
        }
        let flags = Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let made = Descriptor(owning: try checked(place + "socket") { socket(family, flags, 0) })
        if address.isV6 { try setOption(made.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1, place) }
        return made
    }

    private func setOption(_ socket: Int32, _ level: Int32, _ name: Int32, _ value: Int32, _ place: String)
        throws(SystemCallError)
    {
        try checked(place + "setsockopt") { set(socket, level, name, value) }
    }
}

/// setsockopt(2) with a number.
@discardableResult
func set(_ socket: Int32, _ level: Int32, _ name: Int32, _ value: Int32) -> Int32 {
    var value = value
    return setsockopt(socket, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
}
