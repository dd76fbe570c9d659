internal import CLinux
internal import EngineAPI
internal import EngineClient
internal import Flags
internal import HTTPClient
internal import JSON
internal import Linux
internal import Terminal

/// The bytes of a container's streams between the daemon and our standard streams: one poll loop over standard input,
/// the connection and the signals.
final class StreamSession {
    enum Ending { case streamEnded, detached }

    private let stream: EngineStream
    private let isRaw: Bool
    private let sendsInput: Bool
    private let signals: SignalReader?
    private let end: Int32
    private let onSignal: (Int32) -> Void
    private var keys: DetachKeys
    private var demultiplexer = Demultiplexer()

    /// `hasTerminal`: the container's streams are one terminal. `keys` detach, where a terminal is typed at. `end`: a
    /// descriptor that is readable when all is over, for a stream that would not tell.
    init(
        _ stream: EngineStream, hasTerminal: Bool, sendsInput: Bool, keys: DetachKeys, signals: SignalReader?,
        end: Int32 = -1, onSignal: @escaping (Int32) -> Void
    ) {
        self.end = end
        self.stream = stream
        isRaw = hasTerminal
        self.sendsInput = sendsInput
        self.keys = keys
        self.signals = signals
        self.onSignal = onSignal
    }

    /// Carries bytes until the daemon closes the stream or the user detaches.
    func run() throws -> Ending {
        if !stream.early.isEmpty { try show(stream.early) }
        var inputOpen = sendsInput
        while true {
            var entries = [pollfd(fd: stream.bytes.descriptor, events: Int16(POLLIN), revents: 0)]
            if stream.bytes.pending > 0 { entries[0].events |= Int16(POLLOUT) }
            // The daemon takes input slower than it comes: then more is not read.
            let wantsInput = inputOpen && stream.bytes.pending < 1 << 16
            entries.append(pollfd(fd: wantsInput ? 0 : -1, events: Int16(POLLIN), revents: 0))
            entries.append(pollfd(fd: signals?.descriptor ?? -1, events: Int16(POLLIN), revents: 0))
            entries.append(pollfd(fd: end, events: Int16(POLLIN), revents: 0))
            try checked("poll") { poll(&entries, nfds_t(entries.count), -1) }
            if entries[2].revents != 0 { while let signal = signals?.next() { onSignal(signal) } }
            if entries[0].revents & Int16(POLLOUT) != 0 { try stream.bytes.flush() }
            if entries[0].revents & ~Int16(POLLOUT) != 0 {
                if try !receive() { return .streamEnded }
            }
            if entries[3].revents != 0 { return .streamEnded }
            if entries[1].revents != 0 {
                switch try sendInput() {
                case .open: break
                case .ended: inputOpen = false
                case .detached: return .detached
                }
            }
        }
    }

    /// Shows what has come; false at the end.
    private func receive() throws -> Bool {
        while let bytes = try stream.bytes.receive() {
            if bytes.isEmpty { return false }
            try show(bytes)
            if bytes.count < 4096 { return true }
        }
        return true
    }

    private func show(_ bytes: [UInt8]) throws {
        if isRaw {
            try writeOutput(bytes[...])
        } else {
            try demultiplexer.take(bytes)
        }
    }

    private enum Input { case open, ended, detached }

    private func sendInput() throws -> Input {
        var buffer = [UInt8](repeating: 0, count: 32768)
        let count = buffer.withUnsafeMutableBytes { read(0, $0.baseAddress, $0.count) }
        if count < 0 && (cl_errno() == EINTR || cl_errno() == EAGAIN) { return .open }
        if count <= 0 {
            try stream.bytes.finishWriting()
            return .ended
        }
        let (passed, detaches) = keys.filter(Array(buffer[0..<count]))
        if detaches { return .detached }
        do {
            try stream.bytes.queue(passed)
        } catch {
            // The container has ended and takes no more; what it said is still to be read.
            return .ended
        }
        return .open
    }
}

