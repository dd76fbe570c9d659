internal import ContainerFiles
internal import ContainerLogs
internal import Images

/// What the routes to a container's files, logs and image need of whoever keeps the containers. Nothing more.
protocol ContainerAccess: Sendable {
    /// Where the files of a container are.
    func root(of name: String) async throws -> ContainerRoot
    /// The user that the container runs as, for files that are to be its own.
    func owner(of name: String) async throws -> (uid: UInt32, gid: UInt32)
    /// Where its log is.
    func log(of name: String) async throws -> LogSource
    /// Runs `body`, with the container paused while it runs if asked for, and gives it what a commit must know.
    func commit(
        _ name: String, pausing: Bool, _ body: @Sendable (CommitRequest) async throws -> String
    ) async throws -> String
    /// Tells the event stream.
    func publish(_ action: String, of name: String, _ attributes: [String: String]) async
}

/// The log of a container.
struct LogSource: Sendable {
    /// Its files; nil for a driver that cannot be read.
    var location: LogLocation?
    /// With a terminal the output is not multiplexed.
    var hasTerminal: Bool
    /// The log being written while the container runs.
    var live: ContainerLog?
}
