internal import HTTPServer
internal import JSON

/// The services behind the API, and the routes to them.
struct Services: Sendable {
    /// Makes every service and brings it to where it was when the daemon last ran.
    static func start(_ settings: Settings) async throws -> Services { Services() }

    func router() -> Router {
        Router(
            [Route("GET", "/_ping", Services.ping), Route("HEAD", "/_ping", Services.ping)],
            serverVersion: Daemon.version
        ) {
            APIError(500, String(describing: $0))
        }
    }

    /// Ends what must not outlive the daemon: all containers without live restore, none with it.
    func shutdown() async {}

    /// Takes over the settings that may change while running.
    func reload(_ settings: Settings) async {}

    private static func ping(_ call: Call) async throws -> HTTPResponse {
        let headers = [
            ("Builder-Version", "1"), ("Cache-Control", "no-cache, no-store, must-revalidate"), ("Pragma", "no-cache"),
            ("Swarm", "inactive"), ("Content-Type", "text/plain; charset=utf-8"),
        ]
        return HTTPResponse(headers: headers, body: .bytes(Array("OK".utf8)))
    }
}
