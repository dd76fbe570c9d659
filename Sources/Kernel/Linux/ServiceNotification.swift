internal import CLinux

/// Words to the service manager that started this process (sd_notify(3)).
public enum ServiceNotification {
    /// Sends a state as "READY=1" or "STOPPING=1". Without a manager that wants it nothing happens, and a manager that
    /// does not listen is not waited for.
    public static func send(_ state: String) {
        guard let path = Process.environment("NOTIFY_SOCKET"), !path.isEmpty else { return }
        var address = sockaddr_un()
        let length = cl_unix_address(path, &address)
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let number = CLinux.socket(AF_UNIX, kind, 0)
        guard length > 0, number >= 0 else { return }
        let socket = Descriptor(owning: number)
        let bytes = Array(state.utf8)
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
                bytes.withUnsafeBytes {
                    sendto(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL), target, UInt32(length))
                }
            }
        }
    }
}
