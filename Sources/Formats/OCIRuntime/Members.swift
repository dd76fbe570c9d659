internal import JSON

/// Collects the members of an object, leaving out empty values as Go's `omitempty` does.
struct Members {
    private(set) var object = JSON.Object()

    var json: JSON { .object(object) }

    mutating func always(_ name: String, _ text: String) { object[name] = .string(text) }
    mutating func always(_ name: String, _ value: Bool) { object[name] = .bool(value) }
    mutating func always<Value: BinaryInteger>(_ name: String, _ value: Value) { object[name] = .int(value) }
    mutating func always(_ name: String, _ value: JSON) { object[name] = value }

    mutating func add(_ name: String, _ text: String) { if !text.isEmpty { object[name] = .string(text) } }
    mutating func add(_ name: String, _ value: Bool) { if value { object[name] = .bool(true) } }
    mutating func add(_ name: String, _ value: Bool?) { if let value { object[name] = .bool(value) } }
    mutating func add(_ name: String, _ texts: [String]) { if !texts.isEmpty { object[name] = .strings(texts) } }
    mutating func add(_ name: String, _ value: JSON?) { if let value { object[name] = value } }
    mutating func add(_ name: String, _ items: [JSON]) { if !items.isEmpty { object[name] = .array(items) } }

    mutating func add<Value: BinaryInteger>(_ name: String, _ value: Value?) {
        if let value { object[name] = .int(value) }
    }

    /// A map, its keys in Go's order.
    mutating func add(_ name: String, _ map: [String: String]) {
        if map.isEmpty { return }
        var inner = JSON.Object()
        for key in sortedKeys(map) { inner[key] = .string(map[key] ?? "") }
        object[name] = .object(inner)
    }
}

/// Keys by bytes, as Go's encoder sorts a map.
func sortedKeys<Value>(_ map: [String: Value]) -> [String] {
    map.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

extension JSON.Object {
    func map(_ name: String) throws(JSON.Failure) -> [String: String] {
        var found: [String: String] = [:]
        for pair in try stringMap(name) { found[pair.name] = pair.value }
        return found
    }

    /// An unsigned number of 32 bits, 0 when absent.
    func uint32(_ name: String) throws(JSON.Failure) -> UInt32 { try optionalUInt32(name) ?? 0 }

    func optionalUInt32(_ name: String) throws(JSON.Failure) -> UInt32? {
        guard let value = try uint(name) else { return nil }
        guard let small = UInt32(exactly: value) else {
            throw JSON.Failure(
                "json: cannot unmarshal number " + String(value) + " into Go struct field " + name + " of type uint32")
        }
        return small
    }

    func numbers32(_ name: String) throws(JSON.Failure) -> [UInt32] {
        var found: [UInt32] = []
        for item in try array(name) ?? [] {
            guard case .number(let number) = item, let value = number.uint, let small = UInt32(exactly: value) else {
                throw JSON.Failure("json: cannot unmarshal value into Go struct field " + name + " of type uint32")
            }
            found.append(small)
        }
        return found
    }

    /// Each object of an array, made into a value.
    func each<Value>(
        _ name: String, _ make: (JSON.Object) throws(JSON.Failure) -> Value
    ) throws(JSON.Failure) -> [Value] {
        var found: [Value] = []
        for item in try objects(name) { found.append(try make(item)) }
        return found
    }
}
