/// Lengths of time as Go's time.Duration reads and writes them.
public enum GoDuration {
    /// Nanoseconds of a text as "1h30m", "-1.5h" or "300ms"; nil when it is none, or longer than 292 years.
    public static func parse(_ text: String) -> Int64? {
        var rest = Array(text.utf8)[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        if rest == [UInt8(ascii: "0")] { return 0 }
        guard !rest.isEmpty else { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            guard let part = part(&rest) else { return nil }
            let (sum, overflows) = total.addingReportingOverflow(part)
            if overflows { return nil }
            total = sum
        }
        return isNegative ? -total : total
    }

    /// One number and its unit.
    private static func part(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        let whole = digits(&rest)
        var decimals: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            decimals = digits(&rest)
        }
        guard !(whole.isEmpty && decimals.isEmpty), let unit = unit(&rest) else { return nil }
        var value: Int64 = 0
        for digit in whole {
            let (tens, tooMany) = value.multipliedReportingOverflow(by: 10)
            let (sum, tooMuch) = tens.addingReportingOverflow(Int64(digit - 48))
            if tooMany || tooMuch { return nil }
            value = sum
        }
        let (scaled, overflows) = value.multipliedReportingOverflow(by: unit)
        if overflows { return nil }
        // Go's own arithmetic, for the same last digit: what an integer cannot hold is left out, then one product.
        var fraction: Int64 = 0
        var scale = 1.0
        for digit in decimals {
            if fraction > (Int64.max - 9) / 10 { break }
            fraction = fraction * 10 + Int64(digit - 48)
            scale *= 10
        }
        let part = Int64(Double(fraction) * (Double(unit) / scale))
        let (sum, tooMuch) = scaled.addingReportingOverflow(part)
        return tooMuch ? nil : sum
    }

    private static func digits(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let found = rest.prefix { $0 >= 48 && $0 <= 57 }
        rest = rest.dropFirst(found.count)
        return found
    }

    /// Nanoseconds of the unit that the text goes on with; nil when it is none.
    private static func unit(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        let name = rest.prefix { !($0 >= 48 && $0 <= 57) && $0 != UInt8(ascii: ".") }
        rest = rest.dropFirst(name.count)
        switch String(decoding: name, as: UTF8.self) {
        case "ns": return 1
        case "us", "\u{B5}s", "\u{3BC}s": return 1_000
        case "ms": return 1_000_000
        case "s": return 1_000_000_000
        case "m": return 60_000_000_000
        case "h": return 3_600_000_000_000
        default: return nil
        }
    }

    /// Why `parse` does not take a text, in the words of Go's package time.
    public static func fault(_ text: String) -> String {
        var rest = Array(text.utf8)[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        while !rest.isEmpty {
            var digits = digits(&rest).count
            if rest.first == UInt8(ascii: ".") {
                rest.removeFirst()
                digits += self.digits(&rest).count
            }
            if digits == 0 { break }
            let name = rest.prefix { !($0 >= 48 && $0 <= 57) && $0 != UInt8(ascii: ".") }
            if name.isEmpty { return "time: missing unit in duration " + goQuoted(text) }
            if unit(&rest) == nil {
                return "time: unknown unit " + goQuoted(String(decoding: name, as: UTF8.self)) + " in duration "
                    + goQuoted(text)
            }
        }
        return "time: invalid duration " + goQuoted(text)
    }

    /// Nanoseconds as text: "1h0m0.5s", "1.5ms", "0s".
    public static func text(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        let value = Int(clamping: nanoseconds.magnitude)
        if value < 1_000 { return sign + String(value) + "ns" }
        if value < 1_000_000 { return sign + String(value / 1_000) + fraction(value % 1_000, digits: 3) + "\u{B5}s" }
        if value < 1_000_000_000 {
            return sign + String(value / 1_000_000) + fraction(value % 1_000_000, digits: 6) + "ms"
        }
        let seconds = value / 1_000_000_000
        var text = seconds >= 3600 ? String(seconds / 3600) + "h" : ""
        if seconds >= 60 { text += String(seconds / 60 % 60) + "m" }
        return sign + text + String(seconds % 60) + fraction(value % 1_000_000_000, digits: 9) + "s"
    }
}
