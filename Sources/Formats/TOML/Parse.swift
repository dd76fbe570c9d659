extension TOML.Table {
    /// Reads a whole document.
    public init(parsing text: String) throws(TOMLError) {
        var parser = TOMLParser(text)
        self = try parser.document()
    }
}

/// Reads a document line by line; a value may span lines.
private struct TOMLParser {
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var root = TOML.Table()
    /// Tables opened by a header, so that a second header for the same one is refused.
    private var opened: Set<[String]> = []

    init(_ text: String) { bytes = Array(text.utf8) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func failure(_ message: String) -> TOMLError { TOMLError(line: line, message: message) }

    mutating func document() throws(TOMLError) -> TOML.Table {
        var prefix: [String] = []
        while true {
            skipBlank()
            guard let byte = next else { return root }
            if byte == UInt8(ascii: "[") {
                prefix = try header()
            } else {
                let path = prefix + (try keyPath())
                skipSpace()
                guard next == UInt8(ascii: "=") else { throw failure("expected '=' after a key") }
                position += 1
                skipSpace()
                try put(try value(), at: path[...], into: &root)
            }
            try endOfLine()
        }
    }

    // MARK: Tables

    private mutating func header() throws(TOMLError) -> [String] {
        position += 1
        let isList = next == UInt8(ascii: "[")
        if isList { position += 1 }
        skipSpace()
        let path = try keyPath()
        skipSpace()
        for _ in 0..<(isList ? 2 : 1) {
            guard next == UInt8(ascii: "]") else { throw failure("expected ']' at the end of a table's name") }
            position += 1
        }
        if isList {
            try appendTable(at: path[...], into: &root)
            opened = opened.filter { !$0.starts(with: path) }
        } else {
            guard opened.insert(path).inserted else {
                throw failure("duplicated tables: " + path.joined(separator: "."))
            }
            try openTable(at: path[...], into: &root)
        }
        return path
    }

    private func openTable(at path: ArraySlice<String>, into table: inout TOML.Table) throws(TOMLError) {
        guard let key = path.first else { return }
        try descend(key, into: &table) { (inner) throws(TOMLError) in try openTable(at: path.dropFirst(), into: &inner)
        }
    }

    private func appendTable(at path: ArraySlice<String>, into table: inout TOML.Table) throws(TOMLError) {
        guard let key = path.first else { return }
        if path.count > 1 {
            try descend(key, into: &table) { (inner) throws(TOMLError) in
                try appendTable(at: path.dropFirst(), into: &inner)
            }
            return
        }
        guard let items = table[key].map({ $0.array }) ?? [] else { throw failure("\(key) is no array of tables") }
        table[key] = .array(items + [.table(TOML.Table())])
    }

    private func put(_ value: TOML, at path: ArraySlice<String>, into table: inout TOML.Table) throws(TOMLError) {
        guard let key = path.first else { return }
        if path.count > 1 {
            try descend(key, into: &table) { (inner) throws(TOMLError) in
                try put(value, at: path.dropFirst(), into: &inner)
            }
            return
        }
        guard table[key] == nil else { throw failure("The following key was defined twice: \(key)") }
        table[key] = value
    }

    /// Works on the table under a key, made when missing; the last one where the key holds an array of tables.
    private func descend(
        _ key: String, into table: inout TOML.Table, _ body: (inout TOML.Table) throws(TOMLError) -> Void
    ) throws(TOMLError) {
        switch table[key] {
        case nil:
            var inner = TOML.Table()
            try body(&inner)
            table[key] = .table(inner)
        case .table(var inner):
            try body(&inner)
            table[key] = .table(inner)
        case .array(var items):
            guard case .table(var inner)? = items.last else { throw failure("\(key) is no table") }
            try body(&inner)
            items[items.count - 1] = .table(inner)
            table[key] = .array(items)
        default: throw failure("\(key) is no table")
        }
    }

    // MARK: Keys

    private mutating func keyPath() throws(TOMLError) -> [String] {
        var path = [try key()]
        while true {
            skipSpace()
            guard next == UInt8(ascii: ".") else { return path }
            position += 1
            skipSpace()
            path.append(try key())
        }
    }

    private mutating func key() throws(TOMLError) -> String {
        if next == UInt8(ascii: "\"") { return try basicString() }
        if next == UInt8(ascii: "'") { return try literalString() }
        let start = position
        while let byte = next, isBare(byte) { position += 1 }
        if start == position { throw failure("expected a key") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    // MARK: Values

    private mutating func value() throws(TOMLError) -> TOML {
        switch next {
        case UInt8(ascii: "\""): return .string(try starts("\"\"\"") ? longString("\"\"\"") : basicString())
        case UInt8(ascii: "'"): return .string(try starts("'''") ? longString("'''") : literalString())
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "{"): return try inlineTable()
        default: return try scalar()
        }
    }

    private func starts(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

    private mutating func scalar() throws(TOMLError) -> TOML {
        let start = position
        while let byte = next, isBare(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "+") { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if text == "true" { return .bool(true) }
        if text == "false" { return .bool(false) }
        let digits = text.filter { $0 != "_" }
        if let number = Int(digits) { return .integer(number) }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
            if let number = Int(digits.dropFirst(2), radix: radix) { return .integer(number) }
        }
        if Double(digits) != nil { return .float(digits) }
        throw failure(text.isEmpty ? "expected a value" : "unrecognized value \(text)")
    }

    private mutating func array() throws(TOMLError) -> TOML {
        position += 1
        var items: [TOML] = []
        while true {
            skipBlank()
            if next == UInt8(ascii: "]") { break }
            items.append(try value())
            skipBlank()
            if next == UInt8(ascii: ",") { position += 1 } else { break }
        }
        skipBlank()
        guard next == UInt8(ascii: "]") else { throw failure("expected ']' at the end of an array") }
        position += 1
        return .array(items)
    }

    private mutating func inlineTable() throws(TOMLError) -> TOML {
        position += 1
        var table = TOML.Table()
        skipSpace()
        while next != UInt8(ascii: "}") {
            let path = try keyPath()
            skipSpace()
            guard next == UInt8(ascii: "=") else { throw failure("expected '=' after a key") }
            position += 1
            skipSpace()
            try put(try value(), at: path[...], into: &table)
            skipSpace()
            if next == UInt8(ascii: ",") { position += 1 } else { break }
            skipSpace()
        }
        guard next == UInt8(ascii: "}") else { throw failure("expected '}' at the end of a table") }
        position += 1
        return .table(table)
    }

    // MARK: Strings

    private mutating func literalString() throws(TOMLError) -> String {
        position += 1
        let start = position
        while let byte = next, byte != UInt8(ascii: "'"), byte != 10 { position += 1 }
        guard next == UInt8(ascii: "'") else { throw failure("unclosed string") }
        defer { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func basicString() throws(TOMLError) -> String {
        position += 1
        var out: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "\""), byte != 10 {
            position += 1
            if byte == UInt8(ascii: "\\") { try escape(into: &out) } else { out.append(byte) }
        }
        guard next == UInt8(ascii: "\"") else { throw failure("unclosed string") }
        position += 1
        return String(decoding: out, as: UTF8.self)
    }

    /// A string between three quotes, over lines; a line feed right after the first three is not part of it.
    private mutating func longString(_ mark: String) throws(TOMLError) -> String {
        position += 3
        if next == 13 { position += 1 }
        if next == 10 { newLine() }
        var out: [UInt8] = []
        while position < bytes.count, !starts(mark) {
            let byte = bytes[position]
            if byte == 10 { line += 1 }
            position += 1
            guard byte == UInt8(ascii: "\\"), mark == "\"\"\"" else {
                out.append(byte)
                continue
            }
            if next == 10 || next == 32 || next == 13 { skipWhite() } else { try escape(into: &out) }
        }
        guard starts(mark) else { throw failure("unclosed string") }
        position += 3
        return String(decoding: out, as: UTF8.self)
    }

    private mutating func escape(into out: inout [UInt8]) throws(TOMLError) {
        guard let byte = next else { throw failure("unclosed string") }
        position += 1
        switch byte {
        case UInt8(ascii: "b"): out.append(8)
        case UInt8(ascii: "t"): out.append(9)
        case UInt8(ascii: "n"): out.append(10)
        case UInt8(ascii: "f"): out.append(12)
        case UInt8(ascii: "r"): out.append(13)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): out.append(byte)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let count = byte == UInt8(ascii: "u") ? 4 : 8
            guard position + count <= bytes.count,
                let number = UInt32(String(decoding: bytes[position..<position + count], as: UTF8.self), radix: 16),
                let scalar = Unicode.Scalar(number)
            else { throw failure("invalid unicode escape") }
            position += count
            out += Array(String(Character(scalar)).utf8)
        default: throw failure("invalid escape sequence: \\" + String(decoding: [byte], as: UTF8.self))
        }
    }

    // MARK: White space

    private mutating func newLine() {
        position += 1
        line += 1
    }

    private mutating func skipSpace() {
        while next == 32 || next == 9 { position += 1 }
    }

    private mutating func skipWhite() {
        while let byte = next, byte == 32 || byte == 9 || byte == 10 || byte == 13 {
            if byte == 10 { newLine() } else { position += 1 }
        }
    }

    /// Skips white space, line ends and comments.
    private mutating func skipBlank() {
        while true {
            skipWhite()
            guard next == UInt8(ascii: "#") else { return }
            while let byte = next, byte != 10 { position += 1 }
        }
    }

    private mutating func endOfLine() throws(TOMLError) {
        skipSpace()
        if next == UInt8(ascii: "#") {
            while let byte = next, byte != 10 { position += 1 }
        }
        if next == 13 { position += 1 }
        guard next == nil || next == 10 else { throw failure("unexpected text after a value") }
    }
}
