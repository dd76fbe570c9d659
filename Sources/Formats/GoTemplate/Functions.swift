internal import GoText
internal import JSON

let builtinNames: Set<String> = Set(builtins.keys).union(["and", "or"])

/// text/template's own functions; `and` and `or` are carried out by the execution, for they stop early.
let builtins: [String: TemplateFunction] = [
    "not": { (values) throws(TemplateFailure) in .bool(!(try one(values, "not")).isTrue) },
    "len": { (values) throws(TemplateFailure) in .int(try length(try one(values, "len"))) },
    "index": { (values) throws(TemplateFailure) in try index(values) },
    "slice": { (values) throws(TemplateFailure) in try slice(values) },
    "print": { (values) throws(TemplateFailure) in .string(goSprint(values)) },
    "println": { (values) throws(TemplateFailure) in
        .string(values.map { goArgument($0) }.joined(separator: " ") + "\n")
    },
    "printf": { (values) throws(TemplateFailure) in
        guard let first = values.first else {
            throw TemplateFailure("wrong number of args for printf: want at least 1 got 0")
        }
        return .string(goFormat(try text(first), Array(values.dropFirst())))
    },
    "html": { (values) throws(TemplateFailure) in .string(escapeHTML(goSprint(values))) },
    "js": { (values) throws(TemplateFailure) in .string(escapeScript(goSprint(values))) },
    "urlquery": { (values) throws(TemplateFailure) in .string(queryEscaped(goSprint(values))) },
    "call": { (values) throws(TemplateFailure) in
        guard case .function(let function)? = values.first else {
            throw TemplateFailure("wrong number of args for call: want at least 1 got 0")
        }
        return try function(Array(values.dropFirst()))
    },
    "eq": { (values) throws(TemplateFailure) in
        guard let first = values.first else {
            throw TemplateFailure("wrong number of args for eq: want at least 1 got 0")
        }
        guard values.count > 1 else { throw TemplateFailure("missing argument for comparison") }
        for other in values.dropFirst() {
            if try equal(first, other) { return .bool(true) }
        }
        return .bool(false)
    },
    "ne": { (values) throws(TemplateFailure) in .bool(!(try equal(try two(values, "ne")))) },
    "lt": { (values) throws(TemplateFailure) in .bool(try less(try two(values, "lt"))) },
    "le": { (values) throws(TemplateFailure) in
        let pair = try two(values, "le")
        if try less(pair) { return .bool(true) }
        return .bool(try equal(pair))
    },
    "gt": { (values) throws(TemplateFailure) in
        let pair = try two(values, "gt")
        if try less(pair) { return .bool(false) }
        return .bool(!(try equal(pair)))
    },
    "ge": { (values) throws(TemplateFailure) in .bool(!(try less(try two(values, "ge")))) },
]

/// The functions docker adds to every template.
let dockerFunctions: [String: TemplateFunction] = [
    "json": { (values) throws(TemplateFailure) in
        let value = try one(values, "json")
        // What a Go type encodes by itself is escaped for HTML; the rest is not.
        if case .object = value { return .string(value.json.text()) }
        return .string(value.json.text(escapingHTML: false))
    },
    "split": { (values) throws(TemplateFailure) in
        let pair = try two(values, "split")
        return .list(goSplit(try text(pair.0), try text(pair.1)).map { .string($0) })
    },
    "join": { (values) throws(TemplateFailure) in
        let pair = try two(values, "join")
        guard case .list(let items) = pair.0.plain else { return .string("") }
        return .string(items.map { goPrint($0) }.joined(separator: try text(pair.1)))
    },
    "title": { (values) throws(TemplateFailure) in .string(titled(try text(try one(values, "title")))) },
    "lower": { (values) throws(TemplateFailure) in .string(try text(try one(values, "lower")).lowercased()) },
    "upper": { (values) throws(TemplateFailure) in .string(try text(try one(values, "upper")).uppercased()) },
    "pad": { (values) throws(TemplateFailure) in
        guard values.count == 3, case .int(let before) = values[1].plain, case .int(let after) = values[2].plain else {
            throw TemplateFailure("wrong number of args for pad: want 3 got \(values.count)")
        }
        let body = try text(values[0])
        if body.isEmpty { return .string(body) }
        guard before >= 0, after >= 0 else { throw TemplateFailure("strings: negative Repeat count") }
        return .string(String(repeating: " ", count: before) + body + String(repeating: " ", count: after))
    },
    "truncate": { (values) throws(TemplateFailure) in
        let pair = try two(values, "truncate")
        guard case .int(let limit) = pair.1.plain else {
            throw TemplateFailure("wrong type for value; expected int; got " + pair.1.typeName)
        }
        guard limit >= 0 else {
            throw TemplateFailure("runtime error: slice bounds out of range [:\(limit)]")
        }
        return .string(String(decoding: Array(try text(pair.0).utf8.prefix(limit)), as: UTF8.self))
    },
]

