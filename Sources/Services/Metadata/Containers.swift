internal import GoText
internal import SQLite

/// A message of a type only its users know (google.protobuf.Any).
public struct TypedBytes: Sendable, Equatable {
    public var type: String
    public var bytes: [UInt8]

    public init(type: String, bytes: [UInt8]) {
        self.type = type
        self.bytes = bytes
    }
}

/// A container as containerd knows it: what to run, not a process.
public struct ContainerRecord: Sendable, Equatable {
    public var id: String
    public var labels: Labels = [:]
    public var image = ""
    public var runtime = ""
    public var runtimeOptions: TypedBytes?
    public var spec: TypedBytes?
    public var snapshotter = ""
    public var snapshotKey = ""
    public var extensions: [String: TypedBytes] = [:]
    public var created: Nanoseconds = 0
    public var updated: Nanoseconds = 0

    public init(id: String) { self.id = id }

    /// What filters see.
    public func read(_ path: [String]) -> String? {
        switch path[0] {
        case "id": return id.isEmpty ? nil : id
        case "runtime": return path.count > 1 && path[1] == "name" && !runtime.isEmpty ? runtime : nil
        case "image": return image.isEmpty ? nil : image
        case "labels": return labels.read(path[1...])
        default: return nil
        }
    }

    fileprivate init(row: Row) {
        id = row.text(0)
        labels = Labels(stored: row.text(1))
        image = row.text(2)
        runtime = row.text(3)
        runtimeOptions = row.optionalText(4).map { TypedBytes(type: $0, bytes: row.blob(5)) }
        spec = row.optionalText(6).map { TypedBytes(type: $0, bytes: row.blob(7)) }
        snapshotter = row.text(8)
        snapshotKey = row.text(9)
        created = row.int(10)
        updated = row.int(11)
    }

    fileprivate func check() throws(ServiceError) {
        do throws(ServiceError) {
            try Identifier.check(id)
        } catch {
            throw error.prefixed("container.ID")
        }
        for key in extensions.keys where key.isEmpty {
            throw .invalidArgument("container.Extension keys must not be zero-length")
        }
        // An image's labels may be long, but a label of a container is a name for it.
        try Identifier.checkLabels(labels, of: "containers.Labels")
        if runtime.isEmpty { throw .invalidArgument("container.Runtime.Name must be set") }
        if spec == nil { throw .invalidArgument("container.Spec must be set") }
        if !snapshotKey.isEmpty && snapshotter.isEmpty {
            throw .invalidArgument("container.Snapshotter must be set if container.SnapshotKey is set")
        }
    }
}

extension Metadata {
    public func container(_ id: String, in scope: Scope) throws(ServiceError) -> ContainerRecord {
        try view { (transaction) throws(ServiceError) in
            guard let found = try transaction.container(id, scope.namespace) else {
                throw .notFound("container \(goQuoted(id)) in namespace \(goQuoted(scope.namespace))")
            }
            return found
        }
    }

    public func containers(matching filter: Filter, in scope: Scope) throws(ServiceError) -> [ContainerRecord] {
        try view { (transaction) throws(ServiceError) in
            let all = try transaction.rows(
                "SELECT \(containerColumns) FROM containers WHERE namespace = ? ORDER BY id", [.text(scope.namespace)]
            ) { ContainerRecord(row: $0) }
            var chosen: [ContainerRecord] = []
            for var container in all where filter.matches({ container.read($0) }) {
                container.extensions = try transaction.extensions(of: container.id, scope.namespace)
                chosen.append(container)
            }
            return chosen
        }
    }

    public func createContainer(_ container: ContainerRecord, in scope: Scope) throws(ServiceError) -> ContainerRecord {
        do throws(ServiceError) {
            try container.check()
        } catch {
            throw error.prefixed("create container failed validation")
        }
        return try update { (transaction) throws(ServiceError) in
            try transaction.useNamespace(scope.namespace)
            if try transaction.container(container.id, scope.namespace) != nil {
                throw .alreadyExists("container \(goQuoted(container.id))")
            }
            var made = container
            made.created = nanosecondsNow()
            made.updated = made.created
            try transaction.put(made, scope.namespace)
            return made
        }
    }

