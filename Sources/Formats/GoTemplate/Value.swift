public import JSON

/// Something templates can call by name, with or without arguments: what a Go value with methods is to text/template.
public protocol TemplateObject: AnyObject {
    /// The type's name in error messages.
    var typeName: String { get }
    /// The member's value, or nil when there is no such member.
    func member(_ name: String, _ arguments: [Value]) throws(TemplateFailure) -> Value?
}

/// A value in a template.
public indirect enum Value {
    /// Go's nil.
    case null
    /// The result of a map without the key: prints `<no value>`.
    case missing
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    case list([Value])
    /// A map with text keys, sorted when it is ranged over.
    case map([String: Value])
    case object(any TemplateObject)
    /// A JSON value seen through a Go type.
    case json(JSON, Shape)
    /// A function given as a value, for `call` and for fields that are functions.
    case function(([Value]) throws(TemplateFailure) -> Value)
}

/// What Go type a JSON value was decoded into: decides how it prints and which fields it has.
public indirect enum Shape: Sendable {
    /// Decoded without a type: objects are maps.
    case raw
    case string
    case int
    case bool
    case float
    /// Printed as time.Time prints.
    case time
    case list(Shape)
    case map(Shape)
    /// A map whose keys have a type of their own, which `index` does not take plain text for.
    case keyed(String, Shape)
    case pointer(Shape)
    case structure(Structure)
}

/// A Go struct: its name in messages, and its fields in order.
public struct Structure: Sendable {
    public struct Field: Sendable {
        /// The Go name, by which templates know it.
        public let name: String
        /// The name in JSON; empty for an embedded struct, whose members stand beside its neighbours.
        public let key: String
        public let shape: Shape

        public init(_ name: String, key: String? = nil, _ shape: Shape) {
            self.name = name
            self.key = key ?? name
            self.shape = shape
        }
    }

    public let name: String
    public let fields: [Field]

    public init(_ name: String, _ fields: [Field]) {
        self.name = name
        self.fields = fields
    }
}

extension Value {
    public init(_ json: JSON) { self = .json(json, .raw) }

    /// The value with the JSON layer taken off where it is a plain one: scalars become scalars, arrays lists, maps
    /// maps. Structures stay as they are.
    var plain: Value {
        guard case .json(let json, let shape) = self else { return self }
        switch (json, shape) {
        case (_, .pointer(let target)): return json.isNull ? .null : Value.json(json, target).plain
        case (.null, .raw): return .null
        case (.null, .string): return .string("")
        case (.null, .time): return .string("0001-01-01 00:00:00 +0000 UTC")
        case (.null, .int): return .int(0)
        case (.null, .float): return .float(0)
        case (.null, .bool): return .bool(false)
        case (.null, .list): return .list([])
        case (.null, .map), (.null, .keyed): return .map([:])
        case (.bool(let value), _): return .bool(value)
        case (.string(let text), .time): return .string(goTime(text))
        case (.string(let text), _): return .string(text)
        case (.number(let number), .float): return .float(Double(number.text) ?? 0)
        case (.number(let number), _):
            return number.int.map { .int($0) } ?? .float(Double(number.text) ?? 0)
        case (.array(let items), .list(let item)): return .list(items.map { .json($0, item) })
        case (.array(let items), _): return .list(items.map { .json($0, .raw) })
        case (.object, .structure): return self
        case (.object(let object), .map(let item)), (.object(let object), .keyed(_, let item)):
            return .map(Value.pairs(object, item))
        case (.object(let object), _): return .map(Value.pairs(object, .raw))
        case (.null, .structure): return self
        }
    }

    private static func pairs(_ object: JSON.Object, _ shape: Shape) -> [String: Value] {
        var all: [String: Value] = [:]
        for member in object.members { all[member.name] = .json(member.value, shape) }
        return all
    }

    /// Whether a template's `if` takes it for true: not zero, not empty, not nil.
    public var isTrue: Bool {
        switch plain {
        case .null, .missing: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .float(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let items): !items.isEmpty
        case .map(let pairs): !pairs.isEmpty
        case .object, .function, .json: true
        }
    }

