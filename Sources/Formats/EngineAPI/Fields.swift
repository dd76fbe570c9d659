internal import JSON

/// The members of an object being written. `put` writes nil as null; `putUnlessEmpty` leaves out what Go's `omitempty`
/// leaves out.
struct Fields {
    private var object = JSON.Object()

    var json: JSON { .object(object) }

    mutating func put(_ name: String, _ value: JSON) { object.add(name, value) }
    mutating func put(_ name: String, _ value: String) { object.add(name, .string(value)) }
    mutating func put(_ name: String, _ value: Bool) { object.add(name, .bool(value)) }
    mutating func put(_ name: String, _ value: Int) { object.add(name, .int(value)) }
    mutating func put(_ name: String, _ value: UInt64) { object.add(name, .int(value)) }
    mutating func put(_ name: String, _ value: Int?) { object.add(name, value.map { .int($0) } ?? .null) }
    mutating func put(_ name: String, _ value: Bool?) { object.add(name, value.map { .bool($0) } ?? .null) }
    mutating func put(_ name: String, _ value: [String]?) { object.add(name, value.map { .strings($0) } ?? .null) }
    mutating func put(_ name: String, _ value: [Int]) { object.add(name, .array(value.map { .int($0) })) }
    mutating func put(_ name: String, _ value: [UInt64]) { object.add(name, .array(value.map { .int($0) })) }

    mutating func put(_ name: String, _ value: [[String]]?) {
        object.add(name, value.map { .array($0.map { .strings($0) }) } ?? .null)
    }

    mutating func put(_ name: String, _ value: [String: String]?) {
        object.add(name, value.map { map in sorted(map) { .string($0) } } ?? .null)
    }

    mutating func put(_ name: String, _ value: Set<String>?) {
        object.add(name, value.map { names in .members(names.sorted().map { ($0, .members([])) }) } ?? .null)
    }

    mutating func put<Value: EngineObject>(_ name: String, _ value: Value) { object.add(name, value.json) }
    mutating func put<Value: EngineObject>(_ name: String, _ value: Value?) { object.add(name, value?.json ?? .null) }

    mutating func put<Value: EngineObject>(_ name: String, _ value: [Value]?) {
        object.add(name, value.map { .array($0.map(\.json)) } ?? .null)
    }

    mutating func put<Value: EngineObject>(_ name: String, _ value: [String: Value]) {
        object.add(name, sorted(value) { $0.json })
    }

    /// A port without bindings is written as null.
    mutating func put(_ name: String, _ value: PortMap) {
        object.add(name, sorted(value) { $0.isEmpty ? .null : .array($0.map(\.json)) })
    }

    private func sorted<Value>(_ map: [String: Value], _ encode: (Value) -> JSON) -> JSON {
        .members(map.sorted { $0.key < $1.key }.map { ($0.key, encode($0.value)) })
    }
}

extension Fields {
    mutating func putUnlessEmpty(_ name: String, _ value: String) { if !value.isEmpty { put(name, value) } }
    mutating func putUnlessEmpty(_ name: String, _ value: Bool) { if value { put(name, value) } }
    mutating func putUnlessEmpty(_ name: String, _ value: Int) { if value != 0 { put(name, value) } }
    mutating func putUnlessEmpty(_ name: String, _ value: UInt64) { if value != 0 { put(name, value) } }
    mutating func putUnlessEmpty(_ name: String, _ value: Int?) { if let value { put(name, value) } }
    mutating func putUnlessEmpty(_ name: String, _ value: Bool?) { if let value { put(name, value) } }
    mutating func putUnlessEmpty(_ name: String, _ value: [String]) { if !value.isEmpty { put(name, value) } }
    mutating func putUnlessEmpty(_ name: String, _ value: [Int]) { if !value.isEmpty { put(name, value) } }
    mutating func putUnlessEmpty(_ name: String, _ value: [UInt64]) { if !value.isEmpty { put(name, value) } }
    mutating func putUnlessEmpty(_ name: String, _ value: [[String]]) { if !value.isEmpty { put(name, value) } }
    mutating func putUnlessEmpty(_ name: String, _ value: [String: String]) { if !value.isEmpty { put(name, value) } }
    mutating func putUnlessEmpty(_ name: String, _ value: Set<String>) { if !value.isEmpty { put(name, value) } }
    mutating func putUnlessEmpty(_ name: String, _ value: JSON) { if !value.isNull { put(name, value) } }

    mutating func putUnlessEmpty<Value: EngineObject>(_ name: String, _ value: Value?) {
        if let value { put(name, value) }
    }

    mutating func putUnlessEmpty<Value: EngineObject>(_ name: String, _ value: [Value]) {
        if !value.isEmpty { put(name, value) }
    }

    mutating func putUnlessEmpty<Value: EngineObject>(_ name: String, _ value: [String: Value]) {
        if !value.isEmpty { put(name, value) }
    }
}
