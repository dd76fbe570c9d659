internal import NIOCore

/// One connection: parses requests, runs the handler, writes its answer. Everything happens on the channel's event
/// loop; handlers run in tasks of their own.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase { case idle, answering, hijacked, draining, closed }

    private let handler: HTTPServer.Handler
    private var parser = RequestParser()
    private var phase = Phase.idle
    private var requestEnded = false
    private var head: RequestParser.Head?
    private var body: ByteQueue?
    private var task: Task<Void, Never>?
    private var reading = true
    private var inputEnded = false
    /// The answer is a stream or a conversation, which ends with its client. What another request asks for is done to
    /// its end though the client has gone.
    private var streaming = false
    private let gate = WriteGate()

    init(handler: @escaping HTTPServer.Handler) { self.handler = handler }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(unwrapInboundIn(data).readableBytesView)
        switch phase {
        case .hijacked: return deliver(bytes, context)
        case .draining, .closed: return
        case .idle, .answering: break
        }
        parser.append(bytes)
        advance(context)
    }

    /// Turns buffered bytes into events until the request is whole or bytes are missing.
    private func advance(_ context: ChannelHandlerContext) {
        do throws(RequestParser.Malformed) {
            while phase != .hijacked, phase != .closed, !requestEnded, let event = try parser.next() {
                switch event {
                case .head(let head): begin(head, context)
                case .body(let bytes): deliver(bytes, context)
                case .end:
                    requestEnded = true
                    body?.finish()
                }
            }
        } catch {
            refuse(error, context)
        }
    }

    private func deliver(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        guard let body, !body.push(bytes), reading else { return }
        reading = false
        // Failure means the channel is closed: nothing is left to pause.
        try? context.channel.syncOptions?.setOption(ChannelOptions.autoRead, value: false)
    }

    private func resumeReading(_ channel: any Channel) {
        guard !reading else { return }
        reading = true
        // Failure means the channel is closed: nothing is left to resume.
        try? channel.syncOptions?.setOption(ChannelOptions.autoRead, value: true)
    }

    private func newQueue(_ channel: any Channel) -> ByteQueue {
        let handle = NIOLoopBound(self, eventLoop: channel.eventLoop)
        return ByteQueue { channel.eventLoop.execute { handle.value.resumeReading(channel) } }
    }

    private func begin(_ head: RequestParser.Head, _ context: ChannelHandlerContext) {
        self.head = head
        phase = .answering
        let channel = context.channel
        let parts = head.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var requestBody = RequestBody()
        if head.hasBody {
            let queue = newQueue(channel)
            body = queue
            let first = head.expectsContinue ? { @Sendable in ConnectionHandler.sendContinue(channel) } : nil
            requestBody = RequestBody(queue: queue, onFirstRead: first.map(once))
        }
        let request = HTTPRequest(
            method: head.method, rawPath: parts.first.map(String.init) ?? "/",
            query: HTTPQuery(parsing: parts.count > 1 ? String(parts[1]) : ""),
            headers: head.headers.map { ($0.name, $0.value) }, body: requestBody,
            understandsChunks: head.minorVersion > 0)
        let handle = NIOLoopBound(self, eventLoop: channel.eventLoop)
        let handler = self.handler
        // Begins on the event loop: what answers without waiting needs no other thread, and what waits goes on
        // elsewhere.
        task = Task.immediate {
            let response = await handler(request)
            channel.eventLoop.execute { handle.value.answer(response, channel) }
        }
    }

    private static func sendContinue(_ channel: any Channel) {
        channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n"), promise: nil)
    }

    private func answer(_ response: HTTPResponse, _ channel: any Channel) {
        guard phase == .answering, let head else { return }
        let handle = NIOLoopBound(self, eventLoop: channel.eventLoop)
        let bodiless = head.method == "HEAD" || response.status == 204 || response.status == 304
        switch response.body {
        case .none:
            write(response, length: bodiless ? nil : 0, bytes: [], channel)
            finish(channel)
        case .bytes(let bytes):
            write(response, length: response.status == 204 ? nil : bytes.count, bytes: bodiless ? [] : bytes, channel)
            finish(channel)
        case .stream(let produce):
            let chunked = head.minorVersion > 0
            write(response, length: nil, bytes: [], chunked: chunked && !bodiless, closing: !chunked, channel)
            streaming = true
            let writer = ResponseWriter(channel: channel, gate: gate, chunked: chunked && !bodiless)
            task = Task {
                var complete = true
                do { if !bodiless { try await produce(writer) } } catch { complete = false }
                let ended = complete
                channel.eventLoop.execute {
                    handle.value.endStream(channel, complete: ended, chunked: chunked && !bodiless)
                }
            }
            if inputEnded { task?.cancel() }
        case .hijack(let converse):
            write(response, length: nil, bytes: [], hijacking: true, channel)
            hijack(channel, converse)
        }
    }

    private func hijack(_ channel: any Channel, _ converse: @escaping @Sendable (HijackedConnection) async -> Void) {
        phase = .hijacked
        streaming = true
        let queue = newQueue(channel)
        let early = parser.leftover
        if !early.isEmpty { _ = queue.push(early) }
        body = queue
        if inputEnded { queue.finish() }
        let connection = HijackedConnection(channel: channel, queue: queue, gate: gate)
        task = Task {
            await converse(connection)
            await connection.close()
        }
    }

    private func write(
        _ response: HTTPResponse, length: Int?, bytes: [UInt8], chunked: Bool = false, closing: Bool = false,
        hijacking: Bool = false, _ channel: any Channel
    ) {
        let isOld = head?.minorVersion == 0
        var text =
            (isOld ? "HTTP/1.0 " : "HTTP/1.1 ") + String(response.status) + " " + HTTPResponse.reason(response.status)
            + "\r\n"
        for header in response.headers { text += header.name + ": " + header.value + "\r\n" }
        if !hijacking { text += "Date: " + HTTPDate.now() + "\r\n" }
        if let length { text += "Content-Length: " + String(length) + "\r\n" }
        if chunked { text += "Transfer-Encoding: chunked\r\n" }
        if !hijacking {
            if closing || !keepsAlive {
                text += "Connection: close\r\n"
            } else if isOld {
                text += "Connection: keep-alive\r\n"
            }
        }
        text += "\r\n"
        var buffer = channel.allocator.buffer(capacity: text.utf8.count + bytes.count)
        buffer.writeString(text)
        buffer.writeBytes(bytes)
        channel.writeAndFlush(buffer, promise: nil)
    }

    /// A connection goes on only when the request was read to its end: the rest of a body that nobody wants may be
    /// long.
    private var keepsAlive: Bool { head?.keepsAlive == true && requestEnded && !inputEnded }

    private func endStream(_ channel: any Channel, complete: Bool, chunked: Bool) {
        guard phase == .answering else { return }
        guard complete else { return close(channel) }
        if chunked { channel.writeAndFlush(ByteBuffer(string: "0\r\n\r\n"), promise: nil) }
        streaming = false
        if chunked { finish(channel) } else { close(channel) }
    }

    private func finish(_ channel: any Channel) {
        guard keepsAlive else { return requestEnded ? close(channel) : drain(channel) }
        phase = .idle
        requestEnded = false
        body = nil
        head = nil
        task = nil
        parser.nextRequest()
        resumeReading(channel)
        // The context is needed to go on with bytes that came early; the pipeline still has it.
        if !parser.leftover.isEmpty, let context = try? channel.pipeline.syncOperations.context(handler: self) {
            advance(context)
        }
    }

    private func refuse(_ error: RequestParser.Malformed, _ context: ChannelHandlerContext) {
        // Within a body it is told to whoever reads the body, and answered there.
        if phase == .answering { return body?.finish(HTTPFailure(error.words)) ?? () }
        var line = String(error.status) + " " + HTTPResponse.reason(error.status)
        if !error.words.isEmpty { line += ": " + error.words }
        let text =
            "HTTP/1.1 " + line + "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n" + line
        context.channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
        close(context.channel)
    }

    /// Ends our side, and for a moment takes what the client still sends: closing over unread bytes would reset the
    /// connection, and the answer could be lost with it (RFC 9112, 9.6).
    private func drain(_ channel: any Channel) {
        phase = .draining
        body = nil
        resumeReading(channel)
        channel.writeAndFlush(ByteBuffer()).whenComplete { _ in
            channel.close(mode: .output, promise: nil)
            channel.eventLoop.scheduleTask(in: .milliseconds(500)) { channel.close(mode: .all, promise: nil) }
        }
    }

    private func close(_ channel: any Channel) {
        phase = .closed
        closeWhenSent(channel)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { gate.open() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .some(ChannelEvent.inputClosed) = event as? ChannelEvent else { return }
        inputEnded = true
        switch phase {
        case .hijacked: body?.finish()
        case .answering:
            // The client has gone, or will send no more: a stream ends, a short answer still goes out.
            if !requestEnded { body?.finish(HTTPFailure("unexpected EOF")) }
            if streaming { task?.cancel() }
        default: close(context.channel)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closed
        body?.finish(HTTPFailure("connection closed"))
        // The queue asks this handler to go on, and so holds it.
        body = nil
        gate.shut()
        if streaming { task?.cancel() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        phase = .closed
        context.close(mode: .all, promise: nil)
    }
}

/// A closure that does its work on the first call only.
private func once(_ body: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
    let done = Once()
    return { if done.first() { body() } }
}
