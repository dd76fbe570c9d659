internal import EngineAPI
internal import Synchronization

/// A further process of a container: asked for, running, or ended.
final class Exec: Sendable {
    struct State: Sendable {
        var isRunning = false
        var hasStarted = false
        var exitCode: Int?
        var pid = 0
        var streams: ProcessStreams?
        var startedAt = 0
        var waiters: [CheckedContinuation<Int, Never>] = []
        var finishedAt = 0
    }

    let id: String
    let containerID: String
    let config: ExecConfig
    let detachKeys: DetachKeys
    let hub = StreamHub()
    let state = Mutex(State())

    init(id: String, containerID: String, config: ExecConfig, detachKeys: DetachKeys) {
        self.id = id
        self.containerID = containerID
        self.config = config
        self.detachKeys = detachKeys
    }

    /// Suspends until the process has ended; its exit status.
    func wait() async -> Int {
        await withCheckedContinuation { continuation in
            let ended = state.withLock { state -> Int? in
                if let code = state.exitCode, !state.isRunning { return code }
                state.waiters.append(continuation)
                return nil
            }
            if let ended { continuation.resume(returning: ended) }
        }
    }

    /// Notes the end and tells those who wait. False when it was known already.
    func end(_ code: Int) -> Bool {
        let waiters = state.withLock { state -> [CheckedContinuation<Int, Never>]? in
            if state.exitCode != nil { return nil }
            state.isRunning = false
            state.exitCode = code
            state.finishedAt = Clock.monotonic
            defer { state.waiters = [] }
            return state.waiters
        }
        guard let waiters else { return false }
        for waiter in waiters { waiter.resume(returning: code) }
        return true
    }
}
