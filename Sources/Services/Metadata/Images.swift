internal import GoText
internal import SQLite

/// A name for a manifest or an index in the content store.
public struct ImageRecord: Sendable, Equatable {
    public struct Target: Sendable, Equatable {
        public var mediaType: String
        public var digest: String
        public var size: Int64
        public var annotations: [String: String]

        public init(mediaType: String, digest: String, size: Int64, annotations: [String: String] = [:]) {
            self.mediaType = mediaType
            self.digest = digest
            self.size = size
            self.annotations = annotations
        }
    }

    public var name: String
    public var labels: Labels
    public var target: Target
    public var created: Nanoseconds
    public var updated: Nanoseconds

    public init(name: String, labels: Labels, target: Target, created: Nanoseconds = 0, updated: Nanoseconds = 0) {
        self.name = name
        self.labels = labels
        self.target = target
        self.created = created
        self.updated = updated
    }

    /// What filters see.
    public func read(_ path: [String]) -> String? {
        switch path[0] {
        case "name": return name.isEmpty ? nil : name
        case "target":
            if path.count < 2 { return nil }
            if path[1] == "digest" { return target.digest }
            return path[1] == "mediatype" ? target.mediaType : nil
        case "labels": return labels.read(path[1...])
        case "annotations": return target.annotations.read(path[1...])
        default: return nil
        }
    }

    fileprivate init(row: Row) {
        name = row.text(0)
        labels = Labels(stored: row.text(1))
        target = Target(
            mediaType: row.text(2), digest: row.text(3), size: row.int(4), annotations: Labels(stored: row.text(5)))
        created = row.int(6)
        updated = row.int(7)
    }

    fileprivate func check() throws(ServiceError) {
        if name.isEmpty { throw .invalidArgument("image name must not be empty") }
        try Identifier.checkLabels(labels, of: "image.Labels")
        do throws(ServiceError) {
            try Identifier.checkDigest(target.digest)
        } catch {
            throw error.prefixed("Target.Digest \(goQuoted(target.digest)) invalid")
        }
        if target.size <= 0 { throw .invalidArgument("Target.Size must be greater than zero") }
        if target.mediaType.isEmpty { throw .invalidArgument("Target.MediaType must be set") }
    }
}

extension Metadata {
    public func image(_ name: String, in scope: Scope) throws(ServiceError) -> ImageRecord {
        try view { (transaction) throws(ServiceError) in try transaction.image(name, scope.namespace) }
    }

    public func images(matching filter: Filter, in scope: Scope) throws(ServiceError) -> [ImageRecord] {
        try view { (transaction) throws(ServiceError) in
            try transaction.rows(
                "SELECT \(imageColumns) FROM images WHERE namespace = ? ORDER BY name", [.text(scope.namespace)]
            ) { ImageRecord(row: $0) }
        }.filter { image in filter.matches { image.read($0) } }
    }

    /// Stores a new image; `times` are set by us unless the client gave a creation time.
    public func createImage(_ image: ImageRecord, in scope: Scope) throws(ServiceError) -> ImageRecord {
        try image.check()
        return try update { (transaction) throws(ServiceError) in
            try transaction.useNamespace(scope.namespace)
            if try transaction.exists(
                "SELECT 1 FROM images WHERE namespace = ? AND name = ?", [.text(scope.namespace), .text(image.name)])
            {
                throw .alreadyExists("image \(goQuoted(image.name))")
            }
            var made = image
            made.created = nanosecondsNow()
            made.updated = made.created
            try transaction.put(made, scope.namespace)
            return made
        }
    }

    /// Changes the parts named by `paths`, labels and target when there are none.
    public func updateImage(
        _ image: ImageRecord, paths: [String], in scope: Scope
    ) throws(ServiceError) -> ImageRecord {
        if image.name.isEmpty { throw .invalidArgument("image name is required for update") }
        return try update { (transaction) throws(ServiceError) in
            var updated = try transaction.image(image.name, scope.namespace)
            for path in paths.isEmpty ? ["labels", "target"] : paths {
                if let key = FieldPath.key(of: path, in: "labels") {
                    updated.labels.set(key, to: image.labels[key])
                } else if let key = FieldPath.key(of: path, in: "annotations") {
                    updated.target.annotations.set(key, to: image.target.annotations[key])
                } else {
                    switch path {
                    case "labels": updated.labels = image.labels
                    case "target": updated.target = image.target
                    case "annotations": updated.target.annotations = image.target.annotations
                    default:
                        throw .invalidArgument("cannot update \(goQuoted(path)) field on image \(goQuoted(image.name))")
                    }
                }
            }
            try updated.check()
            updated.updated = nanosecondsNow()
            try transaction.put(updated, scope.namespace)
            return updated
        }
    }

    public func deleteImage(_ name: String, in scope: Scope) throws(ServiceError) {
        try update { (transaction) throws(ServiceError) in
            let gone = try transaction.execute(
                "DELETE FROM images WHERE namespace = ? AND name = ?", [.text(scope.namespace), .text(name)])
            if gone == 0 { throw .notFound("image \(goQuoted(name))") }
        }
    }
}

private let imageColumns = "name, labels, media_type, digest, size, annotations, created, updated"

extension Transaction {
    fileprivate func image(_ name: String, _ namespace: String) throws(ServiceError) -> ImageRecord {
        let found = try first(
            "SELECT \(imageColumns) FROM images WHERE namespace = ? AND name = ?", [.text(namespace), .text(name)]
        ) { ImageRecord(row: $0) }
        guard let found else { throw .notFound("image \(goQuoted(name))") }
        return found
    }

    fileprivate func put(_ image: ImageRecord, _ namespace: String) throws(ServiceError) {
        try execute(
            "INSERT OR REPLACE INTO images(namespace, \(imageColumns)) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .text(namespace), .text(image.name), .text(image.labels.stored), .text(image.target.mediaType),
                .text(image.target.digest), .int(image.target.size), .text(image.target.annotations.stored),
                .int(image.created), .int(image.updated),
            ])
    }
}
