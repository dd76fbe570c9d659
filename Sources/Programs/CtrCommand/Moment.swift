internal import CLinux
internal import Protobuf

/// A moment in UTC, printed as Go prints it.
struct Moment: Equatable {
    let seconds: Int64
    let nanoseconds: Int

    init(seconds: Int64, nanoseconds: Int = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// A time that is not there is Go's zero time.
    init(_ timestamp: ProtobufTimestamp?) {
        let timestamp = timestamp ?? .goZero
        self.init(seconds: timestamp.seconds, nanoseconds: Int(timestamp.nanos))
    }

    static var now: Moment {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Moment(seconds: Int64(time.tv_sec), nanoseconds: Int(time.tv_nsec))
    }

    var timestamp: ProtobufTimestamp { ProtobufTimestamp(seconds: seconds, nanos: Int32(nanoseconds)) }

    func adding(seconds more: Int64) -> Moment { Moment(seconds: seconds + more, nanoseconds: nanoseconds) }

    /// 2006-01-02T15:04:05Z
    var seconds3339: String { date + "T" + clock + "Z" }

    /// 2006-01-02T15:04:05.999999999Z, without zeros at the end.
    var nano3339: String { date + "T" + clock + fraction + "Z" }

    /// 2006-01-02 15:04:05.999999999 +0000 UTC
    var goString: String { date + " " + clock + fraction + " +0000 UTC" }

    /// 2006-01-02
    var date: String {
        // The civil calendar from a count of days (Howard Hinnant's algorithm): years begin in March.
        let days = (seconds - Self.floorMod(seconds, 86_400)) / 86_400 + 719_468
        let era = (days - Self.floorMod(days, 146_097)) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return padded(Int(year), 4) + "-" + padded(Int(month), 2) + "-" + padded(Int(day), 2)
    }

    private var clock: String {
        let second = Int(Self.floorMod(seconds, 86_400))
        return padded(second / 3_600, 2) + ":" + padded(second / 60 % 60, 2) + ":" + padded(second % 60, 2)
    }

    private var fraction: String {
        if nanoseconds == 0 { return "" }
        var digits = padded(nanoseconds, 9)
        while digits.hasSuffix("0") { digits.removeLast() }
        return "." + digits
    }

    private static func floorMod(_ value: Int64, _ divisor: Int64) -> Int64 {
        let rest = value % divisor
        return rest < 0 ? rest + divisor : rest
    }
}

private func padded(_ number: Int, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.count)) + text
}

/// time.ParseDuration: "1h30m", "300ms"; in nanoseconds, nil when it is none.
func parseDuration(_ text: String) -> Int64? {
    if text == "0" { return 0 }
    var rest = Substring(text)
    let negative = rest.first == "-"
    if negative || rest.first == "+" { rest.removeFirst() }
    var total = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
        let number = rest.prefix { $0.isNumber || $0 == "." }
        guard let value = Double(String(number)) else { return nil }
        rest = rest.dropFirst(number.count)
        let unit = rest.prefix { !$0.isNumber && $0 != "." }
        rest = rest.dropFirst(unit.count)
        let factors: [String: Double] = [
            "ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 6e10, "h": 3.6e12,
        ]
        guard let factor = factors[String(unit)] else { return nil }
        total += value * factor
    }
    guard total < 9.2e18 else { return nil }
    return Int64(negative ? -total : total)
}

/// Go's fmt of a duration in whole seconds: "24h0m0s".
func durationText(seconds: Int) -> String {
    if seconds < 60 { return String(seconds) + "s" }
    let minutes = String(seconds / 60 % 60) + "m" + String(seconds % 60) + "s"
    return seconds < 3_600 ? minutes : String(seconds / 3_600) + "h" + minutes
}

/// A length of time for people, as go-units words it.
func humanDuration(seconds: Int64) -> String {
    let minutes = seconds / 60
    let hours = Int((Double(seconds) / 3_600).rounded())
    switch seconds {
    case ..<1: return "Less than a second"
    case 1: return "1 second"
    case ..<60: return String(seconds) + " seconds"
    case ..<120: return "About a minute"
    case ..<2_760: return String(minutes) + " minutes"
    default: break
    }
    if hours == 1 { return "About an hour" }
    if hours < 48 { return String(hours) + " hours" }
    if hours < 24 * 7 * 2 { return String(hours / 24) + " days" }
    if hours < 24 * 30 * 2 { return String(hours / 24 / 7) + " weeks" }
    if hours < 24 * 365 * 2 { return String(hours / 24 / 30) + " months" }
    return String(hours / 24 / 365) + " years"
}

/// "2.0 MiB"
func binarySize(_ bytes: Int64) -> String {
    let (value, unit) = scaled(bytes, 1_024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
    return fixed(value, 1) + " " + unit
}

/// "2.14MB": four digits, go-units' way.
func decimalSize(_ bytes: Int64) -> String {
    let (value, unit) = scaled(bytes, 1_000, ["B", "kB", "MB", "GB", "TB", "PB", "EB"])
    let whole = value >= 999.95 ? 4 : value >= 99.995 ? 3 : value >= 9.9995 ? 2 : 1
    var text = fixed(value, 4 - whole)
    if text.contains(".") {
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
    }
    return text + unit
}

private func scaled(_ bytes: Int64, _ base: Double, _ units: [String]) -> (Double, String) {
    var value = Double(bytes)
    var index = 0
    while value >= base && index < units.count - 1 {
        value /= base
        index += 1
    }
    return (value, units[index])
}

/// A number with so many decimals.
func fixed(_ value: Double, _ decimals: Int) -> String {
    var factor = 1
    for _ in 0..<decimals { factor *= 10 }
    let rounded = Int((value * Double(factor)).rounded(.toNearestOrEven))
    if decimals == 0 { return String(rounded) }
    return String(rounded / factor) + "." + padded(abs(rounded) % factor, decimals)
}
