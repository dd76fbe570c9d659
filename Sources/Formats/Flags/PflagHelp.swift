internal import GoText

/// The help of flags as spf13/pflag lays it out: sorted by name, the usages in one column and wrapped to the terminal.
extension FlagSet {
    /// The lines of every flag that is not hidden, each ended by a newline. `width` is the terminal's, in columns; 0
    /// does not wrap. `sorted` is pflag's default; off keeps the order declared.
    public func pflagUsages(width: Int, sorted: Bool = true) -> String {
        var shown: [AnyFlag] = []
        for flag in all where !flag.hidden { shown.append(flag) }
        if sorted { shown.sort { lessBytes($0.name, $1.name) } }
        var heads: [[UInt8]] = []
        var widest = 0
        for flag in shown {
            let head = Array(pflagHead(flag).utf8)
            if head.count > widest { widest = head.count }
            heads.append(head)
        }
        var out: [UInt8] = []
        for index in 0..<shown.count {
            out += heads[index]
            out += [UInt8](repeating: 32, count: widest - heads[index].count + 3)
            out += wrapped(pflagUsage(shown[index]), indent: widest + 3, width: width)
            out.append(10)
        }
        return String(decoding: out, as: UTF8.self)
    }
}

private func pflagHead(_ flag: AnyFlag) -> String {
    var head = flag.aliases.isEmpty || flag.shorthandIsDeprecated ? "      --" : "  -" + flag.aliases[0] + ", --"
    head += flag.name
    if !flag.typeName.isEmpty { head += " " + flag.typeName }
    if let bare = flag.valueWhenBare, !flag.isBoolean { head += "[=" + bare + "]" }
    return head
}

private func pflagUsage(_ flag: AnyFlag) -> [UInt8] {
    var usage = flag.usage
    if !flag.defaultText.isEmpty {
        usage += " (default " + (flag.typeName == "string" ? goQuoted(flag.defaultText) : flag.defaultText) + ")"
    }
    return Array(usage.utf8)
}

/// Byte order, which is pflag's.
func lessBytes(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }

/// Text broken at white space into lines that fit between `indent` and `width`; a last word may stand out by five.
func wrapped(_ text: [UInt8], indent: Int, width: Int) -> [UInt8] {
    var indent = indent
    var out: [UInt8] = []
    func append(_ line: ArraySlice<UInt8>) {
        for byte in line {
            out.append(byte)
            if byte == 10 { out += [UInt8](repeating: 32, count: indent) }
        }
    }
    if width == 0 {
        append(text[...])
        return out
    }
    var room = width - indent
    if room < 24 {
        indent = 16
        room = width - indent
        out.append(10)
        out += [UInt8](repeating: 32, count: indent)
    }
    if room < 24 {
        append(text[...])
        return out
    }
    let slop = 5
    var rest = text[...]
    var first = true
    while first || !rest.isEmpty {
        if !first {
            out.append(10)
            out += [UInt8](repeating: 32, count: indent)
        }
        first = false
        let (line, after) = splitLine(rest, at: room - slop, slop: slop)
        append(line)
        rest = after
    }
    return out
}

private func splitLine(
    _ text: ArraySlice<UInt8>, at limit: Int, slop: Int
) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
    if limit + slop > text.count { return (text, []) }
    let head = text[text.startIndex..<text.startIndex + limit]
    guard let space = head.lastIndex(where: { $0 == 32 || $0 == 9 || $0 == 10 }), space > text.startIndex else {
        return (text, [])
    }
    if let line = head.lastIndex(of: 10), line > text.startIndex, line < space {
        return (text[text.startIndex..<line], text[(line + 1)...])
    }
    return (text[text.startIndex..<space], text[(space + 1)...])
}
