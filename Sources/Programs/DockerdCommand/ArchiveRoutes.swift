internal import Archive
internal import ByteStream
internal import ContainerFiles
internal import EngineAPI
internal import HTTPServer
internal import Images
internal import JSON
internal import Workers

/// The endpoints that move a container's files: export, copies, changes; and commit, which makes an image of them.
struct ArchiveRoutes: Sendable {
    let containers: any ContainerAccess
    let files: ContainerFiles
    let images: ImageStore

    var routes: [Route] {
        [
            Route("GET", "/containers/{name}/export", export), Route("GET", "/containers/{name}/archive", read),
            Route("HEAD", "/containers/{name}/archive", head), Route("PUT", "/containers/{name}/archive", write),
            Route("GET", "/containers/{name}/changes", changes), Route("POST", "/commit", commit),
        ]
    }

    private func export(_ call: Call) async throws -> HTTPResponse {
        let root = try await containers.root(of: call["name"])
        await containers.publish("export", of: call["name"], [:])
        let files = files
        return HTTPResponse(
            headers: [("Content-Type", "application/octet-stream")],
            body: .stream { writer in
                try await Self.stream(to: writer) { channel throws(EngineError) in try files.export(root, to: channel) }
            })
    }

    private static func path(_ call: Call) throws -> String {
        guard let path = call.query["path"], !path.isEmpty else {
            throw EngineError.invalid("bad parameter: pathcannot be empty")
        }
        return path
    }

    private func head(_ call: Call) async throws -> HTTPResponse {
        let path = try Self.path(call)
        let root = try await containers.root(of: call["name"])
        let files = files
        let stat = try await Workers.shared.run { () throws(EngineError) in try files.stat(path, in: root) }
        return HTTPResponse(headers: [("X-Docker-Container-Path-Stat", stat.header)])
    }

    private func read(_ call: Call) async throws -> HTTPResponse {
        let path = try Self.path(call)
        let root = try await containers.root(of: call["name"])
        let files = files
        let stat = try await Workers.shared.run { () throws(EngineError) in try files.stat(path, in: root) }
        await containers.publish("archive-path", of: call["name"], [:])
        return HTTPResponse(
            headers: [("Content-Type", "application/x-tar"), ("X-Docker-Container-Path-Stat", stat.header)],
            body: .stream { writer in
                try await Self.stream(to: writer) { channel throws(EngineError) in
                    try files.archive(path, in: root, to: channel) { _ in }
                }
            })
    }

    private func write(_ call: Call) async throws -> HTTPResponse {
        let path = try Self.path(call)
        let root = try await containers.root(of: call["name"])
        var choices = ContainerFiles.CopyChoices()
        choices.refusesTypeChange = call.query.bool("noOverwriteDirNonDir")
        if call.query.bool("copyUIDGID") { choices.owner = try await containers.owner(of: call["name"]) }
        let files = files
        try await ImageRoutes.upload(call.request.body) { [choices] archive in
            try await Workers.shared.run { () throws(EngineError) in
                try files.extract(archive, into: path, of: root, choices: choices)
            }
        }
        await containers.publish("extract-to-dir", of: call["name"], [:])
        return HTTPResponse()
    }

    private func changes(_ call: Call) async throws -> HTTPResponse {
        let root = try await containers.root(of: call["name"])
        let files = files
        let changes = try await Workers.shared.run { () throws(EngineError) in try files.changes(of: root) }
        let items = changes.map { JSON.members([("Kind", .int($0.kind.rawValue)), ("Path", .string($0.path))]) }
        return .json(items.isEmpty ? .null : .array(items))
    }

    private func commit(_ call: Call) async throws -> HTTPResponse {
        let name = call.query["container"] ?? ""
        let body = try await call.object(optional: true)
        let config: ContainerConfig? = body.isEmpty ? nil : try ContainerConfig(json: body)
        let images = images
        let query = call.query
        let pause = query["pause"] == nil || query.bool("pause")
        let id = try await containers.commit(name, pausing: pause) { request in
            var request = request
            if let config { request.config = Self.merged(config, request.config) }
            request.author = query["author"] ?? ""
            request.comment = query["comment"] ?? ""
            request.changes = query.all("changes").flatMap { $0.split(separator: "\n").map { String($0) } }
            request.repository = query["repo"] ?? ""
            request.tag = query["tag"] ?? ""
            request.dockerVersion = Daemon.version
            let id = try await images.commit(request)
            let attributes = ["comment": request.comment, "imageID": id, "imageRef": request.familiarName]
            // While it is still paused.
            await containers.publish("commit", of: name, attributes)
            return id
        }
        return .json(.members([("Id", .string(id))]), status: 201)
    }

    /// What the request says goes before what the container has; lists and maps are joined (moby's runconfig merge).
    private static func merged(_ asked: ContainerConfig, _ own: ContainerConfig) -> ContainerConfig {
        var result = asked
        if result.user.isEmpty { result.user = own.user }
        result.exposedPorts.formUnion(own.exposedPorts)
        let names = Set((asked.env ?? []).map { $0.split(separator: "=", maxSplits: 1).first.map { String($0) } ?? "" })
        let rest = (own.env ?? []).filter { entry in
            !names.contains(entry.split(separator: "=", maxSplits: 1).first.map { String($0) } ?? "")
        }
        if asked.env != nil || !rest.isEmpty { result.env = (asked.env ?? []) + rest }
        if asked.labels != nil || own.labels != nil {
            result.labels = (own.labels ?? [:]).merging(asked.labels ?? [:]) { $1 }
        }
        if (asked.entrypoint ?? []).isEmpty {
            if (asked.cmd ?? []).isEmpty { result.cmd = own.cmd }
            if asked.entrypoint == nil { result.entrypoint = own.entrypoint }
        }
        if result.healthcheck == nil { result.healthcheck = own.healthcheck }
        if result.workingDir.isEmpty { result.workingDir = own.workingDir }
        if asked.volumes != nil || own.volumes != nil {
            result.volumes = (asked.volumes ?? []).union(own.volumes ?? [])
        }
        if result.stopSignal.isEmpty { result.stopSignal = own.stopSignal }
        return result
    }

    /// Sends what a thread writes. The connection breaks off when that fails: the head of the answer is out already.
    private static func stream(
        to writer: ResponseWriter, _ produce: @escaping @Sendable (ByteChannel) throws(EngineError) -> Void
    ) async throws {
        let channel = ByteChannel(most: 1 << 20, pieceSize: 1 << 17)
        Workers.shared.perform {
            do throws(EngineError) {
                try produce(channel)
                channel.finish()
            } catch {
                channel.finish(StreamError(error.message))
            }
        }
        do {
            while let piece = try await channel.next() { try await writer.write(piece) }
        } catch {
            channel.abandon(StreamError("the client has gone"))
            throw error
        }
    }
}
