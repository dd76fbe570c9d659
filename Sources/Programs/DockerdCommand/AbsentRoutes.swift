internal import EngineAPI
internal import HTTPServer
internal import JSON

/// Endpoints of what this daemon does not have: swarm mode, which answers as a node outside any swarm does, and
/// plugins, of which there are none.
struct AbsentRoutes: Sendable {
    var routes: [Route] { swarm + cluster + plugins }

    private static let notManager = EngineError(
        503,
        "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this"
            + " node to swarm and try again.")

    private static func refuse(_ call: Call) async throws -> HTTPResponse { throw notManager }

    /// The body is looked at first, as upstream does.
    private static func refuseBody(_ call: Call) async throws -> HTTPResponse {
        _ = try await call.object()
        throw notManager
    }

    private var swarm: [Route] {
        [
            Route("GET", "/swarm", Self.refuse), Route("GET", "/swarm/unlockkey", Self.refuse),
            Route("POST", "/swarm/init", Self.unsupported), Route("POST", "/swarm/join", Self.unsupported),
            Route("POST", "/swarm/update", Self.refuseBody), Route("POST", "/swarm/unlock", Self.refuseBody),
            Route("POST", "/swarm/leave") { _ in throw EngineError.unavailable("This node is not part of a swarm") },
        ]
    }

    private static func unsupported(_ call: Call) async throws -> HTTPResponse {
        _ = try await call.object()
        throw EngineError.unsupported("swarm mode is not supported by this daemon")
    }

    private var cluster: [Route] {
        var found: [Route] = []
        for kind in ["nodes", "services", "tasks", "secrets", "configs"] {
            found.append(Route("GET", "/\(kind)", Self.refuse))
            found.append(Route("GET", "/\(kind)/{id}", Self.refuse))
            if kind == "tasks" || kind == "services" { found.append(Route("GET", "/\(kind)/{id}/logs", Self.refuse)) }
            if kind == "tasks" { continue }
            found.append(Route("DELETE", "/\(kind)/{id}", Self.refuse))
            found.append(Route("POST", "/\(kind)/{id}/update", Self.refuseBody))
            if kind != "nodes" { found.append(Route("POST", "/\(kind)/create", Self.refuseBody)) }
        }
        return found
    }

    private var plugins: [Route] {
        [
            Route("GET", "/plugins") { _ in .json(.array([])) }, Route("GET", "/plugins/privileges", Self.remote),
            Route("POST", "/plugins/pull", Self.remote),
            Route("POST", "/plugins/create") { _ in throw Self.noPlugins },
            Route("GET", "/plugins/{name...}/json", Self.missing), Route("DELETE", "/plugins/{name...}", Self.missing),
            Route("POST", "/plugins/{name...}/enable", Self.missing),
            Route("POST", "/plugins/{name...}/disable", Self.missing),
            Route("POST", "/plugins/{name...}/upgrade", Self.remote),
            Route("POST", "/plugins/{name...}/push", Self.missing),
            Route("POST", "/plugins/{name...}/set", Self.missing),
        ]
    }

    private static let noPlugins = EngineError(400, "plugins are not supported by this daemon")

    private static func missing(_ call: Call) async throws -> HTTPResponse {
        throw EngineError.notFound("plugin \"" + call["name"] + "\" not found")
    }

    private static func remote(_ call: Call) async throws -> HTTPResponse {
        let name = call.query["remote"] ?? ""
        if name != name.lowercased() {
            throw EngineError.invalid("invalid reference format: repository name (library/\(name)) must be lowercase")
        }
        throw noPlugins
    }
}
