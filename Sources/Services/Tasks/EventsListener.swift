internal import CLinux
public import ContainerdAPI
public import Metadata
public import NIOCore
internal import NIOPosix
internal import Protobuf
internal import TTRPC

/// Where shims send their events: the ttrpc service Events, on the socket whose address they get in TTRPC_ADDRESS.
public enum EventsListener {
    /// Listens on a unix socket (the file there before is removed) with its mode and owner set, and hands every event
    /// on. `receive` is called on the event loop and must not block.
    public static func listen(
        _ path: String, uid: UInt32, gid: UInt32, group: any EventLoopGroup,
        receive: @escaping @Sendable (EventsTTRPC.Envelope) -> Void
    ) async throws(ServiceError) -> any Channel {
        unlink(path)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(ByteToMessageHandler(FrameDecoder()))
                    try pipeline.addHandler(EventsConnection(receive))
                }
            }
        do {
            let channel = try await bootstrap.bind(unixDomainSocketPath: path).get()
            if chmod(path, 0o660) != 0 || chown(path, uid, gid) != 0 {
                throw ServiceError(.unknown, "failed to set mode and owner of \(path)")
            }
            return channel
        } catch {
            throw ServiceError(.unavailable, "failed to get listener for main ttrpc endpoint: \(path): \(error)")
        }
    }
}

/// One shim's connection.
private final class EventsConnection: ChannelInboundHandler {
    typealias InboundIn = Frame

    private let receive: @Sendable (EventsTTRPC.Envelope) -> Void

    init(_ receive: @escaping @Sendable (EventsTTRPC.Envelope) -> Void) { self.receive = receive }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        guard frame.kind == Frame.Kind.request else { return }
        var response = CallResponse()
        do throws(ProtobufError) {
            let request = try CallRequest(protobuf: frame.payload)
            response.status = try answer(request)
        } catch {
            response.status = RPCStatus(code: 3, message: error.description)
        }
        let answer = Frame(stream: frame.stream, kind: Frame.Kind.response, payload: response.protobuf())
        context.writeAndFlush(NIOAny(answer.buffer(context.channel.allocator)), promise: nil)
    }

    private func answer(_ request: CallRequest) throws(ProtobufError) -> RPCStatus? {
        guard request.service == EventsTTRPC.service else {
            return RPCStatus(code: 12, message: "service " + request.service)
        }
        guard request.method == EventsTTRPC.forward.name else {
            return RPCStatus(code: 12, message: "method " + request.method)
        }
        if let envelope = try EventsTTRPC.ForwardRequest(protobuf: request.payload).envelope { receive(envelope) }
        return nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
