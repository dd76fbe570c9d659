internal import CLinux
internal import GoText
internal import Linux

/// The clocks that the engine reads.
enum Clock {
    /// The time of day.
    static var now: Timestamp { Timestamp(WallClock.now) }

    /// Nanoseconds on a clock that nobody sets: for measuring.
    static var monotonic: Int {
        var moment = timespec()
        clock_gettime(CLOCK_MONOTONIC, &moment)
        return moment.tv_sec * 1_000_000_000 + moment.tv_nsec
    }
}
