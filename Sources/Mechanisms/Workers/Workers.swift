internal import CLinux

/// Threads for system calls that block. The cooperative pool has as many threads as cores and an event loop has one:
/// a blocking call on either stalls everything else, so it runs here, on a thread of its own if need be.
///
/// Safety of `@unchecked`: every stored property is read and written with `mutex` held.
public final class Workers: @unchecked Sendable {
    /// The process's one pool. It grows when every thread is busy and shrinks after some idle seconds.
    public static let shared = Workers()

    private typealias Job = @Sendable () -> Void

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: [Job] = []
    private var head = 0
    private var idle = 0
    private var threads = 0
    private static let most = 1024
    private static let idleSeconds = 5

    private init() {
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    /// Runs `body` on a thread where it may block, and suspends the caller until it is done.
    public func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
            perform {
                do throws(Failure) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// Runs `body` on a thread where it may block; nobody waits for it.
    public func perform(_ body: @escaping @Sendable () -> Void) {
        pthread_mutex_lock(mutex)
        waiting.append(body)
        let needed = waiting.count - head
        if idle < needed && threads < Workers.most {
            threads += 1
            pthread_mutex_unlock(mutex)
            Workers.thread(name: "worker") { [self] in work() }
            return
        }
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    private func work() {
        while let job = next() { job() }
    }

    /// The next job, or nil when this thread has been idle long enough to end.
    private func next() -> Job? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += Workers.idleSeconds
        idle += 1
        defer { idle -= 1 }
        while head == waiting.count {
            if pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT && head == waiting.count {
                threads -= 1
                return nil
            }
        }
        let job = waiting[head]
        head += 1
        if head == waiting.count || head > 256 {
            waiting.removeFirst(head)
            head = 0
        }
        return job
    }

    /// Starts a thread that lives as long as `body` runs. `name` shows in /proc/PID/task/TID/comm (15 bytes at most).
    public static func thread(name: String, _ body: @escaping @Sendable () -> Void) {
        let start = ThreadStart(name: name, body: body)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 512 * 1024)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
                _ = start.name.withCString { cl_prctl(PR_SET_NAME, UInt(bitPattern: $0), 0, 0, 0) }
                start.body()
                return nil
            }, Unmanaged.passRetained(start).toOpaque())
        pthread_attr_destroy(&attributes)
        precondition(status == 0, "cannot start a thread: the process is at its limit of threads or memory")
    }
}

private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}
