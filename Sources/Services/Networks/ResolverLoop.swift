internal import CLinux
internal import Linux

/// The resolver's thread. Everything here belongs to it alone.
struct ResolverLoop {
    /// What a descriptor is for.
    private enum Role {
        case wake
        case datagrams(container: String)
        case listener(container: String)
        case connection(TCPClient)
        case forward(Forward)
    }

    /// A container's connection that carries questions, each behind its length.
    private final class TCPClient {
        let socket: Descriptor
        let container: String
        var received: [UInt8] = []
        var deadline: Int
        init(_ socket: consuming Descriptor, _ container: String, deadline: Int) {
            self.socket = socket
            self.container = container
            self.deadline = deadline
        }
    }

    /// A question that was passed on and has no answer yet.
    private final class Forward {
        let socket: Descriptor
        let container: String
        let question: DNSQuestion
        let query: [UInt8]
        let id: UInt16
        let server: Int
        let deadline: Int
        /// Who asked: an address for datagrams, a connection else.
        let client: sockaddr_in
        let connection: TCPClient?
        var isConnected = false
        var received: [UInt8] = []
        /// What a server before this one said that could not help.
        var refusal: [UInt8]?

        init(
            _ socket: consuming Descriptor, _ container: String, _ question: DNSQuestion, query: [UInt8], id: UInt16,
            server: Int, deadline: Int, client: sockaddr_in, connection: TCPClient?
        ) {
            self.socket = socket
            self.container = container
            self.question = question
            self.query = query
            self.id = id
            self.server = server
            self.deadline = deadline
            self.client = client
            self.connection = connection
        }
    }

    private let resolver: Resolver
    private let warn: (String) -> Void
    private let poller: Int32
    private let hostNamespace: Int32
    private let wake: Int32
    private var roles: [Int32: Role] = [:]
    private var clients: [String: Resolver.Client] = [:]
    private var pending: [String: Int] = [:]

    /// Milliseconds a server gets, as upstream gives it.
    private static let patience = 4000
    /// Questions of one container that may be on their way at once: more are dropped, and asked again by it.
    private static let mostPending = 100
    private static let mostConnections = 1000

