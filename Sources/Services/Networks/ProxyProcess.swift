internal import CLinux
internal import EngineAPI
internal import Linux

/// docker-proxy processes. They outlive the daemon, so they are known by pid and start time, not as children.
struct ProxyProcess {
    /// The program as it was found.
    let path: String

    /// A proxy that was started and has not said yet whether it listens; `wait` or `abandon` closes its pipe.
    struct Starting {
        let pid: Int32
        fileprivate let ready: Int32
    }

    /// `configured`, or docker-proxy on PATH.
    init(configured: String) throws(EngineError) {
        if !configured.isEmpty {
            path = configured
            return
        }
        let folders = (Process.environment("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin").split(
            separator: ":")
        guard let found = folders.map({ String($0) + "/docker-proxy" }).first(where: { access($0, X_OK) == 0 }) else {
            throw .failed("exec: \"docker-proxy\": executable file not found in $PATH")
        }
        path = found
    }

    func arguments(_ port: PublishedPort, _ containerIP: String) -> [String] {
        [
            path, "-proto", port.transport.rawValue, "-host-ip", port.hostIP, "-host-port", String(port.hostPort),
            "-container-ip", containerIP, "-container-port", String(port.containerPort),
        ]
    }

    /// Starts a proxy; `wait` or `abandon` must follow.
    func start(_ port: PublishedPort, to containerIP: String) throws(EngineError) -> Starting {
        do throws(SystemCallError) {
            let pipe = try Pipe()
            var spawn = Spawn(path, arguments(port, containerIP))
            spawn.descriptors = [-1, -1, -1, pipe.writer.number]
            // Out of the daemon's session: what ends that must not end the ports of containers that live on.
            spawn.newSession = true
            let pid = try spawn.start()
            return Starting(pid: pid, ready: try pipe.reader.duplicate().release())
        } catch {
            throw .failed("failed to start userland proxy for port mapping: " + error.description)
        }
    }

    /// Gives up waiting for a proxy that is to be stopped by its pid.
    static func abandon(_ starting: Starting) { close(starting.ready) }

    /// Waits until the proxy listens. Its own words are thrown when it cannot; it is gone then.
    static func wait(_ starting: Starting) throws(EngineError) {
        defer { close(starting.ready) }
        var said: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        while true {
            var poller = pollfd(fd: starting.ready, events: Int16(POLLIN), revents: 0)
            let count = poll(&poller, 1, 16000)
            if count < 0 && cl_errno() == EINTR { continue }
            if count <= 0 {
                stop(starting.pid, startTime: nil)
                throw .failed("Timed out proxy starting the userland proxy")
            }
            let length = buffer.withUnsafeMutableBytes { read(starting.ready, $0.baseAddress, $0.count) }
            if length > 0 { said += buffer[0..<length] }
            if said.starts(with: [UInt8(ascii: "0"), 10]) { return }
            if length <= 0 { break }
        }
        stop(starting.pid, startTime: nil)
        let text = String(decoding: said.drop { $0 != 10 }.dropFirst(), as: UTF8.self)
        throw .failed("Error starting userland proxy: " + text)
    }

    /// Ends a proxy and waits until it is gone. With a start time, only if the process is still that one.
    static func stop(_ pid: Int32, startTime: UInt64?) {
        guard pid > 0 else { return }
        let number = cl_pidfd_open(pid)
        if number >= 0 {
            let process = Descriptor(owning: number)
            if startTime == nil || Process.startTime(pid) == startTime {
                _ = cl_pidfd_send_signal(process.number, SIGTERM)
                if !hasEnded(process, within: 1000) {
                    _ = cl_pidfd_send_signal(process.number, SIGKILL)
                    _ = hasEnded(process, within: 5000)
                }
            }
        }
        // A child of an earlier daemon is not ours to reap: whatever adopted it does.
        var status: Int32 = 0
        _ = waitpid(pid, &status, Int32(WNOHANG))
    }

    private static func hasEnded(_ process: borrowing Descriptor, within milliseconds: Int32) -> Bool {
        var poller = pollfd(fd: process.number, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&poller, 1, milliseconds)
            if count < 0 && cl_errno() == EINTR { continue }
            return count > 0
        }
    }

    /// Proxies with these arguments in this process's network namespace: for a record written before its proxy's pid
    /// was known.
    func find(_ port: PublishedPort, to containerIP: String) -> [Int32] {
        let wanted = Array(arguments(port, containerIP).joined(separator: "\0").utf8) + [0]
        // No answer means no processes to look at: then nothing is found.
        guard let own = try? Files.link("/proc/self/ns/net"), let names = try? Files.names(in: "/proc") else {
            return []
        }
        return names.compactMap { Int32($0) }.filter { pid in
            let folder = "/proc/" + String(pid)
            // A process that ended meanwhile is not one of them.
            guard let line = try? Files.read(folder + "/cmdline"), line == wanted else { return false }
            return (try? Files.link(folder + "/ns/net")) == own
        }
    }
}
