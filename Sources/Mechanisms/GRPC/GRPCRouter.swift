public import Protobuf

/// What a handler knows of the call it serves.
public struct GRPCContext: Sendable {
    /// "/service/method".
    public let path: String
    /// The caller's own headers, `containerd-namespace` among them.
    public let metadata: GRPCMetadata
}

/// Sends the messages of a streaming response.
public struct GRPCResponseWriter<Response: ProtobufMessage>: Sendable {
    let call: ServerCall

    /// Sends one message; returns when there is room for the next. Throws when the caller has gone.
    public func send(_ response: Response) async throws(GRPCStatus) {
        guard await call.send(response.protobuf()) else { throw .cancelled }
    }
}

/// The methods a server has, by their paths. Filled before the server starts.
///
/// Handlers run as tasks on the connection's event loop: they await, they do not block. A handler's task is cancelled
/// when its caller goes away or its deadline passes.
public struct GRPCRouter: Sendable {
    typealias Handler = @Sendable (ServerCall) async throws(GRPCStatus) -> Void

    private var handlers: [String: Handler] = [:]
    private var services: Set<String> = []

    public init() {}

    func handler(_ path: String) -> Handler? { handlers[path] }

    /// Go's words for a path that has no handler.
    func unimplemented(_ path: String) -> GRPCStatus {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].isEmpty else {
            return GRPCStatus(.unimplemented, "malformed method name: \"" + path + "\"")
        }
        guard services.contains(String(parts[1])) else {
            return GRPCStatus(.unimplemented, "unknown service " + parts[1])
        }
        return GRPCStatus(.unimplemented, "unknown method " + parts[2] + " for service " + parts[1])
    }

    private mutating func add<Request, Response>(
        _ method: ProtobufMethod<Request, Response>, _ handler: @escaping Handler
    ) {
        handlers[method.path] = handler
        services.insert(method.service)
    }

    /// One request, one response.
    public mutating func unary<Request, Response>(
        _ method: ProtobufMethod<Request, Response>,
        _ handler: @escaping @Sendable (Request, GRPCContext) async throws(GRPCStatus) -> Response
    ) {
        add(method) { (call) throws(GRPCStatus) in
            let request: Request = try await call.onlyRequest()
            let response = try await handler(request, call.context)
            call.sendLast(response.protobuf())
        }
    }

    /// One request, many responses.
    public mutating func serverStream<Request, Response>(
        _ method: ProtobufMethod<Request, Response>,
        _ handler:
            @escaping @Sendable (
                Request, GRPCContext, GRPCResponseWriter<Response>
            ) async throws(GRPCStatus) -> Void
    ) {
        add(method) { (call) throws(GRPCStatus) in
            let request: Request = try await call.onlyRequest()
            try await handler(request, call.context, GRPCResponseWriter(call: call))
        }
    }

    /// Many requests, one response.
    public mutating func clientStream<Request, Response>(
        _ method: ProtobufMethod<Request, Response>,
        _ handler:
            @escaping @Sendable (
                GRPCMessages<Request>, GRPCContext
            ) async throws(GRPCStatus) -> Response
    ) {
        add(method) { (call) throws(GRPCStatus) in
            let response = try await handler(call.requests(), call.context)
            call.sendLast(response.protobuf())
        }
    }

    /// Many requests, many responses, in any order.
    public mutating func bidirectional<Request, Response>(
        _ method: ProtobufMethod<Request, Response>,
        _ handler:
            @escaping @Sendable (
                GRPCMessages<Request>, GRPCContext, GRPCResponseWriter<Response>
            ) async throws(GRPCStatus) -> Void
    ) {
        add(method) { (call) throws(GRPCStatus) in
            try await handler(call.requests(), call.context, GRPCResponseWriter(call: call))
        }
    }
}
