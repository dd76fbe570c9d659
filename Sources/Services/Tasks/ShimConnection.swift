internal import CLinux
internal import ContainerdAPI
internal import Metadata
internal import NIOCore
internal import NIOPosix
internal import Protobuf
internal import TTRPC

/// The ttrpc client of one shim. Calls go side by side on one connection; each is a stream of its own.
///
/// Safety of `@unchecked`: `waiting`, `lastStream`, `onClose` and `isOpen` are touched on the channel's event loop
/// only;
/// `channel` is set once, in `handlerAdded`, before anyone has the connection.
final class ShimConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = Frame
    typealias Answer = Result<[UInt8], ServiceError>

    private struct Waiting {
        let continuation: CheckedContinuation<Answer, Never>
        let timer: Scheduled<Void>?
    }

    private let namespace: String
    /// Dropped once it was called: it holds the shim, which holds this connection.
    private var onClose: (@Sendable () -> Void)?
    private var channel: (any Channel)?
    private var waiting: [UInt32: Waiting] = [:]
    private var lastStream: UInt32 = 0
    private var isOpen = true

    private init(namespace: String, onClose: @escaping @Sendable () -> Void) {
        self.namespace = namespace
        self.onClose = onClose
    }

    /// Connects to a shim's address (`unix://PATH`). `onClose` is called once, on the event loop, when the connection
    /// ends, whoever ended it.
    static func open(
        _ address: String, namespace: String, group: any EventLoopGroup, onClose: @escaping @Sendable () -> Void
    ) async throws(ServiceError) -> ShimConnection {
        let path = address.hasPrefix("unix://") ? String(address.dropFirst(7)) : address
        let connection = ShimConnection(namespace: namespace, onClose: onClose)
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(.seconds(5))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(ByteToMessageHandler(FrameDecoder()))
                    try pipeline.addHandler(connection)
                }
            }
        do {
            _ = try await bootstrap.connect(unixDomainSocketPath: path).get()
        } catch {
            throw ServiceError(.unavailable, "dial unix \(path): \(error): unavailable")
        }
        return connection
    }

    func handlerAdded(context: ChannelHandlerContext) { channel = context.channel }

    /// Ends the connection: calls on their way fail.
    func close() { channel?.close(promise: nil) }

    /// Makes one call. `timeout` in milliseconds, nil: as long as it takes. A cancelled caller gets its error at once.
    func call<Request: ProtobufMessage, Response: ProtobufMessage>(
        _ method: ProtobufMethod<Request, Response>, _ request: Request, timeout: Int64? = nil
    ) async throws(ServiceError) -> Response {
        let message = CallRequest(
            service: method.service, method: method.name, payload: request.protobuf(),
            timeout: (timeout ?? 0) * 1_000_000, metadata: [CallRequest.Pair("containerd-namespace-ttrpc", namespace)])
        let bytes = try await answer(to: message.protobuf(), timeout: timeout).get()
        do throws(ProtobufError) {
            return try Response(protobuf: bytes)
        } catch {
            throw ServiceError(.unknown, "ttrpc: \(error.description): unknown")
        }
    }

    private func answer(to payload: [UInt8], timeout: Int64?) async -> Answer {
        guard let channel else { return .failure(.shimGone) }
        let cancellation = Cancellation()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                run(on: channel.eventLoop) {
                    self.begin(payload, timeout, cancellation, continuation, channel)
                }
            }
        } onCancel: {
            run(on: channel.eventLoop) {
                cancellation.isCancelled = true
                if let stream = cancellation.stream {
                    self.end(stream, .failure(ServiceError(.canceled, "context canceled")))
                }
            }
        }
    }

    /// Says which stream a call has become. Touched on the event loop only.
    private final class Cancellation: @unchecked Sendable {
        var stream: UInt32?
        var isCancelled = false
    }

    private func run(on loop: any EventLoop, _ body: @escaping @Sendable () -> Void) {
        if loop.inEventLoop { body() } else { loop.execute(body) }
    }

    // MARK: On the loop

    private func begin(
        _ payload: [UInt8], _ timeout: Int64?, _ cancellation: Cancellation,
        _ continuation: CheckedContinuation<Answer, Never>, _ channel: any Channel
    ) {
        guard isOpen else { return continuation.resume(returning: .failure(.shimGone)) }
        if cancellation.isCancelled {
            return continuation.resume(returning: .failure(ServiceError(.canceled, "context canceled")))
        }
        // A client's streams have odd numbers.
        lastStream = lastStream == 0 ? 1 : lastStream &+ 2
        let stream = lastStream
        cancellation.stream = stream
        let timer = timeout.map { milliseconds in
            channel.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
                let words = "context deadline exceeded"
                self.end(stream, .failure(ServiceError(.deadlineExceeded, words)))
            }
        }
        waiting[stream] = Waiting(continuation: continuation, timer: timer)
        let frame = Frame(stream: stream, kind: Frame.Kind.request, payload: payload)
        channel.writeAndFlush(frame.buffer(channel.allocator), promise: nil)
    }

    private func end(_ stream: UInt32, _ answer: Answer) {
        // An answer that nobody waits for any more is of a call that was given up.
        guard let waiting = waiting.removeValue(forKey: stream) else { return }
        waiting.timer?.cancel()
        waiting.continuation.resume(returning: answer)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        guard frame.kind == Frame.Kind.response else { return }
        do throws(ProtobufError) {
            let response = try CallResponse(protobuf: frame.payload)
            if let status = response.status, status.code != 0 {
                end(frame.stream, .failure(ServiceError(status)))
            } else {
                end(frame.stream, .success(response.payload))
            }
        } catch {
            end(frame.stream, .failure(ServiceError(.unknown, "ttrpc: \(error.description): unknown")))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        guard isOpen else { return }
        isOpen = false
        for stream in Array(waiting.keys) { end(stream, .failure(.shimGone)) }
        onClose?()
        onClose = nil
    }
}
