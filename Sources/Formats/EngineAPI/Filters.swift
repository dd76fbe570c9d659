public import JSON

/// The `filters` query of list and prune requests: names with the values any of which may match.
public struct Filters: Equatable, Sendable {
    public private(set) var values: [String: [String]]

    public init(_ values: [String: [String]] = [:]) { self.values = values }

    /// Parses both forms: `{"label":["a"]}` and, before API 1.22 and from today's client too, `{"label":{"a":true}}`.
    public init(parsing text: String) throws(JSON.Failure) {
        values = [:]
        if text.isEmpty { return }
        guard case .object(let object) = try JSON(parsing: text) else { throw JSON.Failure("invalid filter") }
        for (name, value) in object.members {
            switch value {
            case .array: values[name] = try object.strings(name)
            case .object(let set): values[name] = set.members.filter { $0.value.bool ?? false }.map { $0.name }
            default: throw JSON.Failure("invalid filter")
            }
        }
    }

    public subscript(name: String) -> [String] { values[name] ?? [] }
    public func contains(_ name: String) -> Bool { values[name] != nil }

    public mutating func add(_ name: String, _ value: String) { values[name, default: []].append(value) }

    /// The first name that is not among those a request knows.
    public func unknown(among known: [String]) -> String? { values.keys.sorted().first { !known.contains($0) } }

    /// Whether one of the filter's values passes; true when the filter is absent.
    public func any(_ name: String, _ passes: (String) -> Bool) -> Bool {
        !contains(name) || self[name].contains(where: passes)
    }

    /// Whether every `key` or `key=value` of filter `name` is among the labels; true when the filter is absent.
    public func matchLabels(_ name: String, _ labels: [String: String]) -> Bool {
        self[name].allSatisfy { wanted in
            guard let equals = wanted.firstIndex(of: "=") else { return labels[wanted] != nil }
            return labels[String(wanted[..<equals])] == String(wanted[wanted.index(after: equals)...])
        }
    }

    /// A filter with a yes or no value; nil when absent, and a failure for any other value.
    public func flag(_ name: String) throws(JSON.Failure) -> Bool? {
        guard let given = values[name] else { return nil }
        guard given.count == 1, let value = given.first else { throw JSON.Failure("invalid filter '" + name + "'") }
        switch value {
        case "1", "true": return true
        case "0", "false": return false
        default: throw JSON.Failure("invalid filter '" + name + "=[" + value + "]'")
        }
    }
}
