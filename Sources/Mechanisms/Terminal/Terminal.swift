internal import CLinux
public import Linux

/// The terminal at a descriptor.
public enum Terminal {
    public static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Rows and columns, or nil when the descriptor is no terminal.
    public static func size(_ descriptor: Int32) -> (rows: Int, columns: Int)? {
        var size = winsize()
        guard cl_ioctl_pointer(descriptor, UInt(TIOCGWINSZ), &size) == 0 else { return nil }
        return (Int(size.ws_row), Int(size.ws_col))
    }
}

/// A terminal whose settings were changed, and the settings to give back. Whoever changed them restores them on every
/// way out; the end of this object's life does it too.
public final class TerminalMode {
    private let descriptor: Int32
    private let before: termios
    private var changed = true

    private init(_ descriptor: Int32, _ before: termios) {
        self.descriptor = descriptor
        self.before = before
    }

    deinit { restore() }

    /// Every byte goes through as typed: no echo, no lines, no signals from keys. With `keepingOutput`, a newline
    /// written still returns the carriage.
    public static func raw(_ descriptor: Int32, keepingOutput: Bool = false) throws(SystemCallError) -> TerminalMode {
        try change(descriptor) { settings in
            settings.c_iflag &= ~tcflag_t(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON)
            if !keepingOutput { settings.c_oflag &= ~tcflag_t(OPOST) }
            settings.c_lflag &= ~tcflag_t(ECHO | ECHONL | ICANON | ISIG | IEXTEN)
            settings.c_cflag &= ~tcflag_t(CSIZE | PARENB)
            settings.c_cflag |= tcflag_t(CS8)
            withUnsafeMutableBytes(of: &settings.c_cc) { keys in
                keys[Int(VMIN)] = 1
                keys[Int(VTIME)] = 0
            }
        }
    }

    /// What is typed does not show: for passwords.
    public static func silent(_ descriptor: Int32) throws(SystemCallError) -> TerminalMode {
        try change(descriptor) { settings in settings.c_lflag &= ~tcflag_t(ECHO) }
    }

    private static func change(
        _ descriptor: Int32, _ edit: (inout termios) -> Void
    ) throws(SystemCallError) -> TerminalMode {
        var settings = termios()
        try checked("tcgetattr") { tcgetattr(descriptor, &settings) }
        let mode = TerminalMode(descriptor, settings)
        edit(&settings)
        try checked("tcsetattr") { tcsetattr(descriptor, TCSANOW, &settings) }
        return mode
    }

    /// Gives the terminal its settings back; a second call does nothing.
    public func restore() {
        guard changed else { return }
        changed = false
        var settings = before
        // A terminal that is gone needs no settings.
        _ = tcsetattr(descriptor, TCSANOW, &settings)
    }
}

/// Signals as bytes in a descriptor, so that one poll loop sees them beside everything else (signalfd(2)). They are
/// blocked for this thread, and for threads it starts, while this object lives.
public final class SignalReader {
    /// Readable when a signal has come.
    public let descriptor: Int32
    private var before = sigset_t()

    public init(_ signals: [Int32]) throws(SystemCallError) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        var old = sigset_t()
        pthread_sigmask(SIG_BLOCK, &set, &old)
        descriptor = try checked("signalfd") { signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK)) }
        before = old
    }

    deinit {
        _ = CLinux.close(descriptor)
        var old = before
        pthread_sigmask(SIG_SETMASK, &old, nil)
    }

    /// The next signal, or nil when none waits.
    public func next() -> Int32? {
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        return CLinux.read(descriptor, &information, size) == size ? Int32(information.ssi_signo) : nil
    }
}
