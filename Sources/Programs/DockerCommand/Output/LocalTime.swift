internal import CLinux
internal import GoText

/// A date, with or without a time and a zone; without a zone it is in the local one. nil when the text is none.
func localMoment(_ text: String) -> Moment? {
    if let moment = Moment(text) { return moment }
    let bytes = Array(text.utf8)
    func number(_ from: Int, _ count: Int) -> Int? {
        from + count <= bytes.count ? Int(String(decoding: bytes[from..<(from + count)], as: UTF8.self)) : nil
    }
    guard bytes.count >= 10, bytes[4] == 45, bytes[7] == 45, let year = number(0, 4), let month = number(5, 2),
        let day = number(8, 2)
    else { return nil }
    var parts = tm()
    parts.tm_year = Int32(year - 1900)
    parts.tm_mon = Int32(month - 1)
    parts.tm_mday = Int32(day)
    parts.tm_isdst = -1
    guard bytes.count > 10 else {
        return Moment(seconds: mktime(&parts))
    }
    var body = bytes
    var isUTC = false
    if body.last == UInt8(ascii: "Z") {
        body.removeLast()
        isUTC = true
    }
    guard body.count > 10, body[10] == UInt8(ascii: "T"), let hour = number(11, 2) else { return nil }
    parts.tm_hour = Int32(hour)
    if body.count >= 16 {
        guard let minute = number(14, 2) else { return nil }
        parts.tm_min = Int32(minute)
    }
    if body.count >= 19 {
        guard let second = number(17, 2) else { return nil }
        parts.tm_sec = Int32(second)
    }
    if isUTC {
        let whole = Timestamp.days(year, month, day) * 86400 + Int(parts.tm_hour) * 3600
        return Moment(seconds: whole + Int(parts.tm_min) * 60 + Int(parts.tm_sec))
    }
    return Moment(seconds: mktime(&parts))
}
