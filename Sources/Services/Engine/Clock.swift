internal import CLinux
internal import EngineAPI

/// The clocks that the engine reads.
enum Clock {
    /// The time of day.
    static var now: Timestamp {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME, &moment)
        return Timestamp(seconds: moment.tv_sec, nanoseconds: moment.tv_nsec)
    }

    /// Nanoseconds on a clock that nobody sets: for measuring.
    static var monotonic: Int {
        var moment = timespec()
        clock_gettime(CLOCK_MONOTONIC, &moment)
        return moment.tv_sec * 1_000_000_000 + moment.tv_nsec
    }
}
