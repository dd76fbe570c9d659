internal import CLinux
internal import Linux
internal import SHA2

/// The socket on which a shim serves, named so that containerd and a later shim of the same group find it.
struct ShimSocket {
    static let directory = "/run/containerd/s"
    let path: String

    /// "unix://" and the path.
    var address: String { "unix://" + path }

    /// The socket of a group (or of a container alone) under one containerd and namespace.
    init(containerd: String, namespace: String, group: String) {
        let name = Files.cleaned(containerd + "/" + namespace + "/" + group)
        path = ShimSocket.directory + "/" + hex(SHA256.digest(Array(name.utf8)))
    }

    /// Takes an address as it stands in a bundle.
    init(address: String) {
        let prefix = "unix://"
        path =
            address.utf8.starts(with: prefix.utf8)
            ? String(decoding: Array(address.utf8.dropFirst(prefix.utf8.count)), as: UTF8.self) : address
    }

    /// Binds and listens.
    func listen() throws(SystemCallError) -> Descriptor {
        try Files.makeDirectories(Files.parent(of: path), mode: 0o711)
        let socket = try makeSocket()
        var address = sockaddr_un()
        let length = try checked("bind", path) { cl_unix_address(path, &address) }
        try checked("bind", path) {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket.number, $0, socklen_t(length)) }
            }
        }
        try checked("chmod", path) { chmod(path, 0o600) }
        try checked("listen", path) { CLinux.listen(socket.number, 128) }
        return socket
    }

    /// Whether somebody serves there.
    func answers() -> Bool {
        var address = sockaddr_un()
        let length = cl_unix_address(path, &address)
        // A socket that cannot be made says nothing about the other side: take it as silent.
        guard length >= 0, let socket = try? makeSocket() else { return false }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket.number, $0, socklen_t(length)) }
        } == 0
    }

    func remove() { unlink(path) }

    private func makeSocket() throws(SystemCallError) -> Descriptor {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return Descriptor(owning: try checked("socket") { socket(AF_UNIX, kind, 0) })
    }
}
