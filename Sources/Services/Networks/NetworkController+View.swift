internal import EngineAPI
internal import Linux
internal import Netlink

extension NetworkController {
    /// A sandbox as the engine gets to see it.
    func view(_ record: SandboxRecord) -> Sandbox {
        let networks = state.withLock { $0.networks }
        var sandbox = Sandbox(
            id: record.id, key: record.key, namespacePath: record.kind == .host ? nil : record.key)
        for endpoint in record.endpoints { sandbox.endpoints[endpoint.networkName] = endpoint.settings }
        if record.endpoints.contains(where: { $0.gateway != nil && !(networks[$0.networkID]?.isInternal ?? false) }) {
            for name in record.exposed + record.wanted.map(\.name) { sandbox.ports[name] = [] }
            for port in record.published {
                sandbox.ports[port.name, default: []].append(
                    PortBinding(hostIP: port.hostIP, hostPort: String(port.hostPort)))
            }
        }
        sandbox.hosts = hosts(record)
        sandbox.resolvConf = resolver(record).text
        sandbox.hostnameFile = record.hostname + "\n"
        return sandbox
    }

    private func hosts(_ record: SandboxRecord) -> String {
        if record.kind == .host && record.extraHosts.isEmpty {
            // A host without the file gives its containers none either.
            return (try? Files.readText("/etc/hosts")) ?? ""
        }
        return HostsFile.text(
            extra: record.extraHosts, links: record.linkHosts,
            own: record.endpoints.flatMap(\.addresses), hostname: record.hostname,
            domainname: record.domainname)
    }

    /// Where a container's names are looked up: its own settings before the daemon's before the host's.
    func resolver(_ record: SandboxRecord) -> ResolverPlan {
        let networks = state.withLock { $0.networks }
        return ResolverPlan(
            host: .host(), reachesIPv6: record.endpoints.contains { $0.address6 != nil },
            dns: record.dns.isEmpty ? configuration.dns : record.dns,
            search: record.dnsSearch.isEmpty ? configuration.dnsSearch : record.dnsSearch,
            options: record.dnsOptions.isEmpty ? configuration.dnsOptions : record.dnsOptions,
            usesHost: record.kind == .host,
            isEmbedded: record.resolverUDP != 0
                || record.endpoints.contains { networks[$0.networkID]?.resolvesNames ?? false })
    }

    /// What "host-gateway" stands for.
    var hostGateway: String {
        if !configuration.hostGatewayAddress.isEmpty { return configuration.hostGatewayAddress }
        let bridge = state.withLock { $0.all.first { $0.name == "bridge" }?.bridge }
        return bridge?.subnet.address.description ?? ""
    }
}
