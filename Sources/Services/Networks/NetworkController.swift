public import EngineAPI

/// The daemon's networks and the network side of its containers. Every method may block on the kernel or on a program it
/// runs: call from a worker thread. Safe to call from several threads at once.
public final class NetworkController: Sendable {
    private let configuration: NetworkConfiguration

    /// Reads the records. `restore` must follow, once, before any other call.
    public init(_ configuration: NetworkConfiguration) throws(NetworkError) { self.configuration = configuration }

    /// Makes kernel and records agree: sets up the default bridge and the rules, adopts the sandboxes of the containers
    /// that still run, and removes whatever belonged to others. Returns the adopted ones by container id.
    public func restore(live containerIDs: [String]) throws(NetworkError) -> [String: Sandbox] { [:] }

    /// The networks that match; their `containers` are left empty, as in upstream's list.
    public func list(_ filters: Filters = Filters()) throws(NetworkError) -> [NetworkInspect] { [] }

    /// The network of this id, name, or beginning of an id, with its containers. 404 when there is none.
    public func inspect(_ reference: String) throws(NetworkError) -> NetworkInspect {
        throw .noSuchNetwork(reference)
    }

    public func create(_ request: NetworkCreateRequest) throws(NetworkError) -> NetworkCreateResponse {
        throw .unsupported("networks cannot be created yet")
    }

    /// Removes a network without containers. 403 while it has some, or when it is one of the daemon's own.
    public func remove(_ reference: String) throws(NetworkError) { throw .noSuchNetwork(reference) }

    /// Removes the networks no running container uses and returns their names.
    public func prune(_ filters: Filters = Filters()) throws(NetworkError) -> [String] { [] }

    /// Gives a container its network before its first process exists. Undone by `release`.
    public func attach(_ request: SandboxRequest) throws(NetworkError) -> Sandbox {
        throw .unsupported("containers cannot be connected yet")
    }

    /// Removes everything `attach` and `connect` made for a container. Unknown ids are no error.
    public func release(_ containerID: String) throws(NetworkError) {}

    /// Connects a running container to one more network. The whole sandbox as it is then is returned.
    public func connect(
        _ containerID: String, to network: String, _ endpoint: EndpointSettings
    ) throws(NetworkError) -> Sandbox {
        throw .noSuchNetwork(network)
    }

    /// Takes a running container off a network. The whole sandbox as it is then is returned.
    public func disconnect(
        _ containerID: String, from network: String, force: Bool = false
    ) throws(NetworkError) -> Sandbox {
        throw .noSuchNetwork(network)
    }

    /// The sandbox of a container that has one.
    public func sandbox(of containerID: String) -> Sandbox? { nil }

    /// Tells of a container's new name (without the slash).
    public func rename(_ containerID: String, to name: String) {}

    /// The counters of a container's interfaces, without the loopback.
    public func statistics(of containerID: String) throws(NetworkError) -> [InterfaceStatistics] { [] }
}
