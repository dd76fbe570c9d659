internal import GoText
internal import SQLite

/// What a snapshot is for.
public enum SnapshotKind: Int64, Sendable {
    case view = 1
    case active = 2
    case committed = 3

    /// The word of filters.
    var word: String {
        switch self {
        case .view: "view"
        case .active: "active"
        case .committed: "committed"
        }
    }
}

/// A snapshot: a filesystem tree that stands on its parent's.
public struct SnapshotRecord: Sendable, Equatable {
    /// Names its directory; never given twice.
    public let id: Int64
    public let name: String
    /// The parent's name; empty for none.
    public let parent: String
    public let kind: SnapshotKind
    public var labels: Labels
    /// Bytes on disk of a committed snapshot, without its parents.
    public let size: Int64
    public let inodes: Int64
    public let created: Nanoseconds
    public var updated: Nanoseconds

    /// What filters see.
    public func read(_ path: [String]) -> String? {
        switch path[0] {
        case "kind": kind.word
        case "name": name
        case "parent": parent
        case "labels": labels.read(path[1...])
        default: nil
        }
    }

    fileprivate init(row: Row) {
        id = row.int(0)
        name = row.text(1)
        parent = row.text(2)
        kind = SnapshotKind(rawValue: row.int(3)) ?? .active
        labels = Labels(stored: row.text(4))
        size = row.int(5)
        inodes = row.int(6)
        created = row.int(7)
        updated = row.int(8)
    }
}

/// A snapshot, and the ids of its parents, the nearest first.
public struct SnapshotChain: Sendable, Equatable {
    public let snapshot: SnapshotRecord
    public let parents: [Int64]
}

private let select = """
    SELECT s.id, s.name, coalesce(p.name, ''), s.kind, s.labels, s.size, s.inodes, s.created, s.updated
    FROM snapshots s LEFT JOIN snapshots p ON p.id = s.parent WHERE s.namespace = ? AND s.snapshotter = ?
    """

extension Metadata {
    /// The label that asks for a snapshot by the name it will be committed under.
    private static let reference = "containerd.io/snapshot.ref"

    public func snapshot(_ name: String, of snapshotter: String, in scope: Scope) throws(ServiceError) -> SnapshotRecord
    {
        try view { (transaction) throws(ServiceError) in try transaction.snapshot(name, snapshotter, scope) }
    }

    public func chain(_ name: String, of snapshotter: String, in scope: Scope) throws(ServiceError) -> SnapshotChain {
        try view { (transaction) throws(ServiceError) in
            let found = try transaction.snapshot(name, snapshotter, scope)
            return SnapshotChain(snapshot: found, parents: try transaction.parents(of: found.id))
        }
    }

    public func snapshots(
        of snapshotter: String, matching filter: Filter, in scope: Scope
    ) throws(ServiceError) -> [SnapshotRecord] {
        try view { (transaction) throws(ServiceError) in
            try transaction.rows(
                select + " ORDER BY s.name", [.text(scope.namespace), .text(snapshotter)]
            ) { SnapshotRecord(row: $0) }
        }.filter { record in filter.matches { record.read($0) } }
    }

    /// The ids of all snapshots of one snapshotter in all namespaces.
    public func snapshotIds(of snapshotter: String) throws(ServiceError) -> Set<Int64> {
        try view { (transaction) throws(ServiceError) in
            let sql = "SELECT id FROM snapshots WHERE snapshotter = ?"
            return Set(try transaction.rows(sql, [.text(snapshotter)]) { $0.int(0) })
        }
    }

    /// Makes an active snapshot or a view. `place` puts its directory where its id says, inside the transaction: when
    /// it throws, nothing was made.
    public func createSnapshot(
        _ name: String, of snapshotter: String, parent: String, kind: SnapshotKind, labels: Labels, in scope: Scope,
        place: (SnapshotChain) throws(ServiceError) -> Void
    ) throws(ServiceError) -> SnapshotChain {
        if name.isEmpty { throw .invalidArgument("key must not be empty") }
        try Identifier.checkLabels(labels)
        return try update { (transaction) throws(ServiceError) in
            try transaction.useNamespace(scope.namespace)
            if let target = labels[Metadata.reference], try transaction.has(target, snapshotter, scope) {
                throw .alreadyExists("target snapshot \(goQuoted(target))")
            }
            if try transaction.has(name, snapshotter, scope) { throw .alreadyExists("snapshot \(goQuoted(name))") }
            var parentId: Int64?
            if !parent.isEmpty { parentId = try transaction.committedParent(parent, snapshotter, scope) }
            let now = nanosecondsNow()
            try transaction.execute(
                """
                INSERT INTO snapshots(
                    namespace, snapshotter, name, parent, kind, labels, size, inodes, created, updated)
                VALUES(?, ?, ?, ?, ?, ?, 0, 0, ?, ?)
                """,
                [
                    .text(scope.namespace), .text(snapshotter), .text(name), Value(parentId), .int(kind.rawValue),
                    .text(labels.stored), .int(now), .int(now),
                ])
            try transaction.lease("snapshots/" + snapshotter, name, scope)
            let made = try transaction.snapshot(name, snapshotter, scope)
            let chain = SnapshotChain(snapshot: made, parents: try transaction.parents(of: made.id))
            try place(chain)
            return chain
        }
    }

