public import EngineAPI
internal import Linux
internal import Networks
internal import Workers

extension Engine {
    /// `POST /networks/{id}/connect`: at once for a container that runs, else from its next start on.
    public func connect(
        _ reference: String, toNetwork network: String, _ endpoint: EndpointSettings
    ) async throws(EngineError) {
        let container = try find(reference)
        let found = try await checkedNetwork(network, endpoint)
        try await container.operations.perform { () async throws(EngineError) in
            let record = container.record
            try Engine.checkConnect(record, found)
            if record.life.isRunning {
                let (networks, id) = (self.networks, record.id)
                let sandbox = try await Workers.shared.run { () throws(EngineError) in
                    try networks.connect(id, to: found.id, endpoint)
                }
                try await self.takeOver(sandbox, container)
            } else {
                if record.networkSettings.networks[found.name] != nil {
                    throw .forbidden("endpoint with name \(record.name) already exists in network \(found.name)")
                }
                var settings = endpoint
                settings.networkID = found.id
                settings.desiredMacAddress = endpoint.macAddress
                let asked = settings
                container.update { $0.networkSettings.networks[found.name] = asked }
                try await self.save(container)
            }
        }
    }

    /// `POST /networks/{id}/disconnect`: at once for a container that runs, else from its next start on.
    public func disconnect(
        _ reference: String, fromNetwork network: String, force: Bool = false
    ) async throws(EngineError) {
        let container = try find(reference)
        let found = try await checkedNetwork(network, EndpointSettings())
        try await container.operations.perform { () async throws(EngineError) in
            let record = container.record
            if record.hostConfig.networkMode == "host" || found.driver == "host" {
                throw .invalid("container cannot be disconnected from host network or connected to host network")
            }
            guard record.networkSettings.networks[found.name] != nil else {
                throw .failed("container \(record.id) is not connected to network \(found.name)")
            }
            if record.life.isRunning {
                let (networks, id) = (self.networks, record.id)
                let sandbox = try await Workers.shared.run { () throws(EngineError) in
                    try networks.disconnect(id, from: found.id, force: force)
                }
                try await self.takeOver(sandbox, container)
            } else {
                container.update { $0.networkSettings.networks[found.name] = nil }
                try await self.save(container)
            }
        }
    }

    /// The network of a request, and whether an end may be asked for in this way.
    private func checkedNetwork(
        _ reference: String, _ endpoint: EndpointSettings
    ) async throws(EngineError) -> NetworkInspect {
        let networks = networks
        return try await Workers.shared.run { () throws(EngineError) in try networks.check(reference, endpoint) }
    }

    private static func checkConnect(_ record: ContainerRecord, _ network: NetworkInspect) throws(EngineError) {
        if record.hostConfig.networkMode.hasPrefix("container:") || record.hostConfig.networkMode == "host" {
            throw .invalid(
                "container sharing network namespace with another container or host cannot be connected to any"
                    + " other network"
            )
        }
        if network.driver == "host" {
            throw .invalid("container cannot be disconnected from host network or connected to host network")
        }
        if network.driver == "null" || record.networkSettings.networks["none"] != nil {
            throw .invalid(
                "container cannot be connected to multiple networks with one of the networks in private (none) mode")
        }
    }

    /// What a running container's network is now: in its record, and in the files it sees.
    private func takeOver(_ sandbox: Sandbox, _ container: Container) async throws(EngineError) {
        container.update { $0.networkSettings = sandbox.settings }
        let (hosts, resolvConf) = (store.file(container.id, "hosts"), store.file(container.id, "resolv.conf"))
        try await Workers.shared.run { () throws(EngineError) in
            do throws(SystemCallError) {
                // In place: the container has these very files mounted.
                try Files.write(Array(sandbox.hosts.utf8), to: hosts)
                try Files.write(Array(sandbox.resolvConf.utf8), to: resolvConf)
            } catch {
                throw .failed(error.description)
            }
        }
        try await save(container)
    }

    func takeOverOrReport(_ sandbox: Sandbox, _ container: Container) async {
        do throws(EngineError) { try await takeOver(sandbox, container) } catch {
            configuration.report("container \(container.id): \(error.message)")
        }
    }
}
