internal import GoText
internal import JSON

/// fmt.Sprint: a space between operands when neither is text.
func goSprint(_ values: [Value]) -> String {
    var out = ""
    var previousIsText = true
    for (index, value) in values.enumerated() {
        var isText = false
        if case .string = value.plain { isText = true }
        if index > 0 && !isText && !previousIsText { out += " " }
        out += goArgument(value)
        previousIsText = isText
    }
    return out
}

/// The `%v` of an argument: a pointer to a struct is followed, and marked as one.
func goArgument(_ value: Value, withNames: Bool = false) -> String {
    guard case .json(let json, .pointer(let target)) = value, target.structure != nil, !json.isNull else {
        return goPrint(value, withNames: withNames)
    }
    return "&" + goPrint(.json(json, target), withNames: withNames)
}

/// The `%v` of a value. At the top a pointer is followed; inside, Go prints an address. `withNames`: `%+v`, with the
/// names of a struct's fields.
public func goPrint(_ value: Value, isTop: Bool = false, withNames: Bool = false) -> String {
    if case .json(let json, let shape) = value {
        if case .pointer(let target) = shape {
            if json.isNull { return "<nil>" }
            if !isTop { return "0xc000000000" }
            return goPrint(.json(json, target), isTop: isTop, withNames: withNames)
        }
        if case .structure(let structure) = shape {
            let fields = structure.fields.map { field in
                (withNames ? field.name + ":" : "") + goPrint(Structure.value(field, in: json), withNames: withNames)
            }
            return "{" + fields.joined(separator: " ") + "}"
        }
    }
    switch value.plain {
    case .null: return isTop ? "<no value>" : "<nil>"
    case .missing: return isTop ? "<no value>" : "<nil>"
    case .bool(let value): return value ? "true" : "false"
    case .int(let value): return String(value)
    case .float(let value): return goFloat(value)
    case .string(let text): return text
    case .list(let items): return "[" + items.map { goPrint($0, withNames: withNames) }.joined(separator: " ") + "]"
    case .map(let pairs):
        let sorted = pairs.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let texts = sorted.map { $0.key + ":" + goPrint($0.value, withNames: withNames) }
        return "map[" + texts.joined(separator: " ") + "]"
    case .object(let object):
        if let text = object as? any CustomStringConvertible { return text.description }
        return "{}"
    case .function: return "0xc000000000"
    case .json(let json, _): return json.text()
    }
}

/// strconv.FormatFloat with format 'g', shortest digits, and %v's exponent threshold of 21.
public func goFloat(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    let size = value.magnitude
    if size == 0 { return "0" }
    let (digits, exponent) = shortestDigits(size)
    let sign = value < 0 ? "-" : ""
    if exponent < -4 || exponent >= 21 {
        let mantissa = digits.count == 1 ? digits : String(digits.prefix(1)) + "." + digits.dropFirst()
        let power = String(exponent.magnitude)
        return sign + mantissa + (exponent < 0 ? "e-" : "e+") + (power.count < 2 ? "0" + power : power)
    }
    if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
    if digits.count <= exponent + 1 {
        return sign + digits + String(repeating: "0", count: exponent + 1 - digits.count)
    }
    return sign + digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
}

