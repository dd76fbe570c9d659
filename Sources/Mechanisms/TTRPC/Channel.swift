internal import CLinux
internal import Linux

/// A connected socket on an event loop that carries frames both ways and never blocks.
final class Channel {
    private let loop: EventLoop
    /// Closed by `close`, so that a call which still waits does not keep it.
    private let socket: Int32
    private var reader = FrameReader()
    private var outgoing: [UInt8] = []
    private var sent = 0
    private(set) var isOpen = true
    /// Called for every frame that arrives.
    var onFrame: (Frame) -> Void = { _ in }
    /// Called once when the connection ends, whoever ended it.
    var onClose: () -> Void = {}

    /// Takes a non-blocking socket.
    init(_ socket: consuming Descriptor, on loop: EventLoop) throws(SystemCallError) {
        self.loop = loop
        self.socket = socket.release()
        try loop.watch(self.socket, .readable) { ready in self.handle(ready) }
    }

    /// Bytes that wait for the other side to read.
    var hasOutgoing: Bool { sent < outgoing.count }

    /// Sends a frame, now or as soon as the other side reads.
    func send(_ frame: Frame) {
        guard isOpen else { return }
        let waiting = hasOutgoing
        frame.append(to: &outgoing)
        if !waiting { flush() }
    }

    deinit { if isOpen { _ = CLinux.close(socket) } }

    func close() {
        guard isOpen else { return }
        isOpen = false
        loop.forget(socket)
        _ = CLinux.close(socket)
        outgoing = []
        sent = 0
        let closed = onClose
        onClose = {}
        onFrame = { _ in }
        closed()
    }

    private func handle(_ ready: Readiness) {
        if ready.contains(.writable) { flush() }
        guard isOpen, !ready.isDisjoint(with: [.readable, .hungUp, .failed]) else { return }
        receive()
    }

    private func receive() {
        withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 8) { buffer in
            let count = recv(socket, buffer.baseAddress, buffer.count, 0)
            if count > 0 {
                reader.append(UnsafeRawBufferPointer(rebasing: buffer[0..<count]))
            } else if count == 0 || (cl_errno() != EAGAIN && cl_errno() != EINTR) {
                close()
            }
        }
        while isOpen {
            do throws(TTRPCError) {
                guard let frame = try reader.next() else { return }
                onFrame(frame)
            } catch {
                // No frame boundary can be found any more.
                close()
            }
        }
    }

    private func flush() {
        while hasOutgoing {
            let count = outgoing.withUnsafeBytes { [sent] in
                Glue.send(socket, UnsafeRawBufferPointer(rebasing: $0[sent...]))
            }
            if count < 0 {
                if cl_errno() == EINTR { continue }
                if cl_errno() == EAGAIN { return wantWritable(true) }
                return close()
            }
            sent += count
        }
        outgoing = []
        sent = 0
        wantWritable(false)
    }

    private var wantsWritable = false

    private func wantWritable(_ wanted: Bool) {
        guard wanted != wantsWritable else { return }
        wantsWritable = wanted
        do throws(SystemCallError) {
            try loop.change(socket, wanted ? [.readable, .writable] : .readable)
        } catch {
            close()
        }
    }
}

/// Calls whose arguments Swift's view of the headers makes awkward.
enum Glue {
    /// send(2) without SIGPIPE.
    static func send(_ socket: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        CLinux.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// A unix socket, close-on-exec.
    static func unixSocket(blocking: Bool) throws(SystemCallError) -> Descriptor {
        let kind =
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            | (blocking ? 0 : Int32(SOCK_NONBLOCK.rawValue))
        return Descriptor(owning: try checked("socket") { socket(AF_UNIX, kind, 0) })
    }

    /// connect(2) to a unix socket's path.
    static func connect(_ descriptor: Int32, to path: String) throws(SystemCallError) {
        var address = sockaddr_un()
        let length = try checked("connect", path) { cl_unix_address(path, &address) }
        try checked("connect", path) {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    CLinux.connect(descriptor, $0, socklen_t(length))
                }
            }
        }
    }
}
