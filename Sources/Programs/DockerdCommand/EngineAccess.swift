internal import ContainerFiles
internal import Engine
internal import Images

/// The engine as the routes to files, logs and commits see it.
struct EngineAccess: ContainerAccess {
    let engine: Engine

    func root(of name: String) async throws -> ContainerRoot { try await engine.root(of: name) }

    func owner(of name: String) async throws -> (uid: UInt32, gid: UInt32) { try await engine.owner(of: name) }

    func log(of name: String) async throws -> LogSource {
        let log = try engine.log(of: name)
        return LogSource(location: log.location, hasTerminal: log.hasTerminal, live: log.live)
    }

    func commit(
        _ name: String, pausing: Bool, _ body: @Sendable (CommitRequest) async throws -> String
    ) async throws -> String {
        try await engine.committing(name, pausing: pausing, body)
    }

    func publish(_ action: String, of name: String, _ attributes: [String: String]) async {
        engine.publish(action, of: name, attributes)
    }
}
