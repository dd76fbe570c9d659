public import JSON

/// What a handler answers with.
public struct HTTPResponse: Sendable {
    public enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Written piece by piece, chunked; the client sees each piece at once. A thrown error ends the connection.
        case stream(@Sendable (ResponseWriter) async throws -> Void)
        /// After the head the connection carries raw bytes both ways.
        case hijack(@Sendable (HijackedConnection) async -> Void)
    }

    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: Body

    public init(status: Int = 200, headers: [(name: String, value: String)] = [], body: Body = .none) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A JSON answer as Go's encoder makes it for Docker: `<`, `>` and `&` as they are, a line feed at the end.
    public static func json(_ value: JSON, status: Int = 200) -> HTTPResponse {
        var bytes = value.encoded(escapingHTML: false)
        bytes.append(10)
        return json(encoded: bytes, status: status)
    }

    /// The same, of bytes encoded already.
    public static func json(encoded bytes: [UInt8], status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", "application/json")], body: .bytes(bytes))
    }

    public static let noContent = HTTPResponse(status: 204)

    static func reason(_ status: Int) -> String {
        switch status {
        case 101: "UPGRADED"
        case 200: "OK"
        case 201: "Created"
        case 204: "No Content"
        case 301: "Moved Permanently"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 413: "Request Entity Too Large"
        case 417: "Expectation Failed"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}
