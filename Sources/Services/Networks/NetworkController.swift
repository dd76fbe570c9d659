public import EngineAPI
internal import Firewall
internal import Linux
internal import Netlink

/// The daemon's networks and the network side of its containers. Every method may block on the kernel or on a program
/// it runs: call from a worker thread. Safe to call from several threads at once.
///
/// Two kinds of locks, the outer first: one per container and one for the set of networks (`busy`), held across slow
/// work; and the one around `state`, held for moments. Listing and inspecting take only the latter.
public final class NetworkController: Sendable {
    let configuration: NetworkConfiguration
    let records: RecordStore
    let firewall = Firewall()
    let subnets: Guarded<SubnetPools>
    let proxy: ProxyProcess?
    let busy = KeyedLock()
    let state: Guarded<NetworkState>
    let resolvers: Resolver
    /// Sockets that hold published ports where no proxy does, by container.
    let holders = PortHolders()
    /// Bridges whose rules may still be there, from before a restart.
    let formerBridges = Guarded<Set<String>>([])

    /// Reads the records. `restore` must follow, once, before any other call.
    public init(_ configuration: NetworkConfiguration) throws(EngineError) {
        self.configuration = configuration
        do throws(SystemCallError) {
            records = try RecordStore(dataRoot: configuration.dataRoot)
        } catch {
            throw .failed("error obtaining controller instance: " + error.description)
        }
        subnets = Guarded(
            configuration.addressPools.isEmpty ? SubnetPools() : try SubnetPools(configuration.addressPools))
        proxy = configuration.usesProxy ? try ProxyProcess(configured: configuration.proxyPath) : nil
        let state = Guarded(NetworkState(freePorts: NetworkController.freePorts()))
        self.state = state
        resolvers = Resolver(warn: configuration.warn) { question, container in
            state.withLock { ($0.answer(question, for: container), $0.mayForward(for: container)) }
        }
    }

    /// The kernel's own range of ports that anybody may get.
    private static func freePorts() -> ClosedRange<UInt16> {
        let numbers = (HostBridge.value("ipv4/ip_local_port_range") ?? "").split { $0 == "\t" || $0 == " " }.compactMap
        { UInt16($0) }
        guard numbers.count == 2, numbers[0] > 0, numbers[0] < numbers[1] else { return 49153...65535 }
        return numbers[0]...numbers[1]
    }

    /// Runs `body` on the state, for moments only.
    func withState<Value: Sendable>(
        _ body: (inout NetworkState) throws(EngineError) -> Value
    ) throws(EngineError) -> Value {
        try state.withLock { (state: inout NetworkState) throws(EngineError) -> Value in try body(&state) }
    }

    // MARK: Reading

    /// Whether the end of a container may be asked for in this way: the checks of `connect` for one that does not run.
    /// Returns the network.
    public func check(
        _ network: String, _ endpoint: EndpointSettings
    ) throws(EngineError) -> NetworkInspect {
        let record = try withState { (state) throws(EngineError) in try state.network(network) }
        try NetworkState.check(endpoint, on: record)
        return record.resource
    }

    /// Tells of a container's new name (without the slash).
    public func rename(_ containerID: String, to name: String) {
        guard let record = state.withLock({ $0.rename(containerID, to: name) }) else { return }
        do throws(SystemCallError) { try records.write(record) } catch { configuration.warn(error.description) }
    }

    /// The counters of a container's interfaces, without the loopback.
    public func statistics(of containerID: String) throws(EngineError) -> [InterfaceStatistics] {
        guard let record = state.withLock({ $0.sandboxes[containerID] }), record.kind == .own else { return [] }
        do throws(SystemCallError) {
            let links = try NetworkNamespace.enter(record.key) { () throws(SystemCallError) in try RouteSocket().links()
            }
            return links.filter { $0.index != 1 }.map { link in
                InterfaceStatistics(
                    name: link.name, receivedBytes: link.counters.receivedBytes,
                    receivedPackets: link.counters.receivedPackets, receiveErrors: link.counters.receiveErrors,
                    receiveDropped: link.counters.receiveDropped, sentBytes: link.counters.sentBytes,
                    sentPackets: link.counters.sentPackets, sendErrors: link.counters.sendErrors,
                    sendDropped: link.counters.sendDropped)
            }
        } catch {
            throw .failed("failed to get network statistics: " + error.description)
        }
    }
}
