internal import CLinux
internal import GoText
public import HTTPClient
public import JSON

/// Why the daemon did not do what was asked.
public struct EngineFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The HTTP status of the daemon's answer; 0 when there was none.
    public let status: Int
    /// What the user reads.
    public let message: String

    public init(status: Int = 0, _ message: String) {
        self.status = status
        self.message = message
    }

    public var description: String { message }
    /// Whether nobody answered at the address.
    public var isUnreachable: Bool { status == 0 }
    public var isNotFound: Bool { status == 404 }
}

/// A client of the Engine API: one request at a time over a kept connection, and as many streams beside it as are asked
/// for. It makes no threads. The API version is agreed on before the first request.
public final class EngineClient {
    /// The newest API version spoken here.
    public static let newestVersion = "1.51"
    /// The oldest a daemon may have.
    static let oldestVersion = "1.24"

    /// How messages name the daemon: the host as the user gave it.
    public let host: String
    private let address: Address
    private let security: TransportSecurity?
    private let extraHeaders: [(name: String, value: String)]
    /// What stands before the path of every request.
    private let basePath: String
    /// What the daemon said of itself when the version was agreed on.
    public private(set) var ping: HTTPResponse?
    private var agreed: String?
    private var idle: HTTPConnection?

    /// `fixedVersion` skips the agreement (DOCKER_API_VERSION). `basePath`: where the daemon's API begins, for one that
    /// stands behind another server.
    public init(
        host: String, address: Address, security: TransportSecurity? = nil, fixedVersion: String? = nil,
        headers: [(name: String, value: String)] = [], basePath: String = ""
    ) {
        self.basePath = basePath
        self.host = host
        self.address = address
        self.security = security
        extraHeaders = headers
        agreed = fixedVersion
    }

    /// Another client of the same daemon, for a request beside the one that runs.
    public func sibling() -> EngineClient {
        EngineClient(
            host: host, address: address, security: security, fixedVersion: agreed, headers: extraHeaders,
            basePath: basePath)
    }

    /// The version both sides speak.
    public func version() throws(EngineFailure) -> String {
        if let agreed { return agreed }
        let question = HTTPRequest("HEAD", basePath + "/_ping")
        let answer: EngineReply
        do throws(EngineFailure) {
            answer = try send(question, connection: try connect(for: question))
        } catch {
            // The request itself fails the same way, and its name is the one to tell.
            return Self.newestVersion
        }
        ping = answer.response
        var version = Self.newestVersion
        if let theirs = answer.response.header("Api-Version"), isOlder(theirs, version) { version = theirs }
        if isOlder(version, Self.oldestVersion) { version = Self.oldestVersion }
        agreed = version
        return version
    }

    /// Whether the version agreed on is older than `wanted`.
    public func speaksOlder(than wanted: String) throws(EngineFailure) -> Bool { isOlder(try version(), wanted) }

    // MARK: Requests

    /// Makes a request and gives the answer with its body unread. An answer that reports an error is thrown.
    public func request(
        _ method: String, _ path: String, _ query: [(String, String)] = [], body: HTTPRequest.Body = .none,
        headers: [(name: String, value: String)] = []
    ) throws(EngineFailure) -> EngineReply {
        var request = try prepared(method, path, query, headers)
        request.body = body
        let reply = try send(request, connection: try connect(for: request))
        try refuseErrors(reply)
        return reply
    }

    /// Makes a request with a JSON body.
    public func request(
        _ method: String, _ path: String, _ query: [(String, String)] = [], json: JSON,
        headers: [(name: String, value: String)] = []
    ) throws(EngineFailure) -> EngineReply {
        try request(
            method, path, query, body: .bytes(json.encoded() + [10]),
            headers: headers + [(name: "Content-Type", value: "application/json")])
    }

    /// The JSON that a GET answers with.
    public func get(_ path: String, _ query: [(String, String)] = []) throws(EngineFailure) -> JSON {
        try request("GET", path, query).json()
    }

