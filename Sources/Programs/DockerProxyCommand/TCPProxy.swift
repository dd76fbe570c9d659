internal import CLinux
internal import Linux

/// TCP: accepts, connects to the container, and moves bytes both ways with half-close, all on one thread.
struct TCPProxy {
    private final class Connection {
        let client: Int32
        let backend: Int32
        var generation: UInt32 = 0
        var isConnecting: Bool
        var up = Direction()
        var down = Direction()
        /// Which sides are watched for room to write, as they are once they had none.
        var watchesClient = false
        var watchesBackend = false

        init(client: Int32, backend: Int32, isConnecting: Bool) {
            self.client = client
            self.backend = backend
            self.isConnecting = isConnecting
        }
    }

    private static let listenerToken: UInt64 = 1
    private static let bufferSize = 65536
    private static let interest: Readiness = [.readable, .endOfInput, .edge]

    private let listener: Int32
    private let container: SocketAddress
    private let poller: Poller
    private let congestion: LocalCongestion
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: TCPProxy.bufferSize, alignment: 4096)
    private var connections: [Connection?] = []
    private var free: [Int] = []
    private var generation: UInt32 = 0
    private var pool = PipePool()
    private var unfinished: [UInt64] = []
    private var isListening = true
    private var listenerFailure: Int32 = 0

    init(_ listener: consuming Descriptor, to container: SocketAddress) throws(SystemCallError) {
        self.listener = listener.release()
        self.container = container
        poller = try Poller()
        congestion = LocalCongestion(self.listener)
        // What is accepted inherits these.
        set(self.listener, Int32(IPPROTO_TCP), Int32(CL_TCP_NODELAY), 1)
        set(self.listener, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(self.listener, Int32(IPPROTO_TCP), Int32(CL_TCP_KEEPIDLE), 15)
        set(self.listener, Int32(IPPROTO_TCP), Int32(CL_TCP_KEEPINTVL), 15)
        try poller.add(self.listener, .readable, token: TCPProxy.listenerToken)
    }

    /// Serves until a signal ends it; the errno when the listening socket can be used no more.
    mutating func run() -> Int32? {
        while listenerFailure == 0 {
            let more = unfinished
            unfinished = []
            let goesOn = poller.wait(timeout: more.isEmpty ? -1 : 0) { token, ready in
                if token == TCPProxy.listenerToken { accept() } else { handle(token, ready) }
            }
            if !goesOn { return nil }
            for token in more { handle(token, .readable) }
        }
        return listenerFailure
    }

    // MARK: Connections

    private mutating func accept() {
        let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let client = congestion.accept(listener, flags)
        if client < 0 {
            switch cl_errno() {
            case EMFILE, ENFILE: stopListening()
            case let number where [EINVAL, EBADF, ENOTSOCK, EOPNOTSUPP].contains(number): listenerFailure = number
            default: break
            }
            return
        }
        let backend = socket(container.family, Int32(SOCK_STREAM.rawValue) | flags, 0)
        if backend < 0 {
            let number = cl_errno()
            close(client)
            complain(number)
            return stopListening()
        }
        set(backend, Int32(IPPROTO_TCP), Int32(CL_TCP_NODELAY), 1)
        congestion.relieve(backend)
        let early = recv(client, buffer.baseAddress, buffer.count, 0)
        // Data at hand carries the last acknowledgement of the handshake: one packet less.
        if early > 0 { set(backend, Int32(IPPROTO_TCP), Int32(CL_TCP_QUICKACK), 0) }
        var answer = dial(backend)
        var sent = 0
        // From a container of this machine the answer is there as soon as the call returns; the next call tells it.
        if answer == EINPROGRESS {
            if early > 0 {
                sent = send(backend, buffer.baseAddress, early, Int32(MSG_NOSIGNAL))
                answer = sent >= 0 ? 0 : cl_errno() == EAGAIN ? EALREADY : cl_errno()
            } else {
                answer = dial(backend)
            }
        }
        guard answer == 0 || answer == EALREADY else {
            complain(answer)
            // What the client sent is lost, and it hears so.
            if early > 0 { resetOnClose(client) }
            close(client)
            close(backend)
            return
        }
        let connection = Connection(client: client, backend: backend, isConnecting: answer != 0)
        if early > 0 { connection.up.hold(UnsafeRawBufferPointer(rebasing: buffer[max(0, sent)..<early])) }
        keep(connection)
    }

    /// connect(2); 0 or the errno.
    private func dial(_ backend: Int32) -> Int32 {
        container.with { connect(backend, $0, $1) } == 0 ? 0 : cl_errno()
    }

    private mutating func keep(_ connection: Connection) {
        generation = generation == .max ? 1 : generation + 1
        connection.generation = generation
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
            connections[slot] = connection
        } else {
            slot = connections.count
            connections.append(connection)
        }
        connection.watchesBackend = connection.isConnecting || connection.up.isBlocked
        do throws(SystemCallError) {
            let interest = TCPProxy.interest
            try poller.add(
                connection.backend, connection.watchesBackend ? interest.union(.writable) : interest,
                token: token(slot, connection, isBackend: true))
            try poller.add(connection.client, interest, token: token(slot, connection, isBackend: false))
        } catch {
            drop(slot, connection)
        }
    }

    /// Too many descriptors: new clients wait in the kernel's queue until one is free.
    private mutating func stopListening() {
        guard isListening, connections.contains(where: { $0 != nil }) else { return }
        isListening = false
        poller.remove(listener)
    }

    private mutating func drop(_ slot: Int, _ connection: Connection) {
        connection.up.close(&pool)
        connection.down.close(&pool)
        close(connection.client)
        close(connection.backend)
        connections[slot] = nil
        free.append(slot)
        guard !isListening else { return }
        isListening = true
        // Should it fail, the next connection that ends tries again.
        do throws(SystemCallError) {
            try poller.add(listener, .readable, token: TCPProxy.listenerToken)
        } catch {
            isListening = false
        }
    }

    private func complain(_ number: Int32) {
        ProxyLog.write(
            "Can't forward traffic to backend tcp/" + container.text + ": dial tcp " + container.text + ": connect: "
                + errorText(number))
    }

    // MARK: Tokens: generation, slot and side

    private func token(_ slot: Int, _ connection: Connection, isBackend: Bool) -> UInt64 {
        UInt64(connection.generation) << 32 | UInt64(slot) << 1 | (isBackend ? 1 : 0)
    }

    // MARK: Moving

    private mutating func handle(_ token: UInt64, _ ready: Readiness) {
        let slot = Int(token >> 1 & 0x7fff_ffff)
        guard let connection = connections[slot], UInt64(connection.generation) == token >> 32 else { return }
        let isBackend = token & 1 == 1
        if connection.isConnecting {
            guard isBackend else { return }
            let answer = dial(connection.backend)
            guard answer == 0 else {
                complain(answer)
                if connection.up.isBlocked { resetOnClose(connection.client) }
                return drop(slot, connection)
            }
            connection.isConnecting = false
            // What the client has sent meanwhile is announced no more.
            move(connection, up: true, ends: false, slot)
        }
        let ends = !ready.isDisjoint(with: [.endOfInput, .hungUp, .failed])
        if ends || ready.contains(.readable) { move(connection, up: !isBackend, ends: ends, slot) }
        if ready.contains(.writable) { continueBlocked(connection, up: isBackend, slot) }
        settle(
            connection, slot, isGone: ready.contains(.hungUp) && (isBackend ? connection.down : connection.up).isDone)
    }

    private mutating func continueBlocked(_ connection: Connection, up: Bool, _ slot: Int) {
        let isBlocked = up ? connection.up.isBlocked : connection.down.isBlocked
        if isBlocked { move(connection, up: up, ends: true, slot) }
    }

    private mutating func move(_ connection: Connection, up: Bool, ends: Bool, _ slot: Int) {
        let source = up ? connection.client : connection.backend
        let target = up ? connection.backend : connection.client
        let outcome =
            up
            ? connection.up.move(from: source, to: target, ends: ends, buffer: buffer, pool: &pool)
            : connection.down.move(from: source, to: target, ends: ends, buffer: buffer, pool: &pool)
        if outcome == .again { unfinished.append(token(slot, connection, isBackend: !up)) }
        let isBlocked = up ? connection.up.isBlocked : connection.down.isBlocked
        guard isBlocked, !(up ? connection.watchesBackend : connection.watchesClient) else { return }
        if up { connection.watchesBackend = true } else { connection.watchesClient = true }
        poller.change(
            target, TCPProxy.interest.union(.writable), token: token(slot, connection, isBackend: up))
    }

    /// Passes an end on; both ways done, or a side gone that has nothing more to say: the connection is over.
    private mutating func settle(_ connection: Connection, _ slot: Int, isGone: Bool) {
        if isGone || connection.up.isDone && connection.down.isDone { return drop(slot, connection) }
        connection.up.passEndOn(from: connection.client, to: connection.backend)
        connection.down.passEndOn(from: connection.backend, to: connection.client)
    }

    private func resetOnClose(_ descriptor: Int32) {
        var value = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }

    private func close(_ descriptor: Int32) { _ = CLinux.close(descriptor) }
}
