internal import CLinux
internal import Linux
internal import NIOCore
internal import NIOSSL

extension HTTPServer {
    /// What a TLS listener needs; paths of PEM files.
    public struct TLS: Sendable {
        public var certificate: String
        public var key: String
        /// With an authority, clients must show a certificate that it signed.
        public var clientAuthority: String?

        public init(certificate: String, key: String, clientAuthority: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.clientAuthority = clientAuthority
        }

        /// Whether the files are there and fit one another: asked before anything else is begun.
        public func check() throws(TLSFailure) { _ = try context() }
    }

    /// Files that no TLS can be spoken with: upstream's words.
    public struct TLSFailure: Error, Equatable, Sendable {
        public let message: String
    }
}

extension HTTPServer.TLS {
    func context() throws(HTTPServer.TLSFailure) -> NIOSSLContext {
        let pair = "(cert: \"" + certificate + "\", key: \"" + key + "\"): "
        for path in [certificate, key] where !Files.exists(path) {
            throw HTTPServer.TLSFailure(
                message: "could not load X509 key pair " + pair + "open " + path + ": no such file or directory")
        }
        var configuration: TLSConfiguration
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificate).map { NIOSSLCertificateSource.certificate($0) }
            let secret = NIOSSLPrivateKeySource.privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: secret)
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            // Made without the clients' authority, whose faults have words of their own: a key of another certificate.
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw HTTPServer.TLSFailure(
                message: "error reading X509 key pair - make sure the key is not encrypted " + pair
                    + String(describing: error))
        }
        if let clientAuthority {
            configuration.trustRoots = .certificates(try authority(clientAuthority))
            configuration.certificateVerification = .noHostnameVerification
            configuration.sendCANameList = true
        }
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw HTTPServer.TLSFailure(message: "invalid TLS configuration: " + String(describing: error))
        }
    }

    private func authority(_ path: String) throws(HTTPServer.TLSFailure) -> [NIOSSLCertificate] {
        let bytes: [UInt8]
        do throws(SystemCallError) { bytes = try Files.read(path) } catch {
            throw HTTPServer.TLSFailure(
                message: "could not read CA certificate \"" + path + "\": open " + path + ": "
                    + String(cString: strerror(error.number)).lowercased())
        }
        // Bytes that are no PEM and PEM without a certificate have the same words.
        guard let found = try? NIOSSLCertificate.fromPEMBytes(bytes), !found.isEmpty else {
            throw HTTPServer.TLSFailure(message: "failed to append certificates from PEM file: \"" + path + "\"")
        }
        return found
    }
}

/// Stands before the TLS of a connection until its first bytes are there: a client that speaks plain HTTP is told so
/// in plain HTTP, everything else is left to TLS.
final class PlainRequestDetector: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let answer =
        "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
    private static let beginnings = ["GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET"].map { Array($0.utf8) }

    private var seen = ByteBuffer()
    private var isRefused = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isRefused { return }
        var bytes = unwrapInboundIn(data)
        seen.writeBuffer(&bytes)
        guard seen.readableBytes >= 5 else { return }
        guard PlainRequestDetector.beginnings.contains(where: { seen.readableBytesView.starts(with: $0) }) else {
            context.fireChannelRead(wrapInboundOut(seen))
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
            return
        }
        isRefused = true
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: PlainRequestDetector.answer)), promise: nil)
        context.close(mode: .output, promise: nil)
        // What the client still sends is taken for a moment: closing over unread bytes would take the answer back.
        let channel = context.channel
        context.eventLoop.scheduleTask(in: .milliseconds(500)) { channel.close(mode: .all, promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if isRefused, case .some(ChannelEvent.inputClosed) = event as? ChannelEvent {
            return context.close(mode: .all, promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }
}
