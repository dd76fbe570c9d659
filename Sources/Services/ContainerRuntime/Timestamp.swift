internal import CLinux

/// The time now as Go's RFC3339Nano writes it, in UTC: trailing zeros of the fraction left out.
public func timestamp(fraction: Bool = true) -> String {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let seconds = Int(now.tv_sec)
    let (year, month, day) = civilDate(days: seconds / 86400)
    let rest = seconds % 86400
    func two(_ value: Int) -> String { value < 10 ? "0" + String(value) : String(value) }
    var text = String(year) + "-" + two(month) + "-" + two(day) + "T"
    text += two(rest / 3600) + ":" + two(rest / 60 % 60) + ":" + two(rest % 60)
    if fraction && now.tv_nsec != 0 {
        var digits = Array(String(1_000_000_000 + now.tv_nsec).utf8.dropFirst())
        while digits.last == 48 { digits.removeLast() }
        text += "." + String(decoding: digits, as: UTF8.self)
    }
    return text + "Z"
}

/// The date that many days after 1970-01-01. The C library's would read the time zone's file first.
func civilDate(days: Int) -> (year: Int, month: Int, day: Int) {
    // Counted in eras of 400 years that begin in March, so that the day a leap year has more comes last.
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let part = (5 * dayOfYear + 2) / 153
    let month = part < 10 ? part + 3 : part - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * part + 2) / 5 + 1)
}
