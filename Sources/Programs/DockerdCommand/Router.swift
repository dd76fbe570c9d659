internal import EngineAPI
internal import HTTPServer
internal import JSON

extension EngineError {
    /// The body moby answers with: `{"message":"…"}`.
    var response: HTTPResponse { .json(.members([("message", .string(message))]), status: status) }
}

/// One request that has found its route.
struct Call: Sendable {
    let request: HTTPRequest
    /// The API version of the path, or the newest.
    let version: APIVersion
    /// The parts of the path that the pattern names, decoded.
    let parameters: [String: String]

    var query: HTTPQuery { request.query }

    /// A part that the pattern names.
    subscript(name: String) -> String { parameters[name] ?? "" }

    /// The body as a JSON object, with moby's words for one that is none.
    func object(optional: Bool = false) async throws -> JSON.Object {
        try checkContentType()
        let bytes = try await body()
        if bytes.isEmpty {
            if optional { return JSON.Object() }
            throw EngineError.invalid("invalid JSON: got EOF while reading request body")
        }
        let value: JSON
        do { value = try JSON(parsing: bytes) } catch {
            if error.message.hasPrefix("invalid character"), error.message.hasSuffix("after top-level value") {
                throw EngineError.invalid("unexpected content after JSON")
            }
            let isCut = error.message == "unexpected end of JSON input"
            throw EngineError.invalid("invalid JSON: " + (isCut ? "unexpected EOF" : error.message))
        }
        guard let object = value.object else {
            if value.isNull { return JSON.Object() }
            throw EngineError.invalid("invalid JSON: json: cannot unmarshal " + value.kind + " into Go value")
        }
        return object
    }

    /// The body as an object of the API.
    func decoded<Body: EngineObject>(optional: Bool = false) async throws -> Body {
        try Call.decoded(try await object(optional: optional))
    }

    static func decoded<Body: EngineObject>(_ object: JSON.Object) throws(EngineError) -> Body {
        do throws(JSON.Failure) { return try Body(json: object) } catch {
            throw .invalid("invalid JSON: " + error.message)
        }
    }

    /// A body must say that it is JSON; without one nothing need be said.
    private func checkContentType() throws(EngineError) {
        let type = request.header("Content-Type") ?? ""
        if type.isEmpty && !request.body.isPresent { return }
        let parts = type.split(separator: ";", omittingEmptySubsequences: false)
        let kind = (parts.first ?? "").lowercased().split(separator: " ").joined(separator: " ")
        if kind.isEmpty {
            throw EngineError.invalid("malformed Content-Type header (" + type + "): mime: no media type")
        }
        // One empty parameter at the end is let pass, as Go's parser does.
        if parts.dropFirst().dropLast().contains(where: { !$0.utf8.contains(61) }) {
            throw EngineError.invalid("malformed Content-Type header (" + type + "): mime: invalid media parameter")
        }
        if kind != "application/json" {
            throw EngineError.invalid("unsupported Content-Type header (" + type + "): must be 'application/json'")
        }
    }

    /// The whole body, at most 4 MiB.
    func body() async throws -> [UInt8] {
        do { return try await request.body.collect() } catch { throw EngineError.invalid(error.message) }
    }
}

/// An Engine API version, `1.41`.
struct APIVersion: Comparable, Sendable, CustomStringConvertible {
    let major: Int
    let minor: Int
    /// As it was asked for.
    let description: String

    static let newest = APIVersion(minor: 51)
    static let oldest = APIVersion(minor: 24)

    init(minor: Int) {
        (major, self.minor) = (1, minor)
        description = "1." + String(minor)
    }

    /// Any digits and points are a version, if perhaps not one that is spoken here.
    init?(_ text: Substring) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }) else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        major = Int(parts[0]) ?? 0
        minor = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        description = String(text)
    }

    static func < (left: APIVersion, right: APIVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}

/// One endpoint: `GET`, `/containers/{name}/json`. A part `{name...}` takes any number of path segments.
struct Route: Sendable {
    typealias Action = @Sendable (Call) async throws -> HTTPResponse

    let method: String
    let parts: [Part]
    let action: Action

