internal import GoText
internal import SQLite

/// A lease: while it exists, what was made under it is not collected.
public struct Lease: Sendable, Equatable {
    public let id: String
    public var labels: Labels
    public var created: Nanoseconds

    public init(id: String, labels: Labels, created: Nanoseconds = 0) {
        self.id = id
        self.labels = labels
        self.created = created
    }

    /// What filters see.
    public func read(_ path: [String]) -> String? {
        switch path[0] {
        case "id": id.isEmpty ? nil : id
        case "labels": labels.read(path[1...])
        default: nil
        }
    }
}

/// Something a lease keeps: `content` with a digest, `ingests` with a reference, `snapshots/NAME` with a key.
public struct LeaseResource: Sendable, Equatable {
    public let type: String
    public let id: String

    public init(type: String, id: String) {
        self.type = type
        self.id = id
    }

    fileprivate func check() throws(ServiceError) {
        let parts = type.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        switch parts[0] {
        case "content", "ingests":
            if parts.count > 1 { throw .invalidArgument("invalid resource type \(type)") }
            guard type == "content" else { return }
            do throws(ServiceError) {
                try Identifier.checkDigest(id)
            } catch {
                throw error.prefixed("invalid content digest \(goQuoted(id))")
            }
        case "snapshots":
            if parts.count != 2 { throw .invalidArgument("invalid snapshot resource type \(type)") }
        default: throw .notImplemented("resource type \(type) not supported yet")
        }
    }
}

extension Metadata {
    public func createLease(_ id: String, labels: Labels, in scope: Scope) throws(ServiceError) -> Lease {
        if id.isEmpty { throw .invalidArgument("lease id must be provided") }
        try Identifier.checkLabels(labels)
        return try update { (transaction) throws(ServiceError) in
            try transaction.useNamespace(scope.namespace)
            let lease = Lease(id: id, labels: labels, created: nanosecondsNow())
            let made = try transaction.execute(
                "INSERT OR IGNORE INTO leases(namespace, id, labels, created) VALUES(?, ?, ?, ?)",
                [.text(scope.namespace), .text(id), .text(labels.stored), .int(lease.created)])
            if made == 0 { throw .alreadyExists("lease \(goQuoted(id))") }
            return lease
        }
    }

    public func deleteLease(_ id: String, in scope: Scope) throws(ServiceError) {
        try update { (transaction) throws(ServiceError) in
            let gone = try transaction.execute(
                "DELETE FROM leases WHERE namespace = ? AND id = ?", [.text(scope.namespace), .text(id)])
            if gone == 0 { throw .notFound("lease \(goQuoted(id))") }
            try transaction.execute(
                "DELETE FROM lease_resources WHERE namespace = ? AND lease = ?", [.text(scope.namespace), .text(id)])
        }
    }

    public func leases(matching filter: Filter, in scope: Scope) throws(ServiceError) -> [Lease] {
        try view { (transaction) throws(ServiceError) in
            try transaction.rows(
                "SELECT id, labels, created FROM leases WHERE namespace = ? ORDER BY id", [.text(scope.namespace)]
            ) { Lease(id: $0.text(0), labels: Labels(stored: $0.text(1)), created: $0.int(2)) }
        }.filter { lease in filter.matches { lease.read($0) } }
    }

    public func addResource(
        _ resource: LeaseResource, toLease id: String, in scope: Scope
    ) throws(ServiceError) {
        try resource.check()
        try update { (transaction) throws(ServiceError) in
            try transaction.requireLease(id, scope.namespace)
            try transaction.keep(resource, underLease: id, scope.namespace)
        }
    }

    public func removeResource(
        _ resource: LeaseResource, fromLease id: String, in scope: Scope
    ) throws(ServiceError) {
        try resource.check()
        try update { (transaction) throws(ServiceError) in
            try transaction.requireLease(id, scope.namespace)
            try transaction.execute(
                "DELETE FROM lease_resources WHERE namespace = ? AND lease = ? AND type = ? AND id = ?",
                [.text(scope.namespace), .text(id), .text(resource.type), .text(resource.id)])
        }
    }

    public func resources(ofLease id: String, in scope: Scope) throws(ServiceError) -> [LeaseResource] {
        try view { (transaction) throws(ServiceError) in
            try transaction.requireLease(id, scope.namespace)
            return try transaction.rows(
                "SELECT type, id FROM lease_resources WHERE namespace = ? AND lease = ? ORDER BY type, id",
                [.text(scope.namespace), .text(id)]
            ) { LeaseResource(type: $0.text(0), id: $0.text(1)) }
        }
    }
}

extension Transaction {
    fileprivate func requireLease(_ id: String, _ namespace: String) throws(ServiceError) {
        let found = try exists("SELECT 1 FROM leases WHERE namespace = ? AND id = ?", [.text(namespace), .text(id)])
        if !found { throw .notFound("lease \(goQuoted(id))") }
    }

    fileprivate func keep(
        _ resource: LeaseResource, underLease id: String, _ namespace: String
    ) throws(ServiceError) {
        try execute(
            "INSERT OR IGNORE INTO lease_resources(namespace, lease, type, id) VALUES(?, ?, ?, ?)",
            [.text(namespace), .text(id), .text(resource.type), .text(resource.id)])
    }

    /// Puts what a request makes under its lease, when it came with one. Returns whether it did.
    @discardableResult
    func lease(_ type: String, _ id: String, _ scope: Scope) throws(ServiceError) -> Bool {
        guard let lease = scope.lease else { return false }
        let found = try exists(
            "SELECT 1 FROM leases WHERE namespace = ? AND id = ?", [.text(scope.namespace), .text(lease)])
        if !found { throw .notFound("lease does not exist") }
        try keep(LeaseResource(type: type, id: id), underLease: lease, scope.namespace)
        return true
    }

    /// Takes what is gone out of the request's lease.
    func unlease(_ type: String, _ id: String, _ scope: Scope) throws(ServiceError) {
        guard let lease = scope.lease else { return }
        try execute(
            "DELETE FROM lease_resources WHERE namespace = ? AND lease = ? AND type = ? AND id = ?",
            [.text(scope.namespace), .text(lease), .text(type), .text(id)])
    }
}
