internal import JSON

/// What the engine could not do: the HTTP status that says so and upstream's text.
public struct EngineError: Error, Equatable, Sendable, CustomStringConvertible {
    /// 304 nothing to change, 400 a request that makes no sense, 403 not allowed, 404 unknown, 409 in conflict with the
    /// state of things, 500 the host failed, 501 not offered, 503 not now.
    public let status: Int
    public let message: String

    public init(status: Int, message: String) {
        self.status = status
        self.message = message
    }

    public var description: String { message }

    static func invalid(_ message: String) -> EngineError { EngineError(status: 400, message: message) }
    static func forbidden(_ message: String) -> EngineError { EngineError(status: 403, message: message) }
    static func notFound(_ message: String) -> EngineError { EngineError(status: 404, message: message) }
    static func conflict(_ message: String) -> EngineError { EngineError(status: 409, message: message) }
    static func failed(_ message: String) -> EngineError { EngineError(status: 500, message: message) }
    static func unsupported(_ message: String) -> EngineError { EngineError(status: 501, message: message) }
    static func unavailable(_ message: String) -> EngineError { EngineError(status: 503, message: message) }
    static let notModified = EngineError(status: 304, message: "")

    static func noSuchContainer(_ name: String) -> EngineError { .notFound("No such container: " + name) }
    static func noSuchExec(_ id: String) -> EngineError { .notFound("No such exec instance: " + id) }
    static func notRunning(_ id: String) -> EngineError { .conflict("container " + id + " is not running") }

    /// A failure with words before it, its status kept.
    func prefixed(_ words: String) -> EngineError { EngineError(status: status, message: words + ": " + message) }
}