    init?(_ resolver: Resolver, wake: Int32, warn: @escaping (String) -> Void) {
        self.resolver = resolver
        self.warn = warn
        self.wake = wake
        poller = epoll_create1(Int32(0o2000000))
        hostNamespace = cl_open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC, 0)
        guard poller >= 0, hostNamespace >= 0 else {
            warn("the resolver of containers cannot start: " + errorText(cl_errno()))
            return nil
        }
        watch(wake, .wake)
    }

    mutating func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let timeout: Int32 = pending.isEmpty && roles.count == 1 + clients.count * 2 ? -1 : 250
            let count = epoll_wait(poller, &events, 64, timeout)
            if count < 0 && cl_errno() != EINTR {
                warn("the resolver of containers ended: " + errorText(cl_errno()))
                return
            }
            for event in events.prefix(Int(max(0, count))) { handle(event.data.fd, event.events) }
            expire()
        }
    }

    private mutating func handle(_ descriptor: Int32, _ events: UInt32) {
        switch roles[descriptor] {
        case .wake: obey()
        case .datagrams(let container): readDatagrams(descriptor, container)
        case .listener(let container): accept(descriptor, container)
        case .connection(let client): readConnection(client)
        case .forward(let forward): forward.connection == nil ? readForward(forward) : readStream(forward)
        case nil: break
        }
    }

    // MARK: Descriptors

    private mutating func watch(_ descriptor: Int32, _ role: Role, for events: UInt32 = EPOLLIN.rawValue) {
        var event = epoll_event()
        event.events = events
        event.data.fd = descriptor
        if epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) == 0 { roles[descriptor] = role }
    }

    private mutating func unwatch(_ descriptor: Int32) {
        epoll_ctl(poller, EPOLL_CTL_DEL, descriptor, nil)
        roles[descriptor] = nil
    }

    private mutating func obey() {
        var count: UInt64 = 0
        read(wake, &count, 8)
        for order in resolver.takeOrders() {
            switch order {
            case .start(let container, let client):
                forget(container)
                clients[container] = client
                watch(client.sockets.udp.number, .datagrams(container: container))
                watch(client.sockets.tcp.number, .listener(container: container))
            case .stop(let container): forget(container)
            }
        }
    }

    private mutating func forget(_ container: String) {
        guard let client = clients.removeValue(forKey: container) else { return }
        unwatch(client.sockets.udp.number)
        unwatch(client.sockets.tcp.number)
        for (descriptor, role) in roles {
            switch role {
            case .connection(let one) where one.container == container: unwatch(descriptor)
            case .forward(let one) where one.container == container: unwatch(descriptor)
            default: break
            }
        }
        pending[container] = nil
    }

    private mutating func expire() {
        let now = ResolverLoop.now()
        for (descriptor, role) in roles {
            switch role {
            case .connection(let client) where client.deadline < now: unwatch(descriptor)
            case .forward(let forward) where forward.deadline < now:
                finish(forward)
                tryNext(forward)
            default: break
            }
        }
    }

    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    // MARK: Questions

    private mutating func readDatagrams(_ descriptor: Int32, _ container: String) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        // A limit, so that one container that never stops asking does not keep the others waiting.
        for _ in 0..<64 {
            var from = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let count = withUnsafeMutablePointer(to: &from) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length)
                }
            }
            if count < 0 { return }
            ask(Array(buffer.prefix(count)), container, from, nil)
        }
    }

    private mutating func ask(_ query: [UInt8], _ container: String, _ from: sockaddr_in, _ connection: TCPClient?) {
        guard let question = DNSQuestion(query) else { return }
        let (answer, mayForward) = resolver.answer(question, container)
        switch answer {
        case .addresses(let addresses): reply(question.answer(addresses), container, from, connection)
        case .pointer(let name): reply(question.answer(pointer: name), container, from, connection)
        case .unknown:
            if !mayForward || clients[container]?.servers.isEmpty ?? true {
                reply(question.failure(2), container, from, connection)
            } else {
                forward(question, query, container, from, connection, server: 0)
            }
        }
    }

    private func reply(_ bytes: [UInt8], _ container: String, _ to: sockaddr_in, _ connection: TCPClient?) {
        if let connection {
            let framed = [UInt8(bytes.count >> 8 & 255), UInt8(bytes.count & 255)] + bytes
            // A container that does not take its answer loses it.
            _ = framed.withUnsafeBytes { send(connection.socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            return
        }
        guard let socket = clients[container]?.sockets.udp.number else { return }
        var to = to
        _ = withUnsafePointer(to: &to) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(socket, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    // MARK: Connections

    private mutating func accept(_ listener: Int32, _ container: String) {
        let number = cl_accept4(listener, nil, nil, Int32(0o2004000))
        guard number >= 0 else { return }
        let socket = Descriptor(owning: number)
        guard roles.count < ResolverLoop.mostConnections + clients.count * 2 else { return }
        let client = TCPClient(socket, container, deadline: ResolverLoop.now() + 2 * ResolverLoop.patience)
        watch(number, .connection(client))
    }

    private mutating func readConnection(_ client: TCPClient) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(client.socket.number, &buffer, buffer.count, 0)
        if count < 0 && (cl_errno() == EAGAIN || cl_errno() == EINTR) { return }
        if count <= 0 { return unwatch(client.socket.number) }
        client.received += buffer.prefix(count)
        client.deadline = ResolverLoop.now() + 2 * ResolverLoop.patience
        while let query = ResolverLoop.message(&client.received) { ask(query, client.container, sockaddr_in(), client) }
    }

    /// Takes a whole message from behind its length.
    private static func message(_ bytes: inout [UInt8]) -> [UInt8]? {
        guard bytes.count >= 2 else { return nil }
        let length = Int(bytes[0]) << 8 | Int(bytes[1])
        guard bytes.count >= 2 + length else { return nil }
        defer { bytes.removeFirst(2 + length) }
        return Array(bytes[2..<(2 + length)])
    }

    // MARK: Forwarding

    private mutating func forward(
        _ question: DNSQuestion, _ query: [UInt8], _ container: String, _ from: sockaddr_in, _ connection: TCPClient?,
        server: Int, refusal: [UInt8]? = nil
    ) {
        guard let client = clients[container], server < client.servers.count else {
            return reply(refusal ?? question.failure(2), container, from, connection)
        }
        guard pending[container, default: 0] < ResolverLoop.mostPending else { return }
        guard let socket = connect(to: client.servers[server], of: client, isStream: connection != nil) else {
            return forward(question, query, container, from, connection, server: server + 1, refusal: refusal)
        }
        var random: UInt16 = 0
        cl_getrandom(&random, 2)
        var renamed = query
        renamed[0] = UInt8(random >> 8)
        renamed[1] = UInt8(random & 255)
        let number = socket
        let forward = Forward(
            Descriptor(owning: socket), container, question, query: renamed, id: random, server: server,
            deadline: ResolverLoop.now() + ResolverLoop.patience, client: from, connection: connection)
        forward.refusal = refusal
        pending[container, default: 0] += 1
        if connection == nil {
            _ = renamed.withUnsafeBytes { send(number, $0.baseAddress, $0.count, 0) }
            watch(number, .forward(forward))
        } else {
            watch(number, .forward(forward), for: EPOLLOUT.rawValue)
        }
    }

    /// A socket in the container's namespace, or in the host's for a server on the host's loopback.
    private func connect(
        to server: ResolverPlan.Server, of client: Resolver.Client, isStream: Bool
    ) -> Int32? {
        let isInside = !server.isHostLoopback
        if isInside, cl_setns(client.inside.namespace.number, Int32(CL_CLONE_NEWNET)) != 0 { return nil }
        let family = server.address.family
        let socket = CLinux.socket(family, Int32((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue) | 0o2004000, 0)
        if isInside, cl_setns(hostNamespace, Int32(CL_CLONE_NEWNET)) != 0 {
            warn("the resolver of containers cannot return to the host's network: " + errorText(cl_errno()))
        }
        guard socket >= 0 else { return nil }
        if SocketAddress(server.address, port: 53).connect(socket) != 0 && cl_errno() != EINPROGRESS {
            close(socket)
            return nil
        }
        return socket
    }

    private mutating func finish(_ forward: Forward) {
        unwatch(forward.socket.number)
        if let count = pending[forward.container] { pending[forward.container] = count > 1 ? count - 1 : nil }
    }

    private mutating func tryNext(_ forward: Forward) {
        self.forward(
            forward.question, forward.query, forward.container, forward.client, forward.connection,
            server: forward.server + 1, refusal: forward.refusal)
    }

    private mutating func readForward(_ forward: Forward) {
        var buffer = [UInt8](repeating: 0, count: 65535)
        let count = recv(forward.socket.number, &buffer, buffer.count, 0)
        if count < 0 && (cl_errno() == EAGAIN || cl_errno() == EINTR) { return }
        if count <= 0 {
            finish(forward)
            return tryNext(forward)
        }
        deliver(forward, Array(buffer.prefix(count)))
    }

    /// Passes an answer on. What does not answer the question is dropped: the true answer may still come. A server that
    /// failed, refuses or knows no such name is passed over for the next one.
    private mutating func deliver(_ forward: Forward, _ received: [UInt8]) {
        guard forward.question.isAnswered(by: received, id: forward.id) else { return }
        finish(forward)
        var answer = received
        answer[0] = UInt8(forward.question.id >> 8)
        answer[1] = UInt8(forward.question.id & 255)
        if [2, 3, 5].contains(received[3] & 15) {
            forward.refusal = answer
            return tryNext(forward)
        }
        reply(answer, forward.container, forward.client, forward.connection)
    }

    private mutating func readStream(_ forward: Forward) {
        let number = forward.socket.number
        if !forward.isConnected {
            let framed = [UInt8(forward.query.count >> 8 & 255), UInt8(forward.query.count & 255)] + forward.query
            let sent = framed.withUnsafeBytes { send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent == framed.count else {
                finish(forward)
                return tryNext(forward)
            }
            forward.isConnected = true
            unwatch(number)
            return watch(number, .forward(forward))
        }
        var buffer = [UInt8](repeating: 0, count: 65535)
        let count = recv(number, &buffer, buffer.count, 0)
        if count < 0 && (cl_errno() == EAGAIN || cl_errno() == EINTR) { return }
        if count <= 0 {
            finish(forward)
            return tryNext(forward)
        }
        forward.received += buffer.prefix(count)
        if let message = ResolverLoop.message(&forward.received) { deliver(forward, message) }
    }
}
