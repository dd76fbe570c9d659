internal import ContainerFiles
internal import ContainerLogs
internal import ContainerdClient
internal import HTTPServer
internal import Images
internal import JSON

/// The services behind the API, and the routes to them.
struct Services: Sendable {
    let images: ImageStore

    /// Makes every service and brings it to where it was when the daemon last ran.
    static func start(_ settings: Settings) async throws -> Services {
        let address = settings.containerd.isEmpty ? ContainerdClient.defaultAddress : settings.containerd
        let client = ContainerdClient(address: address, namespace: settings.containerdNamespace)
        return Services(images: ImageStore(client: client, dataRoot: settings.dataRoot))
    }

    func router() -> Router {
        Router(
            [Route("GET", "/_ping", Services.ping), Route("HEAD", "/_ping", Services.ping)]
                + ImageRoutes(images: images).routes,
            serverVersion: Daemon.version, describe: Services.describe)
    }

    /// The failures of the services as the API tells them.
    private static func describe(_ error: any Error) -> APIError {
        switch error {
        case let error as ImageError: APIError(error.status, error.message)
        case let error as FilesError: APIError(error.status, error.message)
        case let error as LogError: APIError(error.status, error.message)
        default: APIError(500, String(describing: error))
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
