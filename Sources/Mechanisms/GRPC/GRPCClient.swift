internal import CLinux
internal import Linux
public import NIOCore
internal import NIOHPACK
internal import NIOHTTP2
internal import NIOPosix
public import Protobuf
internal import Synchronization

/// What one call has besides its request.
public struct GRPCCallOptions: Sendable {
    /// The caller's own headers.
    public var metadata: GRPCMetadata
    /// After this time the call fails with `deadlineExceeded`; nil: it may take for ever.
    public var timeout: Duration?

    public init(metadata: GRPCMetadata = GRPCMetadata(), timeout: Duration? = nil) {
        self.metadata = metadata
        self.timeout = timeout
    }
}

/// Calls one server over one connection, which is made by the first call and made anew when it has been lost.
public final class GRPCClient: Sendable {
    typealias Attempt = Result<Line, GRPCStatus>

    /// A connection that stands.
    struct Line: Sendable {
        let channel: any Channel
        let streams: NIOHTTP2Handler.StreamMultiplexer
    }

    private enum Phase {
        case idle
        case connecting([CheckedContinuation<Attempt, Never>])
        case ready(Line)
        case closed
    }

    /// The path of the unix socket.
    public let address: String
    private let group: any EventLoopGroup
    private let phase = Mutex(Phase.idle)

    /// `address`: a path, with or without "unix://" before it.
    public init(address: String, group: any EventLoopGroup = GRPCEventLoops.shared) {
        self.address = address.hasPrefix("unix://") ? String(address.dropFirst(7)) : address
        self.group = group
    }

    // MARK: Calls

    /// One request, one response.
    public func unary<Request, Response>(
        _ method: ProtobufMethod<Request, Response>, _ request: Request, options: GRPCCallOptions = GRPCCallOptions()
    ) async throws(GRPCStatus) -> Response {
        let bytes = request.protobuf()
        // A connection may go away between two calls. What the server has not seen is sent once more.
        for attempt in 0...1 {
            let call = ClientCall(headers(method.path, options), timeout: options.timeout, first: bytes, ends: true)
            do throws(GRPCStatus) {
                try await open(call)
                return try decoded(try await call.onlyResponse())
            } catch {
                if attempt == 1 || !call.wasRefused { throw error }
            }
        }
        throw .cancelled
    }

    /// One request, many responses. The call is cancelled with the task that reads them.
    public func serverStream<Request, Response>(
        _ method: ProtobufMethod<Request, Response>, _ request: Request, options: GRPCCallOptions = GRPCCallOptions()
    ) async throws(GRPCStatus) -> GRPCResponses<Response> {
        let call = ClientCall(
            headers(method.path, options), timeout: options.timeout, first: request.protobuf(), ends: true)
        try await open(call)
        return GRPCResponses(call: call)
    }

    /// Many requests, many responses (or one).
    public func bidirectional<Request, Response>(
        _ method: ProtobufMethod<Request, Response>, options: GRPCCallOptions = GRPCCallOptions()
    ) async throws(GRPCStatus) -> GRPCDuplex<Request, Response> {
        let call = ClientCall(headers(method.path, options), timeout: options.timeout, first: nil, ends: false)
        try await open(call)
        return GRPCDuplex(call: call)
    }

    private func headers(_ path: String, _ options: GRPCCallOptions) -> HPACKHeaders {
        var headers: HPACKHeaders = [
            ":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost",
            "content-type": "application/grpc", "user-agent": "grpc-slipway/1", "te": "trailers",
        ]
        if let timeout = options.timeout {
            headers.add(name: "grpc-timeout", value: GRPCTimeout.text(timeout.nanoseconds))
        }
        options.metadata.append(to: &headers)
        return headers
    }

    // MARK: The connection

    /// Makes the connection when there is none. Calls do so themselves; this tells whether the server is there.
    public func connect() async throws(GRPCStatus) { _ = try await line() }

