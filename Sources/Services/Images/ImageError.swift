internal import ContainerdClient
internal import GRPC

/// A failure of the image store, with the HTTP status and the words of the Engine API.
public struct ImageError: Error, Equatable, Sendable, CustomStringConvertible {
    public let status: Int
    public let message: String

    public init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    static func noSuchImage(_ reference: String) -> ImageError { ImageError(404, "No such image: " + reference) }
    static func invalid(_ message: String) -> ImageError { ImageError(400, message) }
    static func conflict(_ message: String) -> ImageError { ImageError(409, message) }
    static func failed(_ message: String) -> ImageError { ImageError(500, message) }

    /// What containerd answered.
    init(_ status: GRPCStatus) { self.init(500, status.containerdText) }

    public var description: String { message }
}

/// Runs calls to containerd where an `ImageError` is thrown.
@discardableResult
func calling<Value>(_ body: () async throws(GRPCStatus) -> Value) async throws(ImageError) -> Value {
    do throws(GRPCStatus) { return try await body() } catch { throw ImageError(error) }
}

/// The answer, or nil when containerd has no such thing.
func found<Value>(_ body: () async throws(GRPCStatus) -> Value) async throws(ImageError) -> Value? {
    do throws(GRPCStatus) {
        return try await body()
    } catch {
        if error.code == .notFound { return nil }
        throw ImageError(error)
    }
}
