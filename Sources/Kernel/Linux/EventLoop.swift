internal import CLinux

/// What a descriptor can do without blocking (epoll(7)).
public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let readable = Readiness(rawValue: 0x001)
    public static let writable = Readiness(rawValue: 0x004)
    /// An error is pending; always reported.
    public static let failed = Readiness(rawValue: 0x008)
    /// The other side is gone; always reported.
    public static let hungUp = Readiness(rawValue: 0x010)
    /// The other side of a socket will send no more.
    public static let endOfInput = Readiness(rawValue: 0x2000)
    /// Report a change once, not for as long as it lasts.
    public static let edge = Readiness(rawValue: 1 << 31)
}

/// One thread's loop over descriptors and timers: who registers a closure gets it called when there is something to do.
/// Everything belongs to the thread that runs it.
public final class EventLoop {
    private struct Watch {
        let generation: UInt32
        let handler: (Readiness) -> Void
    }
    private struct Timer {
        let id: Int
        let due: UInt64
        let action: () -> Void
    }

    private let epoll: Descriptor
    private var watches: [Int32: Watch] = [:]
    private var timers: [Timer] = []
    private var soon: [() -> Void] = []
    private var lastGeneration: UInt32 = 0
    private var lastTimer = 0
    private var stopped = false

    public init() throws(SystemCallError) {
        epoll = Descriptor(owning: try checked("epoll_create1") { epoll_create1(Int32(O_CLOEXEC)) })
    }

    /// Calls `handler` whenever the descriptor is ready; it stays its owner's, who calls `forget` before closing it.
    public func watch(_ descriptor: Int32, _ interest: Readiness, handler: @escaping (Readiness) -> Void)
        throws(SystemCallError)
    {
        lastGeneration &+= 1
        try control(EPOLL_CTL_ADD, descriptor, interest, lastGeneration)
        watches[descriptor] = Watch(generation: lastGeneration, handler: handler)
    }

    /// Changes what a watched descriptor is watched for.
    public func change(_ descriptor: Int32, _ interest: Readiness) throws(SystemCallError) {
        guard let watch = watches[descriptor] else { return }
        try control(EPOLL_CTL_MOD, descriptor, interest, watch.generation)
    }

    /// Stops watching; no handler of it is called any more, not even for events already fetched.
    public func forget(_ descriptor: Int32) {
        guard watches.removeValue(forKey: descriptor) != nil else { return }
        _ = epoll_ctl(epoll.number, EPOLL_CTL_DEL, descriptor, nil)
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ interest: Readiness, _ generation: UInt32)
        throws(SystemCallError)
    {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u64 = UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
        try checked("epoll_ctl") { epoll_ctl(epoll.number, operation, descriptor, &event) }
    }

    /// Calls `action` once, when the time has passed; the number cancels it.
    @discardableResult
    public func after(milliseconds: Int, _ action: @escaping () -> Void) -> Int {
        lastTimer += 1
        timers.append(
            Timer(id: lastTimer, due: EventLoop.now() + UInt64(milliseconds) * 1_000_000, action: action))
        return lastTimer
    }

    public func cancel(_ timer: Int) { timers.removeAll { $0.id == timer } }

    /// Calls `action` once, after the handler that runs now.
    public func soon(_ action: @escaping () -> Void) { soon.append(action) }

    /// Makes `run` return after the handler that runs now.
    public func stop() { stopped = true }

    /// Nanoseconds of the clock that only runs forward.
    public static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Serves until `stop`.
    public func run() throws(SystemCallError) {
        let capacity = 32
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
        defer { events.deallocate() }
        while !stopped {
            runSoon()
            if stopped { return }
            let count = epoll_wait(epoll.number, events, Int32(capacity), timeout())
            if count < 0 && cl_errno() != EINTR {
                throw SystemCallError(number: cl_errno(), operation: "epoll_wait")
            }
            for index in 0..<max(0, Int(count)) {
                let event = events[index]
                let descriptor = Int32(truncatingIfNeeded: event.data.u64 & 0xffff_ffff)
                guard let watch = watches[descriptor], UInt64(watch.generation) == event.data.u64 >> 32 else {
                    continue
                }
                watch.handler(Readiness(rawValue: event.events))
                if stopped { return }
            }
            if !timers.isEmpty { runTimers() }
        }
    }

    private func runSoon() {
        while !soon.isEmpty && !stopped {
            let actions = soon
            soon = []
            for action in actions { action() }
        }
    }

    private func timeout() -> Int32 {
        guard var next = timers.first?.due else { return -1 }
        for timer in timers where timer.due < next { next = timer.due }
        let now = EventLoop.now()
        return next <= now ? 0 : Int32(clamping: (next - now + 999_999) / 1_000_000)
    }

    private func runTimers() {
        let now = EventLoop.now()
        let due = timers.filter { $0.due <= now }
        if due.isEmpty { return }
        timers.removeAll { $0.due <= now }
        for timer in due { timer.action() }
    }
}
