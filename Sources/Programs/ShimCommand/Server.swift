internal import CLinux
internal import Linux
internal import TTRPC

/// The resident shim: serves calls, reaps processes, copies streams, forwards events; one thread, one loop.
enum Server {
    /// Where `start` has put the listening socket.
    private static let inheritedListener: Int32 = 3

    static func serve(_ flags: ShimFlags) throws(ShimFailure) {
        do throws(SystemCallError) {
            guard Files.exists("log") else {
                throw SystemCallError(number: ENOENT, operation: "stat", subject: "log")
            }
            let log = try ShimLog(fifo: "log", id: flags.id, debug: flags.debug)
            try checked("prctl") { cl_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }
            let loop = try EventLoop()
            let reaper = Reaper()
            let events = EventPublisher(
                path: Process.environment("TTRPC_ADDRESS") ?? "", namespace: flags.namespace, loop: loop, log: log)
            let service = TaskService(loop: loop, namespace: flags.namespace, log: log, events: events, reaper: reaper)
            let signals = try watchSignals(loop, reaper) { service.onShutdown() }
            defer { close(signals) }
            let server = try TTRPCServer(try listener(flags), on: loop) { service.handle($0) }
            var isEnding = false
            service.onShutdown = {
                if isEnding { return }
                isEnding = true
                removeSocket()
                events.drain(milliseconds: 5000) { end(loop, server, patience: 50) }
            }
            try loop.run()
        } catch {
            if error.subject == "log" { throw ShimFailure("fifo error: " + error.description) }
            throw ShimFailure(error.description)
        }
    }

    /// Stops the loop once the last answers are on their way.
    private static func end(_ loop: EventLoop, _ server: TTRPCServer, patience: Int) {
        if !server.hasOutgoing || patience == 0 { return loop.stop() }
        loop.after(milliseconds: 10) { end(loop, server, patience: patience - 1) }
    }

    private static func listener(_ flags: ShimFlags) throws(SystemCallError) -> Descriptor {
        if !flags.socket.isEmpty { return try ShimSocket(address: flags.socket).listen() }
        let inherited = Descriptor(owning: inheritedListener)
        try inherited.setCloseOnExec(true)
        return inherited
    }

    /// The socket's name goes with the shim; its address stands in the bundle, the current directory.
    private static func removeSocket() {
        // Without the file nobody was told of the socket.
        guard let address = try? Files.readText("address") else { return }
        ShimSocket(address: address).remove()
    }

    /// Takes the signals from a descriptor, so that nothing is interrupted by them.
    private static func watchSignals(_ loop: EventLoop, _ reaper: Reaper, onEnd: @escaping () -> Void)
        throws(SystemCallError) -> Int32
    {
        var wanted = sigset_t()
        sigemptyset(&wanted)
        for signal in [SIGCHLD, SIGTERM, SIGINT] { sigaddset(&wanted, signal) }
        try checked("sigprocmask") { sigprocmask(SIG_BLOCK, &wanted, nil) }
        let descriptor = try checked("signalfd") { signalfd(-1, &wanted, Int32(O_CLOEXEC | O_NONBLOCK)) }
        try loop.watch(descriptor, .readable) { _ in
            var ends = false
            var signal = signalfd_siginfo()
            while read(descriptor, &signal, MemoryLayout<signalfd_siginfo>.size) > 0 {
                if signal.ssi_signo != UInt32(SIGCHLD) { ends = true }
            }
            reaper.reap()
            if ends { onEnd() }
        }
        return descriptor
    }
}
