internal import CLinux
internal import Linux

/// Where a server listens.
public enum Address: Equatable, Sendable {
    case unix(path: String)
    case tcp(host: String, port: String)
    /// Behind a program that carries bytes there and back: the program and its arguments.
    case command([String])

    /// Opens a connection; with `security`, under TLS, and then through `proxy` where there is one.
    public func connect(
        _ security: TransportSecurity? = nil, through proxy: Proxy? = nil
    ) throws(HTTPFailure) -> DuplexStream {
        switch self {
        case .command(let command): return try CommandStream.open(command)
        case .unix(let path): return PlainStream(owning: try connectUnix(path))
        case .tcp(let host, let port):
            guard let security else {
                return PlainStream(owning: try connectTCP(proxy?.host ?? host, proxy?.port ?? port))
            }
            let descriptor: Int32
            if let proxy {
                descriptor = try HTTPConnection.tunnel(through: proxy, to: host, port)
            } else {
                descriptor = try connectTCP(host, port)
            }
            return try SecureStream(owning: descriptor, host: host, security)
        }
    }
}

private func connectUnix(_ path: String) throws(HTTPFailure) -> Int32 {
    var address = sockaddr_un()
    let length = cl_unix_address(path, &address)
    guard length >= 0 else {
        throw HTTPFailure(.connect(cl_errno()), "dial unix " + path + ": " + errorText(cl_errno()))
    }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw HTTPFailure(.transport, "socket: " + errorText(cl_errno())) }
    let answer = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { CLinux.connect(descriptor, $0, socklen_t(length)) }
    }
    if answer == 0 { return descriptor }
    let number = cl_errno()
    _ = CLinux.close(descriptor)
    throw HTTPFailure(.connect(number), "dial unix " + path + ": connect: " + errorText(number))
}

private func connectTCP(_ host: String, _ port: String) throws(HTTPFailure) -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let name = host.isEmpty ? "localhost" : host
    let code = getaddrinfo(name, port, &hints, &list)
    guard code == 0 else {
        throw HTTPFailure(
            .transport,
            "dial tcp: lookup " + host + ": "
                + (code == EAI_NONAME ? "no such host" : String(cString: gai_strerror(code))))
    }
    defer { freeaddrinfo(list) }
    var number = ECONNREFUSED
    var next = list
    while let entry = next?.pointee {
        next = entry.ai_next
        let descriptor = socket(entry.ai_family, entry.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), entry.ai_protocol)
        if descriptor < 0 { continue }
        if CLinux.connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 {
            var on: Int32 = 1
            // Small writes of a terminal session must not wait for one another; failing to ask for it is harmless.
            _ = setsockopt(descriptor, Int32(IPPROTO_TCP), tcpNoDelay, &on, socklen_t(MemoryLayout<Int32>.size))
            return descriptor
        }
        number = cl_errno()
        _ = CLinux.close(descriptor)
    }
    throw HTTPFailure(.connect(number), "dial tcp " + host + ":" + port + ": connect: " + errorText(number))
}

/// TCP_NODELAY of <netinet/tcp.h>.
private let tcpNoDelay: Int32 = 1
