/// A moment as seconds and nanoseconds since 1970, read and written as Go's RFC3339Nano.
public struct Timestamp: Comparable, Hashable, Sendable, CustomStringConvertible {
    public var seconds: Int
    /// 0 to 999 999 999.
    public var nanoseconds: Int

    public init(seconds: Int, nanoseconds: Int = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Go's zero time, year 1: "never" in the Engine API.
    public static let zero = Timestamp(seconds: -62_135_596_800)

    public var isZero: Bool { self == Timestamp.zero }

    /// Nanoseconds since 1970.
    public var totalNanoseconds: Int { seconds * 1_000_000_000 + nanoseconds }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// "2006-01-02T15:04:05.999999999Z": no trailing zeros in the fraction.
    public var description: String { text(fraction: Timestamp.trimmed(nanoseconds)) }

    /// The same with all nine digits, as log lines carry it.
    public var fixedWidth: String { text(fraction: "." + Timestamp.padded(nanoseconds, 9)) }

    private func text(fraction: String) -> String {
        let (days, rest) = Timestamp.floorDivide(seconds, 86_400)
        let date = Timestamp.civil(days)
        return Timestamp.padded(date.year, 4) + "-" + Timestamp.padded(date.month, 2) + "-"
            + Timestamp.padded(date.day, 2) + "T" + Timestamp.padded(rest / 3600, 2) + ":"
            + Timestamp.padded(rest / 60 % 60, 2) + ":" + Timestamp.padded(rest % 60, 2) + fraction + "Z"
    }

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

    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = floorDivide(shifted, 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func floorDivide(_ value: Int, _ by: Int) -> (Int, Int) {
        let quotient = value >= 0 ? value / by : -((-value + by - 1) / by)
        return (quotient, value - quotient * by)
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func trimmed(_ nanoseconds: Int) -> String {
        if nanoseconds == 0 { return "" }
        var digits = Array(padded(nanoseconds, 9).utf8)
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return "." + String(decoding: digits, as: UTF8.self)
    }
}
