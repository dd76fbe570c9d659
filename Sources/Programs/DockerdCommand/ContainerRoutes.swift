internal import Engine
internal import EngineAPI
internal import HTTPServer
internal import JSON

/// The endpoints below /containers that change or show containers.
struct ContainerRoutes: Sendable {
    let engine: Engine

    var routes: [Route] {
        [
            Route("GET", "/containers/json", list), Route("POST", "/containers/create", create),
            Route("POST", "/containers/prune", prune), Route("GET", "/containers/{name}/json", inspect),
            Route("GET", "/containers/{name}/top", top),
            Route("GET", "/containers/{name}/stats", stats), Route("POST", "/containers/{name}/resize", resize),
            Route("POST", "/containers/{name}/start", start), Route("POST", "/containers/{name}/stop", stop),
            Route("POST", "/containers/{name}/restart", restart), Route("POST", "/containers/{name}/kill", kill),
            Route("POST", "/containers/{name}/update", update), Route("POST", "/containers/{name}/rename", rename),
            Route("POST", "/containers/{name}/pause", pause), Route("POST", "/containers/{name}/unpause", unpause),
            Route("POST", "/containers/{name}/wait", wait), Route("POST", "/containers/{name}/attach", attach),
            Route("GET", "/containers/{name}/attach/ws", attachWebSocket),
            Route("DELETE", "/containers/{name}", remove),
            Route("GET", "/containers/{name}/checkpoints", checkpoints),
            Route("POST", "/containers/{name}/checkpoints", checkpoints),
            Route("DELETE", "/containers/{name}/checkpoints/{checkpoint}", checkpoints),
        ]
    }

    // MARK: Reading

    private func list(_ call: Call) async throws -> HTTPResponse {
        var listing = ContainerListing()
        listing.all = call.query.bool("all")
        listing.size = call.query.bool("size")
        listing.limit = try call.integer("limit") ?? 0
        listing.filters = try call.filters()
        var bytes = try await engine.list(listing)
        bytes.append(10)
        return .json(encoded: bytes)
    }

    private func inspect(_ call: Call) async throws -> HTTPResponse {
        .json(try await engine.inspect(call["name"], size: call.query.bool("size")).json)
    }

    private func top(_ call: Call) async throws -> HTTPResponse {
        .json(try await engine.top(call["name"], arguments: call.query["ps_args"] ?? "").json)
    }

    private func stats(_ call: Call) async throws -> HTTPResponse {
        let id = try engine.statsTarget(call["name"])
        let streams = call.query.bool("stream", default: true)
        let oneShot = call.query.bool("one-shot")
        if streams && oneShot {
            throw EngineError.invalid("cannot have stream=true and one-shot=true")
        }
        let engine = engine
        if !streams {
            var sample = try await engine.stats(id, before: nil)
            if !oneShot && !sample.read.hasPrefix("0001") {
                try await Task.sleep(for: .seconds(1))
                sample = try await engine.stats(id, before: sample)
            }
            return .json(sample.json)
        }
        return HTTPResponse(
            headers: [("Content-Type", "application/json")],
            body: .stream { writer in
                var before: StatsResponse?
                while !Task.isCancelled {
                    let sample = try await engine.stats(id, before: before)
                    if before != nil || sample.read.hasPrefix("0001") {
                        var bytes = sample.encoded
                        bytes.append(10)
                        try await writer.write(bytes)
                    }
                    before = sample
                    try await Task.sleep(for: .seconds(1))
                }
            })
    }

    // MARK: Making and removing

    private func create(_ call: Call) async throws -> HTTPResponse {
        let object = try await call.object()
        if object.names.allSatisfy({ $0 == "HostConfig" || $0 == "NetworkingConfig" }) {
            throw EngineError.invalid("config cannot be empty in order to create a container")
        }
        let answer = try await engine.create(
            try Call.decoded(object), name: call.query["name"], platform: call.query["platform"] ?? "")
        return .json(answer.json, status: 201)
    }

    private func remove(_ call: Call) async throws -> HTTPResponse {
        try await engine.remove(
            call["name"], force: call.query.bool("force"), volumes: call.query.bool("v"), link: call.query.bool("link"))
        return .noContent
    }

    private func prune(_ call: Call) async throws -> HTTPResponse {
        .json(try await engine.prune(try call.filters()).json)
    }

    private func checkpoints(_ call: Call) async throws -> HTTPResponse {
        _ = try engine.record(of: call["name"])
        throw EngineError.unsupported("checkpoints are not supported by this daemon")
    }

    // MARK: Life

    private func start(_ call: Call) async throws -> HTTPResponse {
        if try await !call.body().isEmpty {
            throw EngineError(
                400,
                "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24")
        }
        try await engine.start(call["name"])
        return .noContent
    }

    private func stop(_ call: Call) async throws -> HTTPResponse {
        try await engine.stop(call["name"], signal: call.query["signal"], timeout: try call.integer("t"))
        return .noContent
    }

    private func restart(_ call: Call) async throws -> HTTPResponse {
        try await engine.restart(call["name"], signal: call.query["signal"], timeout: try call.integer("t"))
        return .noContent
    }

    private func kill(_ call: Call) async throws -> HTTPResponse {
        try await engine.kill(call["name"], signal: call.query["signal"])
        return .noContent
    }

