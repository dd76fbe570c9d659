internal import CLinux

/// Congestion control on ways that never leave the machine: to the container, and to clients on a loopback address.
/// A control that paces what it sends (bbr) arms a timer for every few packets there, which costs more than moving
/// the bytes does. Where the machine's default is such a one, those ways get reno, which every kernel has; clients
/// elsewhere keep the default.
struct LocalCongestion {
    private static let nameSize = 16

    private let unpaced = Array("reno".utf8)
    /// The machine's default; empty: it needs no replacement.
    private let usual: [UInt8]

    /// Reads the default from a listening socket, and replaces it there: what is accepted inherits it.
    init(_ listener: Int32) {
        var name = [UInt8](repeating: 0, count: LocalCongestion.nameSize)
        var length = socklen_t(name.count)
        let answer = getsockopt(listener, Int32(IPPROTO_TCP), Int32(CL_TCP_CONGESTION), &name, &length)
        let text = Array(name.prefix { $0 != 0 })
        let isUnpaced = text == unpaced || text.elementsEqual("cubic".utf8)
        usual = answer != 0 || isUnpaced ? [] : text
        relieve(listener)
    }

    /// Takes pacing off a socket. It must not be connected yet: from then on pacing is there to stay.
    func relieve(_ socket: Int32) {
        if !usual.isEmpty { choose(unpaced, socket) }
    }

    /// accept4(2); a client from elsewhere gets the default back.
    func accept(_ listener: Int32, _ flags: Int32) -> Int32 {
        if usual.isEmpty { return cl_accept4(listener, nil, nil, flags) }
        var peer = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let client = withUnsafeMutablePointer(to: &peer) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { cl_accept4(listener, $0, &length, flags) }
        }
        if client >= 0 && !LocalCongestion.isLoopback(peer) { choose(usual, client) }
        return client
    }

    /// A kernel that refuses costs speed, nothing else.
    private func choose(_ name: [UInt8], _ socket: Int32) {
        _ = setsockopt(socket, Int32(IPPROTO_TCP), Int32(CL_TCP_CONGESTION), name, socklen_t(name.count))
    }

    static func isLoopback(_ peer: sockaddr_storage) -> Bool {
        withUnsafeBytes(of: peer) { raw in
            // sockaddr_in has the address at 4, sockaddr_in6 at 8.
            if Int32(peer.ss_family) == AF_INET { return raw[4] == 127 }
            return raw[8..<23].allSatisfy { $0 == 0 } && raw[23] == 1
        }
    }
}
