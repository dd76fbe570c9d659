internal import CLinux
internal import GoText
internal import Linux

/// A point in time, and the forms docker reads and prints it in.
struct Moment: Equatable {
    /// Since 1970, UTC.
    var seconds: Int
    var nanoseconds = 0

    /// RFC 3339, with or without a fraction; nil when it is none.
    init?(_ text: String) {
        guard let moment = Timestamp(rfc3339: text) else { return nil }
        self.init(seconds: moment.seconds, nanoseconds: moment.nanoseconds)
    }

    init(seconds: Int, nanoseconds: Int = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    private func local(_ format: String) -> String {
        var time = time_t(seconds)
        var parts = tm()
        localtime_r(&time, &parts)
        return text(&parts, format)
    }

    private func text(_ parts: inout tm, _ format: String) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer[0..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// time.Time's String: `2017-07-14 02:40:00 +0000 UTC`, in the local zone.
    var goLocal: String { local("%Y-%m-%d %H:%M:%S") + local(" %z %Z") }
    /// The same in UTC, with the fraction.
    var goUTC: String { Timestamp(seconds: seconds, nanoseconds: nanoseconds).goString }

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
