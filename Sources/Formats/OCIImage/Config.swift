public import JSON

/// An image's configuration (OCI config.md, Docker image v1.2). `raw` keeps every member as it was read; the digest of
/// its bytes is the image's id.
public struct OCIImageConfig: Equatable, Sendable {
    /// One step of how the image was made.
    public struct History: Equatable, Sendable {
        /// RFC 3339; empty when unknown.
        public var created = ""
        public var author = ""
        public var createdBy = ""
        public var comment = ""
        /// The step made no layer.
        public var emptyLayer = false

        public init() {}

        public init(json: JSON.Object) throws(JSON.Failure) {
            created = try json.string("created")
            author = try json.string("author")
            createdBy = try json.string("created_by")
            comment = try json.string("comment")
            emptyLayer = try json.bool("empty_layer")
        }

        public var json: JSON {
            var object = JSON.Object()
            if !created.isEmpty { object["created"] = .string(created) }
            if !author.isEmpty { object["author"] = .string(author) }
            if !createdBy.isEmpty { object["created_by"] = .string(createdBy) }
            if !comment.isEmpty { object["comment"] = .string(comment) }
            if emptyLayer { object["empty_layer"] = .bool(true) }
            return .object(object)
        }
    }

    /// All members, in their order.
    public let raw: JSON.Object
    public let created: String
    public let author: String
    public let platform: OCIPlatform
    /// The run configuration (Env, Cmd, Entrypoint, …) as written; empty when there is none.
    public let config: JSON.Object
    /// Digests of the uncompressed layers, from the bottom up.
    public let diffIDs: [String]
    public let history: [History]

    public init(json: JSON.Object) throws(JSON.Failure) {
        raw = json
        created = try json.string("created")
        author = try json.string("author")
        platform = try OCIPlatform(json: json)
        config = try json.object("config") ?? JSON.Object()
        diffIDs = try json.object("rootfs")?.strings("diff_ids") ?? []
        var steps: [History] = []
        for step in try json.objects("history") { steps.append(try History(json: step)) }
        history = steps
    }

    public init(parsing bytes: [UInt8]) throws(JSON.Failure) {
        guard let object = try JSON(parsing: bytes).object else { throw JSON.Failure("image config is no object") }
        try self.init(json: object)
    }

    /// A label of the run configuration.
    public func label(_ name: String) -> String? { config["Labels"]?[name]?.string }
}
