extension TOML.Table {
    /// The document as upstream writes it: a table's own values first, its tables after them, indented by two spaces a
    /// level, with an empty line before each.
    public var text: String {
        var out = ""
        write(path: [], to: &out)
        return out
    }

    private func write(path: [String], to out: inout String) {
        let indent = String(repeating: "  ", count: path.count)
        for member in members where member.value.table == nil {
            out += indent + TOML.bareOrQuoted(member.key) + " = " + member.value.inline + "\n"
        }
        for member in members {
            guard let table = member.value.table else { continue }
            let inner = path + [TOML.bareOrQuoted(member.key)]
            if !out.isEmpty { out += "\n" }
            out += indent + "[" + inner.joined(separator: ".") + "]\n"
            table.write(path: inner, to: &out)
        }
    }
}

extension TOML {
    /// The value on one line.
    var inline: String {
        switch self {
        case .string(let text): TOML.quoted(text)
        case .integer(let number): String(number)
        case .float(let text): text
        case .bool(let value): value ? "true" : "false"
        case .array(let items): "[" + items.map(\.inline).joined(separator: ", ") + "]"
        case .table(let table):
            "{" + table.members.map { TOML.bareOrQuoted($0.key) + " = " + $0.value.inline }.joined(separator: ", ")
                + "}"
        }
    }

    static func bareOrQuoted(_ key: String) -> String {
        let isBare =
            !key.isEmpty
            && key.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
        return isBare ? key : quoted(key)
    }

    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case "\r": out += "\\r"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