/// What docker's functions take; a value of another kind is refused before the function sees it.
enum Parameter: String {
    case string = "string"
    case integer = "int"
    case list = "[]string"

    /// What a literal in its place is asked to be.
    var literalName: String { self == .integer ? "integer" : rawValue }

    func admits(_ value: Value) -> Bool {
        // A list whose elements have no type of their own is not one of strings.
        if case .json(.array, let shape) = value, shape.typeName != "[]string" { return false }
        return switch (self, value.plain) {
        case (.string, .string), (.integer, .int), (.list, .list), (.list, .null), (.list, .missing): true
        default: false
        }
    }
}

let parameters: [String: [Parameter]] = [
    "split": [.string, .string], "join": [.list, .string], "title": [.string], "lower": [.string], "upper": [.string],
    "pad": [.string, .integer, .integer], "truncate": [.string, .integer], "printf": [.string],
]

private func one(_ values: [Value], _ name: String) throws(TemplateFailure) -> Value {
    guard values.count == 1 else {
        throw TemplateFailure("wrong number of args for \(name): want 1 got \(values.count)")
    }
    return values[0]
}

private func two(_ values: [Value], _ name: String) throws(TemplateFailure) -> (Value, Value) {
    guard values.count == 2 else {
        throw TemplateFailure("wrong number of args for \(name): want 2 got \(values.count)")
    }
    return (values[0], values[1])
}

private func text(_ value: Value) throws(TemplateFailure) -> String {
    guard case .string(let text) = value.plain else {
        throw TemplateFailure("wrong type for value; expected string; got " + value.typeName)
    }
    return text
}

private func length(_ value: Value) throws(TemplateFailure) -> Int {
    switch value.plain {
    case .string(let text): return text.utf8.count
    case .list(let items): return items.count
    case .map(let pairs): return pairs.count
    case .null, .missing: throw TemplateFailure("len of nil pointer")
    default: throw TemplateFailure("len of type " + value.typeName)
    }
}

private func index(_ values: [Value]) throws(TemplateFailure) -> Value {
    guard let first = values.first else {
        throw TemplateFailure("wrong number of args for index: want at least 1 got 0")
    }
    var item = first
    for key in values.dropFirst() {
        if case .json(_, .keyed(let keyType, _)) = item {
            throw TemplateFailure("value has type string; should be " + keyType)
        }
        switch (item.plain, key.plain) {
        case (.list(let items), .int(let position)):
            try check(position, items.count, "slice")
            item = items[position]
        case (.string(let text), .int(let position)):
            try check(position, text.utf8.count, "string")
            item = .int(Int(Array(text.utf8)[position]))
        case (.map(let pairs), .string(let name)): item = pairs[name] ?? first.zeroElement(item)
        case (.null, _), (.missing, _): throw TemplateFailure("index of untyped nil")
        case (.list, _), (.string, _): throw TemplateFailure("cannot index slice/array with type " + key.typeName)
        case (.map, _):
            throw TemplateFailure("value has type " + key.typeName + "; should be string")
        default: throw TemplateFailure("can't index item of type " + item.typeName)
        }
    }
    return item
}

/// The place just behind the last is found out by another check in Go, with other words.
private func check(_ position: Int, _ count: Int, _ kind: String) throws(TemplateFailure) {
    guard position >= 0, position <= count else { throw TemplateFailure("index out of range: \(position)") }
    if position == count { throw TemplateFailure("reflect: " + kind + " index out of range") }
}

extension Value {
    /// What Go's index gives for a key that a map does not have: the zero value of its element type.
    fileprivate func zeroElement(_ map: Value) -> Value {
        if case .json(_, .map(let element)) = map { return .json(.null, element) }
        if case .json(_, .pointer(.map(let element))) = map { return .json(.null, element) }
        return .missing
    }
}

