internal import GoText
internal import SQLite

/// What is known of a blob beside its bytes.
public struct ContentRecord: Sendable, Equatable {
    public let digest: String
    public let size: Int64
    public var labels: Labels
    public let created: Nanoseconds
    public var updated: Nanoseconds

    /// What filters see.
    public func read(_ path: [String]) -> String? {
        switch path[0] {
        case "digest": digest
        case "labels": labels.read(path[1...])
        default: nil
        }
    }

    fileprivate init(row: Row) {
        digest = row.text(0)
        size = row.int(1)
        labels = Labels(stored: row.text(2))
        created = row.int(3)
        updated = row.int(4)
    }
}

/// A blob on its way in.
public struct IngestRecord: Sendable, Equatable {
    /// Names its directory; never given twice.
    public let number: Int64
    public let reference: String
    /// The digest its writer announced; empty when it did not.
    public let expected: String
    /// The size its writer announced; 0 when it did not.
    public let total: Int64
    public let started: Nanoseconds

    fileprivate init(row: Row) {
        number = row.int(0)
        reference = row.text(1)
        expected = row.text(2)
        total = row.int(3)
        started = row.int(4)
    }
}

private let contentColumns = "digest, size, labels, created, updated"
private let ingestColumns = "number, ref, expected, total, started"

extension Metadata {
    public func content(_ digest: String, in scope: Scope) throws(ServiceError) -> ContentRecord {
        try view { (transaction) throws(ServiceError) in
            guard let found = try transaction.content(digest, scope.namespace) else {
                throw .notFound("content digest \(digest)")
            }
            return found
        }
    }

    public func contents(matching filter: Filter, in scope: Scope) throws(ServiceError) -> [ContentRecord] {
        try view { (transaction) throws(ServiceError) in
            try transaction.rows(
                "SELECT \(contentColumns) FROM content WHERE namespace = ? ORDER BY digest", [.text(scope.namespace)]
            ) { ContentRecord(row: $0) }
        }.filter { record in filter.matches { record.read($0) } }
    }

    /// Changes labels, the only part of a blob that can.
    public func updateContent(
        _ digest: String, labels: Labels, paths: [String], in scope: Scope
    ) throws(ServiceError) -> ContentRecord {
        try update { (transaction) throws(ServiceError) in
            guard var updated = try transaction.content(digest, scope.namespace) else {
                throw .notFound("content digest \(digest)")
            }
            for path in paths.isEmpty ? ["labels"] : paths {
                if let key = FieldPath.key(of: path, in: "labels") {
                    updated.labels.set(key, to: labels[key])
                } else if path == "labels" {
                    updated.labels = labels
                } else {
                    throw .invalidArgument("cannot update \(goQuoted(path)) field on content info \(goQuoted(digest))")
                }
            }
            try Identifier.checkLabels(updated.labels)
            updated.updated = nanosecondsNow()
            try transaction.execute(
                "UPDATE content SET labels = ?, updated = ? WHERE namespace = ? AND digest = ?",
                [.text(updated.labels.stored), .int(updated.updated), .text(scope.namespace), .text(digest)])
            return updated
        }
    }

    /// Forgets a blob in this namespace; its bytes stay until no namespace knows them.
    public func deleteContent(_ digest: String, in scope: Scope) throws(ServiceError) {
        try update { (transaction) throws(ServiceError) in
            let gone = try transaction.execute(
                "DELETE FROM content WHERE namespace = ? AND digest = ?", [.text(scope.namespace), .text(digest)])
            if gone == 0 { throw .notFound("content digest \(digest)") }
            try transaction.unlease("content", digest, scope)
        }
    }

    /// Puts a blob the namespace has under the request's lease, if it comes with one; false when the blob is not there.
    public func leaseContent(_ digest: String, in scope: Scope) throws(ServiceError) -> Bool {
        try update { (transaction) throws(ServiceError) in
            guard try transaction.content(digest, scope.namespace) != nil else { return false }
            try transaction.lease("content", digest, scope)
            return true
        }
    }

    /// Whether any namespace knows the blob, and its size.
    public func sizeAnywhere(of digest: String) throws(ServiceError) -> Int64? {
        try view { (transaction) throws(ServiceError) in
            try transaction.first("SELECT size FROM content WHERE digest = ? LIMIT 1", [.text(digest)]) { $0.int(0) }
        }
    }

    /// Every digest any namespace knows.
    public func knownDigests() throws(ServiceError) -> Set<String> {
        try view { (transaction) throws(ServiceError) in
            Set(try transaction.rows("SELECT DISTINCT digest FROM content") { $0.text(0) })
        }
    }

    // MARK: Ingests

    /// What opening a writer found.
    public enum OpenedIngest: Sendable {
        /// The namespace has the blob already; it is under the request's lease now.
        case exists
        case ingest(IngestRecord)
    }

