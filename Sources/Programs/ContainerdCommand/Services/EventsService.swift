internal import ContainerdAPI
internal import GRPC
internal import GoText
internal import Metadata
internal import Protobuf

extension Services {
    func registerEvents(on router: inout GRPCRouter) {
        router.unary(EventsService.publish) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            try translated { () throws(ServiceError) in try checkTopic(request.topic) }
            guard let event = request.event else {
                throw GRPCStatus(.invalidArgument, "event must be set: invalid argument")
            }
            events.publish(namespace: scope.namespace, topic: request.topic, event: event)
            return ProtobufEmpty()
        }
        router.unary(EventsService.forward) { [self] (request, _) throws(GRPCStatus) in
            guard let envelope = request.envelope else {
                throw GRPCStatus(.invalidArgument, "envelope must be set: invalid argument")
            }
            try translated { () throws(ServiceError) in
                try Identifier.check(envelope.namespace)
                try checkTopic(envelope.topic)
            }
            events.forward(envelope)
            return ProtobufEmpty()
        }
        router.serverStream(EventsService.subscribe) { [self] (request, _, writer) throws(GRPCStatus) in
            let filter = try Filter(
                uncoded: request.filters, "subscription error: failed parsing subscription filters: ")
            for await envelope in events.subscribe(filter) { try await writer.send(envelope) }
        }
    }
}

/// A topic is a path: it begins with a slash, and each of its parts is an identifier.
func checkTopic(_ topic: String) throws(ServiceError) {
    if topic.isEmpty { throw .invalidArgument("envelope topic \(goQuoted(topic)): must not be empty") }
    if !topic.hasPrefix("/") { throw .invalidArgument("envelope topic \(goQuoted(topic)): must start with '/'") }
    if topic.utf8.count == 1 {
        throw .invalidArgument("envelope topic \(goQuoted(topic)): must have at least one component")
    }
    for part in topic.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
        do throws(ServiceError) {
            try Identifier.check(String(part))
        } catch {
            throw error.prefixed("envelope topic \(goQuoted(topic)): component \(goQuoted(String(part)))")
        }
    }
}
