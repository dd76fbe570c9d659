internal import CLinux
internal import HTTPServer
internal import Linux

/// The sockets of `-H`: unix://PATH, tcp://HOST:PORT, fd://.
struct Listeners {
    /// One socket that listens.
    struct Listener: ~Copyable {
        let socket: Descriptor
        let isTCP: Bool
        /// The path to remove at the end.
        let path: String?
    }

    let settings: Settings

    /// Whether a host has a form that can be listened on, be it there or not.
    static func isAddress(_ host: String) -> Bool {
        ["unix://", "tcp://", "fd://"].contains { host.hasPrefix($0) } || !host.utf8.contains(47)
    }

    /// Opens every host of the settings and hands each socket to `take`.
    func open(_ take: (consuming Listener, _ host: String) throws -> Void) throws {
        do { try openAll(take) } catch {
            let words = (error as? SettingsError)?.message ?? String(describing: error)
            throw SettingsError(message: "failed to load listeners: " + words)
        }
    }

    private func openAll(_ take: (consuming Listener, _ host: String) throws -> Void) throws {
        for host in settings.listeners {
            if host.hasPrefix("fd://") {
                for number in try inherited(String(host.dropFirst(5))) {
                    try take(Listener(socket: Descriptor(owning: number), isTCP: isTCP(number), path: nil), host)
                }
            } else if host.hasPrefix("unix://") {
                let path = host == "unix://" ? "/var/run/docker.sock" : String(host.dropFirst(7))
                try take(
                    Listener(socket: try HTTPServer.listen(unix: path, gid: group()), isTCP: false, path: path), host)
            } else {
                let (name, port) = try address(host.hasPrefix("tcp://") ? String(host.dropFirst(6)) : host)
                try take(Listener(socket: try HTTPServer.listen(host: name, port: port), isTCP: true, path: nil), host)
            }
        }
    }

    private func address(_ text: String) throws -> (String, UInt16) {
        let standard: UInt16 = settings.tls ? 2376 : 2375
        if text.isEmpty { return ("localhost", standard) }
        guard let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") else { return (text, standard) }
        var name = String(text[..<colon])
        if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
        let digits = text[text.index(after: colon)...]
        guard let port = UInt16(digits) else {
            throw SettingsError(message: "invalid bind address format: tcp://" + text)
        }
        return (name, port)
    }

    /// The gid of the group that may use the socket; without such a group only root may.
    private func group() -> UInt32? {
        if let number = UInt32(settings.group) { return number }
        guard let entry = getgrnam(settings.group) else { return nil }
        return entry.pointee.gr_gid
    }

    /// The descriptors of socket activation (sd_listen_fds(3)): all of them, or the one `fd://N` names.
    private func inherited(_ which: String) throws -> [Int32] {
        guard let count = Process.environment("LISTEN_FDS").flatMap({ Int32($0) }), count > 0,
            Process.environment("LISTEN_PID").flatMap({ Int32($0) }) == getpid()
        else {
            throw SettingsError(
                message: "no sockets found via socket activation: make sure the service was started by systemd")
        }
        let all = Array(3..<(3 + count))
        for number in all { _ = cl_fcntl(number, F_SETFD, Int(FD_CLOEXEC)) }
        if which.isEmpty || which == "*" { return all }
        guard let wanted = Int32(which) else {
            throw SettingsError(message: "failed to parse systemd fd address: should be a number: " + which)
        }
        guard all.contains(wanted) else {
            throw SettingsError(message: "failed to find systemd activated sockets: " + which)
        }
        return [wanted]
    }

    private func isTCP(_ number: Int32) -> Bool {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let known = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
        }
        return known == 0 && address.ss_family != sa_family_t(AF_UNIX)
    }
}
