internal import Engine
internal import EngineAPI
internal import GoText
internal import HTTPServer

/// `GET /events`: what happened, and what happens from now on.
struct EventRoutes: Sendable {
    let engine: Engine

    var routes: [Route] { [Route("GET", "/events", events)] }

    private func events(_ call: Call) async throws -> HTTPResponse {
        let since = try moment(call.query["since"])
        let until = try moment(call.query["until"])
        if let since, let until, since > until {
            throw EngineError(
                400,
                "`since` time (\(call.query["since"] ?? "")) cannot be after `until` time"
                    + " (\(call.query["until"] ?? ""))")
        }
        let filter = try EventFilter(try call.filters())
        let bus = engine.events
        return HTTPResponse(
            headers: [("Content-Type", "application/json")],
            body: .stream { writer in
                let now = Engine.now
                if let until, until <= now {
                    try await send(bus.past(since: since, until: until), filter, writer)
                    return
                }
                let (past, coming) = bus.listen(since: since)
                try await send(past, filter, writer)
                let deadline = until.map { $0.totalNanoseconds - now.totalNanoseconds }
                try await follow(coming, deadline, filter, writer)
            })
    }

    private func send(_ events: [EventMessage], _ filter: EventFilter, _ writer: ResponseWriter) async throws {
        for event in events where filter.matches(event) {
            var bytes = event.encoded
            bytes.append(10)
            try await writer.write(bytes)
        }
    }

    /// Sends what comes until the client goes, or `deadline` nanoseconds have passed.
    private func follow(
        _ coming: AsyncStream<EventMessage>, _ deadline: Int?, _ filter: EventFilter, _ writer: ResponseWriter
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await event in coming { try await self.send([event], filter, writer) } }
            if let deadline { group.addTask { try await Task.sleep(for: .nanoseconds(deadline)) } }
            defer { group.cancelAll() }
            _ = try await group.next()
        }
    }

    private func moment(_ text: String?) throws(EngineError) -> Timestamp? {
        guard let text, !text.isEmpty else { return nil }
        do throws(EngineError) { return try Engine.moment(text) } catch {
            throw EngineError.invalid("strconv.ParseInt: parsing \"\(text)\": invalid syntax")
        }
    }
}
