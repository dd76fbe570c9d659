// In the light programs there is one thread and an event loop: they use TTRPCLink.
#if !hasFeature(Embedded)
    internal import CLinux
    internal import Linux
    public import Protobuf

    /// A client for programs of many threads. Calls from any number of threads and tasks share one connection; one
    /// thread of the process reads the answers of all clients.
    ///
    /// Safe to share: `state` is touched only under `lock`, and the descriptor is closed by deinit alone.
    public final class TTRPCClient: @unchecked Sendable {
        typealias Completion = @Sendable (Result<[UInt8], TTRPCError>) -> Void

        private struct Waiting {
            let completion: Completion
            /// On the monotonic clock, in nanoseconds; nil: for ever.
            let deadline: UInt64?
        }

        private struct State {
            var waiting: [UInt32: Waiting] = [:]
            var nextStream: UInt32 = 1
            var closeHandlers: [@Sendable () -> Void] = []
            var isOpen = true
        }

        private let socket: Descriptor
        private let lock = Lock()
        private var state = State()
        /// Only the reading thread touches it.
        private var frames = FrameReader()

        /// Connects to a unix socket ("unix://" before the path is taken off).
        public init(path: String) throws(TTRPCError) {
            let scheme = "unix://"
            let plain =
                path.utf8.starts(with: scheme.utf8)
                ? String(decoding: Array(path.utf8.dropFirst(scheme.utf8.count)), as: UTF8.self) : path
            do throws(SystemCallError) {
                socket = try Glue.unixSocket(blocking: true)
                try Glue.connect(socket.number, to: plain)
            } catch {
                throw TTRPCError(.unavailable, "dial unix " + plain + ": " + error.description)
            }
            do throws(SystemCallError) {
                try AnswerReader.shared.add(self, descriptor: socket.number)
            } catch {
                throw TTRPCError(.unavailable, error.description)
            }
        }

        /// Calls and waits on this thread. `timeout` is in nanoseconds; nil: for ever.
        public func callAndWait<Request: ProtobufMessage, Response: ProtobufMessage>(
            _ method: ProtobufMethod<Request, Response>, _ request: Request, timeout: UInt64? = nil
        ) throws(TTRPCError) -> Response {
            let slot = AnswerSlot()
            begin(method.service, method.name, request.protobuf(), timeout: timeout) { slot.fill($0) }
            return try TTRPCClient.decode(slot.wait())
        }

        /// Calls without blocking a thread. `timeout` is in nanoseconds; nil: for ever.
        public func call<Request: ProtobufMessage, Response: ProtobufMessage>(
            _ method: ProtobufMethod<Request, Response>, _ request: Request, timeout: UInt64? = nil
        ) async throws(TTRPCError) -> Response {
            let answer = await withCheckedContinuation { continuation in
                begin(method.service, method.name, request.protobuf(), timeout: timeout) {
                    continuation.resume(returning: $0)
                }
            }
            return try TTRPCClient.decode(answer)
        }

        /// Calls `handler` on the reading thread once the connection has ended, which is when the other side has died;
        /// at once when it has ended already. It must not block.
        public func onClose(_ handler: @escaping @Sendable () -> Void) {
            let late = lock.hold { () -> Bool in
                if state.isOpen { state.closeHandlers.append(handler) }
                return !state.isOpen
            }
            if late { handler() }
        }

        public var isOpen: Bool { lock.hold { state.isOpen } }

        /// Ends the connection: calls under way fail as closed.
        public func close() { shutdown(socket.number, Int32(SHUT_RDWR)) }

        private static func decode<Response: ProtobufMessage>(_ answer: Result<[UInt8], TTRPCError>)
            throws(TTRPCError) -> Response
        {
            let bytes = try answer.get()
            do throws(ProtobufError) {
                return try Response(protobuf: bytes)
            } catch {
                throw TTRPCError(.internal, "unmarshal error: " + error.description)
            }
        }

        private func begin(
            _ service: String, _ method: String, _ payload: [UInt8], timeout: UInt64?, completion: @escaping Completion
        ) {
            let envelope = CallRequest(
                service: service, method: method, payload: payload, timeout: Int64(clamping: timeout ?? 0)
            ).protobuf()
            let deadline = timeout.map { EventLoop.now() + $0 }
            let sent = lock.hold { () -> Bool in
                guard state.isOpen else { return false }
                let stream = state.nextStream
                state.nextStream &+= 2
                state.waiting[stream] = Waiting(completion: completion, deadline: deadline)
                var bytes: [UInt8] = []
                Frame(stream: stream, kind: Frame.Kind.request, payload: envelope).append(to: &bytes)
                // Under the lock, so that frames stay whole and streams rise. A request fits the socket's buffer.
                if TTRPCClient.sendAll(bytes, to: socket.number) { return true }
                state.waiting[stream] = nil
                return false
            }
            guard sent else {
                close()
                return completion(.failure(.closed))
            }
            if deadline != nil { AnswerReader.shared.wake() }
        }

        private static func sendAll(_ bytes: [UInt8], to socket: Int32) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes { Glue.send(socket, UnsafeRawBufferPointer(rebasing: $0[sent...])) }
                if count < 0 && cl_errno() == EINTR { continue }
                if count <= 0 { return false }
                sent += count
            }
            return true
        }

        // MARK: On the reading thread

        /// Reads what is there; false when the connection has ended.
        func receive() -> Bool {
            let alive = withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 8) { buffer in
                let count = recv(socket.number, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                if count > 0 { frames.append(UnsafeRawBufferPointer(rebasing: buffer[0..<count])) }
                return count > 0 || (count < 0 && (cl_errno() == EAGAIN || cl_errno() == EINTR))
            }
            guard alive else { return false }
            while true {
                do throws(TTRPCError) {
                    guard let frame = try frames.next() else { return true }
                    guard frame.kind == Frame.Kind.response else { continue }
                    let found = lock.hold { state.waiting.removeValue(forKey: frame.stream) }
                    found?.completion(decodeAnswer(frame))
                } catch {
                    return false
                }
            }
        }

        func lost() {
            let (waiting, handlers) = lock.hold { () -> ([UInt32: Waiting], [@Sendable () -> Void]) in
                state.isOpen = false
                defer {
                    state.waiting = [:]
                    state.closeHandlers = []
                }
                return (state.waiting, state.closeHandlers)
            }
            for call in waiting.values { call.completion(.failure(.closed)) }
            for handler in handlers { handler() }
        }

        /// Fails what is overdue; returns the next deadline.
        func expire(at now: UInt64) -> UInt64? {
            let (overdue, next) = lock.hold { () -> ([Waiting], UInt64?) in
                var overdue: [Waiting] = []
                var next: UInt64?
                for (stream, call) in state.waiting {
                    guard let deadline = call.deadline else { continue }
                    if deadline <= now {
                        overdue.append(call)
                        state.waiting[stream] = nil
                    } else {
                        next = min(next ?? deadline, deadline)
                    }
                }
                return (overdue, next)
            }
            for call in overdue {
                call.completion(.failure(TTRPCError(.deadlineExceeded, "context deadline exceeded")))
            }
            return next
        }
    }
#endif
