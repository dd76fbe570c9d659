internal import CLinux
internal import Flags
internal import Linux

/// What the program does, behind its main: takes connections or datagrams on a port of the host and passes them on to
/// a container, until a signal ends it.
public enum DockerProxyCommand {
    static let version = "0.1.0"

    /// Runs the program and returns its exit status.
    public static func main(_ arguments: [String]) -> Int32 {
        let program = arguments.first ?? "docker-proxy"
        let flags = ProxyFlags()
        switch flags.set.parseAsGo(Array(arguments.dropFirst()), program: program) {
        case .end(let text, let status):
            Console.error(text)
            return status
        case .arguments: break
        }
        if flags.showsVersion {
            Console.out("docker-proxy (commit slipway) version " + version + "\n")
            return 0
        }
        cl_ignore_signal(SIGPIPE)
        // Before any descriptor is opened: where nobody listens, its number is free for others.
        let readiness = Readiness3()
        do throws(ProxyFailure) {
            try serve(flags, readiness)
            return 0
        } catch {
            readiness.failed(error.message)
            if error.isUsage { ProxyLog.write(error.message) }
            return 1
        }
    }

    private static func serve(_ flags: ProxyFlags, _ readiness: Readiness3) throws(ProxyFailure) {
        switch flags.proto {
        case "tcp", "udp": break
        // There is no SCTP here, as on a kernel without it.
        case "sctp":
            throw ProxyFailure(
                flags.usesListenDescriptor
                    ? "cannot use supplied SCTP socket, check the latest docker-proxy is in your $PATH"
                    : errorText(EPROTONOSUPPORT))
        default: throw ProxyFailure("unsupported protocol " + flags.proto, isUsage: true)
        }
        raiseDescriptorLimit()
        let host = SocketAddress(flags.hostAddress, port: flags.hostPort)
        let container = SocketAddress(flags.containerAddress, port: flags.containerPort)
        do throws(SystemCallError) {
            if flags.proto == "tcp" {
                let listener = flags.usesListenDescriptor ? try inheritedListener(SOCK_STREAM) : try host.listenTCP()
                var proxy = try TCPProxy(listener, to: container)
                readiness.ready()
                if let failure = proxy.run() {
                    ProxyLog.write(
                        "Stopping proxy on tcp/" + host.text + " for tcp/" + container.text + " (accept tcp "
                            + host.text + ": accept4: " + errorText(failure) + ")")
                }
            } else {
                let listener = flags.usesListenDescriptor ? try inheritedListener(SOCK_DGRAM) : try host.listenUDP()
                let proxy = try UDPProxy(listener, to: container)
                readiness.ready()
                try proxy.run()
            }
        } catch {
            throw ProxyFailure(error.description)
        }
    }

    /// The daemon's own socket, on descriptor 4. Failures read as Go's do.
    private static func inheritedListener(_ kind: __socket_type) throws(SystemCallError) -> Descriptor {
        let place = "file file+net listen-sock"
        try checked(place + ": fcntl") { cl_fcntl(4, F_SETFD, Int(FD_CLOEXEC)) }
        var type: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        try checked(place + ": getsockopt") { getsockopt(4, SOL_SOCKET, SO_TYPE, &type, &length) }
        guard type == Int32(kind.rawValue) else {
            throw SystemCallError(number: EPROTONOSUPPORT, operation: place)
        }
        let listener = Descriptor(owning: 4)
        try listener.setNonBlocking()
        return listener
    }

    /// Every connection takes two descriptors: as many as the hard limit gives.
    private static func raiseDescriptorLimit() {
        let noFile: Int32 = 7
        var limits: (UInt64, UInt64) = (0, 0)
        withUnsafeMutablePointer(to: &limits) {
            $0.withMemoryRebound(to: UInt64.self, capacity: 2) { pair in
                guard cl_prlimit(0, noFile, nil, pair) == 0 else { return }
                pair[0] = pair[1]
                _ = cl_prlimit(0, noFile, pair, nil)
            }
        }
    }
}

/// Why the proxy cannot start.
struct ProxyFailure: Error {
    let message: String
    /// The command line is at fault.
    let isUsage: Bool

    init(_ message: String, isUsage: Bool = false) {
        self.message = message
        self.isUsage = isUsage
    }
}

/// The pipe on descriptor 3, through which the daemon hears how the start went.
struct Readiness3 {
    private static let descriptor: Int32 = 3
    private let isOpen: Bool

    init() {
        isOpen = cl_fcntl(Readiness3.descriptor, F_GETFD, 0) >= 0
        if isOpen { _ = cl_fcntl(Readiness3.descriptor, F_SETFD, Int(FD_CLOEXEC)) }
    }

    func ready() { tell("0\n") }
    func failed(_ message: String) { tell("1\n" + message) }

    private func tell(_ text: String) {
        guard isOpen else { return }
        // A daemon that has gone away does not hear it; the proxy is told by its death signal.
        try? writeEverything(Array(text.utf8), to: Readiness3.descriptor)
        close(Readiness3.descriptor)
    }
}

/// Lines on standard error as Go's log package writes them.
enum ProxyLog {
    static func write(_ message: String) {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0" + String(value) : String(value) }
        Console.error(
            String(parts.tm_year + 1900) + "/" + two(parts.tm_mon + 1) + "/" + two(parts.tm_mday) + " "
                + two(parts.tm_hour) + ":" + two(parts.tm_min) + ":" + two(parts.tm_sec) + " " + message + "\n")
    }
}
