public import EngineAPI

/// A wait that has begun: the answer's head may be sent, and its body follows with the result.
public struct PendingWait: Sendable {
    let container: Container
    let condition: WaitCondition

    /// Suspends until the condition holds.
    public func result() async -> WaitResult { await container.wait(condition) }
}

extension Engine {
    /// `POST /containers/{id}/wait?condition=`
    public func wait(_ reference: String, condition: String?) throws(EngineError) -> PendingWait {
        guard let condition = WaitCondition(rawValue: condition.flatMap { $0.isEmpty ? nil : $0 } ?? "not-running")
        else {
            throw .invalid("invalid condition: \"" + (condition ?? "") + "\"")
        }
        return PendingWait(container: try find(reference), condition: condition)
    }
}
