internal import EngineAPI
internal import HTTPServer
internal import JSON
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

    private func work<Value: Sendable>(
        _ body: @escaping @Sendable () throws(VolumeError) -> Value
    ) async throws -> Value {
        do throws(VolumeError) { return try await Workers.shared.run(body) } catch {
            throw APIError(error.status, error.message)
        }
    }

    private func list(_ call: Call) async throws -> HTTPResponse {
        let filters: Filters
        do throws(JSON.Failure) { filters = try Filters(parsing: call.query["filters"] ?? "") } catch {
            throw APIError(400, "error reading volume filters: invalid filter: " + error.message)
        }
        let volumes = volumes
        var answer = VolumeList()
        answer.volumes = try await work { () throws(VolumeError) in try volumes.list(filters) }
        return .json(answer.json)
    }

    private func inspect(_ call: Call) async throws -> HTTPResponse {
        let (volumes, name) = (volumes, call["name"])
        return .json(try await work { () throws(VolumeError) in try volumes.inspect(name) }.json)
    }

    private func create(_ call: Call) async throws -> HTTPResponse {
        let object = try await call.object()
        let request: VolumeCreateRequest
        do throws(JSON.Failure) { request = try VolumeCreateRequest(json: object) } catch {
            throw APIError(400, "invalid JSON: " + error.message)
        }
        let volumes = volumes
        return .json(try await work { () throws(VolumeError) in try volumes.create(request) }.json, status: 201)
    }

    /// Only volumes of a swarm can be changed.
    private func update(_ call: Call) async throws -> HTTPResponse {
        if call.version < APIVersion(minor: 42) { throw APIError(404, "page not found") }
        throw APIError(503, "volume update only valid for cluster volumes, but swarm is unavailable")
    }

    private func remove(_ call: Call) async throws -> HTTPResponse {
        let (volumes, name, force) = (volumes, call["name"], call.query.bool("force"))
        try await work { () throws(VolumeError) in try volumes.remove(name, force: force) }
        return HTTPResponse(status: 204)
    }

    private func prune(_ call: Call) async throws -> HTTPResponse {
        let given: Filters
        do throws(JSON.Failure) { given = try Filters(parsing: call.query["filters"] ?? "") } catch {
            throw APIError(400, "invalid filter: " + error.message)
        }
        // Before API 1.42 every unused volume went.
        var filters = given
        if call.version < APIVersion(minor: 42) && !given.contains("all") { filters.add("all", "true") }
        let (volumes, chosen) = (volumes, filters)
        let pruned = try await work { () throws(VolumeError) in try volumes.prune(chosen) }
        var answer = VolumesPruneReport()
        answer.volumesDeleted = pruned.names
        answer.spaceReclaimed = UInt64(pruned.reclaimed)
        return .json(answer.json)
    }
}
