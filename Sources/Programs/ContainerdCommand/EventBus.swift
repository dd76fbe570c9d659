internal import ContainerdAPI
internal import Metadata
internal import Protobuf
internal import Synchronization
internal import Tasks

/// Events, from those who make them to those who listen. Nothing is kept: who subscribes hears what comes after.
final class EventBus: Sendable {
    private struct Subscriber {
        let filter: Filter
        let continuation: AsyncStream<EventsService.Envelope>.Continuation
    }

    private struct State {
        var last = 0
        var subscribers: [Int: Subscriber] = [:]
    }

    private let state = Mutex(State())

    /// Publishes a message of ours, now.
    func publish<Message: ProtobufMessage>(_ topic: String, _ message: Message, in scope: Scope) {
        publish(namespace: scope.namespace, topic: topic, event: ProtobufAny(packing: message))
    }

    func publish(namespace: String, topic: String, event: ProtobufAny) {
        forward(
            EventsService.Envelope(
                timestamp: ProtobufTimestamp(nanoseconds: nanosecondsNow()), namespace: namespace, topic: topic,
                event: event))
    }

    /// Passes an event on as it is.
    func forward(_ envelope: EventsService.Envelope) {
        let subscribers = state.withLock { $0.subscribers }
        for (_, subscriber) in subscribers where subscriber.filter.matches({ EventFields.read($0, of: envelope) }) {
            subscriber.continuation.yield(envelope)
        }
    }

    /// What the filter lets through, until the reader stops reading.
    func subscribe(_ filter: Filter) -> AsyncStream<EventsService.Envelope> {
        let (stream, continuation) = AsyncStream.makeStream(of: EventsService.Envelope.self)
        let number = state.withLock { state in
            state.last += 1
            state.subscribers[state.last] = Subscriber(filter: filter, continuation: continuation)
            return state.last
        }
        continuation.onTermination = { _ in
            self.state.withLock { state in _ = state.subscribers.removeValue(forKey: number) }
        }
        return stream
    }
}

/// What filters see of an event.
enum EventFields {
    static func read(_ path: [String], of envelope: EventsService.Envelope) -> String? {
        switch path[0] {
        case "namespace": return envelope.namespace.isEmpty ? nil : envelope.namespace
        case "topic": return envelope.topic.isEmpty ? nil : envelope.topic
        case "event":
            guard path.count == 2, let event = envelope.event, let field = number(path[1], event.typeName) else {
                return nil
            }
            // Bytes that are not the message they claim to be have no fields.
            return try? text(field, event.value)
        default: return nil
        }
    }

    /// The number of a field that holds text, by its name in the protocol.
    private static func number(_ name: String, _ type: String) -> UInt32? {
        let kind = type.split(separator: ".").last.map(String.init) ?? ""
        switch (name, kind) {
        case ("container_id", _) where kind.hasPrefix("Task"): return 1
        case ("id", "TaskExit"), ("exec_id", "TaskExecAdded"), ("exec_id", "TaskExecStarted"): return 2
        case ("id", "TaskDelete"): return 5
        case ("id", _) where kind.hasPrefix("Container"): return 1
        case ("image", "ContainerCreate"), ("image", "ContainerUpdate"): return 2
        case ("name", "SnapshotCommit"), ("parent", "SnapshotPrepare"): return 2
        case ("key", _) where kind.hasPrefix("Snapshot"): return 1
        case ("name", _) where kind.hasPrefix("Image") || kind.hasPrefix("Namespace"): return 1
        case ("digest", "ContentDelete"): return 1
        default: return nil
        }
    }

    private static func text(_ wanted: UInt32, _ bytes: [UInt8]) throws(ProtobufError) -> String? {
        var reader = ProtobufReader(bytes)
        var found: String?
        while let field = try reader.nextField() {
            if field == wanted { found = try reader.string() } else { try reader.skip() }
        }
        return found
    }
}
