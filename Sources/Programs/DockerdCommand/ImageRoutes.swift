internal import Archive
internal import ByteStream
internal import EngineAPI
internal import HTTPServer
internal import Images
internal import JSON
internal import Synchronization

/// The endpoints below /images, and those that name a registry or a builder.
struct ImageRoutes: Sendable {
    let images: ImageStore

    var routes: [Route] {
        [
            Route("GET", "/images/json", list), Route("GET", "/images/get", saveMany),
            Route("GET", "/images/search") { _ in throw Self.unsupported("searching a registry") },
            Route("GET", "/images/{name...}/json", inspect), Route("GET", "/images/{name...}/history", history),
            Route("GET", "/images/{name...}/get", saveOne), Route("POST", "/images/load", load),
            Route("POST", "/images/create", create), Route("POST", "/images/prune", prune),
            Route("POST", "/images/{name...}/tag", tag),
            Route("POST", "/images/{name...}/push") { _ in throw Self.unsupported("push to a registry") },
            Route("DELETE", "/images/{name...}", remove),
            Route("POST", "/build") { _ in throw Self.unsupported("build") },
            Route("POST", "/build/cancel") { _ in throw Self.unsupported("build") },
            Route("POST", "/build/prune", pruneBuilds),
            Route("POST", "/session") { _ in throw Self.unsupported("build with BuildKit") },
            Route("POST", "/grpc") { _ in throw Self.unsupported("build with BuildKit") },
            Route("GET", "/distribution/{name...}/json") { _ in throw Self.unsupported("asking a registry") },
        ]
    }

    static func unsupported(_ what: String) -> EngineError {
        EngineError(501, what + " is not supported by this daemon")
    }

    private static func filters(_ call: Call) throws -> Filters {
        do throws(JSON.Failure) { return try Filters(parsing: call.query["filters"] ?? "") } catch {
            throw EngineError.invalid(error.message)
        }
    }

    // MARK: Reading

    private func list(_ call: Call) async throws -> HTTPResponse {
        var listing = ImageListing()
        listing.filters = try Self.filters(call)
        // Before API 1.25 a pattern came as a parameter of its own.
        if let pattern = call.query["filter"], !pattern.isEmpty { listing.filters.add("reference", pattern) }
        listing.all = call.query.bool("all")
        listing.sharedSize = call.query.bool("shared-size")
        listing.apiMinor = call.version.minor
        return .json(.array(try await images.list(listing).map(\.json)))
    }

    private func inspect(_ call: Call) async throws -> HTTPResponse {
        .json(try await images.inspect(call["name"], apiMinor: call.version.minor))
    }

    private func history(_ call: Call) async throws -> HTTPResponse {
        .json(.array(try await images.history(call["name"]).map(\.json)))
    }

    // MARK: Names

    private func tag(_ call: Call) async throws -> HTTPResponse {
        try await images.tag(call["name"], repository: call.query["repo"] ?? "", tag: call.query["tag"] ?? "")
        return HTTPResponse(status: 201)
    }

    private func remove(_ call: Call) async throws -> HTTPResponse {
        let deletions = try await images.remove(
            call["name"], force: call.query.bool("force"), noPrune: call.query.bool("noprune"))
        return .json(.array(deletions.map(\.json)))
    }

    /// Without a builder there is no cache: clients that prune everything are told that nothing was freed.
    private func pruneBuilds(_ call: Call) async throws -> HTTPResponse {
        _ = try Self.filters(call)
        return .json(.members([("CachesDeleted", .null), ("SpaceReclaimed", .int(0))]))
    }

    private func prune(_ call: Call) async throws -> HTTPResponse {
        .json(try await images.prune(try Self.filters(call)).json)
    }

    // MARK: Archives

    private func saveOne(_ call: Call) async throws -> HTTPResponse { try await save([call["name"]]) }

    private func saveMany(_ call: Call) async throws -> HTTPResponse {
        try await save(call.query.all("names").flatMap { $0.split(separator: ",").map { String($0) } })
    }

    private func save(_ names: [String]) async throws -> HTTPResponse {
        let saving = try await images.saving(names)
        return HTTPResponse(
            headers: [("Content-Type", "application/x-tar")],
            body: .stream { writer in try await images.save(saving) { try await writer.write($0) } })
    }

    private func load(_ call: Call) async throws -> HTTPResponse {
        let quiet = call.query.bool("quiet", default: true)
        return Self.progress { writer in
            try await Self.upload(call.request.body) { archive in
                try await images.load(archive) { message in
                    if quiet && message.stream.isEmpty { return }
                    await writer.send(message)
                }
            }
        }
    }

    private func create(_ call: Call) async throws -> HTTPResponse {
        if let name = call.query["fromImage"], !name.isEmpty { throw Self.unsupported("pull from a registry") }
        guard let source = call.query["fromSrc"], source == "-" else {
            throw Self.unsupported("import from a URL")
        }
        var request = ImportRequest()
        request.repository = call.query["repo"] ?? ""
        request.tag = call.query["tag"] ?? ""
        request.message = call.query["message"] ?? ""
        request.changes = call.query.all("changes")
        request.platform = call.query["platform"] ?? ""
        request.dockerVersion = Daemon.version
        // Nothing is told before the end: what fails is an error of the request.
        let id = Mutex("")
        try await Self.upload(call.request.body) { [request] archive in
            let made = try await images.importArchive(archive, request)
            id.withLock { $0 = made }
        }
        var message = ProgressMessage()
        message.status = id.withLock { $0 }
        return HTTPResponse(
            headers: [("Content-Type", "application/json")], body: .bytes(message.encoded + [13, 10]))
    }

    // MARK: Streams

    /// Gives a request's body to `use` as it comes. What `use` leaves unread is not waited for.
    static func upload(
        _ body: RequestBody, _ use: @escaping @Sendable (ByteChannel) async throws -> Void
    ) async throws {
        let archive = ByteChannel(most: 4 << 20)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    while let piece = try await body.next() { try await archive.push(piece) }
                    archive.finish()
                } catch let error as HTTPFailure {
                    archive.finish(StreamError(error.message))
                } catch {
                    // The reader has gone: its own failure tells why.
                }
            }
            group.addTask {
                do {
                    try await use(archive)
                    archive.abandon(StreamError("archive was not wanted any more"))
                } catch {
                    archive.abandon(StreamError("archive was not wanted any more"))
                    throw error
                }
            }
            try await group.waitForAll()
        }
    }

    /// An answer of progress messages, a failure as the last of them.
    static func progress(_ run: @escaping @Sendable (ProgressWriter) async throws -> Void) -> HTTPResponse {
        HTTPResponse(
            headers: [("Content-Type", "application/json")],
            body: .stream { response in
                let writer = ProgressWriter(response: response)
                do { try await run(writer) } catch {
                    var message = ProgressMessage()
                    message.error = String(describing: error)
                    var detail = ErrorDetail()
                    detail.message = message.error
                    message.errorDetail = detail
                    await writer.send(message)
                }
            })
    }
}

/// Progress on its way to a client.
struct ProgressWriter: Sendable {
    let response: ResponseWriter

    func send(_ message: ProgressMessage) async {
        // A client that has gone does not stop the work; upstream's does not either.
        try? await response.write(message.encoded + [13, 10])
    }
}
