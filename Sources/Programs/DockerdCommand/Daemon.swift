internal import CLinux
internal import DaemonLog
internal import Flags
internal import HTTPServer
internal import Linux
internal import Logging
internal import Workers

/// The daemon as a process: what it is told, its sockets, its signals. The services behind the API are made in
/// `Services`.
struct Daemon {
    static let version = "28.3.3"
    private static let log = Logger(label: "dockerd")

    let settings: Settings

    /// Runs until a signal ends it; returns the exit status.
    func run(_ signals: SignalQueue) async -> Int32 {
        let pidFile = PidFile(path: settings.pidFile)
        var sockets: [String] = []
        do {
            try pidFile.claim()
            defer { pidFile.release() }
            Daemon.log.info("Starting up")
            try settings.security?.check()
            let services = try await Services.start(settings)
            let router = services.router()
            let idle = IdleMemory { milliseconds, body in
                Task {
                    // Nothing cancels this task; a shorter wait would do no harm.
                    try? await Task.sleep(for: .milliseconds(milliseconds))
                    body()
                }
            }
            let server = HTTPServer { request in
                idle.touch()
                return await router.answer(request)
            }
            try Listeners(settings: settings).open { listener, host in
                if let path = listener.path { sockets.append(path) }
                try serve(listener, host, server)
            }
            Daemon.log.info("Daemon has completed initialization")
            idle.touch()
            ServiceNotification.send("READY=1")
            await serve(signals, services)
            for path in sockets { unlink(path) }
            Daemon.log.info("Daemon shutdown complete")
            return 0
        } catch {
            for path in sockets { unlink(path) }
            Console.error(Daemon.words(error) + "\n")
            return 1
        }
    }

    private static func words(_ error: any Error) -> String {
        switch error {
        case let error as SettingsError: error.message
        case let error as HTTPServer.TLSFailure: "failed to create API server: " + error.message
        case let error as SystemCallError: "failed to start daemon: " + error.description
        default: "failed to start daemon: " + String(describing: error)
        }
    }

    private func serve(_ listener: consuming Listeners.Listener, _ host: String, _ server: HTTPServer) throws {
        let tls = listener.isTCP ? settings.security : nil
        if listener.isTCP && tls?.clientAuthority == nil {
            Daemon.log.warning(
                """
                Binding to IP address without --tlsverify is insecure and gives root access on this machine to \
                everyone who has access to your network.
                """,
                metadata: ["host": "\(host)"])
        }
        let number = try listener.socket.duplicate()
        try server.serve(listening: number, tls: tls)
        Daemon.log.info("API listen on \(listener.path ?? host)")
    }

    /// Obeys signals until one ends the daemon. A third signal ends it without a clean shutdown, as upstream's.
    private func serve(_ signals: SignalQueue, _ services: Services) async {
        var current = settings
        while let signal = await signals.next() {
            if signal == SIGHUP {
                await reload(&current, services)
                continue
            }
            Daemon.log.info("Processing signal '\(signal == SIGINT ? "interrupt" : "terminated")'")
            let impatience = Task {
                for _ in 0..<2 { guard await signals.next() != nil else { return } }
                Console.error("Forcing docker daemon shutdown without cleanup; 3 interrupts received\n")
                exit(128 + signal)
            }
            ServiceNotification.send("STOPPING=1")
            await services.shutdown()
            impatience.cancel()
            return
        }
    }

    /// SIGHUP: reads the file again, and takes over what may change while running. What the file no longer names stays
    /// as it is.
    private func reload(_ current: inout Settings, _ services: Services) async {
        Daemon.log.info("Got signal to reload configuration, reloading from: \(settings.configFile)")
        let reader = SettingsReader()
        do throws(UsageError) {
            _ = try reader.flags.parse(Array(Process.arguments.dropFirst()))
        } catch {
            Daemon.log.error("\(error.message)")
            return
        }
        do throws(SettingsError) {
            current = try reader.settings(over: current)
            DaemonLog.setLevel(current.debug ? "debug" : current.logLevel)
            await services.reload(current)
            Daemon.log.info("Reloaded configuration")
        } catch {
            Daemon.log.error("\(error.message)")
        }
    }
}
