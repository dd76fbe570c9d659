internal import Flags
internal import GoTemplate
internal import JSON
internal import TextTable

/// One row of a listing, as templates see it.
final class Row: TemplateObject, JSONConvertible {
    let typeName: String
    private let values: [(name: String, value: Value)]
    private let methods: [String: TemplateFunction]

    /// `type` is the name in error messages; `methods` take arguments and are not part of the JSON.
    init(_ type: String, _ values: [(String, Value)], methods: [String: TemplateFunction] = [:]) {
        typeName = type
        self.values = values.map { (name: $0.0, value: $0.1) }
        self.methods = methods
    }

    func member(_ name: String, _ arguments: [Value]) throws(TemplateFailure) -> Value? {
        if let method = methods[name] { return try method(arguments) }
        guard let found = values.first(where: { $0.name == name }) else { return nil }
        if !arguments.isEmpty {
            throw TemplateFailure("wrong number of args for \(name): want 0 got \(arguments.count)")
        }
        return found.value
    }

    /// The names sorted, as Go writes a map.
    var json: JSON {
        .members(
            values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }.map { ($0.name, $0.value.json) })
    }
}

/// A listing: rows printed by a template, as a table or one by one.
struct Table {
    /// The template of the table's columns: `{{.ID}}\t{{.Name}}`.
    let columns: String
    let headers: [String: String]
    /// What stands in the table's place where only names are asked for.
    var shortColumns = "{{.ID}}"
    /// What the format `raw` stands for: one line for each property. nil where it is a text like others.
    var raw: String?

    /// Prints `rows` with a format as `--format` takes it; empty is the table. `quiet`: only names, where the format
    /// is not one of the user's own. Ends with a newline unless there is nothing.
    func print(_ rows: [Row], format given: String, quiet: Bool = false) throws -> String {
        var format = given.isEmpty ? "table" : given
        if format == "json" { format = "{{json .}}" }
        if format == "raw", let raw { format = quiet ? rawName(raw) : raw }
        if format == "table", quiet { format = shortColumns }
        var isTable = false
        if format.hasPrefix("table") {
            isTable = true
            format = String(format.dropFirst(5))
            if format.drop(while: { $0 == " " }).isEmpty { format = columns }
        }
        format = unescaped(format)
        let template = try parsed(format)
        var text = ""
        for row in rows {
            do throws(TemplateFailure) {
                text += try template.execute(.object(row)) + "\n"
            } catch {
                throw CommandFailure("template parsing error: " + error.message)
            }
        }
        guard isTable else { return text }
        return aligned(try header(format) + "\n" + text)
    }

    /// The one line of the raw format that tells what `shortColumns` does.
    private func rawName(_ raw: String) -> String {
        raw.split(separator: "\n").first { $0.hasSuffix(": " + shortColumns) }.map { String($0) } ?? raw
    }

    private func header(_ format: String) throws -> String {
        let template = try Template(format, functions: headerFunctions)
        var data = headers.mapValues { Value.string($0) }
        data["Label"] = .function { (arguments) throws(TemplateFailure) in
            let name = arguments.first.map { goPrint($0) } ?? ""
            let last = name.split(separator: ".").last.map { String($0) } ?? ""
            return .string(String(last.map { $0 == "-" || $0 == "_" ? " " : $0 }))
        }
        return try template.execute(.map(data))
    }
}

/// A template from the command line, with docker's words when it does not parse.
func parsed(_ format: String) throws -> Template {
    do throws(TemplateFailure) {
        return try Template(format)
    } catch {
        throw CommandFailure("template parsing error: " + error.message)
    }
}

/// The two escapes that a shell's user writes in a format, and no blanks around it.
func unescaped(_ format: String) -> String {
    var out: [UInt8] = []
    var bytes = Array(format.utf8)[...]
    while bytes.first == 32 { bytes = bytes.dropFirst() }
    while bytes.last == 32 { bytes = bytes.dropLast() }
    var previous: UInt8 = 0
    for byte in bytes {
        if previous == 92 && (byte == UInt8(ascii: "t") || byte == UInt8(ascii: "n")) {
            out[out.count - 1] = byte == UInt8(ascii: "t") ? 9 : 10
            previous = 0
        } else {
            out.append(byte)
            previous = byte
        }
    }
    return String(decoding: out, as: UTF8.self)
}

/// In a table's header the functions leave the column's title as it is.
private let headerFunctions: [String: TemplateFunction] = {
    let same: TemplateFunction = { (values) throws(TemplateFailure) in values.first ?? .string("") }
    return [
        "json": same, "split": same, "join": same, "title": same, "lower": same, "upper": same, "pad": same,
        "truncate": same,
    ]
}()
