internal import CLinux
internal import ContainerdAPI
internal import Linux
internal import Metadata
internal import NIOCore
internal import NIOPosix
internal import Protobuf
internal import Synchronization
internal import Workers

/// A running shim and the task it holds.
final class Shim: Sendable {
    let bundle: Bundle
    let binary: ShimBinary
    private let connection = Mutex<ShimConnection?>(nil)

    init(_ bundle: Bundle, _ binary: ShimBinary) {
        self.bundle = bundle
        self.binary = binary
    }

    /// Connects to a shim that listens. `onClose` is called when the connection ends.
    func connect(
        _ address: String, group: any EventLoopGroup, onClose: @escaping @Sendable () -> Void
    ) async throws(ServiceError) {
        let opened = try await ShimConnection.open(
            address, namespace: bundle.namespace, group: group, onClose: onClose)
        connection.withLock { $0 = opened }
    }

    func disconnect() { connection.withLock { $0 }?.close() }

    func call<Request: ProtobufMessage, Response: ProtobufMessage>(
        _ method: ProtobufMethod<Request, Response>, _ request: Request, timeout: Int64? = nil
    ) async throws(ServiceError) -> Response {
        guard let connection = connection.withLock({ $0 }) else { throw .shimGone }
        return try await connection.call(method, request, timeout: timeout)
    }

    /// The state of the task or of one of its processes.
    func state(execId: String = "", timeout: Int64 = 2_000) async throws(ServiceError) -> TaskAPI.StateResponse {
        var request = TaskAPI.StateRequest()
        request.id = bundle.id
        request.execId = execId
        do throws(ServiceError) {
            return try await call(TaskAPI.state, request, timeout: timeout)
        } catch {
            throw error.isShimGone ? .notFound("process \(execId.isEmpty ? bundle.id : execId)") : error
        }
    }

    /// Asks the shim to end. It may be gone before it has answered.
    func shutdown() async {
        var request = TaskAPI.ShutdownRequest()
        request.id = bundle.id
        // Its task is deleted: a shim that does not answer has nothing to lose, and ends by itself.
        _ = try? await call(TaskAPI.shutdown, request, timeout: 3_000)
    }
}

/// The log of a shim: its standard error, a fifo in its bundle, copied to containerd's own. Opened for reading and
/// writing, so that it neither blocks nor ends when there is no shim yet or no more.
final class ShimLog: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Starts copying; close the channel to end it.
    static func open(_ bundle: Bundle, group: any EventLoopGroup) async -> (any Channel)? {
        let path = bundle.path + "/log"
        let number = try? await Workers.shared.run { () throws(SystemCallError) -> Int32 in
            if mkfifo(path, 0o700) != 0 && cl_errno() != EEXIST {
                throw SystemCallError(number: cl_errno(), operation: "mkfifo", subject: path)
            }
            return try Descriptor.open(path, O_RDWR | O_NONBLOCK).release()
        }
        // Without its log a shim works: it then writes nowhere.
        guard let number else { return nil }
        let bootstrap = NIOPipeBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(ShimLog()) }
            }
        // As above.
        // A pipe that cannot be watched ends the log, not the task.
        return try? await bootstrap.takingOwnershipOfDescriptor(input: number).get()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        Console.error(String(decoding: bytes.readableBytesView, as: UTF8.self))
        bytes.clear()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
