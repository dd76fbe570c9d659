internal import CLinux
internal import Linux

/// Where a process's standard streams lead, as the client named them: fifos, or URIs of a file or a logging program.
struct StreamNames: Equatable {
    var stdin = ""
    var stdout = ""
    var stderr = ""
    var terminal = false
}

/// Why streams could not be opened.
struct StreamFailure: Error {
    let message: String
}

/// The standard streams of one process: the descriptors it is started with, and the pumps between them and the
/// client's fifos.
///
/// The client's fifos are opened both ways, so that a client that dies and comes back continues where it was; nothing
/// is lost meanwhile, for a full fifo makes the container wait.
final class Streams {
    private let loop: EventLoop
    private let names: StreamNames
    private var pumps: [Pump] = []
    /// Ends of pipes and files for the child; closed here once it runs.
    private var childEnds: [Int32] = []
    /// Keeps the input fifo from its end while clients come and go; -1: given up.
    private var inputKeeper: Int32 = -1
    private var terminal: Int32 = -1
    private var onFinished: (() -> Void)?

    /// The child's descriptors 0, 1 and 2.
    private(set) var descriptors: [Int32] = [-1, -1, -1]

    /// `owner` and `group` own the pipes, so that a process in a user namespace may open them again by name.
    init(_ names: StreamNames, id: String, namespace: String, owner: UInt32, group: UInt32, loop: EventLoop)
        throws(StreamFailure)
    {
        self.loop = loop
        self.names = names
        if names.terminal { return }
        let target = StreamTarget(names.stdout.isEmpty ? names.stderr : names.stdout)
        if case .unknown(let scheme) = target {
            throw StreamFailure(message: "failed to create init process I/O: unknown STDIO scheme " + scheme)
        }
        do throws(SystemCallError) {
            if !names.stdin.isEmpty { descriptors[0] = try openInput(names.stdin, owner, group) }
            switch target {
            case .none, .unknown: break
            case .fifo:
                if !names.stdout.isEmpty {
                    descriptors[1] = try openOutput(to: try Streams.openFifo(names.stdout), owner, group)
                }
                if !names.stderr.isEmpty {
                    descriptors[2] = try openOutput(to: try Streams.openFifo(names.stderr), owner, group)
                }
            case .file(let path):
                descriptors[1] = try openOutput(to: try Streams.openFile(path), owner, group)
                descriptors[2] = try openOutput(to: try Streams.openFile(path), owner, group)
            case .program(let path, let arguments):
                let logger = try LoggingProgram.start(path, arguments, id: id, namespace: namespace)
                childEnds += [logger.stdout, logger.stderr]
                descriptors[1] = logger.stdout
                descriptors[2] = logger.stderr
            }
        } catch {
            stop()
            throw StreamFailure(message: "failed to create init process I/O: " + error.description)
        }
    }

    /// The child has its own copies now.
    func closeChildEnds() {
        for end in childEnds { close(end) }
        childEnds = []
    }

    /// Starts copying. What the runtime itself wrote where it failed stays in the pipes: its log says it already.
    func begin() throws(SystemCallError) { for pump in pumps { try pump.start() } }

    /// Takes the terminal, to be copied to and from the client.
    func attach(terminal: consuming Descriptor, id: String, namespace: String) throws(SystemCallError) {
        try terminal.setNonBlocking()
        self.terminal = terminal.release()
        if !names.stdin.isEmpty {
            let (reader, keeper) = try Streams.openInputFifo(names.stdin)
            inputKeeper = keeper
            pumps.append(Pump(from: reader, to: try duplicated(self.terminal), on: loop))
        }
        let target: Int32
        switch StreamTarget(names.stdout) {
        case .fifo(let path): target = try Streams.openFifo(path)
        case .file(let path): target = try Streams.openFile(path)
        case .program(let path, let arguments):
            let logger = try LoggingProgram.start(path, arguments, id: id, namespace: namespace)
            close(logger.stderr)
            target = logger.stdout
        case .none: target = try Descriptor.open("/dev/null", O_WRONLY).release()
        case .unknown(let scheme):
            throw SystemCallError(number: ENOSYS, operation: "unknown STDIO scheme", subject: scheme)
        }
        add(Pump(from: try duplicated(self.terminal), to: target, on: loop))
    }

