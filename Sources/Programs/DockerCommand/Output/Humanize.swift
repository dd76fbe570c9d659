internal import CLinux
internal import GoTemplate
internal import GoText
internal import Linux

/// Sizes, spans and times as docker prints them.
enum Human {
    /// How long ago a time was (seconds since 1970).
    static func ago(_ time: Int) -> String { humanDuration(seconds: now() - time) + " ago" }

    /// Seconds since 1970.
    static func now() -> Int { WallClock.now.tv_sec }

    /// A size with decimal units (`1.98MB`) to so many digits.
    static func size(_ bytes: Double, digits: Int = 4) -> String {
        scaled(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"], digits)
    }

    /// A size with binary units (`23.54GiB`).
    static func binarySize(_ bytes: Double) -> String {
        scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"], 4)
    }

    private static func scaled(_ bytes: Double, _ base: Double, _ units: [String], _ digits: Int) -> String {
        var size = bytes
        var unit = 0
        while size >= base && unit < units.count - 1 {
            size /= base
            unit += 1
        }
        return significant(size, digits) + units[unit]
    }

    /// %.Ng: so many significant digits, no trailing zeros, an exponent when the number is too large for them.
    static func significant(_ value: Double, _ digits: Int) -> String {
        if value == 0 { return "0" }
        var exponent = 0
        var scale = value.magnitude
        while scale >= 10 {
            scale /= 10
            exponent += 1
        }
        while scale < 1 {
            scale *= 10
            exponent -= 1
        }
        let rounded = fixed(value, max(0, digits - 1 - exponent))
        // Rounding may have added a digit before the point.
        let whole = rounded.split(separator: ".")[0].filter { $0 != "-" }.count
        if exponent >= digits || (whole > digits && exponent + 1 >= digits) {
            return (value < 0 ? "-" : "") + trimZeros(fixed(scale, digits - 1)).replacing10() + "e+"
                + (exponent + 1 < 10 ? "0" : "")
                + String(scale.rounded() >= 10 || whole > digits ? exponent + 1 : exponent)
        }
        return trimZeros(rounded)
    }

    private static func trimZeros(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var text = text
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    /// A size given by a user (`10m`, `1.5GiB`, `64`) in bytes, binary units; nil when it is none.
    static func parseBytes(_ text: String) -> Int64? {
        let lower = text.lowercased()
        let number = lower.prefix { ($0 >= "0" && $0 <= "9") || $0 == "." }
        var unit = lower.dropFirst(number.count)
        if unit.hasPrefix(" ") { unit = unit.dropFirst() }
        guard let value = Double(number), !number.isEmpty, number.first != "." || number.count > 1 else { return nil }
        let scales: [Character: Double] = [
            "k": 1024, "m": 1_048_576, "g": 1_073_741_824, "t": 1_099_511_627_776, "p": 1_125_899_906_842_624,
        ]
        if unit.isEmpty || unit == "b" { return exact(value) }
        guard let scale = scales[unit.first ?? " "] else { return nil }
        let rest = unit.dropFirst()
        guard rest.isEmpty || rest == "b" || rest == "ib" else { return nil }
        return exact(value * scale)
    }

    /// Why `parseBytes` does not take a text, in the words of go-units.
    static func sizeFault(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard let end = bytes.lastIndex(where: { ($0 >= 48 && $0 <= 57) || $0 == 46 || $0 == 32 }) else {
            return "invalid size: '" + text + "'"
        }
        var number = String(decoding: bytes[...end], as: UTF8.self)
        if number.hasSuffix(" ") { number.removeLast() }
        guard let value = Double(number) else {
            return "strconv.ParseFloat: parsing " + goQuoted(number) + ": invalid syntax"
        }
        let unit = String(decoding: bytes[(end + 1)...], as: UTF8.self)
        return value < 0 || unit.isEmpty
            ? "invalid size: '" + text + "'" : "invalid suffix: '" + unit.lowercased() + "'"
    }

    private static func exact(_ value: Double) -> Int64? { value < 9.2e18 ? Int64(value) : nil }

    /// A shortened id.
    static func shortID(_ id: String) -> String {
        let plain = id.hasPrefix("sha256:") ? String(id.dropFirst(7)) : id
        return String(plain.prefix(12))
    }

    /// Text cut to `limit` columns, the last of them an ellipsis.
    static func ellipsis(_ text: String, _ limit: Int) -> String {
        let characters = text.unicodeScalars
        if characters.count <= limit { return text }
        if limit < 2 { return String(String.UnicodeScalarView(characters.prefix(limit))) }
        return String(String.UnicodeScalarView(characters.prefix(limit - 1))) + "…"
    }
}

extension String {
    /// A mantissa that rounding made ten is one of the next power.
    fileprivate func replacing10() -> String { self == "10" ? "1" : self }
}
