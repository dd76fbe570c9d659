/// A text between double quotes, as Go's %q and strconv.Quote write it: control characters escaped, all others as they
/// are.
public func goQuoted(_ text: String) -> String {
    var out: [UInt8] = [UInt8(ascii: "\"")]
    for byte in text.utf8 {
        if let letter = letter(byte) {
            out += [UInt8(ascii: "\\"), letter]
        } else if byte < 32 || byte == 127 {
            out += [UInt8(ascii: "\\"), UInt8(ascii: "x")] + hexadecimal(byte)
        } else {
            out.append(byte)
        }
    }
    out.append(UInt8(ascii: "\""))
    return String(decoding: out, as: UTF8.self)
}

/// What stands behind the backslash for a character that has a short escape.
private func letter(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
    case 7: UInt8(ascii: "a")
    case 8: UInt8(ascii: "b")
    case 9: UInt8(ascii: "t")
    case 10: UInt8(ascii: "n")
    case 11: UInt8(ascii: "v")
    case 12: UInt8(ascii: "f")
    case 13: UInt8(ascii: "r")
    default: nil
    }
}

/// A text as one value of a query, as Go's url.QueryEscape: everything but letters, digits and "-_.~" by number, a
/// space as a plus sign.
public func queryEscaped(_ text: String) -> String {
    var out: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case 48...57, 65...90, 97...122, 45, 46, 95, 126: out.append(byte)
        case 32: out.append(UInt8(ascii: "+"))
        default: out += [UInt8(ascii: "%")] + hexadecimal(byte, from: "A")
        }
    }
    return String(decoding: out, as: UTF8.self)
}

/// logrus' rule for a value in its text form: plain words as they are, everything else quoted.
public func logValue(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
        switch byte {
        case 48...57, 65...90, 97...122, 43, 45, 46, 47, 64, 94, 95: true  // + - . / @ ^ _
        default: false
        }
    }
    return isPlain && !text.isEmpty ? text : goQuoted(text)
}

private func hexadecimal(_ byte: UInt8, from letter: Unicode.Scalar = "a") -> [UInt8] {
    [byte >> 4, byte & 15].map { $0 < 10 ? 48 + $0 : UInt8(ascii: letter) + $0 - 10 }
}