    /// Closes the connection; calls in flight fail. The client cannot be used afterwards.
    public func close() async {
        let (line, waiting) = phase.withLock { phase -> (Line?, [CheckedContinuation<Attempt, Never>]) in
            defer { phase = .closed }
            switch phase {
            case .ready(let line): return (line, [])
            case .connecting(let waiting): return (nil, waiting)
            case .idle, .closed: return (nil, [])
            }
        }
        for continuation in waiting { continuation.resume(returning: .failure(Self.closing)) }
        // Closed by its peer in the meantime: that is what is wanted.
        try? await line?.channel.close().get()
    }

    private func open(_ call: ClientCall) async throws(GRPCStatus) {
        let line = try await line()
        let loop = line.channel.eventLoop
        call.bind(to: loop)
        if loop.inEventLoop {
            call.start(line)
        } else {
            loop.execute { call.start(line) }
        }
    }

    private func line() async throws(GRPCStatus) -> Line {
        let ready = phase.withLock { phase -> Line? in
            if case .ready(let line) = phase, line.channel.isActive { return line }
            return nil
        }
        if let ready { return ready }
        let attempt = await withCheckedContinuation { (continuation: CheckedContinuation<Attempt, Never>) in
            join(continuation)
        }
        return try attempt.get()
    }

    /// Waits for the attempt under way, or starts one.
    private func join(_ continuation: CheckedContinuation<Attempt, Never>) {
        enum Step {
            case answer(Attempt)
            case connect, wait
        }
        let step = phase.withLock { phase -> Step in
            switch phase {
            case .ready(let line) where line.channel.isActive: return .answer(.success(line))
            case .closed: return .answer(.failure(Self.closing))
            case .connecting(let waiting):
                phase = .connecting(waiting + [continuation])
                return .wait
            case .ready, .idle:
                phase = .connecting([continuation])
                return .connect
            }
        }
        switch step {
        case .answer(let attempt): continuation.resume(returning: attempt)
        case .wait: break
        case .connect: dial()
        }
    }

    private static let closing = GRPCStatus(.cancelled, "grpc: the client connection is closing")

    private func dial() {
        let address = self.address
        ClientBootstrap(group: group)
            .channelOption(.writeBufferWaterMark, value: Connection.socketBuffer)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                        mode: .client, connectionConfiguration: Connection.configuration(),
                        streamConfiguration: Connection.streams()
                    ) { stream in
                        // A server opens no streams.
                        stream.close()
                    }
                    let key = ObjectIdentifier(channel)
                    try channel.pipeline.syncOperations.addHandler(ConnectionEnd { self.retire(key) })
                }
            }
            .connect(unixDomainSocketPath: address)
            .flatMapThrowing { channel in
                let handler = try channel.pipeline.syncOperations.handler(type: NIOHTTP2Handler.self)
                return Line(channel: channel, streams: try handler.syncMultiplexer())
            }
            .whenComplete { result in self.settle(result.mapError { Self.dialError($0, address) }) }
    }

    /// The server takes no more calls on this connection: those in flight go on, the next makes a new one.
    private func retire(_ key: ObjectIdentifier) {
        phase.withLock { phase in
            if case .ready(let line) = phase, ObjectIdentifier(line.channel) == key { phase = .idle }
        }
    }

    private func settle(_ attempt: Attempt) {
        let waiting = phase.withLock { phase -> [CheckedContinuation<Attempt, Never>] in
            switch phase {
            case .connecting(let waiting):
                if case .success(let line) = attempt { phase = .ready(line) } else { phase = .idle }
                return waiting
            default:
                // Closed while dialing.
                if case .success(let line) = attempt { line.channel.close(promise: nil) }
                return []
            }
        }
        for continuation in waiting { continuation.resume(returning: attempt) }
    }

    /// As Go's gRPC words it.
    private static func dialError(_ error: any Error, _ address: String) -> GRPCStatus {
        let reason = (error as? IOError).map { errorText($0.errnoCode) } ?? String(describing: error)
        return GRPCStatus(
            .unavailable,
            "connection error: desc = \"transport: error while dialing: dial unix " + address + ": connect: " + reason
                + "\"")
    }
}

extension Duration {
    /// Whole nanoseconds, at most what 64 bits hold.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product + attoseconds / 1_000_000_000
    }
}
