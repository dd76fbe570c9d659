public import JSON

/// An object of the Engine API: read from a request or an answer, and written with Go's names, order and omissions.
/// Members that the type does not know are passed over, as encoding/json does.
public protocol EngineObject: Equatable, Sendable {
    init(json: JSON.Object) throws(JSON.Failure)
    var json: JSON { get }
}

extension EngineObject {
    /// Reads a whole document, which must be an object.
    public init(parsing bytes: [UInt8]) throws(JSON.Failure) {
        let document = try JSON(parsing: bytes)
        guard let object = document.object else {
            throw JSON.Failure(
                "json: cannot unmarshal " + document.kind + " into Go value of type " + String(describing: Self.self))
        }
        try self.init(json: object)
    }

    /// The bytes Go's json.Marshal gives.
    public var encoded: [UInt8] { json.encoded() }
}

extension JSON {
    /// Go's name for the kind of value, as its decoder's failures have it.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .number(let number): "number " + number.text
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

/// Readers that tell null from empty, as Go's nil slices and maps do.
extension JSON.Object {
    func optionalStrings(_ name: String) throws(JSON.Failure) -> [String]? {
        try array(name) == nil ? nil : try strings(name)
    }

    /// A list of words, or one word alone (Go's strslice).
    func words(_ name: String) throws(JSON.Failure) -> [String]? {
        if let word = self[name]?.string { return [word] }
        return try optionalStrings(name)
    }

    func ints(_ name: String) throws(JSON.Failure) -> [Int] {
        var found: [Int] = []
        for item in try array(name) ?? [] {
            guard let number = item.int else { throw mismatch(item, name, "int64") }
            found.append(number)
        }
        return found
    }

    func uints(_ name: String) throws(JSON.Failure) -> [UInt64] {
        var found: [UInt64] = []
        for item in try array(name) ?? [] {
            guard case .number(let number) = item, let value = number.uint else { throw mismatch(item, name, "uint64") }
            found.append(value)
        }
        return found
    }

    func rows(_ name: String) throws(JSON.Failure) -> [[String]]? {
        guard let items = try array(name) else { return nil }
        var found: [[String]] = []
        for item in items {
            found.append(try JSON.Object([(name, item)]).strings(name))
        }
        return found
    }

    func texts(_ name: String) throws(JSON.Failure) -> [String: String]? {
        guard let members = try object(name)?.members else { return nil }
        var found: [String: String] = [:]
        for member in members {
            if member.value.isNull {
                found[member.name] = ""
                continue
            }
            guard let text = member.value.string else { throw mismatch(member.value, name, "string") }
            found[member.name] = text
        }
        return found
    }

    /// The names of a map whose values are empty objects.
    func names(_ name: String) throws(JSON.Failure) -> Set<String>? {
        guard let found = try object(name) else { return nil }
        for member in found.members where !member.value.isNull && member.value.object == nil {
            throw mismatch(member.value, name, "struct {}")
        }
        return Set(found.names)
    }

    func member<Value: EngineObject>(_ name: String) throws(JSON.Failure) -> Value? {
        guard let found = try object(name) else { return nil }
        return try Value(json: found)
    }

    func list<Value: EngineObject>(_ name: String) throws(JSON.Failure) -> [Value] {
        var found: [Value] = []
        for item in try objects(name) { found.append(try Value(json: item)) }
        return found
    }

    func optionalList<Value: EngineObject>(_ name: String) throws(JSON.Failure) -> [Value]? {
        try array(name) == nil ? nil : try list(name)
    }

    func map<Value: EngineObject>(_ name: String) throws(JSON.Failure) -> [String: Value] {
        guard let members = try object(name)?.members else { return [:] }
        var found: [String: Value] = [:]
        for member in members {
            if !member.value.isNull && member.value.object == nil { throw mismatch(member.value, name, "struct") }
            found[member.name] = try Value(json: member.value.object ?? JSON.Object())
        }
        return found
    }

    /// A map of ports; null and absent are an empty map, and a port whose list is null has no bindings.
    func ports(_ name: String) throws(JSON.Failure) -> PortMap {
        var map: PortMap = [:]
        guard let found = try object(name) else { return map }
        for port in found.names { map[port] = try found.list(port) }
        return map
    }

    private func mismatch(_ value: JSON, _ name: String, _ wanted: String) -> JSON.Failure {
        JSON.Failure(
            "json: cannot unmarshal " + value.kind + " into Go struct field " + name + " of type " + wanted)
    }
}
