internal import ContainerLogs
internal import Engine
internal import EngineAPI
internal import HTTPServer

/// The endpoints of execs: further processes in a running container.
struct ExecRoutes: Sendable {
    let engine: Engine

    var routes: [Route] {
        [
            Route("POST", "/containers/{name}/exec", create), Route("POST", "/exec/{id}/start", start),
            Route("POST", "/exec/{id}/resize", resize), Route("GET", "/exec/{id}/json", inspect),
        ]
    }

    private func create(_ call: Call) async throws -> HTTPResponse {
        var answer = IDResponse()
        answer.id = try engine.createExec(call["name"], try await call.decoded())
        return .json(answer.json, status: 201)
    }

    private func start(_ call: Call) async throws -> HTTPResponse {
        let wish: ExecStart = try await call.decoded(optional: true)
        let id = call["id"]
        let (_, config) = try engine.checkExec(id)
        var size: (height: Int, width: Int)?
        if !wish.consoleSize.isEmpty {
            guard wish.consoleSize.count == 2, wish.tty else {
                throw EngineError.invalid("console size is only supported when TTY is enabled")
            }
            if wish.consoleSize[0] > 0, wish.consoleSize[1] > 0 { size = (wish.consoleSize[0], wish.consoleSize[1]) }
        }
        let engine = engine
        let wanted = size
        if wish.detach {
            try await engine.startExecDetached(id, consoleSize: wanted)
            return HTTPResponse(status: 200)
        }
        return call.hijacked(terminal: config.tty) { connection in
            do throws(EngineError) {
                try await engine.runExec(id, consoleSize: wanted, ClientConnection(connection: connection))
            } catch {
                let words = Array((error.message + "\r\n").utf8)
                // A client that has gone needs no words.
                try? await connection.write(config.tty ? words : multiplexed(words, .stdout))
            }
        }
    }

    private func resize(_ call: Call) async throws -> HTTPResponse {
        let height = try call.size("h")
        let width = try call.size("w")
        try await engine.resizeExec(call["id"], width: width, height: height)
        return HTTPResponse(status: 200)
    }

    private func inspect(_ call: Call) async throws -> HTTPResponse {
        .json(try engine.inspectExec(call["id"]).json)
    }
}
