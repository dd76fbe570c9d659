internal import Engine
internal import EngineAPI
internal import HTTPServer
internal import JSON
internal import Networks
internal import Workers

/// What the `/networks` routes need from whoever has the containers. Nothing more.
protocol ContainerConnecting: Sendable {
    func connect(_ container: String, toNetwork network: String, _ endpoint: EndpointSettings) async throws(EngineError)
    func disconnect(_ container: String, fromNetwork network: String, force: Bool) async throws(EngineError)
}

extension Engine: ContainerConnecting {}

/// The endpoints below /networks.
struct NetworkRoutes: Sendable {
    let networks: NetworkController
    let containers: any ContainerConnecting

    var routes: [Route] {
        [
            Route("GET", "/networks", list), Route("POST", "/networks/create", create),
            Route("POST", "/networks/prune", prune), Route("POST", "/networks/{name}/connect", connect),
            Route("POST", "/networks/{name}/disconnect", disconnect), Route("GET", "/networks/{name...}", inspect),
            Route("DELETE", "/networks/{name...}", remove),
        ]
    }

    private func work<Value: Sendable>(
        _ body: @escaping @Sendable () throws(NetworkError) -> Value
    ) async throws -> Value {
        do throws(NetworkError) { return try await Workers.shared.run(body) } catch {
            throw APIError(error.status, error.message)
        }
    }

    /// The body as an object of the API.
    private func read<Body: EngineObject>(_ call: Call) async throws -> Body {
        let object = try await call.object()
        do throws(JSON.Failure) { return try Body(json: object) } catch {
            throw APIError(400, "invalid JSON: " + error.message)
        }
    }

    private func filters(_ call: Call) throws -> Filters {
        do throws(JSON.Failure) { return try Filters(parsing: call.query["filters"] ?? "") } catch {
            throw APIError(400, "invalid filter: " + error.message)
        }
    }

    private func list(_ call: Call) async throws -> HTTPResponse {
        let (networks, filters) = (networks, try filters(call))
        let found = try await work { () throws(NetworkError) in try networks.list(filters) }
        return .json(.array(found.map(\.json)))
    }

    private func inspect(_ call: Call) async throws -> HTTPResponse {
        let (networks, name) = (networks, call["name"])
        if let scope = call.query["scope"], !scope.isEmpty, scope != "local" {
            throw APIError(404, "network " + name + " not found")
        }
        return .json(try await work { () throws(NetworkError) in try networks.inspect(name) }.json)
    }

    private func create(_ call: Call) async throws -> HTTPResponse {
        let request: NetworkCreateRequest = try await read(call)
        let networks = networks
        return .json(try await work { () throws(NetworkError) in try networks.create(request) }.json, status: 201)
    }

    private func remove(_ call: Call) async throws -> HTTPResponse {
        let (networks, name) = (networks, call["name"])
        try await work { () throws(NetworkError) in try networks.remove(name) }
        return HTTPResponse(status: 204)
    }

    private func prune(_ call: Call) async throws -> HTTPResponse {
        let (networks, filters) = (networks, try filters(call))
        let removed = try await work { () throws(NetworkError) in try networks.prune(filters) }
        var answer = NetworksPruneReport()
        answer.networksDeleted = removed.isEmpty ? nil : removed
        return .json(answer.json)
    }

    private func connect(_ call: Call) async throws -> HTTPResponse {
        let request: NetworkConnect = try await read(call)
        try await containers.connect(
            request.container, toNetwork: call["name"], request.endpointConfig ?? EndpointSettings())
        return HTTPResponse(status: 200)
    }

    private func disconnect(_ call: Call) async throws -> HTTPResponse {
        let request: NetworkDisconnect = try await read(call)
        try await containers.disconnect(request.container, fromNetwork: call["name"], force: request.force)
        return HTTPResponse(status: 200)
    }
}
