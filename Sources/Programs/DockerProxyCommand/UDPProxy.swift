internal import CLinux
internal import Linux

/// UDP: every client gets a socket of its own towards the container, until nothing has passed for a while.
final class UDPProxy {
    /// A client's address as the kernel gave it.
    private struct Client: Hashable {
        let first: UInt64
        let second: UInt64
        let third: UInt64
        let fourth: UInt32

        init(_ address: UnsafePointer<sockaddr_storage>) {
            let raw = UnsafeRawPointer(address)
            first = raw.load(as: UInt64.self)
            second = raw.load(fromByteOffset: 8, as: UInt64.self)
            let isV6 = address.pointee.ss_family == sa_family_t(AF_INET6)
            third = isV6 ? raw.load(fromByteOffset: 16, as: UInt64.self) : 0
            fourth = isV6 ? raw.load(fromByteOffset: 24, as: UInt32.self) : 0
        }
    }

    private final class Flow {
        let client: Client
        let address: sockaddr_storage
        let socket: Int32
        /// Which of our addresses the client speaks to, and hears from.
        var ownAddress = in6_addr()
        /// Seconds.
        var lastUsed: Int

        init(client: Client, address: sockaddr_storage, socket: Int32, now: Int) {
            self.client = client
            self.address = address
            self.socket = socket
            lastUsed = now
        }
    }

    private static let listenerToken: UInt64 = 1
    private static let firstToken: UInt64 = 16
    private static let batch = 16
    private static let longest = 65536
    /// Seconds after which a client that is silent is forgotten.
    private static let idleTime = 90

    private let listener: Int32
    private let addressLength: socklen_t
    private let container: SocketAddress
    private let poller: Poller
    private var flows: [Client: Flow] = [:]
    private var flowsBySocket: [Flow?] = []
    private let buffer = UnsafeMutableRawPointer.allocate(byteCount: batch * longest, alignment: 4096)
    private let senders = UnsafeMutablePointer<sockaddr_storage>.allocate(capacity: batch)
    private let lengths = UnsafeMutablePointer<UInt32>.allocate(capacity: batch)
    /// Where each datagram was sent to; nil when the listener has one address only.
    private let receivers: UnsafeMutablePointer<in6_addr>?
    private var nextSweep = 0

    init(_ listener: consuming Descriptor, to container: SocketAddress) throws(SystemCallError) {
        let number = listener.release()
        self.listener = number
        self.container = container
        var own = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = withUnsafeMutablePointer(to: &own) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
        }
        addressLength = length
        let isAnywhere = UDPProxy.isUnspecified(own)
        receivers = isAnywhere ? UnsafeMutablePointer<in6_addr>.allocate(capacity: UDPProxy.batch) : nil
        if isAnywhere {
            try checked("setsockopt") { cl_report_receivers(number, Int32(own.ss_family)) }
        }
        poller = try Poller()
        try poller.add(self.listener, .readable, token: UDPProxy.listenerToken)
    }

    /// Serves until a signal ends it.
    func run() throws(SystemCallError) {
        while true {
            let goesOn = poller.wait(timeout: flows.isEmpty ? -1 : 10_000) { token, _ in
                if token == UDPProxy.listenerToken {
                    forward()
                } else {
                    answer(Int32(token - UDPProxy.firstToken))
                }
            }
            if !goesOn { return }
            if !flows.isEmpty { sweep() }
        }
    }

    /// From clients to the container.
    private func forward() {
        senders.initialize(repeating: sockaddr_storage(), count: UDPProxy.batch)
        let count = Int(
            cl_receive_datagrams(listener, buffer, UDPProxy.longest, Int32(UDPProxy.batch), lengths, senders, receivers)
        )
        var index = 0
        while index < count {
            let client = Client(senders + index)
            var end = index + 1
            while end < count, Client(senders + end) == client { end += 1 }
            if let flow = flow(client, senders[index]) {
                if let receivers { flow.ownAddress = receivers[end - 1] }
                send(flow, index, end)
            }
            index = end
        }
    }

    private func send(_ flow: Flow, _ start: Int, _ end: Int) {
        flow.lastUsed = UDPProxy.now()
        var next = start
        var isSecondTry = false
        while next < end {
            let sent = cl_send_datagrams(
                flow.socket, buffer + next * UDPProxy.longest, UDPProxy.longest, Int32(end - next), lengths + next,
                nil, 0, nil)
            if sent > 0 {
                next += Int(sent)
                isSecondTry = false
                continue
            }
            let number = cl_errno()
            if number == EINTR { continue }
            // The failure may be about a datagram before this one: the container was not listening then.
            if number == ECONNREFUSED && !isSecondTry {
                isSecondTry = true
                continue
            }
            if number != EAGAIN {
                ProxyLog.write(
                    "Can't proxy a datagram to udp/" + container.text + ": write: " + errorText(number))
            }
            next += 1
            isSecondTry = false
        }
    }

    /// From the container to one client.
    private func answer(_ socket: Int32) {
        guard Int(socket) < flowsBySocket.count, let flow = flowsBySocket[Int(socket)] else { return }
        let count = cl_receive_datagrams(socket, buffer, UDPProxy.longest, Int32(UDPProxy.batch), lengths, nil, nil)
        // A refusal by the container is no answer; the client finds out by its silence, as over any UDP.
        guard count > 0 else { return }
        flow.lastUsed = UDPProxy.now()
        var next: Int32 = 0
        while next < count {
            let sent = withUnsafePointer(to: flow.address) {
                cl_send_datagrams(
                    listener, buffer + Int(next) * UDPProxy.longest, UDPProxy.longest, count - next,
                    lengths + Int(next), $0, addressLength, &flow.ownAddress)
            }
            if sent < 0 && cl_errno() == EINTR { continue }
            next += max(1, sent)
        }
    }

    private func flow(_ client: Client, _ address: sockaddr_storage) -> Flow? {
        if let known = flows[client] { return known }
        let flags = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let socket = socket(container.family, flags, 0)
        if socket < 0 || container.with({ connect(socket, $0, $1) }) != 0 {
            ProxyLog.write("Can't proxy a datagram to udp/" + container.text + ": " + errorText(cl_errno()))
            if socket >= 0 { close(socket) }
            return nil
        }
        do throws(SystemCallError) {
            try poller.add(socket, .readable, token: UDPProxy.firstToken + UInt64(socket))
        } catch {
            close(socket)
            return nil
        }
        let flow = Flow(client: client, address: address, socket: socket, now: UDPProxy.now())
        flows[client] = flow
        while flowsBySocket.count <= Int(socket) { flowsBySocket.append(nil) }
        flowsBySocket[Int(socket)] = flow
        return flow
    }

    private func sweep() {
        let now = UDPProxy.now()
        guard now >= nextSweep else { return }
        nextSweep = now + 10
        for flow in flows.values where now - flow.lastUsed >= UDPProxy.idleTime {
            flows[flow.client] = nil
            flowsBySocket[Int(flow.socket)] = nil
            close(flow.socket)
        }
    }

    private static func isUnspecified(_ address: sockaddr_storage) -> Bool {
        withUnsafeBytes(of: address) { raw in
            // sockaddr_in has the address at 4, sockaddr_in6 at 8.
            let bytes = Int32(address.ss_family) == AF_INET ? raw[4..<8] : raw[8..<24]
            return bytes.allSatisfy { $0 == 0 }
        }
    }

    /// Seconds of the clock that only runs forward.
    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return time.tv_sec
    }
}