/// Decimal digits without trailing zeros, and the exponent of the first.
private func shortestDigits(_ value: Double) -> (String, Int) {
    var text = value.description.lowercased()
    var exponent = 0
    if let mark = text.firstIndex(of: "e") {
        exponent = Int(text[text.index(after: mark)...]) ?? 0
        text = String(text[..<mark])
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let whole = String(parts[0])
    var digits = whole + (parts.count > 1 ? String(parts[1]) : "")
    exponent += whole.count - 1
    while digits.hasPrefix("0"), digits.count > 1 {
        digits.removeFirst()
        exponent -= 1
    }
    while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
    return (digits, exponent)
}

/// A number with `places` digits after the point (%.Nf), rounded half away from zero on the decimal digits.
public func fixed(_ value: Double, _ places: Int) -> String {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded(.toNearestOrEven)
    guard scaled < 9e18 else { return goFloat(value) }
    let digits = String(UInt64(scaled))
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    let sign = value < 0 && scaled > 0 ? "-" : ""
    if places == 0 { return sign + padded }
    return sign + padded.dropLast(places) + "." + padded.suffix(places)
}

/// A number as a digit, `places` more after the point, and a power of ten (%.Ne).
private func scientific(_ value: Double, _ places: Int) -> String {
    guard value.isFinite else { return goFloat(value) }
    var (digits, exponent) = value == 0 ? ("0", 0) : shortestDigits(value.magnitude)
    if digits.count > places + 1, let last = digits.dropFirst(places + 1).first {
        // Rounded on the decimal digits.
        var kept = Array(digits.utf8.prefix(places + 1))
        var place = kept.count - 1
        var carries = last >= "5"
        while carries, place >= 0 {
            carries = kept[place] == 57
            kept[place] = carries ? 48 : kept[place] + 1
            place -= 1
        }
        if carries {
            kept = [49] + kept.dropLast()
            exponent += 1
        }
        digits = String(decoding: kept, as: UTF8.self)
    }
    digits += String(repeating: "0", count: places + 1 - digits.count)
    let power = String(exponent.magnitude)
    return (value < 0 ? "-" : "") + digits.prefix(1) + (places > 0 ? "." : "") + digits.dropFirst()
        + (exponent < 0 ? "e-" : "e+") + (power.count < 2 ? "0" : "") + power
}

/// fmt.Sprintf, for the verbs templates use: v s q d f g e t x X c U T and %%, with flags, width and precision.
func goFormat(_ format: String, _ values: [Value]) -> String {
    let bytes = Array(format.utf8)
    var out: [UInt8] = []
    var next = 0
    var index = 0
    // Where arguments are taken by number, none is too many.
    var reorders = false
    while index < bytes.count {
        guard bytes[index] == 37 else {
            out.append(bytes[index])
            index += 1
            continue
        }
        index += 1
        var specification = Specification()
        specification.parse(bytes, &index, values, &next)
        guard index < bytes.count else {
            out += Array("%!(NOVERB)".utf8)
            break
        }
        let verb = bytes[index]
        if specification.reorders { reorders = true }
        index += 1
        if verb == 37 {
            out.append(37)
            continue
        }
        guard next < values.count else {
            out += Array("%!".utf8) + [verb] + Array("(MISSING)".utf8)
            continue
        }
        out += Array(specification.padded(specification.text(values[next], verb)).utf8)
        next += 1
    }
    if next < values.count && !reorders {
        let extra = values[next...].map { $0.typeName + "=" + goPrint($0) }.joined(separator: ", ")
        out += Array(("%!(EXTRA " + extra + ")").utf8)
    }
    return String(decoding: out, as: UTF8.self)
}

/// Flags, width and precision of one verb.
private struct Specification {
    var left = false
    var zero = false
    var plus = false
    var alternate = false
    var space = false
    var width = 0
    var precision: Int?
    /// Whether it says which argument it takes.
    var reorders = false

    mutating func parse(_ bytes: [UInt8], _ index: inout Int, _ values: [Value], _ next: inout Int) {
        while index < bytes.count {
            switch bytes[index] {
            case 45: left = true
            case 48: zero = true
            case 43: plus = true
            case 35: alternate = true
            case 32: space = true
            case 91:
                takeIndex(bytes, &index, &next)
                reorders = true
            default:
                width = number(bytes, &index, values, &next) ?? 0
                if width < 0 {
                    left = true
                    width = -width
                }
                if index < bytes.count, bytes[index] == 46 {
                    index += 1
                    precision = number(bytes, &index, values, &next) ?? 0
                }
                return
            }
            index += 1
        }
    }

    /// `[2]`: the argument to take next, counted from one.
    private func takeIndex(_ bytes: [UInt8], _ index: inout Int, _ next: inout Int) {
        guard let end = bytes[index...].firstIndex(of: 93),
            let place = Int(String(decoding: bytes[(index + 1)..<end], as: UTF8.self)), place > 0
        else { return }
        next = place - 1
        index = end
    }

    private func number(_ bytes: [UInt8], _ index: inout Int, _ values: [Value], _ next: inout Int) -> Int? {
        if index < bytes.count, bytes[index] == 42 {
            index += 1
            guard next < values.count, case .int(let number) = values[next].plain else { return nil }
            next += 1
            return number
        }
        var found: Int?
        while index < bytes.count, (48...57).contains(bytes[index]), (found ?? 0) < 100_000 {
            found = (found ?? 0) * 10 + Int(bytes[index] - 48)
            index += 1
        }
        return found
    }

    func text(_ value: Value, _ verb: UInt8) -> String {
        let plain = value.plain
        switch (verb, plain) {
        case (UInt8(ascii: "v"), _): return signed(goArgument(value, withNames: plus), plain)
        case (UInt8(ascii: "s"), .string(let text)): return limited(text)
        case (UInt8(ascii: "s"), .list), (UInt8(ascii: "s"), .map), (UInt8(ascii: "s"), .object): return goPrint(value)
        case (UInt8(ascii: "q"), .string(let text)): return goQuoted(text)
        case (UInt8(ascii: "q"), .list(let items)):
            return "[" + items.map { goQuoted(goPrint($0)) }.joined(separator: " ") + "]"
        case (UInt8(ascii: "d"), .int(let number)): return signed(String(number), plain)
        case (UInt8(ascii: "x"), .int(let number)): return (alternate ? "0x" : "") + String(number, radix: 16)
        case (UInt8(ascii: "X"), .int(let number)):
            return (alternate ? "0X" : "") + String(number, radix: 16, uppercase: true)
        case (UInt8(ascii: "o"), .int(let number)): return (alternate ? "0" : "") + String(number, radix: 8)
        case (UInt8(ascii: "b"), .int(let number)): return String(number, radix: 2)
        case (UInt8(ascii: "U"), .int(let number)):
            let digits = String(number, radix: 16, uppercase: true)
            return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        case (UInt8(ascii: "q"), .int(let number)):
            let character = Unicode.Scalar(UInt32(max(0, number))).map { String($0) } ?? "\u{FFFD}"
            return "'" + goQuoted(character).dropFirst().dropLast() + "'"
        case (UInt8(ascii: "c"), .int(let number)):
            return Unicode.Scalar(UInt32(max(0, number))).map { String($0) } ?? "\u{FFFD}"
        case (UInt8(ascii: "x"), .string(let text)):
            return text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        case (UInt8(ascii: "X"), .string): return self.text(value, UInt8(ascii: "x")).uppercased()
        case (UInt8(ascii: "t"), .bool(let value)): return value ? "true" : "false"
        case (UInt8(ascii: "f"), .float(let number)), (UInt8(ascii: "F"), .float(let number)):
            return signed(fixed(number, precision ?? 6), plain)
        case (UInt8(ascii: "e"), .float(let number)): return signed(scientific(number, precision ?? 6), plain)
        case (UInt8(ascii: "E"), .float): return self.text(value, UInt8(ascii: "e")).uppercased()
        case (UInt8(ascii: "g"), .float(let number)): return signed(goFloat(number), plain)
        case (UInt8(ascii: "G"), .float): return self.text(value, UInt8(ascii: "g")).uppercased()
        case (UInt8(ascii: "T"), _): return value.typeName
        default:
            return "%!" + String(decoding: [verb], as: UTF8.self) + "(" + value.typeName + "=" + goPrint(value) + ")"
        }
    }

    private func signed(_ text: String, _ value: Value) -> String {
        switch value {
        case .int(let number) where (plus || space) && number >= 0: return (plus ? "+" : " ") + text
        case .float(let number) where (plus || space) && number >= 0: return (plus ? "+" : " ") + text
        default: return text
        }
    }

    private func limited(_ text: String) -> String {
        guard let precision else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(precision)))
    }

    func padded(_ text: String) -> String {
        let missing = width - text.unicodeScalars.count
        if missing <= 0 { return text }
        if left { return text + String(repeating: " ", count: missing) }
        guard zero else { return String(repeating: " ", count: missing) + text }
        let zeros = String(repeating: "0", count: missing)
        return text.hasPrefix("-") ? "-" + zeros + text.dropFirst() : zeros + text
    }
}

