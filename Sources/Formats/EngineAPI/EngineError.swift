/// What could not be done for a client of the Engine API: the HTTP status that says so and upstream's text.
public struct EngineError: Error, Equatable, Sendable, CustomStringConvertible {
    /// 304 nothing to change, 400 a request that makes no sense, 403 not allowed, 404 unknown, 409 in conflict with the
    /// state of things, 500 the host failed, 501 not offered, 503 not now.
    public let status: Int
    public let message: String

    public init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    public var description: String { message }

    public static let notModified = EngineError(304, "")
    public static func invalid(_ message: String) -> EngineError { EngineError(400, message) }
    public static func forbidden(_ message: String) -> EngineError { EngineError(403, message) }
    public static func notFound(_ message: String) -> EngineError { EngineError(404, message) }
    public static func conflict(_ message: String) -> EngineError { EngineError(409, message) }
    public static func failed(_ message: String) -> EngineError { EngineError(500, message) }
    public static func unsupported(_ message: String) -> EngineError { EngineError(501, message) }
    public static func unavailable(_ message: String) -> EngineError { EngineError(503, message) }

    /// The same failure with words before it.
    public func prefixed(_ words: String) -> EngineError { EngineError(status, words + ": " + message) }
}
