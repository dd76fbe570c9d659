internal import CLinux
internal import Linux
internal import Synchronization
internal import Workers

/// The standard streams of a process in a container: named pipes in a folder of their own, and the threads that move
/// bytes between them and this program's own streams.
final class TaskStreams: Sendable {
    /// Paths for containerd; empty where there is no such stream.
    let stdin: String
    let stdout: String
    let stderr: String
    let terminal: Bool
    private let folder: String
    private let outputs: Outputs

    /// No pipes: containerd connects the process to these (empty: /dev/null).
    init(stdout: String = "", stderr: String = "") {
        stdin = ""
        self.stdout = stdout
        self.stderr = stderr
        terminal = false
        folder = ""
        outputs = Outputs([])
    }

    /// Makes the pipes in a new folder below `root` and starts to copy what comes out of them.
    init(id: String, root: String, terminal: Bool) throws(SystemCallError) {
        let root = root.isEmpty ? "/run/containerd/fifo" : root
        try Files.makeDirectories(root, mode: 0o700)
        folder = root + "/" + randomHex(bytes: 5)
        try checked("mkdir", folder) { [folder] in mkdir(folder, 0o700) }
        self.terminal = terminal
        stdin = folder + "/" + id + "-stdin"
        stdout = folder + "/" + id + "-stdout"
        stderr = terminal ? "" : folder + "/" + id + "-stderr"
        var copies: [(from: Int32, to: Int32)] = []
        for (path, target) in [(stdin, -1), (stdout, 1), (stderr, 2)] as [(String, Int32)] where !path.isEmpty {
            try checked("mkfifo", path) { mkfifo(path, 0o700) }
            if target < 0 { continue }
            // With O_NONBLOCK the open does not wait for a writer; poll does.
            copies.append((try checked("open", path) { cl_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0) }, target))
        }
        outputs = Outputs(copies)
        outputs.start()
    }

    /// Connects to the pipes of a process that runs already.
    init(attachingTo stdin: String, _ stdout: String, _ stderr: String, terminal: Bool) throws(SystemCallError) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.terminal = terminal
        folder = ""
        var copies: [(from: Int32, to: Int32)] = []
        for (path, target) in [(stdout, 1), (stderr, 2)] as [(String, Int32)] where !path.isEmpty {
            copies.append((try checked("open", path) { cl_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0) }, target))
        }
        outputs = Outputs(copies)
        outputs.start()
    }

    /// Copies standard input into the process's, once containerd has made the process. `onEnd`: when input has ended.
    func copyInput(onEnd: @escaping @Sendable () -> Void) {
        if stdin.isEmpty { return }
        let path = stdin
        Workers.thread(name: "stdin") {
            // Waits for the reader: bytes written before would be lost with the last open descriptor.
            let pipe = cl_open(path, O_WRONLY | O_CLOEXEC, 0)
            if pipe < 0 { return }
            var buffer = [UInt8](repeating: 0, count: 32 << 10)
            while true {
                let count = read(0, &buffer, buffer.count)
                if count < 0 && cl_errno() == EINTR { continue }
                if count <= 0 { break }
                do throws(SystemCallError) {
                    try writeEverything(Array(buffer[0..<count]), to: pipe)
                } catch {
                    // The process does not read any more.
                    break
                }
            }
            close(pipe)
            onEnd()
        }
    }

    /// Returns when every byte the process wrote has been copied and its side is closed.
    func waitForOutput() async { await outputs.wait() }

    /// Takes the pipes away.
    func remove() {
        if folder.isEmpty { return }
        // Left behind in a folder for temporary things: nothing to fail for.
        try? Files.removeTree(folder)
    }
}

/// Copies several descriptors to others on one thread, and tells when all have ended.
private final class Outputs: Sendable {
    private struct State {
        var ended: Bool
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let copies: [(from: Int32, to: Int32)]
    private let state: Mutex<State>

    init(_ copies: [(from: Int32, to: Int32)]) {
        self.copies = copies
        state = Mutex(State(ended: copies.isEmpty))
    }

    func start() {
        if copies.isEmpty { return }
        Workers.thread(name: "output") {
            self.copyAll()
            let waiters = self.state.withLock { state in
                state.ended = true
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    func wait() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let ended = state.withLock { state in
                if !state.ended { state.waiters.append(continuation) }
                return state.ended
            }
            if ended { continuation.resume() }
        }
    }

    private func copyAll() {
        var open = copies.map { pollfd(fd: $0.from, events: Int16(POLLIN), revents: 0) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while open.contains(where: { $0.fd >= 0 }) {
            if poll(&open, nfds_t(open.count), -1) < 0 { continue }
            for index in open.indices where open[index].fd >= 0 && open[index].revents != 0 {
                let count = read(open[index].fd, buffer.baseAddress, buffer.count)
                if count > 0 {
                    // Nobody may listen to this program any more; the process need not stop for that.
                    try? writeEverything(Array(buffer[0..<count]), to: copies[index].to)
                } else if count == 0 || (cl_errno() != EAGAIN && cl_errno() != EINTR) {
                    close(open[index].fd)
                    open[index].fd = -1
                }
            }
        }
    }
}

/// Signals sent to this program, passed on to whoever asks. To be made before the first thread: a new one inherits the
/// blocked signals.
final class Signals: Sendable {
    /// All that can be caught, but for those that tell of this program's own affairs.
    static var forwarded: [Int32] {
        (1..<32).filter {
            ![SIGKILL, SIGSTOP, SIGCHLD, SIGPIPE, SIGURG, SIGWINCH, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP]
                .contains($0)
        }
    }

    private let descriptor: Int32

    init(_ signals: [Int32]) throws(SystemCallError) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        descriptor = try checked("signalfd") { signalfd(-1, &set, Int32(SFD_CLOEXEC)) }
    }

    /// Calls `handle` for each signal, on a thread of its own, as long as the program lives.
    func onSignal(_ handle: @escaping @Sendable (Int32) -> Void) {
        let descriptor = self.descriptor
        Workers.thread(name: "signals") {
            var information = signalfd_siginfo()
            let size = MemoryLayout<signalfd_siginfo>.size
            while true {
                let count = read(descriptor, &information, size)
                if count == size { handle(Int32(information.ssi_signo)) } else if cl_errno() != EINTR { return }
            }
        }
    }
}