    /// Turns an active snapshot into a committed one under a new name; `labels` replace what it had.
    public func commitSnapshot(
        _ key: String, as name: String, of snapshotter: String, labels: Labels, size: Int64, inodes: Int64,
        in scope: Scope
    ) throws(ServiceError) {
        if name.isEmpty { throw .invalidArgument("name must not be empty") }
        try Identifier.checkLabels(labels)
        try update { (transaction) throws(ServiceError) in
            if try transaction.has(name, snapshotter, scope) { throw .alreadyExists("snapshot \(goQuoted(name))") }
            let active = try transaction.snapshot(key, snapshotter, scope)
            if active.kind != .active {
                throw .failedPrecondition("failed to commit snapshot: snapshot \(goQuoted(key)) is not active")
            }
            let now = nanosecondsNow()
            try transaction.execute(
                """
                UPDATE snapshots SET name = ?, kind = ?, labels = ?, size = ?, inodes = ?, created = ?, updated = ?
                WHERE id = ?
                """,
                [
                    .text(name), .int(SnapshotKind.committed.rawValue), .text(labels.stored), .int(size), .int(inodes),
                    .int(now), .int(now), .int(active.id),
                ])
            let type = "snapshots/" + snapshotter
            try transaction.execute(
                "DELETE FROM lease_resources WHERE namespace = ? AND type = ? AND id = ?",
                [.text(scope.namespace), .text(type), .text(key)])
            try transaction.lease(type, name, scope)
        }
    }

    public func updateSnapshot(
        _ name: String, of snapshotter: String, labels: Labels, paths: [String], in scope: Scope
    ) throws(ServiceError) -> SnapshotRecord {
        if name.isEmpty { throw .invalidArgument("snapshot name is required for update") }
        return try update { (transaction) throws(ServiceError) in
            var updated = try transaction.snapshot(name, snapshotter, scope)
            for path in paths.isEmpty ? ["labels"] : paths {
                if let key = FieldPath.key(of: path, in: "labels") {
                    updated.labels.set(key, to: labels[key])
                } else if path == "labels" {
                    updated.labels = labels
                } else {
                    throw .invalidArgument("cannot update \(goQuoted(path)) field on snapshot \(goQuoted(name))")
                }
            }
            try Identifier.checkLabels(updated.labels)
            updated.updated = nanosecondsNow()
            try transaction.execute(
                "UPDATE snapshots SET labels = ?, updated = ? WHERE id = ?",
                [.text(updated.labels.stored), .int(updated.updated), .int(updated.id)])
            return updated
        }
    }

    /// Forgets a snapshot that has no children and returns it, so that its directory can be removed.
    public func deleteSnapshot(
        _ name: String, of snapshotter: String, in scope: Scope
    ) throws(ServiceError) -> SnapshotRecord {
        try update { (transaction) throws(ServiceError) in
            let found = try transaction.snapshot(name, snapshotter, scope)
            if try transaction.exists("SELECT 1 FROM snapshots WHERE parent = ? LIMIT 1", [.int(found.id)]) {
                throw .failedPrecondition("cannot remove snapshot with child")
            }
            try transaction.execute("DELETE FROM snapshots WHERE id = ?", [.int(found.id)])
            try transaction.unlease("snapshots/" + snapshotter, name, scope)
            return found
        }
    }
}

extension Transaction {
    fileprivate func has(_ name: String, _ snapshotter: String, _ scope: Scope) throws(ServiceError) -> Bool {
        try exists(
            "SELECT 1 FROM snapshots WHERE namespace = ? AND snapshotter = ? AND name = ?",
            [.text(scope.namespace), .text(snapshotter), .text(name)])
    }

    fileprivate func snapshot(
        _ name: String, _ snapshotter: String, _ scope: Scope
    ) throws(ServiceError) -> SnapshotRecord {
        let found = try first(
            select + " AND s.name = ?", [.text(scope.namespace), .text(snapshotter), .text(name)]
        ) { SnapshotRecord(row: $0) }
        guard let found else { throw .notFound("snapshot \(name) does not exist") }
        return found
    }

    fileprivate func committedParent(
        _ name: String, _ snapshotter: String, _ scope: Scope
    ) throws(ServiceError) -> Int64 {
        let found: SnapshotRecord
        do throws(ServiceError) {
            found = try snapshot(name, snapshotter, scope)
        } catch {
            throw .notFound("parent snapshot \(name) does not exist")
        }
        if found.kind != .committed {
            throw .invalidArgument("failed to create snapshot: parent \(goQuoted(name)) is not committed snapshot")
        }
        return found.id
    }

    fileprivate func parents(of id: Int64) throws(ServiceError) -> [Int64] {
        try rows(
            """
            WITH RECURSIVE chain(id, depth) AS (
                SELECT parent, 1 FROM snapshots WHERE id = ? AND parent IS NOT NULL
                UNION ALL SELECT s.parent, depth + 1 FROM snapshots s JOIN chain c ON s.id = c.id
                WHERE s.parent IS NOT NULL)
            SELECT id FROM chain ORDER BY depth
            """, [.int(id)]
        ) { $0.int(0) }
    }
}
