internal import EngineAPI
internal import HTTPServer
internal import Volumes
internal import Workers

/// The endpoints below /volumes.
struct VolumeRoutes: Sendable {
    let volumes: VolumeStore

    var routes: [Route] {
        [
            Route("GET", "/volumes", list), Route("POST", "/volumes/create", create),
            Route("POST", "/volumes/prune", prune), Route("GET", "/volumes/{name...}", inspect),
            Route("PUT", "/volumes/{name...}", update), Route("DELETE", "/volumes/{name...}", remove),
        ]
    }

    private func list(_ call: Call) async throws -> HTTPResponse {
        let filters: Filters
        do throws(EngineError) { filters = try call.filters() } catch {
            throw error.prefixed("error reading volume filters")
        }
        let volumes = volumes
        var answer = VolumeList()
        answer.volumes = try await Workers.shared.run { () throws(EngineError) in try volumes.list(filters) }
        return .json(answer.json)
    }

    private func inspect(_ call: Call) async throws -> HTTPResponse {
        let (volumes, name) = (volumes, call["name"])
        return .json(try await Workers.shared.run { () throws(EngineError) in try volumes.inspect(name) }.json)
    }

    private func create(_ call: Call) async throws -> HTTPResponse {
        let request: VolumeCreateRequest = try await call.decoded()
        let volumes = volumes
        return .json(
            try await Workers.shared.run { () throws(EngineError) in try volumes.create(request) }.json, status: 201)
    }

    /// Only volumes of a swarm can be changed.
    private func update(_ call: Call) async throws -> HTTPResponse {
        if call.version < APIVersion(minor: 42) { throw EngineError.notFound("page not found") }
        throw EngineError.unavailable("volume update only valid for cluster volumes, but swarm is unavailable")
    }

    private func remove(_ call: Call) async throws -> HTTPResponse {
        let (volumes, name, force) = (volumes, call["name"], call.query.bool("force"))
        try await Workers.shared.run { () throws(EngineError) in try volumes.remove(name, force: force) }
        return HTTPResponse(status: 204)
    }

    private func prune(_ call: Call) async throws -> HTTPResponse {
        let given = try call.filters()
        // Before API 1.42 every unused volume went.
        var filters = given
        if call.version < APIVersion(minor: 42) && !given.contains("all") { filters.add("all", "true") }
        let (volumes, chosen) = (volumes, filters)
        let pruned = try await Workers.shared.run { () throws(EngineError) in try volumes.prune(chosen) }
        var answer = VolumesPruneReport()
        answer.volumesDeleted = pruned.names
        answer.spaceReclaimed = UInt64(pruned.reclaimed)
        return .json(answer.json)
    }
}
