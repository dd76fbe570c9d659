/// Which containers there are, by id and by name. A value: its owner holds the lock.
struct Registry<Entry> {
    private(set) var entries: [String: Entry] = [:]
    private(set) var idByName: [String: String] = [:]

    enum Lookup {
        case found(Entry)
        case none
        case ambiguous
    }

    /// Takes a name for an id; false when another id has it.
    mutating func reserve(_ name: String, for id: String) -> Bool {
        if let owner = idByName[name] { return owner == id }
        idByName[name] = id
        return true
    }

    mutating func release(_ name: String) { idByName[name] = nil }

    mutating func add(_ entry: Entry, id: String) { entries[id] = entry }

    mutating func remove(id: String) {
        entries[id] = nil
        for (name, owner) in idByName where owner == id { idByName[name] = nil }
    }

    func owner(of name: String) -> String? { idByName[name] }

    /// As upstream: the whole id, then a name, then the beginning of an id.
    func find(_ reference: String) -> Lookup {
        if let entry = entries[reference] { return .found(entry) }
        let name = reference.hasPrefix("/") ? String(reference.dropFirst()) : reference
        if let id = idByName[name], let entry = entries[id] { return .found(entry) }
        if reference.isEmpty { return .none }
        var match: Entry?
        for (id, entry) in entries where id.hasPrefix(reference) {
            if match != nil { return .ambiguous }
            match = entry
        }
        return match.map { .found($0) } ?? .none
    }
}
