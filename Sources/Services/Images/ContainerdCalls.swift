internal import ContainerdClient
internal import EngineAPI
internal import GRPC

extension EngineError {
    static func noSuchImage(_ reference: String) -> EngineError { .notFound("No such image: " + reference) }

    /// What containerd answered.
    init(_ status: GRPCStatus) { self.init(500, status.containerdText) }
}

/// Runs calls to containerd where an `EngineError` is thrown.
@discardableResult
func calling<Value>(_ body: () async throws(GRPCStatus) -> Value) async throws(EngineError) -> Value {
    do throws(GRPCStatus) { return try await body() } catch { throw EngineError(error) }
}

/// The answer, or nil when containerd has no such thing.
func found<Value>(_ body: () async throws(GRPCStatus) -> Value) async throws(EngineError) -> Value? {
    do throws(GRPCStatus) {
        return try await body()
    } catch {
        if error.code == .notFound { return nil }
        throw EngineError(error)
    }
}
