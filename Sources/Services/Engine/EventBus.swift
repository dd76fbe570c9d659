public import EngineAPI
public import GoText
internal import Synchronization

/// What happens in the engine, told to everyone who listens, with the last of it kept for those who ask later.
public final class EventBus: Sendable {
    private struct Line {
        var history: [EventMessage] = []
        var listeners: [Int: AsyncStream<EventMessage>.Continuation] = [:]
        var next = 0
    }

    private static let kept = 1024
    private let line = Mutex(Line())

    public init() {}

    /// Tells of an event now. `attributes` belong to the actor.
    public func publish(
        _ type: String, _ action: String, _ id: String, _ attributes: [String: String], legacy: Bool = false
    ) {
        let now = Clock.now
        var message = EventMessage()
        message.type = type
        message.action = action
        message.actor.id = id
        message.actor.attributes = attributes
        message.scope = "local"
        message.time = now.seconds
        message.timeNano = now.totalNanoseconds
        if type == "container" || type == "image" {
            message.status = action
            message.id = id
            if type == "container" { message.from = attributes["image"] ?? "" }
        }
        let listeners = line.withLock { line -> [AsyncStream<EventMessage>.Continuation] in
            line.history.append(message)
            if line.history.count > EventBus.kept { line.history.removeFirst(line.history.count - EventBus.kept) }
            return Array(line.listeners.values)
        }
        for listener in listeners { listener.yield(message) }
    }

    public var listeners: Int { line.withLock { $0.listeners.count } }

    /// The events kept since `since`, and those to come until the stream is dropped.
    public func listen(since: Timestamp?) -> (past: [EventMessage], coming: AsyncStream<EventMessage>) {
        // A listener that does not keep up loses the oldest events rather than memory.
        let (stream, continuation) = AsyncStream.makeStream(
            of: EventMessage.self, bufferingPolicy: .bufferingNewest(4096))
        let (past, id) = line.withLock { line -> ([EventMessage], Int) in
            line.next += 1
            line.listeners[line.next] = continuation
            guard let since else { return ([], line.next) }
            return (line.history.filter { $0.timeNano >= since.totalNanoseconds }, line.next)
        }
        continuation.onTermination = { [weak self] _ in
            self?.line.withLock { _ = $0.listeners.removeValue(forKey: id) }
        }
        return (past, stream)
    }

    /// The events kept between two moments.
    public func past(since: Timestamp?, until: Timestamp) -> [EventMessage] {
        line.withLock { line in
            line.history.filter {
                $0.timeNano <= until.totalNanoseconds && $0.timeNano >= (since?.totalNanoseconds ?? Int.min)
            }
        }
    }
}

/// Which events a client wants (`GET /events?filters=`).
public struct EventFilter: Sendable {
    private let filters: Filters

    /// Refuses filters that are not known.
    public init(_ filters: Filters) throws(EngineError) {
        let known = [
            "config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret",
            "service", "type", "volume",
        ]
        if let unknown = filters.unknown(among: known) { throw .invalid("invalid filter '\(unknown)'") }
        self.filters = filters
    }

    public func matches(_ event: EventMessage) -> Bool {
        matchesAction(event) && matchesExactly("type", event.type) && matchesExactly("scope", event.scope)
            && matchesActor("container", event) && matchesActor("volume", event) && matchesActor("network", event)
            && matchesActor("daemon", event) && matchesActor("plugin", event) && matchesImage(event)
            && filters.matchLabels("label", event.actor.attributes ?? [:])
    }

    private func matchesExactly(_ name: String, _ value: String) -> Bool {
        !filters.contains(name) || filters[name].contains(value)
    }

    private func matchesAction(_ event: EventMessage) -> Bool {
        guard filters.contains("event") else { return true }
        return filters["event"].contains { wanted in
            // "exec_create: sh" and "health_status: healthy" are found by their first word, too.
            event.action == wanted || event.action.hasPrefix(wanted + ":")
        }
    }

    private func matchesActor(_ kind: String, _ event: EventMessage) -> Bool {
        guard filters.contains(kind) else { return true }
        let attributes = event.actor.attributes ?? [:]
        guard event.type == kind || attributes[kind] != nil else { return false }
        let candidates =
            event.type == kind
            ? [event.actor.id, attributes["name"] ?? ""] : [attributes[kind] ?? ""]
        return filters[kind].contains { wanted in
            candidates.contains { $0 == wanted || (wanted.count >= 3 && $0.hasPrefix(wanted)) }
        }
    }

    private func matchesImage(_ event: EventMessage) -> Bool {
        guard filters.contains("image") else { return true }
        let attributes = event.actor.attributes ?? [:]
        let names = [event.actor.id, attributes["name"] ?? "", attributes["image"] ?? ""]
        return filters["image"].contains { wanted in
            names.contains { $0 == wanted || $0.split(separator: ":").first.map(String.init) == wanted }
        }
    }
}
