/// Typed members of an object. A member that is absent or null gives the default, as Go's zero value; one of another
/// type is a failure in the words of encoding/json.
extension JSON.Object {
    public func string(_ name: String, default value: String = "") throws(JSON.Failure) -> String {
        guard let member = self[name], !member.isNull else { return value }
        guard let text = member.string else { throw mismatch(member, name, "string") }
        return text
    }

    public func bool(_ name: String, default value: Bool = false) throws(JSON.Failure) -> Bool {
        guard let member = self[name], !member.isNull else { return value }
        guard let found = member.bool else { throw mismatch(member, name, "bool") }
        return found
    }

    public func int(_ name: String, default value: Int = 0) throws(JSON.Failure) -> Int {
        try optionalInt(name) ?? value
    }

    public func optionalInt(_ name: String) throws(JSON.Failure) -> Int? {
        guard let member = self[name], !member.isNull else { return nil }
        guard let number = member.int else { throw mismatch(member, name, "int64") }
        return number
    }

    public func uint(_ name: String) throws(JSON.Failure) -> UInt64? {
        guard let member = self[name], !member.isNull else { return nil }
        guard case .number(let number) = member, let found = number.uint else { throw mismatch(member, name, "uint64") }
        return found
    }

    public func optionalBool(_ name: String) throws(JSON.Failure) -> Bool? {
        guard let member = self[name], !member.isNull else { return nil }
        return try bool(name)
    }

    public func strings(_ name: String, default value: [String] = []) throws(JSON.Failure) -> [String] {
        guard let items = try array(name) else { return value }
        var texts: [String] = []
        texts.reserveCapacity(items.count)
        for item in items {
            guard let text = item.string else { throw mismatch(item, name, "string") }
            texts.append(text)
        }
        return texts
    }

    public func array(_ name: String) throws(JSON.Failure) -> [JSON]? {
        guard let member = self[name], !member.isNull else { return nil }
        guard let items = member.array else { throw mismatch(member, name, "array") }
        return items
    }

    /// The elements of an array of objects; empty when absent.
    public func objects(_ name: String) throws(JSON.Failure) -> [JSON.Object] {
        var found: [JSON.Object] = []
        for item in try array(name) ?? [] {
            guard let object = item.object else { throw mismatch(item, name, "object") }
            found.append(object)
        }
        return found
    }

    public func object(_ name: String) throws(JSON.Failure) -> JSON.Object? {
        guard let member = self[name], !member.isNull else { return nil }
        guard let object = member.object else { throw mismatch(member, name, "object") }
        return object
    }

    /// A map of strings, in the order written; empty when absent.
    public func stringMap(_ name: String) throws(JSON.Failure) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        for member in try object(name)?.members ?? [] {
            guard let text = member.value.string else { throw mismatch(member.value, name, "string") }
            pairs.append((member.name, text))
        }
        return pairs
    }

    private func mismatch(_ value: JSON, _ name: String, _ wanted: String) -> JSON.Failure {
        var kind = value.kindName
        // Go shows a number only where one was wanted, but another.
        if case .number(let number) = value, wanted != "string" { kind += " " + number.text }
        return JSON.Failure("json: cannot unmarshal " + kind + " into Go struct field " + name + " of type " + wanted)
    }
}

extension JSON {
    /// encoding/json's word for the kind of value.
    public var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// The object that the text begins with, as Go's decoder of streams takes it: what follows is not looked at.
    /// `type` is the name of its Go type, for the failure.
    public static func leadingObject(_ bytes: [UInt8], type: String) throws(Failure) -> Object {
        var parser = Parser(bytes: bytes)
        let value = try parser.value(depth: 0)
        guard case .object(let object) = value else {
            throw Failure("json: cannot unmarshal " + value.kindName + " into Go value of type " + type)
        }
        return object
    }
}
