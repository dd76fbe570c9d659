internal import ContainerdAPI
internal import Linux
internal import Protobuf
internal import TTRPC

/// Forwards events to containerd, one after the other and in order. While containerd is away they wait.
final class EventPublisher {
    /// The oldest are dropped beyond this many.
    private static let longestQueue = 2048
    private static let callTimeout: Int64 = 5_000_000_000

    private let loop: EventLoop
    private let path: String
    private let namespace: String
    private let log: ShimLog
    private var queue: [EventsTTRPC.ForwardRequest] = []
    private var link: TTRPCLink?
    private var isSending = false
    private var retries = 0
    /// Called once nothing waits any more.
    private var onDrained: (() -> Void)?

    /// `path` is containerd's ttrpc socket; without one events go nowhere.
    init(path: String, namespace: String, loop: EventLoop, log: ShimLog) {
        self.path = path
        self.namespace = namespace
        self.loop = loop
        self.log = log
    }

    func publish<Event: ProtobufMessage>(_ topic: String, _ event: Event) {
        guard !path.isEmpty else { return }
        var envelope = EventsTTRPC.Envelope()
        envelope.timestamp = .now
        envelope.namespace = namespace
        envelope.topic = topic
        envelope.event = ProtobufAny(packing: event)
        var request = EventsTTRPC.ForwardRequest()
        request.envelope = envelope
        if queue.count >= EventPublisher.longestQueue {
            log.warn("event queue is full, dropping the oldest")
            queue.removeFirst()
        }
        queue.append(request)
        send()
    }

    /// Calls `done` when all events are with containerd, or after the time.
    func drain(milliseconds: Int, _ done: @escaping () -> Void) {
        guard !queue.isEmpty else { return done() }
        onDrained = done
        loop.after(milliseconds: milliseconds) { [self] in drained() }
    }

    private func drained() {
        guard let done = onDrained else { return }
        onDrained = nil
        done()
    }

    private func send() {
        guard !isSending else { return }
        guard let first = queue.first else { return drained() }
        guard let link = connected() else { return retryLater() }
        isSending = true
        link.call(EventsTTRPC.forward, first, timeout: EventPublisher.callTimeout) { [self] answer in
            isSending = false
            switch answer {
            case .success:
                retries = 0
                queue.removeFirst()
                send()
            case .failure(let error):
                if error.isClosed { return retryLater() }
                // containerd has it and does not want it: asking again would not help.
                log.error("forward event: " + error.message)
                queue.removeFirst()
                send()
            }
        }
    }

    private func connected() -> TTRPCLink? {
        if let link, link.isOpen { return link }
        // containerd is away: that is what the queue is for.
        link = try? TTRPCLink(path: path, on: loop)
        return link
    }

    private func retryLater() {
        link = nil
        isSending = true
        retries += 1
        loop.after(milliseconds: min(100 * retries, 2000)) { [self] in
            isSending = false
            send()
        }
    }
}
