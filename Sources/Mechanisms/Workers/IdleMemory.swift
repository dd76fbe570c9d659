internal import CLinux
internal import Linux
internal import Synchronization

/// Gives memory back a moment after the last request: what a daemon needed to start, or for a burst of work, is not
/// what it needs while it waits.
public final class IdleMemory: Sendable {
    /// Runs a closure after so many milliseconds: the caller's event loop.
    public typealias Schedule = @Sendable (_ milliseconds: Int64, _ body: @escaping @Sendable () -> Void) -> Void

    private struct State {
        var last: Int64 = 0
        var isScheduled = false
    }

    private let quiet: Int64
    private let schedule: Schedule
    private let state = Mutex(State())

    /// `quiet`: how many milliseconds nothing must have happened. No timer runs until `touch` is called.
    public init(quiet: Int64 = 600, schedule: @escaping Schedule) {
        self.quiet = quiet
        self.schedule = schedule
    }

    /// Something has happened.
    public func touch() {
        let isFirst = state.withLock { state in
            state.last = IdleMemory.now()
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if isFirst { wait(quiet) }
    }

    private func wait(_ milliseconds: Int64) {
        schedule(milliseconds) {
            let left = self.state.withLock { state -> Int64 in
                let left = state.last + self.quiet - IdleMemory.now()
                if left <= 0 { state.isScheduled = false }
                return left
            }
            if left > 0 { self.wait(left) } else { Workers.shared.perform { Memory.releaseIdle() } }
        }
    }

    /// Milliseconds of the monotonic clock.
    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
