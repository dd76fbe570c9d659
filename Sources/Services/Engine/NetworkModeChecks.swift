internal import EngineAPI

/// Options that contradict the network mode, with upstream's words.
struct NetworkModeChecks {
    let config: ContainerConfig
    let hostConfig: HostConfig

    func check() throws(EngineError) {
        let mode = hostConfig.networkMode
        let isContainer = mode.hasPrefix("container:")
        if mode == "container" || mode == "container:" {
            throw .invalid("invalid container format container:<name|id>")
        }
        if (isContainer || hostConfig.utsMode == "host") && !config.hostname.isEmpty {
            throw .invalid("conflicting options: hostname and the " + (isContainer ? "network" : "UTS") + " mode")
        }
        if mode == "host" && !(hostConfig.links ?? []).isEmpty {
            throw .invalid(
                "conflicting options: host type networking can't be used with links. This would result in"
                    + " undefined behavior")
        }
        guard isContainer else { return }
        if !(hostConfig.links ?? []).isEmpty {
            throw .invalid(
                "conflicting options: container type network can't be used with links. This would result in"
                    + " undefined behavior")
        }
        if !(hostConfig.dns ?? []).isEmpty { throw .invalid("conflicting options: dns and the network mode") }
        if !(hostConfig.extraHosts ?? []).isEmpty {
            throw .invalid("conflicting options: custom host-to-IP mapping and the network mode")
        }
        if !config.macAddress.isEmpty { throw .invalid("conflicting options: mac-address and the network mode") }
        if !hostConfig.portBindings.isEmpty || hostConfig.publishAllPorts {
            throw .invalid("conflicting options: port publishing and the container type network mode")
        }
        if !config.exposedPorts.isEmpty {
            throw .invalid("conflicting options: port exposing and the container type network mode")
        }
    }
}

/// "80/tcp"
struct PortNumber: Equatable {
    let number: Int
    let proto: String

    init(parsing text: String) throws(EngineError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let ends = (parts.first ?? "").split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = ends.first, let number = Int(first), (0...65535).contains(number) else {
            throw .invalid("invalid port specification: \"\(text)\"")
        }
        if let last = ends.dropFirst().first {
            guard ends.count == 2, let end = Int(last), end >= number, end <= 65535 else {
                throw .invalid("invalid port specification: \"\(text)\"")
            }
        }
        let proto = parts.count == 2 ? String(parts[1]) : "tcp"
        guard ["tcp", "udp", "sctp"].contains(proto) else { throw .invalid("invalid protocol: " + proto) }
        self.number = number
        self.proto = proto
    }

    static func checkHostPort(_ text: String) throws(EngineError) {
        if text.isEmpty { return }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard ends.count <= 2, ends.allSatisfy({ $0.map { (0...65535).contains($0) } ?? false }) else {
            throw .invalid("invalid port specification: \"\(text)\"")
        }
    }
}