    /// Makes a request that turns its connection into a raw stream both ways.
    public func hijack(
        _ method: String, _ path: String, _ query: [(String, String)] = [], json: JSON? = nil
    ) throws(EngineFailure) -> EngineStream {
        var request = try prepared(method, path, query, [])
        request.headers += [(name: "Connection", value: "Upgrade"), (name: "Upgrade", value: "tcp")]
        if let json {
            request.headers.append((name: "Content-Type", value: "application/json"))
            request.body = .bytes(json.encoded() + [10])
        }
        // A proxy for plain HTTP passes requests on, but no raw streams: it is not asked.
        let connection = try newConnection(for: request, through: security == nil ? nil : try proxy())
        let reply = try send(request, connection: connection)
        guard reply.response.status == 101 else {
            throw EngineFailure(
                status: reply.response.status, "unable to upgrade to tcp, received \(reply.response.status)")
        }
        return EngineStream(
            bytes: connection.stream, early: connection.takeBuffered(),
            isMultiplexed: reply.response.header("Content-Type") == "application/vnd.docker.multiplexed-stream")
    }

    private func prepared(
        _ method: String, _ path: String, _ query: [(String, String)], _ headers: [(name: String, value: String)]
    ) throws(EngineFailure) -> HTTPRequest {
        var target = basePath + "/v" + (try version()) + path
        // Sorted by name, as Go's clients write them; values of one name keep their order.
        let sorted = query.enumerated().sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }
        for (index, item) in sorted.map({ $0.element }).enumerated() {
            target += (index == 0 ? "?" : "&") + queryEscaped(item.0) + "=" + queryEscaped(item.1)
        }
        var request = HTTPRequest(method, target)
        request.headers = extraHeaders + headers
        return request
    }

    private func refuseErrors(_ reply: EngineReply) throws(EngineFailure) {
        let status = reply.response.status
        guard status >= 400 else { return }
        let body = try reply.all()
        var message = String(decoding: body, as: UTF8.self)
        // A body that is no JSON is the message itself.
        if let parsed = try? JSON(parsing: body), let text = parsed["message"]?.string { message = text }
        while message.hasSuffix("\n") { message.removeLast() }
        if message.isEmpty {
            throw EngineFailure(
                status: status,
                "request returned " + (reply.response.reason.isEmpty ? String(status) : reply.response.reason)
                    + " for API route and version " + reply.route
                    + ", check if the server supports the requested API version")
        }
        throw EngineFailure(status: status, "Error response from daemon: " + message)
    }

    private func send(_ request: HTTPRequest, connection: HTTPConnection) throws(EngineFailure) -> EngineReply {
        do throws(HTTPFailure) {
            let response = try connection.exchange(request)
            return EngineReply(connection, response, route: scheme + host + request.target) { [weak self] in
                self?.idle = connection
            }
        } catch {
            throw EngineFailure("error during connect: " + requestName(request) + ": " + error.message)
        }
    }

    private func requestName(_ request: HTTPRequest) -> String {
        let verb = request.method.prefix(1) + request.method.dropFirst().lowercased()
        return verb + " \"" + scheme + hostHeader + request.target + "\""
    }

    // MARK: Connections

    private func connect(for request: HTTPRequest) throws(EngineFailure) -> HTTPConnection {
        if let connection = idle, connection.isReusable {
            idle = nil
            return connection
        }
        let proxy = try proxy()
        let connection = try newConnection(for: request, through: proxy)
        if security == nil { connection.proxy = proxy }
        return connection
    }

    private func newConnection(
        for request: HTTPRequest, through proxy: Proxy?
    ) throws(EngineFailure) -> HTTPConnection {
        if case .tcp(_, let port) = address, proxy == nil, (Int(port) ?? 0) > 65535 {
            throw EngineFailure(
                "error during connect: " + requestName(request) + ": dial tcp: address " + port + ": invalid port")
        }
        do throws(HTTPFailure) {
            return HTTPConnection(try address.connect(security, through: proxy), host: hostHeader)
        } catch {
            throw EngineFailure(unreachable(error, request))
        }
    }

    private func proxy() throws(EngineFailure) -> Proxy? {
        guard case .tcp(let host, let port) = address else { return nil }
        do throws(HTTPFailure) {
            return try Proxy.choose(secure: security != nil, host: host, port: port) { name in
                getenv(name).map { String(cString: $0) }
            }
        } catch {
            throw EngineFailure("error during connect: " + error.message)
        }
    }

    private var scheme: String { security == nil ? "http://" : "https://" }

    private var hostHeader: String {
        switch address {
        case .unix: "api.moby.localhost"
        case .command: "docker.example.com"
        case .tcp(let host, let port): (host.utf8.contains(58) ? "[" + host + "]" : host) + ":" + port
        }
    }

    private func unreachable(_ failure: HTTPFailure, _ request: HTTPRequest) -> String {
        if failure.kind == .connect(13) {
            return "permission denied while trying to connect to the Docker daemon socket at " + host + ": "
                + failure.message
        }
        if case .connect = failure.kind {
            return "Cannot connect to the Docker daemon at " + host + ". Is the docker daemon running?"
        }
        return "error during connect: " + requestName(request) + ": " + failure.message
    }
}

