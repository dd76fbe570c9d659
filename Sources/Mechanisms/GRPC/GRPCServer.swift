internal import CLinux
internal import Linux
public import NIOCore
internal import NIOHTTP2
internal import NIOPosix
internal import Synchronization

/// Serves the methods of a router on listening sockets, without TLS.
public final class GRPCServer: Sendable {
    private let router: GRPCRouter
    private let group: any EventLoopGroup
    private let state = Mutex(State())

    private struct State {
        var listeners: [any Channel] = []
        var connections: [ObjectIdentifier: any Channel] = [:]
        var isClosing = false
    }

    public init(_ router: GRPCRouter, group: any EventLoopGroup = GRPCEventLoops.shared) {
        self.router = router
        self.group = group
    }

    /// Listens on a unix socket. A socket file that is there already is removed first; its folder must exist.
    public func listen(unixPath path: String, backlog: Int32 = 1024) async throws(GRPCStatus) {
        unlink(path)
        try await add("listen unix " + path) { try await $0.bind(unixDomainSocketPath: path).get() }
    }

    private func add(
        _ what: String, _ bind: @Sendable (ServerBootstrap) async throws -> any Channel
    ) async throws(GRPCStatus) {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.writeBufferWaterMark, value: Connection.socketBuffer)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.configure(channel) }
            }
        do {
            let channel = try await bind(bootstrap)
            state.withLock { $0.listeners.append(channel) }
        } catch let error as IOError {
            throw GRPCStatus(.unavailable, what + ": bind: " + errorText(error.errnoCode))
        } catch {
            throw GRPCStatus(.unavailable, what + ": " + String(describing: error))
        }
    }

    private func configure(_ channel: any Channel) throws {
        let router = self.router
        let executor = EventLoopExecutor(channel.eventLoop)
        let key = ObjectIdentifier(channel)
        let refused = state.withLock { state -> Bool in
            if !state.isClosing { state.connections[key] = channel }
            return state.isClosing
        }
        if refused { return channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { $0.connections[key] = nil }
        }
        _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: Connection.configuration(),
            streamConfiguration: Connection.streams()
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(
                    ServerCall(stream, router: router, executor: executor))
            }
        }
        try channel.pipeline.syncOperations.addHandler(ConnectionEnd())
    }

    /// Takes no more connections and closes those that are open; their calls are cancelled.
    public func shutdown() async {
        let (listeners, connections) = state.withLock { state -> ([any Channel], [any Channel]) in
            state.isClosing = true
            defer { state.listeners = [] }
            return (state.listeners, Array(state.connections.values))
        }
        for channel in connections {
            let goAway = HTTP2Frame.FramePayload.goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil)
            channel.writeAndFlush(HTTP2Frame(streamID: .rootStream, payload: goAway), promise: nil)
        }
        for channel in listeners + connections {
            // Closed by its peer in the meantime: that is what is wanted.
            try? await channel.close().get()
        }
    }
}

/// Closes a connection whose peer broke the protocol or went away, and tells when the peer wants no more calls on it.
final class ConnectionEnd: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    private let onGoAway: @Sendable () -> Void

    init(onGoAway: @escaping @Sendable () -> Void = {}) { self.onGoAway = onGoAway }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .goAway = unwrapInboundIn(data).payload { onGoAway() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A stream's own error is reported on the stream; the connection goes on.
        if error is NIOHTTP2Errors.StreamError { return }
        context.close(promise: nil)
    }
}
