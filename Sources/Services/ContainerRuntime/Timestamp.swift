internal import CLinux

/// The time now as Go's RFC3339Nano writes it, in UTC: trailing zeros of the fraction left out.
public func timestamp(fraction: Bool = true) -> String {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var seconds = time_t(now.tv_sec)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func two(_ value: Int32) -> String { value < 10 ? "0" + String(value) : String(value) }
    var text = String(parts.tm_year + 1900) + "-" + two(parts.tm_mon + 1) + "-" + two(parts.tm_mday) + "T"
    text += two(parts.tm_hour) + ":" + two(parts.tm_min) + ":" + two(parts.tm_sec)
    if fraction && now.tv_nsec != 0 {
        var digits = Array(String(1_000_000_000 + now.tv_nsec).utf8.dropFirst())
        while digits.last == 48 { digits.removeLast() }
        text += "." + String(decoding: digits, as: UTF8.self)
    }
    return text + "Z"
}
