internal import GoText
internal import SQLite

/// A namespace: a world of its own of images, containers, blobs, snapshots and leases.
public struct Namespace: Sendable, Equatable {
    public let name: String
    public var labels: Labels

    public init(name: String, labels: Labels) {
        self.name = name
        self.labels = labels
    }
}

extension Metadata {
    public func namespaces() throws(ServiceError) -> [Namespace] {
        try view { (transaction) throws(ServiceError) in
            try transaction.rows("SELECT name, labels FROM namespaces ORDER BY name") {
                Namespace(name: $0.text(0), labels: Labels(stored: $0.text(1)))
            }
        }
    }

    /// The labels of a namespace; one that does not exist has none, as nobody has set any.
    public func labels(ofNamespace name: String) throws(ServiceError) -> Labels {
        try view { (transaction) throws(ServiceError) in
            try transaction.first("SELECT labels FROM namespaces WHERE name = ?", [.text(name)]) {
                Labels(stored: $0.text(0))
            } ?? [:]
        }
    }

    public func createNamespace(_ namespace: Namespace) throws(ServiceError) {
        try Identifier.check(namespace.name)
        try Identifier.checkLabels(namespace.labels)
        try update { (transaction) throws(ServiceError) in
            let made = try transaction.execute(
                "INSERT OR IGNORE INTO namespaces(name, labels) VALUES(?, ?)",
                [.text(namespace.name), .text(namespace.labels.stored)])
            if made == 0 { throw .alreadyExists("namespace \(goQuoted(namespace.name))") }
        }
    }

    /// Sets labels (an empty value removes one), all of them when `paths` is empty, and returns what they are now.
    public func updateNamespace(_ namespace: Namespace, paths: [String]) throws(ServiceError) -> Namespace {
        try Identifier.check(namespace.name)
        return try update { (transaction) throws(ServiceError) in
            try transaction.useNamespace(namespace.name)
            var labels =
                try transaction.first(
                    "SELECT labels FROM namespaces WHERE name = ?", [.text(namespace.name)]
                ) { Labels(stored: $0.text(0)) } ?? [:]
            for path in paths.isEmpty ? ["labels"] : paths {
                if let key = FieldPath.key(of: path, in: "labels") {
                    labels.set(key, to: namespace.labels[key])
                } else if path == "labels" {
                    for key in labels.keys where namespace.labels[key] == nil { labels[key] = nil }
                    for (key, value) in namespace.labels { labels.set(key, to: value) }
                } else {
                    throw .invalidArgument("cannot update \(goQuoted(path)) field")
                }
            }
            try Identifier.checkLabels(labels)
            try transaction.execute(
                "UPDATE namespaces SET labels = ? WHERE name = ?", [.text(labels.stored), .text(namespace.name)])
            return Namespace(name: namespace.name, labels: labels)
        }
    }

    /// Removes an empty namespace.
    public func deleteNamespace(_ name: String) throws(ServiceError) {
        try Identifier.check(name)
        try update { (transaction) throws(ServiceError) in
            let kept = try transaction.contents(ofNamespace: name)
            if !kept.isEmpty {
                throw .failedPrecondition(
                    "namespace \(goQuoted(name)) must be empty, but it still has \(kept.joined(separator: ", "))")
            }
            let gone = try transaction.execute("DELETE FROM namespaces WHERE name = ?", [.text(name)])
            if gone == 0 { throw .notFound("namespace \(goQuoted(name))") }
            for table in ["leases", "lease_resources", "ingests"] {
                try transaction.execute("DELETE FROM \(table) WHERE namespace = ?", [.text(name)])
            }
        }
    }
}

extension Transaction {
    /// What keeps a namespace from being removed, in words.
    fileprivate func contents(ofNamespace name: String) throws(ServiceError) -> [String] {
        var found: [String] = []
        for (table, words) in [("images", "images"), ("content", "blobs"), ("containers", "containers")]
        where try exists("SELECT 1 FROM \(table) WHERE namespace = ? LIMIT 1", [.text(name)]) {
            found.append(words)
        }
        let snapshotters = try rows(
            "SELECT DISTINCT snapshotter FROM snapshots WHERE namespace = ? ORDER BY 1", [.text(name)]
        ) { $0.text(0) }
        return found + snapshotters.map { "snapshots on \(goQuoted($0)) snapshotter" }
    }
}