    /// Starts an ingest, or finds the one under that reference. Without a lease it is given up after a day.
    public func openIngest(
        _ reference: String, expected: String, total: Int64, in scope: Scope
    ) throws(ServiceError) -> OpenedIngest {
        try update { (transaction) throws(ServiceError) in
            if !expected.isEmpty, try transaction.content(expected, scope.namespace) != nil {
                try transaction.lease("content", expected, scope)
                return .exists
            }
            try transaction.useNamespace(scope.namespace)
            let leased = try transaction.lease("ingests", reference, scope)
            let now = nanosecondsNow()
            let day: Int64 = 24 * 3600 * 1_000_000_000
            try transaction.execute(
                """
                INSERT INTO ingests(namespace, ref, expected, total, expires, started, updated)
                VALUES(?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT(namespace, ref) DO UPDATE SET updated = excluded.updated,
                    expected = CASE WHEN excluded.expected != '' THEN excluded.expected ELSE expected END,
                    total = CASE WHEN excluded.total != 0 THEN excluded.total ELSE total END
                """,
                [
                    .text(scope.namespace), .text(reference), .text(expected), .int(total),
                    leased ? .null : .int(now + day), .int(now), .int(now),
                ])
            guard let record = try transaction.ingest(reference, scope.namespace) else {
                throw .notFound("ingest \(goQuoted(reference))")
            }
            return .ingest(record)
        }
    }

    public func ingest(_ reference: String, in scope: Scope) throws(ServiceError) -> IngestRecord {
        try view { (transaction) throws(ServiceError) in
            guard let found = try transaction.ingest(reference, scope.namespace) else {
                throw .notFound("reference \(reference)")
            }
            return found
        }
    }

    public func ingests(in scope: Scope) throws(ServiceError) -> [IngestRecord] {
        try view { (transaction) throws(ServiceError) in
            try transaction.rows(
                "SELECT \(ingestColumns) FROM ingests WHERE namespace = ? ORDER BY ref", [.text(scope.namespace)]
            ) { IngestRecord(row: $0) }
        }
    }

    /// The numbers of all ingests of all namespaces.
    public func ingestNumbers() throws(ServiceError) -> Set<Int64> {
        try view { (transaction) throws(ServiceError) in
            Set(try transaction.rows("SELECT number FROM ingests") { $0.int(0) })
        }
    }

    /// Forgets ingests of which nothing has come in.
    public func forgetIngests(_ numbers: Set<Int64>) throws(ServiceError) {
        if numbers.isEmpty { return }
        try update { (transaction) throws(ServiceError) in
            for number in numbers {
                try transaction.execute(
                    """
                    DELETE FROM lease_resources WHERE type = 'ingests' AND (namespace, id) IN
                        (SELECT namespace, ref FROM ingests WHERE number = ?)
                    """, [.int(number)])
                try transaction.execute("DELETE FROM ingests WHERE number = ?", [.int(number)])
            }
        }
    }

    /// Forgets an ingest and returns it, so that its directory can be removed.
    public func deleteIngest(_ reference: String, in scope: Scope) throws(ServiceError) -> IngestRecord {
        try update { (transaction) throws(ServiceError) in
            guard let found = try transaction.ingest(reference, scope.namespace) else {
                throw .notFound("reference \(reference)")
            }
            try transaction.execute("DELETE FROM ingests WHERE number = ?", [.int(found.number)])
            try transaction.unlease("ingests", reference, scope)
            return found
        }
    }

    /// Turns an ingest into a blob of the namespace. The bytes must be in place and synced: once this returns the blob
    /// is visible. A blob that is there already is refused, and the ingest is gone all the same.
    public func commitIngest(
        _ reference: String, digest: String, size: Int64, labels: Labels, in scope: Scope
    ) throws(ServiceError) {
        try Identifier.checkLabels(labels)
        let isNew = try update { (transaction) throws(ServiceError) -> Bool in
            try transaction.execute(
                "DELETE FROM ingests WHERE namespace = ? AND ref = ?", [.text(scope.namespace), .text(reference)])
            try transaction.unlease("ingests", reference, scope)
            let now = nanosecondsNow()
            let made = try transaction.execute(
                "INSERT OR IGNORE INTO content(namespace, \(contentColumns)) VALUES(?, ?, ?, ?, ?, ?)",
                [
                    .text(scope.namespace), .text(digest), .int(size), .text(labels.stored), .int(now), .int(now),
                ])
            try transaction.lease("content", digest, scope)
            return made == 1
        }
        if !isNew { throw .alreadyExists("content \(digest)") }
    }
}

extension Transaction {
    fileprivate func content(_ digest: String, _ namespace: String) throws(ServiceError) -> ContentRecord? {
        try first(
            "SELECT \(contentColumns) FROM content WHERE namespace = ? AND digest = ?",
            [.text(namespace), .text(digest)]
        ) { ContentRecord(row: $0) }
    }

    fileprivate func ingest(_ reference: String, _ namespace: String) throws(ServiceError) -> IngestRecord? {
        try first(
            "SELECT \(ingestColumns) FROM ingests WHERE namespace = ? AND ref = ?",
            [.text(namespace), .text(reference)]
        ) { IngestRecord(row: $0) }
    }
}
