internal import CLinux
internal import Linux

/// The unix socket on which a runtime hands over the controlling side of a container's terminal.
final class ConsoleSocket {
    let path: String
    private let directory: String
    private let listener: Int32

    /// Listens on a new socket in a directory of its own, which only root can enter.
    init() throws(SystemCallError) {
        let parent = Process.environment("XDG_RUNTIME_DIR") ?? Process.environment("TMPDIR") ?? "/tmp"
        let directory = parent + "/pty" + randomHex(bytes: 8)
        try checked("mkdir", directory) { mkdir(directory, 0o700) }
        self.directory = directory
        path = directory + "/pty.sock"
        do throws(SystemCallError) {
            listener = try ConsoleSocket.listen(path).release()
        } catch {
            rmdir(directory)
            throw error
        }
    }

    private static func listen(_ path: String) throws(SystemCallError) -> Descriptor {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let listener = Descriptor(owning: try checked("socket") { socket(AF_UNIX, kind, 0) })
        var address = sockaddr_un()
        let length = try checked("bind", path) { cl_unix_address(path, &address) }
        try checked("bind", path) {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener.number, $0, socklen_t(length)) }
            }
        }
        try checked("listen", path) { CLinux.listen(listener.number, 1) }
        return listener
    }

    deinit {
        close(listener)
        unlink(path)
        rmdir(directory)
    }

    /// The terminal that a runtime has sent; to be called once it has ended well, for then it is there.
    func receive() throws(SystemCallError) -> Descriptor {
        let connection = Descriptor(
            owning: try checked("accept", path) { cl_accept4(listener, nil, nil, Int32(SOCK_CLOEXEC.rawValue)) })
        var name = [UInt8](repeating: 0, count: 4096)
        var terminal: Int32 = -1
        var count = 0
        try checked("recvmsg", path) {
            name.withUnsafeMutableBytes {
                cl_receive_descriptors(connection.number, $0.baseAddress, $0.count, &terminal, 1, &count)
            }
        }
        guard count == 1 else { throw SystemCallError(number: EBADMSG, operation: "recvmsg", subject: path) }
        return Descriptor(owning: terminal)
    }
}
