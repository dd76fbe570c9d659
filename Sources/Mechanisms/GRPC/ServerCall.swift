internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2
internal import Protobuf

/// One call that a server serves: the handler of its HTTP/2 stream.
///
/// Unchecked: `context` and `queue` are constant once the headers are there and before the handler's task starts;
/// every other field is touched on the stream's event loop only, to which each entry from outside hops.
final class ServerCall: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTP2Frame.FramePayload

    private(set) var context = GRPCContext(path: "", metadata: GRPCMetadata())
    private let queue = MessageQueue()
    private let router: GRPCRouter
    private let executor: EventLoopExecutor
    private let channel: any Channel
    private var decoder = MessageDecoder()
    private var task: Task<Void, Never>?
    private var deadline: Scheduled<Void>?
    private let gate = WriteGate()
    private var sentHeaders = false
    private var requestEnded = false
    private var ended = false

    init(_ channel: any Channel, router: GRPCRouter, executor: EventLoopExecutor) {
        self.channel = channel
        self.router = router
        self.executor = executor
    }

    // MARK: What the handler's task calls

    /// The request of a call that has exactly one.
    func onlyRequest<Request: ProtobufMessage>() async throws(GRPCStatus) -> Request {
        guard let bytes = try await queue.next(onCancel: { self.queue.finish(.cancelled) }) else {
            throw GRPCStatus(.internalError, "grpc: no request message")
        }
        return try decoded(bytes)
    }

    func requests<Request: ProtobufMessage>() -> GRPCMessages<Request> {
        queue.onDrain { self.setReading(true) }
        return GRPCMessages(queue: queue) { self.queue.finish(.cancelled) }
    }

    /// Sends one message; answers false when the stream has ended.
    func send(_ message: [UInt8]) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                onLoop {
                    guard !self.ended else { return continuation.resume(returning: false) }
                    self.write(message)
                    self.channel.flush()
                    if self.channel.isWritable {
                        continuation.resume(returning: true)
                    } else {
                        self.gate.wait(continuation)
                    }
                }
            }
        } onCancel: {
            onLoop { self.gate.release(open: false) }
        }
    }

    /// Writes the last message, which goes out with the status.
    func sendLast(_ message: [UInt8]) {
        onLoop { if !self.ended { self.write(message) } }
    }

    /// Ends the call. Only the first end counts.
    func finish(_ status: GRPCStatus?) {
        onLoop { self.end(status) }
    }

    // MARK: On the loop

    private func onLoop(_ action: @escaping @Sendable () -> Void) {
        if channel.eventLoop.inEventLoop { action() } else { channel.eventLoop.execute(action) }
    }

    private func setReading(_ reading: Bool) {
        onLoop {
            // A stream that is gone takes no options: nothing is left to pause.
            try? self.channel.syncOptions?.setOption(.autoRead, value: reading)
            if reading { self.channel.read() }
        }
    }

    private func write(_ message: [UInt8]) {
        writeHeaders()
        channel.write(HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(framed(message)))), promise: nil)
    }

    private func writeHeaders() {
        if sentHeaders { return }
        sentHeaders = true
        channel.write(HTTP2Frame.FramePayload.headers(.init(headers: Self.responseHeaders)), promise: nil)
    }

    private static let responseHeaders: HPACKHeaders = [":status": "200", "content-type": "application/grpc"]

    private func end(_ status: GRPCStatus?) {
        if ended { return }
        ended = true
        deadline?.cancel()
        var trailers = sentHeaders ? HPACKHeaders() : Self.responseHeaders
        trailers.add(name: "grpc-status", value: String((status?.code ?? .ok).rawValue))
        if let status, !status.message.isEmpty {
            trailers.add(name: "grpc-message", value: GRPCMessageText.encode(status.message))
        } else if sentHeaders {
            trailers.add(name: "grpc-message", value: "")
        }
        channel.write(HTTP2Frame.FramePayload.headers(.init(headers: trailers, endStream: true)), promise: nil)
        // The caller need not send what nobody will read.
        if !requestEnded { channel.write(HTTP2Frame.FramePayload.rstStream(.noError), promise: nil) }
        channel.flush()
        queue.finish(.cancelled)
        gate.release(open: false)
    }

    /// The stream is gone without an end of ours: the caller cancelled it, or the connection closed.
    private func abandon() {
        ended = true
        deadline?.cancel()
        task?.cancel()
        queue.finish(.cancelled)
        gate.release(open: false)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let payload):
            // Headers in mid-stream are trailers, which gRPC's clients do not send.
            if self.context.path.isEmpty { begin(payload.headers) }
            if payload.endStream { endRequest() }
        case .data(let payload):
            if case .byteBuffer(let bytes) = payload.data { receive(bytes) }
            if payload.endStream { endRequest() }
        default: break
        }
    }

    private func begin(_ headers: HPACKHeaders) {
        let path = headers.first(name: ":path") ?? ""
        context = GRPCContext(path: path, metadata: GRPCMetadata(headers))
        guard headers.first(name: "content-type")?.hasPrefix("application/grpc") == true else {
            return refuseHTTP("415")
        }
        if let encoding = headers.first(name: "grpc-encoding"), encoding != "identity" {
            return end(
                GRPCStatus(
                    .unimplemented, "grpc: Decompressor is not installed for grpc-encoding \"" + encoding + "\""))
        }
        guard let handler = router.handler(path) else { return end(router.unimplemented(path)) }
        if let text = headers.first(name: "grpc-timeout") {
            guard let nanoseconds = GRPCTimeout.nanoseconds(text) else {
                return end(GRPCStatus(.internalError, "malformed grpc-timeout: " + text))
            }
            deadline = channel.eventLoop.scheduleTask(in: .nanoseconds(nanoseconds)) {
                self.task?.cancel()
                self.end(.deadlineExceeded)
            }
        }
        task = Task(executorPreference: executor) {
            do throws(GRPCStatus) {
                try await handler(self)
                self.finish(nil)
            } catch {
                self.finish(error)
            }
        }
    }

    private func refuseHTTP(_ status: String) {
        ended = true
        let headers: HPACKHeaders = [":status": status]
        channel.writeAndFlush(HTTP2Frame.FramePayload.headers(.init(headers: headers, endStream: true)), promise: nil)
    }

    private func receive(_ bytes: ByteBuffer) {
        if ended { return }
        decoder.append(bytes)
        do throws(GRPCStatus) {
            while let message = try decoder.next() {
                if queue.push(message) { setReading(false) }
            }
        } catch {
            task?.cancel()
            end(error)
        }
    }

    private func endRequest() {
        requestEnded = true
        queue.finish(decoder.isInsideMessage ? GRPCStatus(.internalError, "unexpected EOF") : nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if channel.isWritable { gate.release(open: true) }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !ended { abandon() }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !ended { abandon() }
        context.fireChannelInactive()
    }
}