/// An answer whose body is read as it comes.
public final class EngineReply {
    public let response: HTTPResponse
    let route: String
    private let connection: HTTPConnection
    private let giveBack: () -> Void
    private var unfinished: [UInt8] = []

    init(_ connection: HTTPConnection, _ response: HTTPResponse, route: String, giveBack: @escaping () -> Void) {
        self.connection = connection
        self.response = response
        self.route = route
        self.giveBack = giveBack
        if connection.isReusable { giveBack() }
    }

    /// For poll(2), where the body is read beside other things.
    public var descriptor: Int32 { connection.stream.descriptor }

    /// The next bytes; empty at the end.
    public func read() throws(EngineFailure) -> [UInt8] {
        do throws(HTTPFailure) {
            let bytes = try connection.readBody()
            if bytes.isEmpty && connection.isReusable { giveBack() }
            return bytes
        } catch {
            throw EngineFailure(error.message)
        }
    }

    /// The whole body.
    public func all() throws(EngineFailure) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let piece = try read()
            if piece.isEmpty { return all }
            all += piece
        }
    }

    /// The whole body as JSON.
    public func json() throws(EngineFailure) -> JSON {
        do throws(JSON.Failure) {
            return try JSON(parsing: try body())
        } catch {
            throw EngineFailure("Error reading remote info: " + error.message)
        }
    }

    private func body() throws(JSON.Failure) -> [UInt8] {
        do throws(EngineFailure) {
            return try all()
        } catch {
            throw JSON.Failure(error.message)
        }
    }

    /// The next JSON values of a stream of them (progress, events, statistics); nil at the end.
    public func values() throws(EngineFailure) -> [JSON]? {
        while true {
            let piece = try read()
            if piece.isEmpty { return nil }
            unfinished += piece
            do throws(JSON.Failure) {
                let (values, rest) = try JSON.stream(unfinished)
                unfinished = rest
                if !values.isEmpty { return values }
            } catch {
                throw EngineFailure(error.message)
            }
        }
    }
}

/// A connection that has become a raw stream.
public struct EngineStream {
    public let bytes: DuplexStream
    /// What came with the head of the answer.
    public let early: [UInt8]
    /// Whether standard output and error come in frames; known from API 1.42 on.
    public let isMultiplexed: Bool

    public init(bytes: DuplexStream, early: [UInt8], isMultiplexed: Bool) {
        self.bytes = bytes
        self.early = early
        self.isMultiplexed = isMultiplexed
    }
}

/// Compares API versions by their two numbers.
public func isOlder(_ left: String, _ right: String) -> Bool {
    let a = left.split(separator: ".").map { Int($0) ?? 0 }
    let b = right.split(separator: ".").map { Int($0) ?? 0 }
    return a.lexicographicallyPrecedes(b)
}