/// Writes what a container or the daemon says. A reader that is gone is told of as of any other failure, where it does
/// not end us.
func writeOutput(_ bytes: ArraySlice<UInt8>, to descriptor: Int32 = 1) throws {
    do throws(SystemCallError) {
        try writeEverything(bytes, to: descriptor)
    } catch {
        throw CommandFailure("write /dev/" + (descriptor == 2 ? "stderr" : "stdout") + ": " + error.reason)
    }
}

/// Takes apart the frames in which standard output and error come over one stream: kind, three zero bytes, the length
/// as four bytes, and the bytes.
struct Demultiplexer {
    private var header: [UInt8] = []
    private var left = 0
    private var kind: UInt8 = 0
    private var problem: [UInt8] = []
    /// Where frames of kind 1 and 2 go.
    var output: Int32 = 1
    var errors: Int32 = 2

    mutating func take(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            if left == 0 {
                let missing = 8 - header.count
                header += rest.prefix(missing)
                rest = rest.dropFirst(missing)
                if header.count < 8 { return }
                kind = header[0]
                left = header[4..<8].reduce(0) { $0 << 8 | Int($1) }
                header = []
                if kind > 3 { throw CommandFailure("unrecognized stream: \(kind)") }
                continue
            }
            let piece = rest.prefix(left)
            left -= piece.count
            rest = rest.dropFirst(piece.count)
            switch kind {
            case 2: try writeOutput(piece, to: errors)
            case 3:
                problem += piece
                if left == 0 {
                    throw CommandFailure("error from daemon in stream: " + String(decoding: problem, as: UTF8.self))
                }
            default: try writeOutput(piece, to: output)
            }
        }
    }
}

/// The terminal and the signals of an interactive command.
final class Interaction {
    let signals: SignalReader?
    private var mode: TerminalMode?
    private let target: (_ rows: Int, _ columns: Int) -> Void
    private let forward: ((Int32) -> Void)?
    private let hasTerminal: Bool
    private let isPatient: Bool
    /// How many times we were asked to end: the third time is obeyed whatever happens.
    private var requests = 0

    /// Signals that a program cannot pass on, or that are about ourselves.
    private static let own: Set<Int32> = [
        SIGKILL, SIGSTOP, SIGCHLD, SIGPIPE, SIGURG, SIGWINCH, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS,
        SIGTTIN, SIGTTOU, SIGTSTP, SIGCONT,
    ]

    /// `resize` is called with our terminal's size whenever it changes; `forward` with each signal, where they are
    /// passed on.
    /// `isPatient`: only the third request to end is heeded; others end us at the first, which is no failure.
    init(
        hasTerminal: Bool, forward: ((Int32) -> Void)?, isPatient: Bool = false,
        resize: @escaping (_ rows: Int, _ columns: Int) -> Void
    ) throws {
        self.hasTerminal = hasTerminal && Terminal.isTerminal(1)
        self.forward = forward
        self.isPatient = isPatient
        // Who passes signals on is not ended by one.
        if forward != nil { cl_ignore_signal(SIGPIPE) }
        target = resize
        var caught: [Int32] = self.hasTerminal ? [SIGWINCH] : []
        // Where signals are not passed on, those that would end us must not leave a raw terminal behind.
        caught += forward == nil ? [SIGHUP, SIGINT, SIGQUIT, SIGTERM] : (1..<32).filter { !Self.own.contains($0) }
        signals = caught.isEmpty ? nil : try SignalReader(caught)
    }

    /// Puts our terminal into raw mode until `restore`.
    func makeRaw() throws {
        if Terminal.isTerminal(0) { mode = try TerminalMode.raw(0) }
    }

    func restore() { mode?.restore() }

