import Synchronization

/// Bytes on their way from an event loop to one asynchronous reader. The loop is asked to pause when much is waiting.
final class ByteQueue: Sendable {
    private struct State {
        var pieces: [[UInt8]] = []
        var size = 0
        var ended = false
        var failure: HTTPFailure?
        var reader: CheckedContinuation<Void, Never>?
        var paused = false
    }

    private let state = Mutex(State())
    private let resume: @Sendable () -> Void
    private static let most = 256 * 1024

    /// `resume` is called, from any thread, when a paused producer may go on.
    init(resume: @escaping @Sendable () -> Void) { self.resume = resume }

    /// Adds bytes; returns false when the producer should pause until `resume` is called.
    func push(_ bytes: [UInt8]) -> Bool {
        let (reader, goOn) = state.withLock { state in
            state.pieces.append(bytes)
            state.size += bytes.count
            // Once paused it stays so until `next` asks to go on: bytes of the same read may still follow.
            state.paused = state.paused || state.size >= ByteQueue.most
            return (take(&state), !state.paused)
        }
        reader?.resume()
        return goOn
    }

    /// No more bytes will come. `failure` is thrown to the reader after what has been pushed.
    func finish(_ failure: HTTPFailure? = nil) {
        let reader = state.withLock { state in
            if !state.ended {
                state.ended = true
                state.failure = failure
            }
            return take(&state)
        }
        reader?.resume()
    }

    /// The next bytes; nil at the end.
    func next() async throws(HTTPFailure) -> [UInt8]? {
        while true {
            let (bytes, ended, failure, wasPaused) = state.withLock { state -> ([UInt8]?, Bool, HTTPFailure?, Bool) in
                guard !state.pieces.isEmpty else { return (nil, state.ended, state.failure, false) }
                let piece = state.pieces.removeFirst()
                state.size -= piece.count
                let wasPaused = state.paused && state.size < ByteQueue.most / 2
                if wasPaused { state.paused = false }
                return (piece, false, nil, wasPaused)
            }
            if wasPaused { resume() }
            if let bytes { return bytes }
            if let failure { throw failure }
            if ended { return nil }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let now = state.withLock { state -> CheckedContinuation<Void, Never>? in
                        if !state.pieces.isEmpty || state.ended { return continuation }
                        state.reader = continuation
                        return nil
                    }
                    now?.resume()
                }
            } onCancel: {
                finish(HTTPFailure("the request was cancelled"))
            }
        }
    }

    private func take(_ state: inout State) -> CheckedContinuation<Void, Never>? {
        let reader = state.reader
        state.reader = nil
        return reader
    }
}

/// A connection that ended early, or bytes on it that are no HTTP.
public struct HTTPFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}
