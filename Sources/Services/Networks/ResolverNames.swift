internal import Netlink

/// What the embedded resolver knows by itself.
enum ResolverAnswer: Equatable {
    case addresses([IPv4Address])
    case pointer(String)
    /// Somebody else must be asked.
    case unknown
}

extension NetworkState {
    /// A container's question: names and addresses of the containers it shares a resolving network with.
    func answer(_ question: DNSQuestion, for containerID: String) -> ResolverAnswer {
        guard let asking = sandboxes[containerID], let kind = question.kind else { return .unknown }
        if kind == .pointer { return pointer(question, for: asking) }
        let addresses = addresses(of: question.name, for: asking)
        if addresses.isEmpty { return .unknown }
        return .addresses(kind == .address ? addresses : [])
    }

    private func addresses(of name: String, for asking: SandboxRecord) -> [IPv4Address] {
        guard !name.isEmpty else { return [] }
        let linked = asking.links.first { $0.alias.lowercased() == name }?.name.lowercased()
        var found: [IPv4Address] = []
        for own in asking.endpoints where networks[own.networkID]?.resolvesNames ?? false {
            let suffix = "." + own.networkName.lowercased()
            let short = name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
            for (_, endpoint) in endpoints(on: own.networkID) {
                guard let address = endpoint.address?.address else { continue }
                let names = endpoint.names.map { $0.lowercased() }
                if names.contains(short) || names.contains(name) || linked.map(names.contains) ?? false {
                    found.append(address)
                }
            }
        }
        return found.sorted()
    }

    private func pointer(_ question: DNSQuestion, for asking: SandboxRecord) -> ResolverAnswer {
        guard let address = question.pointerAddress else { return .unknown }
        for own in asking.endpoints where networks[own.networkID]?.resolvesNames ?? false {
            for (sandbox, endpoint) in endpoints(on: own.networkID) where endpoint.address?.address == address {
                return .pointer(sandbox.containerName + "." + own.networkName)
            }
        }
        return .unknown
    }

    /// Whether a container may have its questions forwarded: not when all its networks are internal.
    func mayForward(for containerID: String) -> Bool {
        guard let sandbox = sandboxes[containerID] else { return false }
        return sandbox.endpoints.contains { !isInternal($0.networkID) }
    }
}
