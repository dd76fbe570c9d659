public import CLinux

/// The time of day (clock_gettime(2), CLOCK_REALTIME).
public enum WallClock {
    public static var now: timespec {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return now
    }
}
