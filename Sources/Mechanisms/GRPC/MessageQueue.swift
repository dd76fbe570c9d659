internal import Synchronization

/// Messages that have come and not been taken, for one taker. The sender learns when to pause.
final class MessageQueue: Sendable {
    typealias Outcome = Result<[UInt8]?, GRPCStatus>

    private struct State {
        var messages: [[UInt8]] = []
        var head = 0
        var bytes = 0
        var isPaused = false
        /// Set once: nothing comes after it.
        var end: Outcome?
        var waiter: CheckedContinuation<Outcome, Never>?
        var onDrain: (@Sendable () -> Void)?
    }

    /// Unread bytes (each message counts for a few more) at which the sender pauses, and at which it goes on.
    private static let highWater = 4 << 20
    private static let lowWater = 1 << 20
    private static let perMessage = 256

    private let state = Mutex(State())

    /// `action` runs when a paused sender may go on, on the taker's thread. It is dropped at the end: it holds the
    /// call, and the call holds this queue.
    func onDrain(_ action: @escaping @Sendable () -> Void) {
        state.withLock { if $0.end == nil { $0.onDrain = action } }
    }

    /// Adds a message. Answers whether the sender should pause.
    func push(_ message: [UInt8]) -> Bool {
        let (waiter, pause) = state.withLock { state -> (CheckedContinuation<Outcome, Never>?, Bool) in
            if state.end != nil { return (nil, false) }
            if let waiter = state.waiter {
                state.waiter = nil
                return (waiter, false)
            }
            state.messages.append(message)
            state.bytes += message.count + Self.perMessage
            if !state.isPaused && state.bytes > Self.highWater {
                state.isPaused = true
                return (nil, true)
            }
            return (nil, false)
        }
        waiter?.resume(returning: .success(message))
        return pause
    }

    /// Ends the stream: with `error`, or well. Messages that are here can still be taken. Only the first end counts.
    func finish(_ error: GRPCStatus? = nil) {
        let end: Outcome = error.map { .failure($0) } ?? .success(nil)
        let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            if state.end != nil { return nil }
            state.end = end
            state.onDrain = nil
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: end)
    }

    /// The next message; nil at the end. `onCancel` runs when the task is cancelled while it waits, and must `finish`.
    func next(onCancel: @escaping @Sendable () -> Void) async throws(GRPCStatus) -> [UInt8]? {
        let (ready, drained) = take()
        drained?()
        if let ready { return try ready.get() }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
                wait(continuation)
            }
        } onCancel: {
            onCancel()
        }
        return try outcome.get()
    }

    private func take() -> (Outcome?, (@Sendable () -> Void)?) {
        state.withLock { state in
            guard state.head < state.messages.count else { return (state.end, nil) }
            let message = state.messages[state.head]
            state.messages[state.head] = []
            state.head += 1
            if state.head == state.messages.count {
                state.messages.removeAll(keepingCapacity: state.messages.count < 64)
                state.head = 0
            }
            state.bytes -= message.count + Self.perMessage
            guard state.isPaused, state.bytes < Self.lowWater else { return (.success(message), nil) }
            state.isPaused = false
            return (.success(message), state.onDrain)
        }
    }

    /// Between `take` and this a message may have come: it is looked for again.
    private func wait(_ continuation: CheckedContinuation<Outcome, Never>) {
        let (ready, drained) = take()
        drained?()
        if let ready { return continuation.resume(returning: ready) }
        let missed = state.withLock { state -> Bool in
            guard state.head == state.messages.count, state.end == nil else { return true }
            state.waiter = continuation
            return false
        }
        if missed { wait(continuation) }
    }
}