    /// Changes the parts named by `paths`; without any, all that may change.
    public func updateContainer(
        _ container: ContainerRecord, paths: [String], in scope: Scope
    ) throws(ServiceError) -> ContainerRecord {
        if container.id.isEmpty { throw .invalidArgument("must specify a container id") }
        return try update { (transaction) throws(ServiceError) in
            guard var updated = try transaction.container(container.id, scope.namespace) else {
                throw .notFound("container \(goQuoted(container.id))")
            }
            if paths.isEmpty {
                if updated.snapshotter != container.snapshotter {
                    throw .invalidArgument("container.Snapshotter field is immutable")
                }
                if updated.runtime != container.runtime {
                    throw .invalidArgument("container.Runtime.Name field is immutable")
                }
            }
            for path in paths.isEmpty ? ["labels", "spec", "extensions", "image", "snapshotkey"] : paths {
                try updated.take(path, from: container)
            }
            do throws(ServiceError) {
                try updated.check()
            } catch {
                throw error.prefixed("update failed validation")
            }
            updated.updated = nanosecondsNow()
            try transaction.put(updated, scope.namespace)
            return updated
        }
    }

    public func deleteContainer(_ id: String, in scope: Scope) throws(ServiceError) {
        try update { (transaction) throws(ServiceError) in
            let gone = try transaction.execute(
                "DELETE FROM containers WHERE namespace = ? AND id = ?", [.text(scope.namespace), .text(id)])
            if gone == 0 { throw .notFound("container \(goQuoted(id))") }
            try transaction.execute(
                "DELETE FROM extensions WHERE namespace = ? AND container = ?", [.text(scope.namespace), .text(id)])
        }
    }
}

extension ContainerRecord {
    fileprivate mutating func take(_ path: String, from other: ContainerRecord) throws(ServiceError) {
        if let key = FieldPath.key(of: path, in: "labels") {
            labels.set(key, to: other.labels[key])
            return
        }
        if let key = FieldPath.key(of: path, in: "extensions") {
            extensions[key] = other.extensions[key]
            return
        }
        switch path {
        case "labels": labels = other.labels
        case "spec": spec = other.spec
        case "extensions": extensions = other.extensions
        case "image": image = other.image
        case "snapshotkey": snapshotKey = other.snapshotKey
        default: throw .invalidArgument("cannot update \(goQuoted(path)) field on container \(goQuoted(other.id))")
        }
    }
}

private let containerColumns = """
    id, labels, image, runtime, options_type, options, spec_type, spec, snapshotter, snapshot_key, created, updated
    """

extension Transaction {
    fileprivate func container(_ id: String, _ namespace: String) throws(ServiceError) -> ContainerRecord? {
        var found = try first(
            "SELECT \(containerColumns) FROM containers WHERE namespace = ? AND id = ?", [.text(namespace), .text(id)]
        ) { ContainerRecord(row: $0) }
        if found != nil { found?.extensions = try extensions(of: id, namespace) }
        return found
    }

    fileprivate func extensions(of id: String, _ namespace: String) throws(ServiceError) -> [String: TypedBytes] {
        let pairs = try rows(
            "SELECT name, type, value FROM extensions WHERE namespace = ? AND container = ?",
            [.text(namespace), .text(id)]
        ) { ($0.text(0), TypedBytes(type: $0.text(1), bytes: $0.blob(2))) }
        return Dictionary(pairs) { $1 }
    }

    fileprivate func put(_ container: ContainerRecord, _ namespace: String) throws(ServiceError) {
        try execute(
            """
            INSERT OR REPLACE INTO containers(namespace, \(containerColumns))
            VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .text(namespace), .text(container.id), .text(container.labels.stored), .text(container.image),
                .text(container.runtime), Value(container.runtimeOptions?.type),
                container.runtimeOptions.map { .blob($0.bytes) } ?? .null, Value(container.spec?.type),
                container.spec.map { .blob($0.bytes) } ?? .null, .text(container.snapshotter),
                .text(container.snapshotKey), .int(container.created), .int(container.updated),
            ])
        try execute(
            "DELETE FROM extensions WHERE namespace = ? AND container = ?", [.text(namespace), .text(container.id)])
        for (name, value) in container.extensions {
            try execute(
                "INSERT INTO extensions(namespace, container, name, type, value) VALUES(?, ?, ?, ?, ?)",
                [.text(namespace), .text(container.id), .text(name), .text(value.type), .blob(value.bytes)])
        }
    }
}