    func handle(_ signal: Int32) {
        if signal == SIGWINCH { return resize() }
        forward?(signal)
        if signal == SIGINT || signal == SIGTERM {
            requests += 1
            if requests == 3 {
                restore()
                Console.error("\ngot 3 SIGTERM/SIGINTs, forcefully exiting\n")
                exit(1)
            }
            if isPatient { return }
            restore()
            exit(0)
        }
        if forward != nil { return }
        restore()
        // Go's programs end on this one with a status, and on the others by the signal.
        if signal == SIGQUIT { exit(2) }
        endBySignal(signal)
    }

    /// Tells the container our terminal's size.
    func resize(by difference: Int = 0) {
        guard hasTerminal, let size = Terminal.size(1), size.rows > 0 || size.columns > 0 else { return }
        target(size.rows + difference, size.columns + difference)
    }

    /// Lets signals through while an answer is awaited.
    func wait(for descriptor: Int32) throws {
        while true {
            var entries = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            try checked("poll") { poll(&entries, 2, -1) }
            if entries[1].revents != 0 { while let signal = signals?.next() { handle(signal) } }
            if entries[0].revents != 0 { return }
        }
    }
}

/// Ends this program as one that did not catch the signal.
private func endBySignal(_ number: Int32) -> Never {
    cl_default_signal(number)
    kill(getpid(), number)
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, number)
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
    _exit(128 + number)
}

/// The name of a signal as the API takes it.
func signalName(_ number: Int32) -> String {
    let names: [Int32: String] = [
        SIGHUP: "HUP", SIGINT: "INT", SIGQUIT: "QUIT", SIGUSR1: "USR1", SIGUSR2: "USR2", SIGALRM: "ALRM",
        SIGTERM: "TERM",
        SIGTSTP: "TSTP", SIGCONT: "CONT", SIGTTIN: "TTIN", SIGTTOU: "TTOU", SIGXCPU: "XCPU", SIGXFSZ: "XFSZ",
        SIGVTALRM: "VTALRM", SIGPROF: "PROF", SIGWINCH: "WINCH", SIGIO: "IO",
    ]
    return names[number] ?? String(number)
}

/// Tells a container or an exec its terminal's size. A failure is not worth an end: the size is only looks.
func resizer(_ client: EngineClient, _ path: String) -> (Int, Int) -> Void {
    let other = client.sibling()
    return { rows, columns in
        // A terminal of the wrong size is better than none.
        _ = try? other.request("POST", path + "/resize", [("h", String(rows)), ("w", String(columns))]).all()
    }
}

/// Passes signals on to a container.
func forwarder(_ client: EngineClient, _ id: String) -> (Int32) -> Void {
    let other = client.sibling()
    return { signal in
        // A container that is gone needs no signal.
        _ = try? other.request("POST", "/containers/" + id + "/kill", [("signal", signalName(signal))]).all()
    }
}

/// The keys that detach: of the flag, of the configuration, or the usual ones. What is wrong with them the daemon says.
func detachKeys(_ flag: String, _ session: Session) -> DetachKeys {
    let text = flag.isEmpty ? session.config.detachKeys : flag
    return DetachKeys(text) ?? DetachKeys("") ?? .none
}

/// A container's end, awaited over a connection of its own.
final class ExitWait {
    private let reply: EngineReply
    private let client: EngineClient
    /// Readable when the container has ended.
    var descriptor: Int32 { reply.descriptor }

    /// Begins to wait; `condition` as the API names it, empty for the default.
    init(_ client: EngineClient, _ id: String, condition: String) throws {
        self.client = client.sibling()
        reply = try self.client.request(
            "POST", "/containers/" + id + "/wait", condition.isEmpty ? [] : [("condition", condition)])
    }

    /// The container's exit status, with signals handled while waiting.
    func status(_ interaction: Interaction?) throws -> Int32 {
        if let interaction, interaction.signals != nil { try interaction.wait(for: reply.descriptor) }
        let answer = try reply.json()
        if let message = answer["Error"]?["Message"]?.string, !message.isEmpty {
            Console.error("Error waiting for container: " + message + "\n")
            return 125
        }
        return Int32(truncatingIfNeeded: answer["StatusCode"]?.int ?? 0)
    }
}