    enum Part: Equatable, Sendable {
        case word(String)
        case one(String)
        case many(String)
    }

    init(_ method: String, _ pattern: String, _ action: @escaping Action) {
        self.method = method
        self.action = action
        parts = pattern.split(separator: "/").map { part in
            guard part.first == "{" else { return .word(String(part)) }
            let name = part.dropFirst().dropLast()
            return name.hasSuffix("...") ? .many(String(name.dropLast(3))) : .one(String(name))
        }
    }

    /// The named parts when `segments` fit.
    func match(_ segments: [String]) -> [String: String]? {
        var named: [String: String] = [:]
        var index = 0
        for (position, part) in parts.enumerated() {
            switch part {
            case .word(let word):
                guard index < segments.count, segments[index] == word else { return nil }
                index += 1
            case .one(let name):
                guard index < segments.count, !segments[index].isEmpty else { return nil }
                named[name] = segments[index]
                index += 1
            case .many(let name):
                let after = parts.count - position - 1
                let count = segments.count - index - after
                guard count > 0 else { return nil }
                named[name] = segments[index..<(index + count)].joined(separator: "/")
                index += count
            }
        }
        return index == segments.count ? named : nil
    }
}

/// Finds the route of a request and turns what its action throws into an answer.
struct Router: Sendable {
    private let routes: [String: [Route]]
    private let headers: [(name: String, value: String)]

    init(_ all: [Route], serverVersion: String) {
        routes = Dictionary(grouping: all) { route in
            if case .word(let word)? = route.parts.first { return word }
            return ""
        }
        headers = [
            ("Api-Version", APIVersion.newest.description), ("Docker-Experimental", "false"), ("Ostype", "linux"),
            ("Server", "Docker/" + serverVersion + " (linux)"),
        ]
    }

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        if let clean = cleaned(request.rawPath) {
            let query = request.query.text.isEmpty ? "" : "?" + request.query.text
            return HTTPResponse(status: 301, headers: [("Location", clean + query)])
        }
        guard var response = await respond(request) else { return EngineError(404, "page not found").response }
        if case .hijack = response.body { return response }
        response.headers = headers + response.headers
        return response
    }

    /// The path without empty, `.` and `..` parts; nil when it has none.
    private func cleaned(_ path: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard parts.dropLast().contains("") || parts.contains(".") || parts.contains("..") else { return nil }
        var kept: [Substring] = []
        for part in parts where part != "." && !part.isEmpty {
            if part != ".." { kept.append(part) } else if !kept.isEmpty { kept.removeLast() }
        }
        return "/" + kept.joined(separator: "/") + (parts.last == "" && !kept.isEmpty ? "/" : "")
    }

    /// nil: there is no such endpoint, or not with that method.
    private func respond(_ request: HTTPRequest) async -> HTTPResponse? {
        if request.method == "OPTIONS" { return HTTPResponse(status: 200) }
        var segments = request.rawPath.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .map { percentDecoded(String($0), plusIsSpace: false) }
        var version = APIVersion.newest
        if let first = segments.first, first.first == "v", let asked = APIVersion(first.dropFirst()) {
            segments.removeFirst()
            version = asked
        }
        for route in routes[segments.first ?? ""] ?? [] where route.method == request.method {
            guard let parameters = route.match(segments) else { continue }
            if let refusal = refusal(of: version) { return refusal.response }
            if let escape = request.query.brokenEscape {
                return EngineError(400, "invalid URL escape \"\(escape)\"").response
            }
            do {
                return try await route.action(Call(request: request, version: version, parameters: parameters))
            } catch let error as EngineError {
                return error.response
            } catch {
                return EngineError.failed(String(describing: error)).response
            }
        }
        return nil
    }

    private func refusal(of version: APIVersion) -> EngineError? {
        if version < APIVersion.oldest {
            return EngineError(
                400,
                "client version \(version) is too old. Minimum supported API version is \(APIVersion.oldest), "
                    + "please upgrade your client to a newer version")
        }
        if version > APIVersion.newest {
            return EngineError(
                400, "client version \(version) is too new. Maximum supported API version is \(APIVersion.newest)")
        }
        return nil
    }
}