private func slice(_ values: [Value]) throws(TemplateFailure) -> Value {
    guard let first = values.first else {
        throw TemplateFailure("wrong number of args for slice: want at least 1 got 0")
    }
    guard values.count < 4 else { throw TemplateFailure("too many slice indexes: \(values.count - 1)") }
    let size = try length(first)
    var bounds = [0, size]
    for (place, value) in values.dropFirst().enumerated() {
        guard case .int(let number) = value.plain else {
            throw TemplateFailure("cannot index slice/array with type " + value.typeName)
        }
        guard number >= 0, number <= size else { throw TemplateFailure("index out of range: \(number)") }
        bounds[place] = number
    }
    guard bounds[0] <= bounds[1] else { throw TemplateFailure("invalid slice index: \(bounds[0]) > \(bounds[1])") }
    switch first.plain {
    case .string(let text): return .string(String(decoding: Array(text.utf8)[bounds[0]..<bounds[1]], as: UTF8.self))
    case .list(let items): return .list(Array(items[bounds[0]..<bounds[1]]))
    default: throw TemplateFailure("can't slice item of type " + first.typeName)
    }
}

private func equal(_ pair: (Value, Value)) throws(TemplateFailure) -> Bool { try equal(pair.0, pair.1) }

private func equal(_ left: Value, _ right: Value) throws(TemplateFailure) -> Bool {
    switch (left.plain, right.plain) {
    case (.bool(let a), .bool(let b)): return a == b
    case (.int(let a), .int(let b)): return a == b
    case (.float(let a), .float(let b)): return a == b
    case (.string(let a), .string(let b)): return a == b
    case (.null, .null), (.missing, .missing), (.null, .missing), (.missing, .null): return true
    case (.null, _), (.missing, _), (_, .null), (_, .missing): return false
    case (.list, _), (.map, _), (_, .list), (_, .map):
        throw TemplateFailure("non-comparable type " + goPrint(left) + ": " + left.typeName)
    default: throw TemplateFailure("incompatible types for comparison")
    }
}

private func less(_ pair: (Value, Value)) throws(TemplateFailure) -> Bool {
    switch (pair.0.plain, pair.1.plain) {
    case (.int(let a), .int(let b)): return a < b
    case (.float(let a), .float(let b)): return a < b
    case (.string(let a), .string(let b)): return a.utf8.lexicographicallyPrecedes(b.utf8)
    case (.bool, .bool), (.list, _), (.map, _), (.null, _), (.missing, _):
        throw TemplateFailure("invalid type for comparison")
    default: throw TemplateFailure("incompatible types for comparison")
    }
}

/// strings.Split.
func goSplit(_ text: String, _ separator: String) -> [String] {
    let bytes = Array(text.utf8)
    let mark = Array(separator.utf8)
    if mark.isEmpty { return text.unicodeScalars.map { String($0) } }
    var parts: [String] = []
    var start = 0
    var position = 0
    while position + mark.count <= bytes.count {
        if bytes[position..<(position + mark.count)].elementsEqual(mark) {
            parts.append(String(decoding: bytes[start..<position], as: UTF8.self))
            position += mark.count
            start = position
        } else {
            position += 1
        }
    }
    parts.append(String(decoding: bytes[start...], as: UTF8.self))
    return parts
}

/// strings.Title: the first letter of every word in upper case.
func titled(_ text: String) -> String {
    var out = ""
    var startsWord = true
    for character in text {
        out += startsWord ? character.uppercased() : String(character)
        startsWord = !(character.isLetter || character.isNumber || character == "_" || character == "'")
    }
    return out
}

private func escapeHTML(_ text: String) -> String {
    var out = ""
    for character in text.unicodeScalars {
        switch character {
        case "&": out += "&amp;"
        case "<": out += "&lt;"
        case ">": out += "&gt;"
        case "\"": out += "&#34;"
        case "'": out += "&#39;"
        default: out.unicodeScalars.append(character)
        }
    }
    return out
}

private func escapeScript(_ text: String) -> String {
    var out = ""
    for character in text.unicodeScalars {
        switch character {
        case "\\": out += "\\\\"
        case "'": out += "\\'"
        case "\"": out += "\\\""
        case "<": out += "\\u003C"
        case ">": out += "\\u003E"
        case "&": out += "\\u0026"
        case "=": out += "\\u003D"
        case "\n": out += "\\u000A"
        default: out.unicodeScalars.append(character)
        }
    }
    return out
}
