internal import CLinux
internal import Linux
internal import NIOCore
internal import NIOEmbedded
internal import NIOSSL

/// How a TCP connection is secured: files in PEM, as docker's `--tls*` options name them.
public struct TransportSecurity: Equatable, Sendable {
    /// Certificates to trust; empty: the system's.
    public var authority = ""
    /// Our own certificate and key; empty: none is shown.
    public var certificate = ""
    public var key = ""
    /// Whether the server's certificate is verified, name included.
    public var verifies = true

    public init() {}
}

/// A socket under TLS. NIOSSL's state machine runs in a channel without an event loop, and the bytes are carried by
/// hand: a client that makes one request needs no threads for it.
final class SecureStream: DuplexStream {
    private let host: String
    private let channel = EmbeddedChannel()
    private let socket: PlainStream
    private var atEnd = false

    init(owning descriptor: Int32, host: String, _ security: TransportSecurity) throws(HTTPFailure) {
        // Both streams close their descriptor: this one gets a duplicate.
        let duplicate = cl_fcntl(descriptor, Int32(CL_F_DUPFD_CLOEXEC), 3)
        socket = PlainStream(owning: descriptor)
        self.host = host
        super.init(owning: duplicate)
        do {
            let context = try NIOSSLContext(configuration: try configuration(security))
            // What is no address is a name; a certificate for an address is checked against the peer's.
            let address = try? NIOCore.SocketAddress(ipAddress: host, port: 2376)
            let handler = try NIOSSLClientHandler(context: context, serverHostname: address == nil ? host : nil)
            try channel.pipeline.syncOperations.addHandlers([HalfClosing(), handler])
            channel.connect(to: try address ?? NIOCore.SocketAddress(unixDomainSocketPath: "/"), promise: nil)
        } catch {
            throw HTTPFailure(.format, words(error))
        }
        try carryOut()
    }

    /// A failure of TLS in the words that Go's has.
    private func words(_ error: any Error) -> String {
        if let extra = error as? NIOSSLExtraError, extra == .failedToValidateHostname {
            return "tls: failed to verify certificate: x509: certificate is not valid for " + host
        }
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        }
        if text.contains("WRONG_VERSION_NUMBER") { return "tls: first record does not look like a TLS handshake" }
        return reason(in: text) ?? "tls: " + text
    }

    /// What BoringSSL says in capitals between its own names: an alert of the peer, or a failure of ours.
    private func reason(in text: String) -> String? {
        guard let part = text.split(separator: ":").last(where: { $0.contains(" at ") }) else { return nil }
        let words = part.prefix { $0 != " " }.lowercased().split(separator: "_")
        guard let alert = words.firstIndex(of: "alert") else { return "tls: " + words.joined(separator: " ") }
        let plain = words[(alert + 1)...].joined(separator: " ")
        return "remote error: tls: " + (alertsOfGo[plain] ?? plain)
    }

    override var pending: Int { socket.pending }

    override func receive() throws(HTTPFailure) -> [UInt8]? {
        while true {
            if let plain = try readInbound(), !plain.isEmpty { return plain }
            if atEnd { return [] }
            guard let sealed = try socket.receive() else { return nil }
            if sealed.isEmpty {
                atEnd = true
                continue
            }
            do {
                try channel.writeInbound(ByteBuffer(bytes: sealed))
            } catch {
                throw HTTPFailure(.format, words(error))
            }
            try carryOut()
            // The peer's close alert is the end, whatever becomes of the connection then.
            if !channel.isActive { atEnd = true }
        }
    }

    private func readInbound() throws(HTTPFailure) -> [UInt8]? {
        do {
            guard let buffer = try channel.readInbound(as: ByteBuffer.self) else { return nil }
            return Array(buffer.readableBytesView)
        } catch {
            throw HTTPFailure(.format, words(error))
        }
    }

    override func queue(_ bytes: [UInt8]) throws(HTTPFailure) {
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        channel.embeddedEventLoop.run()
        try carryOut()
    }

    override func flush() throws(HTTPFailure) { try socket.flush() }

    /// A close alert of TLS says it; the socket stays open both ways, for alerts and keys of the peer need it.
    override func finishWriting() throws(HTTPFailure) {
        channel.close(mode: .output, promise: nil)
        channel.embeddedEventLoop.run()
        try carryOut()
        while socket.pending > 0 {
            try wait(Int16(POLLOUT))
            try socket.flush()
        }
    }

    /// Hands what TLS wants to send to the socket.
    private func carryOut() throws(HTTPFailure) {
        do {
            while let sealed = try channel.readOutbound(as: ByteBuffer.self) {
                try socket.queue(Array(sealed.readableBytesView))
            }
        } catch let failure as HTTPFailure {
            throw failure
        } catch {
            throw HTTPFailure(.format, words(error))
        }
    }
}

/// Alerts that Go has other words for.
private let alertsOfGo = [
    "unknown ca": "unknown certificate authority", "protocol version": "protocol version not supported",
    "certificate unknown": "unknown certificate", "certificate expired": "expired certificate",
    "certificate revoked": "revoked certificate", "decrypt error": "error decrypting message",
    "decode error": "error decoding message",
]

/// Keeps the channel open when only its output ends: the channel itself would end as a whole.
private final class HalfClosing: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output {
            promise?.succeed(())
        } else {
            context.close(mode: mode, promise: promise)
        }
    }
}

private func configuration(_ security: TransportSecurity) throws -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    if !security.verifies { configuration.certificateVerification = .none }
    if !security.authority.isEmpty {
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(try Files.read(security.authority)))
    }
    if !security.certificate.isEmpty {
        configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(try Files.read(security.certificate))
            .map { .certificate($0) }
        configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: try Files.read(security.key), format: .pem))
    }
    return configuration
}
