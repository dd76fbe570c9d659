public import ContainerdAPI
public import GRPC
public import NIOCore
internal import Protobuf

/// Calls containerd, in one namespace. Values made `with` another namespace, lease or timeout share the connection.
public final class ContainerdClient: Sendable {
    /// Where containerd listens when nobody says otherwise.
    public static let defaultAddress = "/run/containerd/containerd.sock"

    /// Sent with every call as `containerd-namespace`.
    public let namespace: String
    /// Sent with every call as `containerd-lease` when there is one: what a call makes belongs to the lease.
    public let lease: String?
    /// The time each call may take; nil: for ever. Streams are not limited by it.
    public let timeout: Duration?
    private let connection: GRPCClient
    private let metadata: GRPCMetadata

    /// `address`: the path of containerd's socket. The connection is made by the first call.
    public convenience init(
        address: String = ContainerdClient.defaultAddress, namespace: String,
        group: any EventLoopGroup = GRPCEventLoops.shared
    ) {
        self.init(GRPCClient(address: address, group: group), namespace: namespace, lease: nil, timeout: nil)
    }

    private init(_ connection: GRPCClient, namespace: String, lease: String?, timeout: Duration?) {
        self.connection = connection
        self.namespace = namespace
        self.lease = lease
        self.timeout = timeout
        var metadata = GRPCMetadata([("containerd-namespace", namespace)])
        if let lease { metadata.add("containerd-lease", lease) }
        self.metadata = metadata
    }

    /// The same connection in another namespace.
    public func with(namespace: String) -> ContainerdClient {
        ContainerdClient(connection, namespace: namespace, lease: lease, timeout: timeout)
    }

    /// The same, under a lease.
    public func with(lease: String?) -> ContainerdClient {
        ContainerdClient(connection, namespace: namespace, lease: lease, timeout: timeout)
    }

    /// The same, with a time limit for each call.
    public func with(timeout: Duration?) -> ContainerdClient {
        ContainerdClient(connection, namespace: namespace, lease: lease, timeout: timeout)
    }

    /// Makes the connection when there is none: tells whether containerd listens.
    public func connect() async throws(GRPCStatus) { try await connection.connect() }

    // MARK: Calls

    func unary<Request, Response>(
        _ method: ProtobufMethod<Request, Response>, _ request: Request
    ) async throws(GRPCStatus) -> Response {
        try await connection.unary(method, request, options: GRPCCallOptions(metadata: metadata, timeout: timeout))
    }

    func stream<Request, Response>(
        _ method: ProtobufMethod<Request, Response>, _ request: Request
    ) async throws(GRPCStatus) -> GRPCResponses<Response> {
        try await connection.serverStream(method, request, options: GRPCCallOptions(metadata: metadata))
    }

    func duplex<Request, Response>(
        _ method: ProtobufMethod<Request, Response>
    ) async throws(GRPCStatus) -> GRPCDuplex<Request, Response> {
        try await connection.bidirectional(method, options: GRPCCallOptions(metadata: metadata))
    }

    // MARK: Services

    public var containers: Containers { Containers(client: self) }
    public var content: Content { Content(client: self) }
    public var diff: Diff { Diff(client: self) }
    public var events: Events { Events(client: self) }
    public var images: Images { Images(client: self) }
    public var introspection: Introspection { Introspection(client: self) }
    public var leases: Leases { Leases(client: self) }
    public var namespaces: Namespaces { Namespaces(client: self) }
    /// Snapshots of the overlayfs snapshotter.
    public var snapshots: Snapshots { Snapshots(client: self, snapshotter: "overlayfs") }
    public var tasks: Tasks { Tasks(client: self) }

    /// Snapshots of the snapshotter of that name.
    public func snapshots(_ snapshotter: String) -> Snapshots { Snapshots(client: self, snapshotter: snapshotter) }

    /// containerd's version and revision.
    public func version() async throws(GRPCStatus) -> VersionService.VersionResponse {
        try await unary(VersionService.version, ProtobufEmpty())
    }
}

extension ProtobufMessage {
    /// The message that a response must carry: a peer that leaves it out broke the protocol.
    static func required(_ message: Self?) throws(GRPCStatus) -> Self {
        guard let message else {
            throw GRPCStatus(.internalError, "response without " + Self.protobufName)
        }
        return message
    }
}
