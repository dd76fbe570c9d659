internal import CLinux
public import Linux
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// An HTTP/1.1 server for the Engine API: bodies and answers are streams with back pressure, and a connection can be
/// taken over for raw bytes. It parses requests itself, because a decoder that reads ahead would swallow the bytes a
/// client sends right behind a request that takes the connection over.
public final class HTTPServer: Sendable {
    public typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse

    private let group: MultiThreadedEventLoopGroup
    private let handler: Handler

    /// One event loop serves all listeners: the work is done elsewhere, in tasks and workers.
    public init(handler: @escaping Handler) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.handler = handler
    }

    /// Serves a socket that listens already; takes ownership of it. With `tls`, clients must speak TLS.
    public func serve(listening descriptor: consuming Descriptor, tls: TLS? = nil) throws {
        let context = try tls?.context()
        let handler = self.handler
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.backlog, value: 128)
            .childChannelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandlers(
                            PlainRequestDetector(), NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.addHandler(ConnectionHandler(handler: handler))
                }
            }
        let number = descriptor.release()
        _ = try bootstrap.withBoundSocket(number).wait()
    }

    /// Binds and listens on a unix socket, replacing one that nobody serves; its mode is 0660 and its group `gid`.
    public static func listen(unix path: String, gid: UInt32?) throws(SystemCallError) -> Descriptor {
        try Files.makeDirectories(Files.parent(of: path), mode: 0o755)
        if Files.exists(path) { unlink(path) }
        let socket = Descriptor(
            owning: try checked("socket") { CLinux.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0) })
        var address = sockaddr_un()
        let length = try checked("bind", path) { cl_unix_address(path, &address) }
        let mask = umask(0o177)
        defer { umask(mask) }
        try checked("bind", path) { bindGeneric(socket.number, &address, socklen_t(length)) }
        if let gid { try checked("chown", path) { chown(path, 0, gid) } }
        try checked("chmod", path) { chmod(path, 0o660) }
        try checked("listen", path) { CLinux.listen(socket.number, 128) }
        return socket
    }

    /// Binds and listens on a TCP address. `host` is a numeric address, "localhost" or empty for all.
    public static func listen(host: String, port: UInt16) throws(SystemCallError) -> Descriptor {
        let name = host + ":" + String(port)
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host.isEmpty ? "0.0.0.0" : host, String(port), &hints, &found) == 0, let first = found else {
            throw SystemCallError(number: EADDRNOTAVAIL, operation: "listen tcp", subject: name)
        }
        defer { freeaddrinfo(found) }
        let socket = Descriptor(
            owning: try checked("socket") {
                CLinux.socket(first.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
            })
        var one: Int32 = 1
        setsockopt(socket.number, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        try checked("listen tcp " + name + ": bind") {
            bind(socket.number, first.pointee.ai_addr, first.pointee.ai_addrlen)
        }
        try checked("listen tcp", name) { CLinux.listen(socket.number, 128) }
        return socket
    }
}

private func bindGeneric(_ socket: Int32, _ address: UnsafePointer<sockaddr_un>, _ length: socklen_t) -> Int32 {
    address.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) }
}
