internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2
public import Protobuf

/// One call that a client makes: the handler of its HTTP/2 stream.
///
/// Unchecked: every field but the queue is touched on the connection's event loop only, to which each entry from
/// outside hops; `wasRefused` is read after the queue has ended, which happens after it was written.
final class ClientCall: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTP2Frame.FramePayload

    private let queue = MessageQueue()
    private let headers: HPACKHeaders
    private let timeout: Duration?
    private let first: [UInt8]?
    private let ends: Bool
    private var loop: (any EventLoop)?
    private var channel: (any Channel)?
    private var decoder = MessageDecoder()
    private var deadline: Scheduled<Void>?
    private let gate = WriteGate()
    private var pending: [HTTP2Frame.FramePayload] = []
    private var isActive = false
    private var ended = false
    private var answered = false
    /// The kernel has taken the headers: before that, a connection that is lost has carried nothing of the call.
    private var wasSent = false

    /// The server has not looked at this call: it may be made again.
    private(set) var wasRefused = false

    /// `first`: the first message, sent with the headers; `ends`: and the only one.
    init(_ headers: HPACKHeaders, timeout: Duration?, first: [UInt8]?, ends: Bool) {
        self.headers = headers
        self.timeout = timeout
        self.first = first
        self.ends = ends
    }

    // MARK: From any thread

    /// The next response; nil at the end of a call that went well.
    func next() async throws(GRPCStatus) -> [UInt8]? { try await queue.next { self.cancel() } }

    /// The response of a call that has exactly one.
    func onlyResponse() async throws(GRPCStatus) -> [UInt8] {
        guard let response = try await next() else {
            throw GRPCStatus(.internalError, "grpc: no response message")
        }
        while try await next() != nil {}
        return response
    }

    func responses<Response: ProtobufMessage>() -> GRPCMessages<Response> {
        GRPCMessages(queue: queue) { self.cancel() }
    }

    /// Sends one message, returns when there is room for the next; false when the call has ended.
    func send(_ message: [UInt8], last: Bool = false) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                onLoop {
                    guard !self.ended else { return continuation.resume(returning: false) }
                    self.write(.data(.init(data: .byteBuffer(framed(message)), endStream: last)))
                    if self.channel?.isWritable ?? true {
                        continuation.resume(returning: true)
                    } else {
                        self.gate.wait(continuation)
                    }
                }
            }
        } onCancel: {
            cancel()
        }
    }

    /// No more messages from this side.
    func sendEnd() {
        onLoop {
            if !self.ended { self.write(.data(.init(data: .byteBuffer(ByteBuffer()), endStream: true))) }
        }
    }

    func cancel() { onLoop { self.abort(.cancelled) } }

    // MARK: On the loop

    private func onLoop(_ action: @escaping @Sendable () -> Void) {
        // Set by `bind`, before anyone has this call in hand.
        guard let loop else { return action() }
        if loop.inEventLoop { action() } else { loop.execute(action) }
    }

    /// Names the loop that all the rest happens on. From any thread, before the call is handed out: what is sent before
    /// `start` has run must not run beside it.
    func bind(to loop: any EventLoop) { self.loop = loop }

    /// Opens the stream on `line`; on its loop.
    func start(_ line: GRPCClient.Line) {
        if let timeout {
            deadline = line.channel.eventLoop.scheduleTask(in: .nanoseconds(timeout.nanoseconds)) {
                self.abort(.deadlineExceeded)
            }
        }
        queue.onDrain { self.setReading(true) }
        let promise = line.channel.eventLoop.makePromise(of: (any Channel).self)
        promise.futureResult.whenFailure { _ in self.lose() }
        line.streams.createStreamChannel(promise: promise) { stream in
            self.channel = stream
            return stream.eventLoop.makeCompletedFuture { try stream.pipeline.syncOperations.addHandler(self) }
        }
    }

    private func write(_ payload: HTTP2Frame.FramePayload) {
        guard isActive, let channel else { return pending.append(payload) }
        channel.writeAndFlush(payload, promise: nil)
    }

    private func setReading(_ reading: Bool) {
        onLoop {
            // A stream that is gone takes no options: nothing is left to pause.
            try? self.channel?.syncOptions?.setOption(.autoRead, value: reading)
            if reading { self.channel?.read() }
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        if ended { return context.close(promise: nil) }
        isActive = true
        let channel = context.channel
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.whenSuccess { self.wasSent = true }
        channel.write(HTTP2Frame.FramePayload.headers(.init(headers: headers)), promise: sent)
        if let first {
            let body = HTTP2Frame.FramePayload.Data(data: .byteBuffer(framed(first)), endStream: ends)
            channel.write(HTTP2Frame.FramePayload.data(body), promise: nil)
        }
        for payload in pending { channel.write(payload, promise: nil) }
        pending = []
        channel.flush()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let payload): receive(payload.headers, endStream: payload.endStream)
        case .data(let payload):
            answered = true
            if case .byteBuffer(let bytes) = payload.data { receive(bytes) }
            if payload.endStream {
                finish(GRPCStatus(.internalError, "server closed the stream without sending trailers"))
            }
        default: break
        }
    }

    private func receive(_ headers: HPACKHeaders, endStream: Bool) {
        answered = true
        if let code = headers.first(name: "grpc-status") {
            let message = GRPCMessageText.decode(headers.first(name: "grpc-message") ?? "")
            let code = Int(code).flatMap { GRPCStatus.Code(rawValue: $0) } ?? .unknown
            finish(code == .ok ? nil : GRPCStatus(code, message))
        } else if let status = headers.first(name: ":status"), status != "200" {
            abort(GRPCStatus(Self.code(ofHTTP: status), "unexpected HTTP status code received from server: " + status))
        } else if endStream {
            finish(GRPCStatus(.internalError, "server closed the stream without sending trailers"))
        }
    }

    private func receive(_ bytes: ByteBuffer) {
        if ended { return }
        decoder.append(bytes)
        do throws(GRPCStatus) {
            while let message = try decoder.next() {
                if queue.push(message) { setReading(false) }
            }
        } catch {
            abort(error)
        }
    }

    private func abort(_ status: GRPCStatus) {
        if ended { return }
        // In this order: the reset comes back at once as the stream's end, with a status of its own.
        finish(status)
        if isActive { channel?.writeAndFlush(HTTP2Frame.FramePayload.rstStream(.cancel), promise: nil) }
    }

    /// The connection is gone.
    private func lose() {
        if !ended && !wasSent { wasRefused = true }
        finish(GRPCStatus(.unavailable, "transport is closing"))
    }

    private func finish(_ error: GRPCStatus?) {
        if ended { return }
        ended = true
        deadline?.cancel()
        queue.finish(error)
        gate.release(open: false)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? StreamClosedEvent, let reason = event.reason, reason != .noError {
            if reason == .refusedStream && !answered { wasRefused = true }
            finish(Self.status(of: reason))
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { gate.release(open: true) }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let closed = error as? NIOHTTP2Errors.StreamClosed {
            if closed.errorCode == .refusedStream && !answered { wasRefused = true }
            finish(Self.status(of: closed.errorCode))
        } else {
            lose()
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        lose()
        isActive = false
        context.fireChannelInactive()
    }

    private static func code(ofHTTP status: String) -> GRPCStatus.Code {
        switch status {
        case "400": .internalError
        case "401": .unauthenticated
        case "403": .permissionDenied
        case "404": .unimplemented
        case "429", "502", "503", "504": .unavailable
        default: .unknown
        }
    }

    private static func status(of reason: HTTP2ErrorCode) -> GRPCStatus {
        let text = "stream terminated by RST_STREAM with error code: "
        switch reason {
        case .cancel: return GRPCStatus(.cancelled, text + "CANCEL")
        case .refusedStream: return GRPCStatus(.unavailable, text + "REFUSED_STREAM")
        case .enhanceYourCalm: return GRPCStatus(.resourceExhausted, text + "ENHANCE_YOUR_CALM")
        case .inadequateSecurity: return GRPCStatus(.permissionDenied, text + "INADEQUATE_SECURITY")
        default: return GRPCStatus(.internalError, text + "INTERNAL_ERROR")
        }
    }
}

/// The responses of a call with many. Dropping it does not cancel the call: `cancel` does, and so does cancelling the
/// task that waits for the next.
public struct GRPCResponses<Response: ProtobufMessage>: AsyncSequence, Sendable {
    public typealias Element = Response
    public typealias Failure = GRPCStatus

    let call: ClientCall

    /// The next response; nil at the end.
    public func next() async throws(GRPCStatus) -> Response? {
        guard let bytes = try await call.next() else { return nil }
        return try decoded(bytes)
    }

    public func makeAsyncIterator() -> GRPCMessages<Response>.Iterator { call.responses().makeAsyncIterator() }

    /// Gives the call up.
    public func cancel() { call.cancel() }
}

/// A call in which both sides send as they like.
public struct GRPCDuplex<Request: ProtobufMessage, Response: ProtobufMessage>: Sendable {
    let call: ClientCall

    /// Sends a request and returns when there is room for the next. When the call has ended, `next` tells why.
    @discardableResult
    public func send(_ request: Request) async -> Bool { await call.send(request.protobuf()) }

    /// No more requests.
    public func finish() { call.sendEnd() }

    /// The next response; nil at the end of a call that went well.
    public func next() async throws(GRPCStatus) -> Response? {
        guard let bytes = try await call.next() else { return nil }
        return try decoded(bytes)
    }

    /// Gives the call up.
    public func cancel() { call.cancel() }
}