    /// The value as JSON.
    public var json: JSON {
        switch self {
        case .json(let json, _): return json
        case .null, .missing, .function: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .float(let value): return .number(JSON.Number(text: goFloat(value)))
        case .string(let text): return .string(text)
        case .list(let items): return .array(items.map { $0.json })
        case .map(let pairs):
            return .members(
                pairs.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value.json) })
        case .object(let object):
            if let encodable = object as? any JSONConvertible { return encodable.json }
            return .members([])
        }
    }

    /// The Go type's name, for error messages.
    var typeName: String {
        switch self {
        case .json(_, .structure(let structure)): return structure.name
        case .json(let json, .pointer(let target)): return "*" + Value.json(json, target).typeName
        case .json(_, .list(let element)): return "[]" + element.typeName
        case .json(_, .map(let element)): return "map[string]" + element.typeName
        case .json(_, .keyed(let key, let element)): return "map[" + key + "]" + element.typeName
        case .json(.object, .raw), .map: return "map[string]interface {}"
        case .json(.array, .raw): return "[]interface {}"
        case .object(let object): return object.typeName
        default: break
        }
        switch plain {
        case .null, .missing: return "nil"
        case .bool: return "bool"
        case .int: return "int"
        case .float: return "float64"
        case .string: return "string"
        case .list(let items):
            let areTexts = items.allSatisfy { if case .string = $0 { true } else { false } }
            return areTexts && !items.isEmpty ? "[]string" : "[]interface {}"
        case .map: return "map[string]interface {}"
        case .object, .json, .function: return "interface {}"
        }
    }
}

extension Shape {
    /// The Go type's name, for error messages.
    var typeName: String {
        switch self {
        case .raw: "interface {}"
        case .string: "string"
        case .int: "int"
        case .bool: "bool"
        case .float: "float64"
        case .time: "time.Time"
        case .list(let element): "[]" + element.typeName
        case .map(let element): "map[string]" + element.typeName
        case .keyed(let key, let element): "map[" + key + "]" + element.typeName
        case .pointer(let target): "*" + target.typeName
        case .structure(let structure): structure.name
        }
    }
}

/// An object that the `json` function can write.
public protocol JSONConvertible: AnyObject {
    var json: JSON { get }
}

/// RFC 3339 text as time.Time's String method prints it; other text unchanged.
func goTime(_ text: String) -> String {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes[10] == UInt8(ascii: "T") else { return text }
    let day = String(decoding: bytes[0..<10], as: UTF8.self)
    if bytes.last == UInt8(ascii: "Z") {
        return day + " " + String(decoding: bytes[11..<(bytes.count - 1)], as: UTF8.self) + " +0000 UTC"
    }
    guard bytes.count > 25 else { return text }
    let zone = String(decoding: bytes[(bytes.count - 6)...], as: UTF8.self).filter { $0 != ":" }
    return day + " " + String(decoding: bytes[11..<(bytes.count - 6)], as: UTF8.self) + " " + zone + " " + zone
}

extension Structure {
    /// A field by its Go name, in this struct or one embedded in it.
    func field(_ name: String) -> Field? {
        if let own = fields.first(where: { $0.name == name }) { return own }
        for embedded in fields where embedded.key.isEmpty {
            if let found = embedded.shape.structure?.field(name) { return found }
        }
        return nil
    }

    /// A field's value in the JSON of this struct.
    static func value(_ field: Field, in json: JSON) -> Value {
        guard field.key.isEmpty else { return .json(json[field.key] ?? .null, field.shape) }
        guard let structure = field.shape.structure, let object = json.object else { return .json(json, field.shape) }
        // Of an embedded struct's neighbours it knows nothing.
        return .json(.object(JSON.Object(object.members.filter { structure.writes($0.name) })), field.shape)
    }

    private func writes(_ key: String) -> Bool {
        fields.contains { $0.key.isEmpty ? $0.shape.structure?.writes(key) == true : $0.key == key }
    }
}
