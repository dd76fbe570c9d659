internal import CLinux

/// A point in time, and the forms docker reads and prints it in.
struct Moment: Equatable {
    /// Since 1970, UTC.
    var seconds: Int
    var nanoseconds = 0

    /// RFC 3339, with or without a fraction; nil when it is none.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        func number(_ from: Int, _ count: Int) -> Int? {
            from + count <= bytes.count ? Int(String(decoding: bytes[from..<(from + count)], as: UTF8.self)) : nil
        }
        guard bytes.count >= 20, let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
            let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2)
        else { return nil }
        seconds = daysSince1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
        var place = 19
        if bytes[place] == 46 {
            place += 1
            var scale = 100_000_000
            while place < bytes.count, (48...57).contains(bytes[place]) {
                nanoseconds += Int(bytes[place] - 48) * scale
                scale /= 10
                place += 1
            }
        }
        guard place < bytes.count else { return nil }
        if bytes[place] == UInt8(ascii: "Z") { return }
        guard let hours = number(place + 1, 2), let minutes = number(place + 4, 2) else { return nil }
        let shift = hours * 3600 + minutes * 60
        seconds += bytes[place] == UInt8(ascii: "-") ? shift : -shift
    }

    init(seconds: Int, nanoseconds: Int = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    static var now: Moment {
        let (seconds, nanoseconds) = Human.preciseNow()
        return Moment(seconds: seconds, nanoseconds: nanoseconds)
    }

    private func local(_ format: String) -> String {
        var time = time_t(seconds)
        var parts = tm()
        localtime_r(&time, &parts)
        return text(&parts, format)
    }

    private func utc(_ format: String) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        return text(&parts, format)
    }

    private func text(_ parts: inout tm, _ format: String) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer[0..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private var fraction: String {
        if nanoseconds == 0 { return "" }
        var digits = String(nanoseconds + 1_000_000_000).dropFirst()
        while digits.hasSuffix("0") { digits = digits.dropLast() }
        return "." + digits
    }

    /// time.Time's String: `2017-07-14 02:40:00 +0000 UTC`, in the local zone.
    var goLocal: String { local("%Y-%m-%d %H:%M:%S") + local(" %z %Z") }
    /// The same in UTC, with the fraction.
    var goUTC: String { utc("%Y-%m-%d %H:%M:%S") + fraction + " +0000 UTC" }

    /// RFC 3339 in the local zone.
    var rfc3339: String { local("%Y-%m-%dT%H:%M:%S") + zone }

    private var zone: String {
        let offset = local("%z")
        return offset == "+0000" ? "Z" : offset.prefix(3) + ":" + offset.suffix(2)
    }

    /// RFC 3339 in the local zone with nine digits of fraction, as events are printed.
    var rfc3339Nano: String {
        let digits = String(nanoseconds + 1_000_000_000).dropFirst()
        let offset = local("%z")
        return local("%Y-%m-%dT%H:%M:%S.") + digits
            + (offset == "+0000" ? "Z" : offset.prefix(3) + ":" + offset.suffix(2))
    }

    /// Go's time.ANSIC of a build time, in the local zone.
    var ansic: String { local("%a %b %e %H:%M:%S %Y") }
}

func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month > 2 ? year : year - 1
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

/// A Go duration (`1h2m3.5s`) in nanoseconds; nil when it is none.
func parseDuration(_ text: String) -> Int64? {
    var rest = Substring(text)
    var sign = 1.0
    if let first = rest.first, first == "-" || first == "+" {
        sign = first == "-" ? -1 : 1
        rest = rest.dropFirst()
    }
    if rest == "0" { return 0 }
    if rest.isEmpty { return nil }
    let units: [(String, Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12),
    ]
    var total = 0.0
    while !rest.isEmpty {
        let number = rest.prefix { ($0 >= "0" && $0 <= "9") || $0 == "." }
        rest = rest.dropFirst(number.count)
        guard let value = Double(number) else { return nil }
        let unit = rest.prefix { !(($0 >= "0" && $0 <= "9") || $0 == ".") }
        guard let scale = units.first(where: { $0.0 == unit })?.1 else { return nil }
        rest = rest.dropFirst(unit.count)
        total += value * scale
    }
    return total.magnitude < 9.2e18 ? Int64(total * sign) : nil
}

/// Nanoseconds as time.Duration prints them.
func goDuration(_ nanoseconds: Int64) -> String {
    if nanoseconds == 0 { return "0s" }
    let sign = nanoseconds < 0 ? "-" : ""
    let value = nanoseconds.magnitude
    func trimmed(_ unit: UInt64, _ digits: Int) -> String {
        let whole = value / unit
        var fraction = String(String(value % unit + unit).dropFirst())
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return String(whole) + (fraction.isEmpty ? "" : "." + fraction)
    }
    if value < 1000 { return sign + String(value) + "ns" }
    if value < 1_000_000 { return sign + trimmed(1000, 3) + "µs" }
    if value < 1_000_000_000 { return sign + trimmed(1_000_000, 6) + "ms" }
    let hours = value / 3_600_000_000_000
    let minutes = value / 60_000_000_000 % 60
    let seconds = value % 60_000_000_000
    var text = hours > 0 ? "\(hours)h" : ""
    if hours > 0 || minutes > 0 { text += "\(minutes)m" }
    var fraction = String(String(seconds % 1_000_000_000 + 1_000_000_000).dropFirst())
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return sign + text + String(seconds / 1_000_000_000) + (fraction.isEmpty ? "" : "." + fraction) + "s"
}
