internal import Engine
internal import EngineAPI
internal import HTTPServer
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

    private func list(_ call: Call) async throws -> HTTPResponse {
        let (networks, filters) = (networks, try call.filters())
        let found = try await Workers.shared.run { () throws(EngineError) in try networks.list(filters) }
        return .json(.array(found.map(\.json)))
    }

    private func inspect(_ call: Call) async throws -> HTTPResponse {
        let (networks, name) = (networks, call["name"])
        if let scope = call.query["scope"], !scope.isEmpty, scope != "local" {
            throw EngineError.notFound("network " + name + " not found")
        }
        return .json(try await Workers.shared.run { () throws(EngineError) in try networks.inspect(name) }.json)
    }

    private func create(_ call: Call) async throws -> HTTPResponse {
        let request: NetworkCreateRequest = try await call.decoded()
        let networks = networks
        return .json(
            try await Workers.shared.run { () throws(EngineError) in try networks.create(request) }.json, status: 201)
    }

    private func remove(_ call: Call) async throws -> HTTPResponse {
        let (networks, name) = (networks, call["name"])
        try await Workers.shared.run { () throws(EngineError) in try networks.remove(name) }
        return HTTPResponse(status: 204)
    }

    private func prune(_ call: Call) async throws -> HTTPResponse {
        let (networks, filters) = (networks, try call.filters())
        let removed = try await Workers.shared.run { () throws(EngineError) in try networks.prune(filters) }
        var answer = NetworksPruneReport()
        answer.networksDeleted = removed.isEmpty ? nil : removed
        return .json(answer.json)
    }

    private func connect(_ call: Call) async throws -> HTTPResponse {
        let request: NetworkConnect = try await call.decoded()
        try await containers.connect(
            request.container, toNetwork: call["name"], request.endpointConfig ?? EndpointSettings())
        return HTTPResponse(status: 200)
    }

    private func disconnect(_ call: Call) async throws -> HTTPResponse {
        let request: NetworkDisconnect = try await call.decoded()
        try await containers.disconnect(request.container, fromNetwork: call["name"], force: request.force)
        return HTTPResponse(status: 200)
    }
}
