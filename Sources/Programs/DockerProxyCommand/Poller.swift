internal import CLinux
internal import Linux

/// epoll(7) with a number of the caller's for each descriptor, and the signals that end the proxy among them.
final class Poller {
    /// The token of the signals; the caller's own start above it.
    static let signals: UInt64 = 0
    private static let capacity = 256

    private let epoll: Int32
    private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Poller.capacity)

    init() throws(SystemCallError) {
        epoll = try checked("epoll_create1") { epoll_create1(Int32(O_CLOEXEC)) }
        var ending = sigset_t()
        sigemptyset(&ending)
        for signal in [SIGINT, SIGTERM, SIGQUIT] { sigaddset(&ending, signal) }
        try checked("sigprocmask") { sigprocmask(SIG_BLOCK, &ending, nil) }
        // What Go's runtime takes no notice of: the other signals without a meaning of their own.
        var unheard = sigset_t()
        sigemptyset(&unheard)
        for signal in [SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGXCPU, SIGXFSZ] + Array(34...64)
        {
            sigaddset(&unheard, signal)
        }
        try checked("sigprocmask") { sigprocmask(SIG_BLOCK, &unheard, nil) }
        let descriptor = try checked("signalfd") { signalfd(-1, &ending, Int32(O_CLOEXEC | O_NONBLOCK)) }
        try add(descriptor, .readable, token: Poller.signals)
    }

    func add(_ descriptor: Int32, _ interest: Readiness, token: UInt64) throws(SystemCallError) {
        try checked("epoll_ctl") { control(EPOLL_CTL_ADD, descriptor, interest, token) }
    }

    func change(_ descriptor: Int32, _ interest: Readiness, token: UInt64) {
        _ = control(EPOLL_CTL_MOD, descriptor, interest, token)
    }

    func remove(_ descriptor: Int32) { _ = epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil) }

    private func control(_ operation: Int32, _ descriptor: Int32, _ interest: Readiness, _ token: UInt64) -> Int32 {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u64 = token
        return epoll_ctl(epoll, operation, descriptor, &event)
    }

    /// Waits, then calls `body` for every event; false when a signal asks the proxy to end. `timeout` is in
    /// milliseconds; -1: for ever.
    @inline(__always)
    func wait(timeout: Int32, _ body: (UInt64, Readiness) -> Void) -> Bool {
        let count = Int(epoll_wait(epoll, events, Int32(Poller.capacity), timeout))
        guard count > 0 else { return true }
        for index in 0..<count {
            let event = events[index]
            if event.data.u64 == Poller.signals { return false }
            body(event.data.u64, Readiness(rawValue: event.events))
        }
        return true
    }
}
