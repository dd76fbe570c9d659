/// What a network request could not do, with the HTTP status that says so.
public struct NetworkError: Error, Equatable, Sendable, CustomStringConvertible {
    /// 400 a request that makes no sense, 403 one that is not allowed, 404 unknown, 409 in conflict, 500 the host
    /// failed, 501 not offered.
    public let status: Int
    /// Upstream's text.
    public let message: String

    public init(status: Int, message: String) {
        self.status = status
        self.message = message
    }

    public var description: String { message }

    static func invalid(_ message: String) -> NetworkError { NetworkError(status: 400, message: message) }
    static func forbidden(_ message: String) -> NetworkError { NetworkError(status: 403, message: message) }
    static func conflict(_ message: String) -> NetworkError { NetworkError(status: 409, message: message) }
    static func failed(_ message: String) -> NetworkError { NetworkError(status: 500, message: message) }
    static func unsupported(_ message: String) -> NetworkError { NetworkError(status: 501, message: message) }
    static func noSuchNetwork(_ name: String) -> NetworkError {
        NetworkError(status: 404, message: "network " + name + " not found")
    }
}
