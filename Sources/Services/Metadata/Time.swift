internal import CLinux

/// Reads an RFC 3339 time, as labels hold it; nil when it is none.
public func rfc3339(_ text: String) -> Nanoseconds? {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T") else { return nil }
    func number(_ range: Range<Int>) -> Int32? { Int32(String(decoding: bytes[range], as: UTF8.self)) }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
        let minute = number(14..<16), let second = number(17..<19)
    else { return nil }
    var time = tm()
    time.tm_year = year - 1900
    time.tm_mon = month - 1
    time.tm_mday = day
    time.tm_hour = hour
    time.tm_min = minute
    time.tm_sec = second
    var position = 19
    var fraction: Nanoseconds = 0
    if bytes[position] == UInt8(ascii: ".") {
        position += 1
        var scale: Nanoseconds = 100_000_000
        while position < bytes.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[position] {
            fraction += Nanoseconds(bytes[position] - UInt8(ascii: "0")) * scale
            scale /= 10
            position += 1
        }
    }
    var offset: Nanoseconds = 0
    if position < bytes.count, bytes[position] != UInt8(ascii: "Z") {
        guard bytes.count >= position + 6, let hours = number((position + 1)..<(position + 3)),
            let minutes = number((position + 4)..<(position + 6))
        else { return nil }
        offset = Nanoseconds(hours * 3600 + minutes * 60) * (bytes[position] == UInt8(ascii: "-") ? -1 : 1)
    }
    return (Nanoseconds(timegm(&time)) - offset) * 1_000_000_000 + fraction
}