    /// Sets the terminal's size; nothing without a terminal.
    func resize(width: UInt32, height: UInt32) throws(SystemCallError) {
        guard terminal >= 0 else { return }
        var size = winsize()
        size.ws_col = UInt16(clamping: width)
        size.ws_row = UInt16(clamping: height)
        try checked("ioctl") { cl_ioctl_pointer(terminal, UInt(TIOCSWINSZ), &size) }
    }

    /// Lets the input end once every client has closed it.
    func closeInput() {
        guard inputKeeper >= 0 else { return }
        close(inputKeeper)
        inputKeeper = -1
    }

    /// Copies what the process has left behind.
    func drain() { for pump in pumps { pump.drain() } }

    /// Calls `done` once all output has been copied, or after the time.
    func finish(milliseconds: Int, _ done: @escaping () -> Void) {
        if outputs == 0 { return done() }
        let timer = loop.after(milliseconds: milliseconds) { [self] in
            onFinished = nil
            done()
        }
        onFinished = { [loop] in
            loop.cancel(timer)
            done()
        }
    }

    /// Closes everything.
    func stop() {
        onFinished = nil
        closeChildEnds()
        closeInput()
        for pump in pumps { pump.stop() }
        pumps = []
        if terminal >= 0 { close(terminal) }
        terminal = -1
    }

    // MARK: Opening

    private var outputs = 0

    private func add(_ pump: Pump) {
        outputs += 1
        pump.onDone = { [self] in
            outputs -= 1
            guard outputs == 0, let finished = onFinished else { return }
            onFinished = nil
            finished()
        }
        pumps.append(pump)
    }

    private func openInput(_ path: String, _ owner: UInt32, _ group: UInt32) throws(SystemCallError) -> Int32 {
        let (reader, keeper) = try Streams.openInputFifo(path)
        inputKeeper = keeper
        let pipe = try Pipe()
        _ = fchown(pipe.reader.number, owner, group)
        try pipe.writer.setNonBlocking()
        let (childEnd, ownEnd) = try pipe.split()
        childEnds.append(childEnd)
        pumps.append(Pump(from: reader, to: ownEnd, on: loop))
        return childEnd
    }

    private func openOutput(to target: Int32, _ owner: UInt32, _ group: UInt32) throws(SystemCallError) -> Int32 {
        let pipe = try Pipe()
        _ = fchown(pipe.writer.number, owner, group)
        try pipe.reader.setNonBlocking()
        let (ownEnd, childEnd) = try pipe.split()
        childEnds.append(childEnd)
        add(Pump(from: ownEnd, to: target, on: loop))
        return childEnd
    }

    private func duplicated(_ descriptor: Int32) throws(SystemCallError) -> Int32 {
        try checked("fcntl") { cl_fcntl(descriptor, Int32(CL_F_DUPFD_CLOEXEC), 3) }
    }

    private static func openFifo(_ path: String) throws(SystemCallError) -> Int32 {
        try Descriptor.open(path, O_RDWR | O_NONBLOCK).release()
    }

    /// The reading side, and a writing side that keeps it from its end.
    private static func openInputFifo(_ path: String) throws(SystemCallError) -> (Int32, Int32) {
        let reader = try Descriptor.open(path, O_RDONLY | O_NONBLOCK)
        let keeper = try Descriptor.open(path, O_WRONLY | O_NONBLOCK)
        return (reader.release(), keeper.release())
    }

    private static func openFile(_ path: String) throws(SystemCallError) -> Int32 {
        try Files.makeDirectories(Files.parent(of: path))
        return try Descriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644).release()
    }
}

extension Pipe {
    /// Both ends as raw descriptors: the caller closes them.
    consuming func split() throws(SystemCallError) -> (reader: Int32, writer: Int32) {
        (try reader.duplicate().release(), try writer.duplicate().release())
    }
}
