#if !hasFeature(Embedded)
    internal import CLinux
    internal import Linux

    /// A mutex. Never held while something outside this module runs.
    final class Lock: @unchecked Sendable {
        // Safe to share: this is what makes other things safe to share.
        private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

        init() { pthread_mutex_init(mutex, nil) }

        deinit {
            pthread_mutex_destroy(mutex)
            mutex.deallocate()
        }

        func hold<Value>(_ body: () -> Value) -> Value {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            return body()
        }

        func wait(_ condition: UnsafeMutablePointer<pthread_cond_t>) { pthread_cond_wait(condition, mutex) }
    }

    /// Where one thread waits for one answer.
    final class AnswerSlot: @unchecked Sendable {
        // Safe to share: `answer` is touched only under `lock`.
        private let lock = Lock()
        private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        private var answer: Result<[UInt8], TTRPCError>?

        init() { pthread_cond_init(filled, nil) }

        deinit {
            pthread_cond_destroy(filled)
            filled.deallocate()
        }

        func fill(_ result: Result<[UInt8], TTRPCError>) {
            lock.hold {
                answer = result
                pthread_cond_signal(filled)
            }
        }

        func wait() -> Result<[UInt8], TTRPCError> {
            lock.hold {
                while true {
                    if let answer { return answer }
                    lock.wait(filled)
                }
            }
        }
    }

    /// The one thread that reads every client's connection.
    ///
    /// Safe to share: `clients` is touched only under `lock`; descriptors are plain numbers that live as long as the
    /// process.
    final class AnswerReader: @unchecked Sendable {
        static let shared = AnswerReader()

        private let lock = Lock()
        private var clients: [Int32: TTRPCClient] = [:]
        private let epoll = epoll_create1(Int32(O_CLOEXEC))
        private let waker = eventfd(0, Int32(O_CLOEXEC | O_NONBLOCK))

        private init() {
            register(waker)
            var thread = pthread_t()
            var all = sigset_t()
            var old = sigset_t()
            // Signals are for the program's own threads.
            sigfillset(&all)
            pthread_sigmask(SIG_SETMASK, &all, &old)
            pthread_create(
                &thread, nil,
                { _ in
                    AnswerReader.shared.run()
                    return nil
                }, nil)
            pthread_detach(thread)
            pthread_sigmask(SIG_SETMASK, &old, nil)
        }

        @discardableResult
        private func register(_ descriptor: Int32) -> Int32 {
            var event = epoll_event()
            event.events = Readiness.readable.rawValue
            event.data.fd = descriptor
            return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
        }

        /// Keeps the client, and with it its descriptor, until its connection has ended.
        func add(_ client: TTRPCClient, descriptor: Int32) throws(SystemCallError) {
            lock.hold { clients[descriptor] = client }
            if register(descriptor) != 0 {
                let number = cl_errno()
                lock.hold { clients[descriptor] = nil }
                throw SystemCallError(number: number, operation: "epoll_ctl")
            }
        }

        /// Makes the thread look at the deadlines.
        func wake() {
            var one: UInt64 = 1
            _ = write(waker, &one, 8)
        }

        private func run() {
            var events = [epoll_event](repeating: epoll_event(), count: 64)
            var timeout: Int32 = -1
            while true {
                let count = epoll_wait(epoll, &events, Int32(events.count), timeout)
                for index in 0..<max(0, Int(count)) { handle(events[index].data.fd) }
                timeout = expire()
            }
        }

        private func handle(_ descriptor: Int32) {
            if descriptor == waker {
                var value: UInt64 = 0
                _ = read(waker, &value, 8)
                return
            }
            guard let client = lock.hold({ clients[descriptor] }), !client.receive() else { return }
            _ = epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
            lock.hold { clients[descriptor] = nil }
            client.lost()
        }

        /// Fails overdue calls; the milliseconds until the next is due.
        private func expire() -> Int32 {
            let all = lock.hold { Array(clients.values) }
            let now = EventLoop.now()
            var next: UInt64?
            for client in all {
                guard let due = client.expire(at: now) else { continue }
                next = min(next ?? due, due)
            }
            guard let next else { return -1 }
            return Int32(clamping: (next - now + 999_999) / 1_000_000)
        }
    }
#endif