/// strconv.Unquote, for the three kinds of quotes; nil when the text is not a Go literal.
func goUnquote(_ literal: String) -> String? {
    let bytes = Array(literal.utf8)
    guard bytes.count >= 2, bytes.first == bytes.last else { return nil }
    let body = Array(bytes[1..<(bytes.count - 1)])
    if bytes[0] == 96 { return String(decoding: body, as: UTF8.self) }
    var out: [UInt8] = []
    var index = 0
    while index < body.count {
        guard body[index] == 92 else {
            out.append(body[index])
            index += 1
            continue
        }
        guard index + 1 < body.count else { return nil }
        let code = body[index + 1]
        index += 2
        let simple: [UInt8: UInt8] = [110: 10, 116: 9, 114: 13, 97: 7, 98: 8, 102: 12, 118: 11, 92: 92, 34: 34, 39: 39]
        if let byte = simple[code] {
            out.append(byte)
            continue
        }
        let size = code == 120 ? 2 : code == 117 ? 4 : code == 85 ? 8 : (48...55).contains(code) ? 3 : 0
        let start = size == 3 ? index - 1 : index
        guard size > 0, start + size <= body.count else { return nil }
        let digits = String(decoding: body[start..<(start + size)], as: UTF8.self)
        guard let number = UInt32(digits, radix: size == 3 ? 8 : 16) else { return nil }
        index = start + size
        if size < 4 {
            out.append(UInt8(truncatingIfNeeded: number))
        } else {
            guard let scalar = Unicode.Scalar(number) else { return nil }
            out += Array(String(scalar).utf8)
        }
    }
    return String(decoding: out, as: UTF8.self)
}
