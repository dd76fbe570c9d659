internal import Synchronization

/// Lets one change of a container run at a time, in the order asked for. Waiting suspends a task and blocks no thread.
final class OperationLock: Sendable {
    private struct Line {
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let line = Mutex(Line())

    private func enter() async {
        await withCheckedContinuation { continuation in
            let mayEnter = line.withLock { line -> Bool in
                if line.isHeld {
                    line.waiting.append(continuation)
                    return false
                }
                line.isHeld = true
                return true
            }
            if mayEnter { continuation.resume() }
        }
    }

    private func leave() {
        let next = line.withLock { line -> CheckedContinuation<Void, Never>? in
            if line.waiting.isEmpty {
                line.isHeld = false
                return nil
            }
            return line.waiting.removeFirst()
        }
        next?.resume()
    }

    /// Runs `body` while nobody else does.
    func perform<Value: Sendable, Failure: Error>(
        _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        await enter()
        defer { leave() }
        return try await body()
    }
}
