/// What a volume request could not do, with the HTTP status that says so.
public struct VolumeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// 400 a request that makes no sense, 404 unknown, 409 in conflict or in use, 500 the host failed.
    public let status: Int
    /// Upstream's text.
    public let message: String

    public init(status: Int, message: String) {
        self.status = status
        self.message = message
    }

    public var description: String { message }

    static func invalid(_ message: String) -> VolumeError { VolumeError(status: 400, message: message) }
    static func conflict(_ message: String) -> VolumeError { VolumeError(status: 409, message: message) }
    static func failed(_ message: String) -> VolumeError { VolumeError(status: 500, message: message) }
    static func noSuchVolume(_ name: String) -> VolumeError {
        VolumeError(status: 404, message: "get " + name + ": no such volume")
    }
}
