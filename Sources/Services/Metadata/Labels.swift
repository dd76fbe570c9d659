internal import JSON

/// Labels of a resource.
public typealias Labels = [String: String]

extension Labels {
    /// The text they are stored as: a JSON object with its members sorted.
    var stored: String {
        if isEmpty { return "" }
        // A label without a value is no label.
        let members = sorted { $0.key < $1.key }.filter { !$0.value.isEmpty }.map { ($0.key, JSON.string($0.value)) }
        return JSON.members(members).text(escapingHTML: false)
    }

    /// Reads the stored text; what is no JSON object was not written by us and counts as no labels.
    init(stored text: String) {
        self = [:]
        if text.isEmpty { return }
        // Reported as no labels, as said above.
        // We wrote the text ourselves; a damaged one has no labels.
        guard let object = (try? JSON(parsing: Array(text.utf8)))?.object else { return }
        for member in object.members { self[member.name] = member.value.string ?? "" }
    }

    /// Sets the label, or removes it for an empty value, as updates of one label do.
    mutating func set(_ key: String, to value: String?) {
        self[key] = value.flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// A part of a record named by an update's field mask: `labels` or `labels.KEY`.
enum FieldPath {
    /// The key of `labels.KEY` (or another map's name before the dot).
    static func key(of path: String, in map: String) -> String? {
        path.hasPrefix(map + ".") ? String(path.dropFirst(map.count + 1)) : nil
    }
}
