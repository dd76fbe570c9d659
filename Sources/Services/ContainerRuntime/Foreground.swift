internal import CLinux
public import Linux

/// What a runtime that stays with its process does: passes signals on, serves the terminal, and learns the end.
public struct Foreground: ~Copyable {
    private let signals: Descriptor
    private var own: termios?
    private var console: Int32 = -1

    /// From here on signals wait to be passed on. `reapsOrphans`: processes that lose their parent become ours.
    public init(reapsOrphans: Bool) throws(RuntimeFailure) {
        var all = sigset_t()
        sigfillset(&all)
        sigprocmask(SIG_BLOCK, &all, nil)
        signals = try system { () throws(SystemCallError) in
            Descriptor(owning: try checked("signalfd") { signalfd(-1, &all, Int32(truncatingIfNeeded: SFD_CLOEXEC)) })
        }
        if reapsOrphans { cl_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }
    }

    /// Takes the terminal this program was started on, and makes it raw. Undone by `release`.
    public mutating func takeTerminal() throws(RuntimeFailure) {
        for number in Int32(0)..<3 where console < 0 && isatty(number) == 1 { console = number }
        if console < 0 {
            console = try system { () throws(SystemCallError) in
                try Descriptor.open("/dev/tty", O_RDWR | O_NOCTTY).release()
            }
        }
        var settings = termios()
        if tcgetattr(console, &settings) == 0 {
            own = settings
            cfmakeraw(&settings)
            tcsetattr(console, TCSANOW, &settings)
        }
    }

    /// Gives the terminal back as it was.
    public mutating func release() {
        if var settings = own { tcsetattr(console, TCSANOW, &settings) }
        own = nil
    }

    /// Waits for `pid`, a child. `terminal` is the container's terminal to serve; -1: it has the streams themselves.
    public func serve(_ pid: Int32, terminal: Int32) throws(RuntimeFailure) -> ExitStatus {
        if terminal >= 0 { resize(terminal) }
        var inputOpen = terminal >= 0
        var terminalOpen = terminal >= 0
        while true {
            var waits = [
                pollfd(fd: signals.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: terminalOpen ? terminal : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: inputOpen ? 0 : -1, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&waits, 3, -1) < 0 { continue }
            if waits[1].revents != 0 { terminalOpen = pump(from: terminal, to: 1) }
            if waits[2].revents != 0 { inputOpen = pump(from: 0, to: terminal) }
            if waits[0].revents != 0, let status = try takeSignal(pid, terminal) {
                while terminalOpen && hasMore(terminal) { terminalOpen = pump(from: terminal, to: 1) }
                return status
            }
        }
    }

    private func hasMore(_ terminal: Int32) -> Bool {
        var wait = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
        return poll(&wait, 1, 0) > 0
    }

    /// Handles one signal; the status when `pid` has ended.
    private func takeSignal(_ pid: Int32, _ terminal: Int32) throws(RuntimeFailure) -> ExitStatus? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        _ = try system { () throws(SystemCallError) in
            try checked("read") { read(signals.number, &info, size) }
        }
        let signal = Int32(truncatingIfNeeded: info.ssi_signo)
        switch signal {
        case SIGCHLD:
            var ended: ExitStatus?
            var status: Int32 = 0
            while true {
                let reaped = waitpid(-1, &status, WNOHANG)
                if reaped <= 0 { break }
                if reaped == pid { ended = ExitStatus(waitStatus: status) }
            }
            return ended
        case SIGWINCH: if terminal >= 0 { resize(terminal) }
        case SIGURG, SIGPIPE: break
        default: kill(pid, signal)
        }
        return nil
    }

    private func resize(_ terminal: Int32) {
        var window = winsize()
        if cl_ioctl_pointer(console, UInt(TIOCGWINSZ), &window) == 0 {
            cl_ioctl_pointer(terminal, UInt(TIOCSWINSZ), &window)
        }
    }

    /// Copies what is there; false at the end.
    private func pump(from source: Int32, to target: Int32) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = read(source, &bytes, bytes.count)
        if count < 0 && cl_errno() == EINTR { return true }
        if count <= 0 { return false }
        // A side that nobody listens at ends the copying.
        return (try? writeEverything(Array(bytes[0..<count]), to: target)) != nil
    }
}

/// A pair of sockets that carries a terminal from the container's process to this one.
public struct TerminalSocket: ~Copyable {
    private let receiver: Descriptor
    /// The end for the container's process.
    public let sender: Int32

    public init() throws(RuntimeFailure) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        try system { () throws(SystemCallError) in try checked("socketpair") { socketpair(AF_UNIX, kind, 0, &ends) } }
        receiver = Descriptor(owning: ends[0])
        sender = ends[1]
    }

    /// The terminal. Owned by the caller.
    public consuming func receive() throws(RuntimeFailure) -> Int32 {
        close(sender)
        var bytes = [UInt8](repeating: 0, count: 4096)
        var number: [Int32] = [-1]
        var count = 0
        let received = cl_receive_descriptors(receiver.number, &bytes, bytes.count, &number, 1, &count)
        guard received > 0, count == 1 else { throw RuntimeFailure("no terminal came from the container's process") }
        return number[0]
    }
}
