public import EngineAPI
internal import JSON
internal import RegularExpressions

extension NetworkController {
    /// The networks that match; their `containers` are left empty, as in upstream's list.
    public func list(_ filters: Filters = Filters()) throws(EngineError) -> [NetworkInspect] {
        try Self.checkNames(filters, ["dangling", "driver", "id", "label", "name", "scope", "type"])
        let dangling = try Self.dangling(filters)
        for type in filters["type"] where type != "custom" && type != "builtin" {
            throw .invalid("invalid filter: 'type'='" + type + "'")
        }
        let found = state.withLock { state in
            state.all.filter { network in
                network.phase == .ready && Self.matches(network, filters)
                    && (dangling == nil
                        || dangling == (!network.isPredefined && state.endpoints(on: network.id).isEmpty))
            }
        }
        return found.map(\.resource)
    }

    /// The network of this id, name, or beginning of an id, with its containers. 404 when there is none.
    public func inspect(_ reference: String) throws(EngineError) -> NetworkInspect {
        try withState { (state) throws(EngineError) in state.inspection(try state.network(reference)) }
    }

    private static func matches(_ network: NetworkRecord, _ filters: Filters) -> Bool {
        let kind = network.isPredefined ? "builtin" : "custom"
        return filters.any("driver") { network.driver == $0 }
            && filters.any("id") { RegularExpression.matches($0, in: network.id) }
            && filters.any("name") { RegularExpression.matches($0, in: network.name) }
            && filters.any("scope") { $0 == "local" } && filters.any("type") { kind == $0 }
            && filters.matchLabels("label", network.labels)
    }

    static func checkNames(_ filters: Filters, _ known: [String]) throws(EngineError) {
        if let name = filters.unknown(among: known) { throw .invalid("invalid filter '" + name + "'") }
    }

    private static func dangling(_ filters: Filters) throws(EngineError) -> Bool? {
        do throws(JSON.Failure) {
            return try filters.flag("dangling")
        } catch {
            throw .invalid(
                "invalid value for filter 'dangling', must be \"true\" (or \"1\"), or \"false\" (or \"0\")")
        }
    }
}
