internal import Engine
internal import EngineAPI
internal import HTTPServer

/// The daemon about itself.
struct InfoRoutes: Sendable {
    let engine: Engine

    var routes: [Route] {
        [
            Route("GET", "/info", info), Route("GET", "/version", version), Route("GET", "/system/df", diskUsage),
            Route("POST", "/auth", auth),
        ]
    }

    private func info(_ call: Call) async throws -> HTTPResponse { .json(try await engine.info().json) }

    private func version(_ call: Call) async throws -> HTTPResponse { .json(await engine.version().json) }

    private func diskUsage(_ call: Call) async throws -> HTTPResponse {
        let types = Set(call.query.all("type"))
        for type in types.sorted() where !["container", "image", "volume", "build-cache"].contains(type) {
            throw EngineError.invalid("unknown object type: " + type)
        }
        return .json(try await engine.diskUsage(types).json)
    }

    private func auth(_ call: Call) async throws -> HTTPResponse {
        _ = try await call.object()
        throw EngineError.unsupported("logging in to a registry is not supported by this daemon")
    }
}
