internal import CLinux
internal import Workers

/// Signals of the process, one after another. They are blocked in every thread and taken by one that waits for nothing
/// else (sigwaitinfo(2)).
final class SignalQueue: Sendable {
    private let stream: AsyncStream<Int32>

    /// Must be made before other threads exist, so that they inherit the mask.
    init(_ signals: [Int32]) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        cl_ignore_signal(SIGPIPE)
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        self.stream = stream
        let mask = set
        Workers.thread(name: "signals") {
            var waited = mask
            while true {
                let signal = sigwaitinfo(&waited, nil)
                if signal > 0 { continuation.yield(signal) }
            }
        }
    }

    /// The next signal; nil when the waiting task is cancelled.
    func next() async -> Int32? {
        for await signal in stream { return signal }
        return nil
    }
}
