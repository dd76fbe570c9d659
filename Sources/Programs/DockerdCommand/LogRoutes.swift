internal import ContainerLogs
internal import EngineAPI
internal import HTTPServer

/// `GET /containers/NAME/logs`.
struct LogRoutes: Sendable {
    let containers: any ContainerAccess

    var routes: [Route] { [Route("GET", "/containers/{name}/logs", logs)] }

    private func logs(_ call: Call) async throws -> HTTPResponse {
        // Upstream looks at the parameters first.
        var query = try LogQuery { call.query[$0] }
        let source = try await containers.log(of: call["name"])
        guard let location = source.location else { throw EngineError.logsNotReadable }
        query.multiplexed = !source.hasTerminal
        let type = query.multiplexed && call.version.minor >= 42 ? "multiplexed" : "raw"
        return HTTPResponse(
            headers: [("Content-Type", "application/vnd.docker.\(type)-stream")],
            body: .stream { [query] writer in
                try await LogReader(location, query: query).read(live: source.live) {
                    try await writer.write($0)
                }
            })
    }
}
