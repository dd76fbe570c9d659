internal import EngineAPI
internal import GoText
internal import RegularExpressions

/// Which containers a client wants to see (`filters` of `GET /containers/json`), everything it refers to looked up.
struct ContainerFilter: Sendable {
    private let filters: Filters
    private var exited: [Int] = []
    private var ancestors: Set<String>?
    private var before: Timestamp?
    private var since: Timestamp?
    private var published: [PortRange] = []
    private var exposed: [PortRange] = []
    private var isTask: Bool?

    static let known = [
        "ancestor", "before", "exited", "id", "isolation", "label", "name", "status", "health", "since", "volume",
        "network", "is-task", "publish", "expose",
    ]
    static let states = ["created", "running", "paused", "restarting", "removing", "exited", "dead"]
    static let healths = ["none", "starting", "healthy", "unhealthy"]

    /// A state is asked for by name: all containers are looked at.
    var namesStates: Bool { filters.contains("status") || filters.contains("exited") || before != nil || since != nil }

    init(_ filters: Filters, engine: Engine) async throws(EngineError) {
        try self.init(filters)
        if filters.contains("ancestor") {
            var found: Set<String> = []
            for name in filters["ancestor"] {
                // What names no image is nobody's ancestor.
                found.formUnion((try? await engine.images.descendants(of: name)) ?? [])
            }
            ancestors = found
        }
        for name in filters["before"] {
            let moment = try engine.record(of: name).created
            before = min(before ?? moment, moment)
        }
        for name in filters["since"] {
            let moment = try engine.record(of: name).created
            since = max(since ?? moment, moment)
        }
    }

    /// What needs nobody to be asked.
    init(_ filters: Filters) throws(EngineError) {
        self.filters = filters
        if let unknown = filters.unknown(among: ContainerFilter.known) { throw .invalid("invalid filter '\(unknown)'") }
        for text in filters["exited"] {
            guard let code = Int(text) else { throw .invalid("strconv.Atoi: parsing \"\(text)\": invalid syntax") }
            exited.append(code)
        }
        for text in filters["status"] where !ContainerFilter.states.contains(text) {
            throw .invalid("invalid filter 'status=\(text)'")
        }
        for text in filters["health"] where !ContainerFilter.healths.contains(text) {
            throw .invalid("unrecognised filter value for health: \(text)")
        }
        for text in filters["is-task"] {
            guard ["true", "1", "false", "0"].contains(text) else {
                throw .invalid("invalid filter 'is-task=[\(text)]'")
            }
            isTask = text == "true" || text == "1"
        }
        for text in filters["publish"] { published.append(try PortRange(parsing: text)) }
        for text in filters["expose"] { exposed.append(try PortRange(parsing: text)) }
    }

    func matches(_ record: ContainerRecord) -> Bool {
        // A container of a swarm's task: there are none here.
        if isTask == true { return false }
        return matchesIdentity(record) && matchesState(record) && matchesUse(record)
    }

    private func matchesIdentity(_ record: ContainerRecord) -> Bool {
        if filters.contains("id") && !filters["id"].contains(where: { record.id.hasPrefix($0) }) { return false }
        // With and without the slash.
        let names = [record.name, "/" + record.name]
        let isNamed = filters.any("name") { pattern in
            names.contains { RegularExpression.matches(pattern, in: $0) }
        }
        if !isNamed { return false }
        if !filters.matchLabels("label", record.config.labels ?? [:]) { return false }
        if let ancestors, !ancestors.contains(record.imageID) { return false }
        if let before, record.created >= before { return false }
        if let since, record.created <= since { return false }
        return true
    }

    private func matchesState(_ record: ContainerRecord) -> Bool {
        let life = record.life
        if filters.contains("status") && !filters["status"].contains(life.phase.rawValue) { return false }
        if !exited.isEmpty {
            guard life.phase == .exited || life.phase == .dead, exited.contains(life.exitCode) else { return false }
        }
        if filters.contains("health") && !filters["health"].contains(record.health?.status ?? "none") { return false }
        return true
    }

    private func matchesUse(_ record: ContainerRecord) -> Bool {
        if filters.contains("volume") {
            let has = record.mounts.contains { mount in
                filters["volume"].contains { $0 == mount.destination || $0 == mount.source || $0 == mount.name }
            }
            if !has { return false }
        }
        if filters.contains("network") {
            let has = record.networkSettings.networks.contains { name, endpoint in
                filters["network"].contains {
                    $0 == name || (!endpoint.networkID.isEmpty && endpoint.networkID.hasPrefix($0))
                }
            }
            if !has { return false }
        }
        if !published.isEmpty {
            let has = record.hostConfig.portBindings.contains { name, bindings in
                published.contains { range in
                    range.contains(name) || bindings.contains { range.contains($0.hostPort + "/" + range.proto) }
                }
            }
            if !has { return false }
        }
        if !exposed.isEmpty {
            let has = record.config.exposedPorts.contains { name in exposed.contains { $0.contains(name) } }
            if !has { return false }
        }
        return true
    }
}

/// "80", "8000-8010/udp"
struct PortRange: Equatable {
    let first: Int
    let last: Int
    let proto: String

    init(parsing text: String) throws(EngineError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let ends = (parts.first ?? "").split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count <= 2, ends.count <= 2, let start = ends.first ?? nil, let end = ends.last ?? nil,
            (0...65535).contains(start), (start...65535).contains(end)
        else { throw .invalid("invalid filter: invalid port specification: \"\(text)\"") }
        first = start
        last = end
        proto = parts.count == 2 ? String(parts[1]) : "tcp"
    }

    func contains(_ port: String) -> Bool {
        // What is no port is exposed by no container.
        guard let parsed = try? PortNumber(parsing: port) else { return false }
        return parsed.proto == proto && (first...last).contains(parsed.number)
    }
}
