public import CLinux

/// A moment in UTC, read and written as Go's time.Time. The C library's calendar would read the time zone's file first.
public struct Timestamp: Comparable, Hashable, Sendable, CustomStringConvertible {
    public var seconds: Int
    /// 0 to 999 999 999.
    public var nanoseconds: Int

    public init(seconds: Int, nanoseconds: Int = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The clock's reading as a moment.
    public init(_ time: timespec) { self.init(seconds: time.tv_sec, nanoseconds: time.tv_nsec) }

    /// Go's zero time, year 1: "never" in the Engine API.
    public static let zero = Timestamp(seconds: -62_135_596_800)

    public var isZero: Bool { self == Timestamp.zero }

    /// Nanoseconds since 1970.
    public var totalNanoseconds: Int { seconds * 1_000_000_000 + nanoseconds }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// "2006-01-02T15:04:05.999999999Z" (RFC3339Nano): no trailing zeros in the fraction.
    public var description: String { date + "T" + clock + fraction + "Z" }

    /// The same with all nine digits, as log lines carry it.
    public var fixedWidth: String { date + "T" + clock + "." + zeroPadded(nanoseconds, 9) + "Z" }

    /// "2006-01-02T15:04:05Z" (RFC3339): whole seconds.
    public var wholeSeconds: String { date + "T" + clock + "Z" }

    /// "2006-01-02 15:04:05.999999999 +0000 UTC", as fmt prints a time.Time.
    public var goString: String { date + " " + clock + fraction + " +0000 UTC" }

    /// "2006-01-02"
    public var date: String {
        let date = Timestamp.civil(Timestamp.floorDivide(seconds, 86_400).0)
        return zeroPadded(date.year, 4) + "-" + zeroPadded(date.month, 2) + "-" + zeroPadded(date.day, 2)
    }

    private var clock: String {
        let rest = Timestamp.floorDivide(seconds, 86_400).1
        return zeroPadded(rest / 3600, 2) + ":" + zeroPadded(rest / 60 % 60, 2) + ":" + zeroPadded(rest % 60, 2)
    }

    private var fraction: String { GoText.fraction(nanoseconds, digits: 9) }

    /// Reads RFC 3339 with any offset; nil when it is not.
    public init?(rfc3339 text: String) {
        var reader = Reader(Array(text.utf8))
        guard let year = reader.digits(4), reader.take("-"), let month = reader.digits(2), reader.take("-"),
            let day = reader.digits(2), reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.digits(2), reader.take(":"), let minute = reader.digits(2), reader.take(":"),
            let second = reader.digits(2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second < 61
        else { return nil }
        nanoseconds = 0
        if reader.take(".") {
            guard let fraction = reader.fraction() else { return nil }
            nanoseconds = fraction
        }
        guard let offset = reader.offset(), reader.atEnd else { return nil }
        seconds = Timestamp.days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
    }

    /// A moment as clients write it: how long before `now` ("10m"), RFC 3339, seconds since 1970, or a date with as
    /// much of the time as they care to give. nil when it is none of these.
    public init?(text: String, now: Timestamp) {
        // A zero without a unit is the beginning of time and no span.
        if text != "0", let span = GoDuration.parse(text) {
            let (seconds, rest) = Timestamp.floorDivide(now.totalNanoseconds - Int(span), 1_000_000_000)
            self.init(seconds: seconds, nanoseconds: rest)
        } else if let moment = Timestamp(rfc3339: text) ?? Timestamp(unix: text) {
            self = moment
        } else {
            for suffix in ["T00:00:00Z", ":00:00Z", ":00Z", "Z"] {
                guard let moment = Timestamp(rfc3339: text + suffix) else { continue }
                self = moment
                return
            }
            return nil
        }
    }

    /// "1700000000" or "1700000000.5"
    private init?(unix text: String) {
        var reader = Reader(Array(text.utf8))
        guard let seconds = reader.number() else { return nil }
        self.init(seconds: seconds)
        if reader.atEnd { return }
        guard reader.take("."), let fraction = reader.fraction(), reader.atEnd else { return nil }
        nanoseconds = fraction
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var atEnd: Bool { position == bytes.count }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        mutating func digits(_ count: Int) -> Int? {
            guard position + count <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[position..<(position + count)] {
                guard (48...57).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 48)
            }
            position += count
            return value
        }

        /// As many digits as there are, up to twelve.
        mutating func number() -> Int? {
            let count = bytes[position...].prefix { (48...57).contains($0) }.count
            return (1...12).contains(count) ? digits(count) : nil
        }

        mutating func fraction() -> Int? {
            var value = 0
            var count = 0
            while position < bytes.count, (48...57).contains(bytes[position]) {
                if count < 9 { value = value * 10 + Int(bytes[position] - 48) }
                count += 1
                position += 1
            }
            if count == 0 { return nil }
            while count < 9 {
                value *= 10
                count += 1
            }
            return value
        }

        mutating func offset() -> Int? {
            if take("Z") || take("z") { return 0 }
            let sign = take("+") ? 1 : take("-") ? -1 : 0
            guard sign != 0, let hours = digits(2), take(":"), let minutes = digits(2) else { return nil }
            return sign * (hours * 3600 + minutes * 60)
        }
    }

    // Days since 1970 to a date and back, by eras of 400 years that begin on 1 March.
    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    /// Days from 1970-01-01 to a date.
    public static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = floorDivide(shifted, 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func floorDivide(_ value: Int, _ by: Int) -> (Int, Int) {
        let quotient = value >= 0 ? value / by : -((-value + by - 1) / by)
        return (quotient, value - quotient * by)
    }
}

/// A number with zeros before it, up to `width` digits.
public func zeroPadded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

/// "." and the digits of a fraction without the zeros at its end; empty for 0.
func fraction(_ value: Int, digits: Int) -> String {
    if value == 0 { return "" }
    var text = Array(zeroPadded(value, digits).utf8)
    while text.last == UInt8(ascii: "0") { text.removeLast() }
    return "." + String(decoding: text, as: UTF8.self)
}
