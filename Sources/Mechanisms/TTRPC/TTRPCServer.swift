internal import CLinux
public import Linux
public import Protobuf

/// One call that a client waits for. It is answered once, now or later; a second answer is ignored.
public final class TTRPCCall {
    public let service: String
    public let method: String
    public let payload: [UInt8]
    private let stream: UInt32
    private var channel: Channel?

    init(_ request: CallRequest, stream: UInt32, channel: Channel) {
        service = request.service
        method = request.method
        payload = request.payload
        self.stream = stream
        self.channel = channel
    }

    public func succeed<Message: ProtobufMessage>(_ message: Message) {
        var response = CallResponse()
        response.payload = message.protobuf()
        answer(response)
    }

    public func fail(_ error: TTRPCError) {
        var response = CallResponse()
        response.status = error.status
        answer(response)
    }

    private func answer(_ response: CallResponse) {
        channel?.send(Frame(stream: stream, kind: Frame.Kind.response, payload: response.protobuf()))
        channel = nil
    }
}

/// Answers calls on a listening socket, in an event loop: it never blocks.
public final class TTRPCServer {
    private let loop: EventLoop
    private let listener: Descriptor
    private let handler: (TTRPCCall) -> Void
    private var channels: [ObjectIdentifier: Channel] = [:]

    /// Takes a listening socket; `handler` gets every call.
    public init(_ listener: consuming Descriptor, on loop: EventLoop, handler: @escaping (TTRPCCall) -> Void)
        throws(SystemCallError)
    {
        self.loop = loop
        self.listener = listener
        self.handler = handler
        try self.listener.setNonBlocking()
        try loop.watch(self.listener.number, .readable) { _ in self.accept() }
    }

    /// True while an answer is still on its way to some client.
    public var hasOutgoing: Bool { channels.values.contains { $0.hasOutgoing } }

    private func accept() {
        while true {
            let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            let number = cl_accept4(listener.number, nil, nil, flags)
            if number < 0 { return }
            do throws(SystemCallError) {
                let channel = try Channel(Descriptor(owning: number), on: loop)
                let id = ObjectIdentifier(channel)
                channels[id] = channel
                channel.onFrame = { frame in self.take(frame, from: channel) }
                // Freed only after the handler that closes it has returned.
                channel.onClose = {
                    let closed = self.channels.removeValue(forKey: id)
                    self.loop.soon { _ = closed }
                }
            } catch {
                // The client sees its connection closed.
                continue
            }
        }
    }

    private func take(_ frame: Frame, from channel: Channel) {
        guard frame.kind == Frame.Kind.request else { return }
        do throws(ProtobufError) {
            let request = try CallRequest(protobuf: frame.payload)
            handler(TTRPCCall(request, stream: frame.stream, channel: channel))
        } catch {
            var response = CallResponse()
            response.status = TTRPCError(.invalidArgument, "unmarshal error: " + error.description).status
            channel.send(Frame(stream: frame.stream, kind: Frame.Kind.response, payload: response.protobuf()))
        }
    }
}
