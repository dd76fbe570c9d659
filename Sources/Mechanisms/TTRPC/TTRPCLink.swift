internal import CLinux
public import Linux
public import Protobuf

/// A client on an event loop: calls are begun, and answered in a closure. It never blocks.
public final class TTRPCLink {
    private let channel: Channel
    private let loop: EventLoop
    private var waiting: [UInt32: (Result<[UInt8], TTRPCError>) -> Void] = [:]
    private var nextStream: UInt32 = 1
    /// Called once when the connection ends.
    public var onClose: () -> Void = {}

    /// Connects to a unix socket; fails at once when nobody listens there.
    public init(path: String, on loop: EventLoop) throws(SystemCallError) {
        let socket = try Glue.unixSocket(blocking: false)
        try Glue.connect(socket.number, to: path)
        self.loop = loop
        channel = try Channel(socket, on: loop)
        channel.onFrame = { frame in self.take(frame) }
        channel.onClose = { self.lost() }
    }

    public var isOpen: Bool { channel.isOpen }

    /// Sends a call; `completion` runs when its answer is there, or when the connection ends before.
    public func call<Request: ProtobufMessage, Response: ProtobufMessage>(
        _ method: ProtobufMethod<Request, Response>, _ request: Request, timeout: Int64 = 0,
        completion: @escaping (Result<[UInt8], TTRPCError>) -> Void
    ) {
        guard channel.isOpen else {
            loop.soon { completion(.failure(.closed)) }
            return
        }
        let stream = nextStream
        nextStream &+= 2
        waiting[stream] = completion
        let envelope = CallRequest(
            service: method.service, method: method.name, payload: request.protobuf(), timeout: timeout)
        channel.send(Frame(stream: stream, kind: Frame.Kind.request, payload: envelope.protobuf()))
    }

    public func close() { channel.close() }

    private func take(_ frame: Frame) {
        guard let completion = waiting.removeValue(forKey: frame.stream) else { return }
        completion(decodeAnswer(frame))
    }

    private func lost() {
        let lost = waiting
        waiting = [:]
        // This object may be let go by what runs here: it must outlive the channel's own handler.
        loop.soon { [self] in
            for completion in lost.values { completion(.failure(.closed)) }
            onClose()
        }
    }
}

/// The answer in a frame.
func decodeAnswer(_ frame: Frame) -> Result<[UInt8], TTRPCError> {
    do throws(ProtobufError) {
        let response = try CallResponse(protobuf: frame.payload)
        do throws(TTRPCError) {
            return .success(try response.answer())
        } catch {
            return .failure(error)
        }
    } catch {
        return .failure(TTRPCError(.internal, "unmarshal error: " + error.description))
    }
}
