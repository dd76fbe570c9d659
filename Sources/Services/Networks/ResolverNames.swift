internal import Netlink

/// What the embedded resolver knows by itself.
enum ResolverAnswer: Equatable {
    /// The name exists, with these addresses of the family asked for: perhaps none.
    case addresses([[UInt8]])
    case pointer(String)
    /// Somebody else must be asked.
    case unknown
}

extension NetworkState {
    /// A container's question: names and addresses of the containers it shares a resolving network with.
    func answer(_ question: DNSQuestion, for containerID: String) -> ResolverAnswer {
        guard let asking = sandboxes[containerID], let kind = question.kind else { return .unknown }
        if kind == .pointer { return pointer(question, for: asking) }
        let found = endpoints(named: question.name, for: asking)
        if found.isEmpty { return .unknown }
        return switch kind {
        case .address: .addresses(found.compactMap(\.address?.address).sorted().map(\.bytes))
        case .address6: .addresses(found.compactMap(\.address6?.address).sorted().map(\.bytes))
        // Containers take no mail under other names.
        case .mail, .pointer: .addresses([])
        }
    }

    private func endpoints(named name: String, for asking: SandboxRecord) -> [EndpointRecord] {
        guard !name.isEmpty else { return [] }
        var found: [EndpointRecord] = []
        for own in asking.endpoints where networks[own.networkID]?.resolvesNames ?? false {
            let suffix = "." + own.networkName.lowercased()
            let short = name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
            let linked = (asking.links + own.links).first { $0.alias.lowercased() == short }?.name.lowercased()
            for (_, endpoint) in endpoints(on: own.networkID) {
                let names = endpoint.names.map { $0.lowercased() }
                if names.contains(short) || names.contains(name) || linked.map(names.contains) ?? false {
                    found.append(endpoint)
                }
            }
        }
        return found
    }

    private func pointer(_ question: DNSQuestion, for asking: SandboxRecord) -> ResolverAnswer {
        guard let address = question.pointerAddress?.description else { return .unknown }
        for own in asking.endpoints where networks[own.networkID]?.resolvesNames ?? false {
            for (sandbox, endpoint) in endpoints(on: own.networkID) where endpoint.addresses.contains(address) {
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
