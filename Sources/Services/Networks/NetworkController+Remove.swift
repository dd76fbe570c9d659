internal import CLinux
public import EngineAPI
internal import GoText
internal import Linux

extension NetworkController {
    /// Removes a network without containers. 403 while it has some, or when it is one of the daemon's own.
    public func remove(_ reference: String) throws(EngineError) {
        try busy.with("networks") { () throws(EngineError) in
            var network = try withState { (state) throws(EngineError) in
                var network = try state.network(reference)
                if network.isPredefined {
                    throw .forbidden(network.name + " is a pre-defined network and cannot be removed")
                }
                if network.configOnly && state.all.contains(where: { $0.configFrom == network.name }) {
                    throw .forbidden(
                        "error while removing network: configuration network \"" + network.name + "\" is in use")
                }
                if !state.endpoints(on: network.id).isEmpty {
                    throw .forbidden(
                        "error while removing network: network \(network.name) id \(network.id) has active endpoints")
                }
                network.phase = .removing
                state.put(network)
                return network
            }
            network.phase = .removing
            try write(network)
            unmake(network)
            announce("destroy", network)
        }
    }

    /// Takes a network out of the kernel and the records. What cannot be removed is named to `warn` and, because the
    /// record stays, tried again at the next start.
    func unmake(_ network: NetworkRecord) {
        do throws(EngineError) { try removeRules(of: network) } catch { configuration.warn(error.message) }
        do throws(SystemCallError) {
            if let bridge = network.bridge { try HostBridge.remove(bridge) }
            try records.remove(network)
        } catch {
            configuration.warn("network " + network.name + " was not removed completely: " + error.description)
        }
        state.withLock { $0.removeNetwork(network.id) }
    }

    /// Removes the networks no running container uses and returns their names.
    public func prune(_ filters: Filters = Filters()) throws(EngineError) -> [String] {
        try Self.checkNames(filters, ["until", "label", "label!"])
        let limit = try Self.until(filters)
        let candidates = state.withLock { state in
            state.all.filter { network in
                !network.isPredefined && network.phase == .ready && state.endpoints(on: network.id).isEmpty
                    && filters.matchLabels("label", network.labels)
                    && (!filters.contains("label!") || !filters.matchLabels("label!", network.labels))
                    && limit.map { network.created < $0 } ?? true
            }
        }
        var removed: [String] = []
        for network in candidates {
            do throws(EngineError) {
                try remove(network.id)
                removed.append(network.name)
            } catch  where error.status == 403 || error.status == 404 {
                // It came into use, or went, meanwhile.
            }
        }
        configuration.observe(NetworkEvent(action: "prune", networkID: "", networkName: "", networkType: ""))
        return removed
    }

    /// The moment of the filter `until` as a time stamp: seconds since 1970, RFC 3339, or a duration before now.
    private static func until(_ filters: Filters) throws(EngineError) -> String? {
        guard let text = filters["until"].first else { return nil }
        guard filters["until"].count == 1 else { throw .invalid("more than one until filter specified") }
        guard let moment = Timestamp(text: text, now: Timestamp(WallClock.now)) else {
            throw .invalid("failed to parse value as time or duration: \"" + text + "\"")
        }
        return moment.description
    }
}