    private func pause(_ call: Call) async throws -> HTTPResponse {
        try await engine.pause(call["name"])
        return .noContent
    }

    private func unpause(_ call: Call) async throws -> HTTPResponse {
        try await engine.unpause(call["name"])
        return .noContent
    }

    private func rename(_ call: Call) async throws -> HTTPResponse {
        try await engine.rename(call["name"], to: call.query["name"] ?? "")
        return .noContent
    }

    private func update(_ call: Call) async throws -> HTTPResponse {
        var answer = UpdateResponse()
        let warnings = try await engine.update(call["name"], try await call.decoded())
        answer.warnings = warnings.isEmpty ? nil : warnings
        return .json(answer.json)
    }

    private func resize(_ call: Call) async throws -> HTTPResponse {
        let height = try call.size("h")
        let width = try call.size("w")
        try await engine.resize(call["name"], height: height, width: width)
        return HTTPResponse(status: 200)
    }

    /// The head goes out at once: it tells the client that the wait has begun.
    private func wait(_ call: Call) async throws -> HTTPResponse {
        let pending = try engine.wait(call["name"], condition: call.query["condition"])
        return HTTPResponse(
            headers: [("Content-Type", "application/json")],
            body: .stream { writer in
                let result = await pending.result()
                var answer = WaitResponse()
                answer.statusCode = result.status
                if !result.error.isEmpty {
                    var error = WaitError()
                    error.message = result.error
                    answer.error = error
                }
                var bytes = answer.encoded
                bytes.append(10)
                try await writer.write(bytes)
            })
    }

    // MARK: Attaching

    /// What a client wants to be attached to; `all`: every stream, as there were times when one could not choose.
    private func wish(_ call: Call, all: Bool = false) -> AttachRequest {
        var request = AttachRequest()
        request.input = all || call.query.bool("stdin")
        request.output = all || call.query.bool("stdout")
        request.error = all || call.query.bool("stderr")
        request.logs = call.query.bool("logs")
        request.stream = call.query.bool("stream")
        request.detachKeys = call.query["detachKeys"] ?? ""
        return request
    }

    private func attach(_ call: Call) async throws -> HTTPResponse {
        let attachment = try engine.attach(call["name"], wish(call))
        return call.hijacked(terminal: attachment.hasTerminal) { connection in
            await attachment.run(ClientConnection(connection: connection))
        }
    }

    private func attachWebSocket(_ call: Call) async throws -> HTTPResponse {
        var request = wish(call, all: call.version.minor < 42)
        request.multiplexes = false
        let attachment = try engine.attach(call["name"], request)
        let answer = HTTPResponse.webSocket(call.request) { socket in
            await attachment.run(WebSocketClient(socket: socket))
        }
        guard let answer else { throw EngineError.invalid("bad WebSocket handshake") }
        return answer
    }
}

/// A client's connection as the engine wants it.
struct ClientConnection: AttachConnection {
    let connection: HijackedConnection

    func read() async throws -> [UInt8]? { try await connection.read() }
    func write(_ bytes: [UInt8]) async throws { try await connection.write(bytes) }
}

/// The same over a WebSocket.
struct WebSocketClient: AttachConnection {
    let socket: WebSocket

    func read() async throws -> [UInt8]? { try await socket.read() }
    func write(_ bytes: [UInt8]) async throws { try await socket.write(bytes) }
}

extension Call {
    /// A parameter that is a whole number; nil when absent or empty.
    func integer(_ name: String) throws(EngineError) -> Int? {
        guard let text = query[name], !text.isEmpty else { return nil }
        guard let number = Int(text) else {
            throw EngineError.invalid("strconv.Atoi: parsing \"\(text)\": invalid syntax")
        }
        return number
    }

    /// A height or width of a terminal, which must be there.
    func size(_ name: String) throws(EngineError) -> Int {
        let text = query[name] ?? ""
        guard let number = UInt32(text) else {
            let side = name == "h" ? "height" : "width"
            throw EngineError(
                400, "invalid resize \(side) \"\(text)\": strconv.ParseUint: parsing \"\(text)\": invalid syntax")
        }
        return Int(number)
    }

    func filters() throws(EngineError) -> Filters {
        do throws(JSON.Failure) { return try Filters(parsing: query["filters"] ?? "") } catch {
            throw EngineError.invalid("invalid filter: " + error.message)
        }
    }

    /// How the bytes of a stream are told to be framed: only newer clients know the second name.
    func streamType(terminal: Bool) -> String {
        terminal || version.minor < 42
            ? "application/vnd.docker.raw-stream" : "application/vnd.docker.multiplexed-stream"
    }

    /// An answer after which the connection carries raw bytes, with a change of protocol if the client asks for it.
    func hijacked(
        terminal: Bool, _ converse: @escaping @Sendable (HijackedConnection) async -> Void
    ) -> HTTPResponse {
        let type = ("Content-Type", streamType(terminal: terminal))
        if request.wantsUpgrade {
            return HTTPResponse(
                status: 101, headers: [type, ("Connection", "Upgrade"), ("Upgrade", "tcp")], body: .hijack(converse))
        }
        return HTTPResponse(
            headers: [("Content-Type", "application/vnd.docker.raw-stream")], body: .hijack(converse))
    }
}
