internal import ContainerLogs
internal import ContainerdAPI
public import EngineAPI
internal import Linux
internal import OCIImage
internal import Volumes
internal import Workers

extension Engine {
    /// Makes a container: its record, its root, its volumes. `name` is nil or empty for one made up here; `platform`
    /// is what the image must be for, "os/architecture/variant", or empty.
    public func create(
        _ request: ContainerCreateRequest, name: String?, platform: String = ""
    ) async throws(EngineError) -> ContainerCreateResponse {
        if let name, !name.isEmpty { _ = try ContainerNames.validated(name) }
        var draft = try CreateDraft(request, configuration, facts)
        let mode = draft.hostConfig.networkMode
        if !mode.hasPrefix("container:") && mode != "host" && mode != "none" && !HostFacts.forwardsIPv4 {
            draft.warnings.append("IPv4 forwarding is disabled. Networking will not work.")
        }
        try checkLog(draft.hostConfig)
        try resolveContainerModes(&draft)
        if draft.config.image.isEmpty { throw .invalid("no image specified") }
        let image = try await images.image(draft.config.image)
        if !platform.isEmpty { try Engine.check(image, named: draft.config.image, isFor: platform) }
        try draft.merge(image.config)
        draft.warnings += image.platformWarnings
        let id = randomHex(bytes: 32)
        let chosen = try reserveName(name, for: id)
        do throws(EngineError) {
            let record = try await make(id, chosen, draft, image)
            publish("create", record)
        } catch {
            registry.withLock { $0.release(chosen) }
            throw error
        }
        var response = ContainerCreateResponse()
        response.id = id
        response.warnings = draft.warnings
        return response
    }

    /// An image for another platform is as good as none: the client may fetch the right one.
    private static func check(
        _ image: EngineImage, named name: String, isFor wanted: String
    ) throws(EngineError) {
        guard let asked = OCIPlatform(wanted) else {
            throw .invalid("\"\(wanted)\": cannot parse platform specifier: invalid argument")
        }
        guard let actual = image.stored?.config.platform else { return }
        let variants = asked.architecture == "amd64" ? ["", "v1", actual.variant] : ["", actual.variant]
        if asked.os == actual.os && asked.architecture == actual.architecture && variants.contains(asked.variant) {
            return
        }
        func words(_ platform: OCIPlatform) -> String {
            [platform.os, platform.architecture, platform.variant].filter { !$0.isEmpty }.joined(separator: "/")
        }
        throw .notFound(
            "image with reference \(name) was found but its platform (\(words(actual))) does not match the specified"
                + " platform (\(words(asked)))")
    }

    /// Another container that the request of a new one names: what is wrong with it is wrong with the request, or the
    /// client would take it for the image that is not there.
    func partner(_ reference: String) throws(EngineError) -> Container {
        do throws(EngineError) { return try find(reference) } catch { throw .invalid(error.message) }
    }

    private func checkLog(_ config: HostConfig) throws(EngineError) {
        try LogConfiguration.validate(driver: config.logConfig.type, options: config.logConfig.config ?? [:])
    }

    /// "container:name" becomes "container:id": names may change, ids do not.
    private func resolveContainerModes(_ draft: inout CreateDraft) throws(EngineError) {
        func resolved(_ mode: String) -> String {
            // One that is not there may come until the start, which says so if it does not.
            guard mode.hasPrefix("container:"), let other = try? find(String(mode.dropFirst(10))) else { return mode }
            return "container:" + other.id
        }
        draft.hostConfig.networkMode = resolved(draft.hostConfig.networkMode)
        for mode in [draft.hostConfig.ipcMode, draft.hostConfig.pidMode] where mode.hasPrefix("container:") {
            _ = try partner(String(mode.dropFirst(10)))
        }
        draft.hostConfig.ipcMode = resolved(draft.hostConfig.ipcMode)
        draft.hostConfig.pidMode = resolved(draft.hostConfig.pidMode)
        for link in draft.hostConfig.links ?? [] {
            let name = String(link.split(separator: ":").first ?? "")
            do throws(EngineError) { _ = try partner(name) } catch {
                throw error.prefixed("could not get container for " + name)
            }
        }
        if draft.hostConfig.ipcMode.hasPrefix("container:") {
            let other = try partner(String(draft.hostConfig.ipcMode.dropFirst(10))).record
            if !["shareable", "host"].contains(other.hostConfig.ipcMode)
                && !other.hostConfig.ipcMode.hasPrefix("container:")
            {
                throw .invalid(
                    "can't join IPC of container \(other.id): non-shareable IPC (hint: use IpcMode:shareable for"
                        + " the donor container)")
            }
        }
    }

    /// Takes the name asked for, or one made up, so that nobody else gets it meanwhile.
    private func reserveName(_ name: String?, for id: String) throws(EngineError) -> String {
        if let name, !name.isEmpty {
            let bare = try ContainerNames.validated(name)
            let owner = registry.withLock { registry -> String? in
                registry.reserve(bare, for: id) ? nil : registry.owner(of: bare)
            }
            if let owner { throw Engine.nameConflict(bare, owner) }
            return bare
        }
        for attempt in 0..<20 {
            let made = ContainerNames.random(attempt: attempt)
            if registry.withLock({ $0.reserve(made, for: id) }) { return made }
        }
        let short = String(id.prefix(12))
        _ = registry.withLock { $0.reserve(short, for: id) }
        return short
    }

    static func nameConflict(_ name: String, _ owner: String) -> EngineError {
        .conflict(
            "Conflict. The container name \"/\(name)\" is already in use by container \"\(owner)\". You have to"
                + " remove (or rename) that container to be able to reuse that name.")
    }

    private func make(
        _ id: String, _ name: String, _ draft: CreateDraft, _ image: EngineImage
    ) async throws(EngineError) -> ContainerRecord {
        var config = draft.config
        if config.hostname.isEmpty && !draft.hostConfig.networkMode.hasPrefix("container:") {
            config.hostname = draft.hostConfig.networkMode == "host" ? facts.hostname : String(id.prefix(12))
        }
        if config.labels == nil { config.labels = [:] }
        var record = ContainerRecord(
            id: id, name: name, created: Clock.now, config: config, hostConfig: draft.hostConfig, imageID: image.id)
        record.networkSettings = Engine.plannedNetworks(draft)
        async let root = capturing { [images] () async throws(EngineError) in
            try await images.prepareRoot(id, of: image)
        }
        do throws(EngineError) {
            record.mounts = try await resolveMounts(record)
            let store = store
            let complete = record
            do throws(SystemCallError) {
                try await Workers.shared.run { () throws(SystemCallError) in try store.create(complete) }
            } catch {
                throw .failed(error.description)
            }
            let mounts = try await root.get()
            let container = Container(complete)
            container.updateRun { $0.mounts = mounts }
            registry.withLock { $0.add(container, id: id) }
            return complete
        } catch {
            if case .success = await root { await forgetRoot(id) }
            await forget(record)
            throw error
        }
    }

    /// The networks a container will join, as inspection shows them before it runs.
    private static func plannedNetworks(_ draft: CreateDraft) -> NetworkSettings {
        var settings = NetworkSettings()
        let mode = draft.hostConfig.networkMode
        if mode.hasPrefix("container:") { return settings }
        let name = mode == "default" ? "bridge" : mode
        settings.networks = draft.networking
        for (name, asked) in draft.networking { settings.networks[name]?.desiredMacAddress = asked.macAddress }
        if let asked = settings.networks.removeValue(forKey: "default") { settings.networks["bridge"] = asked }
        if settings.networks[name] == nil {
            var endpoint = EndpointSettings()
            endpoint.macAddress = draft.config.macAddress
            endpoint.desiredMacAddress = draft.config.macAddress
            settings.networks[name] = endpoint
        }
        return settings
    }

    /// Undoes what `make` did outside the registry.
    private func forget(_ record: ContainerRecord) async {
        let (store, volumes, report) = (store, volumes, configuration.report)
        await Workers.shared.run {
            for mount in record.mounts where mount.type == "volume" {
                volumes.unrefer(mount.name, from: record.id, removingAnonymous: true)
            }
            do throws(SystemCallError) {
                try store.remove(record.id)
            } catch {
                report("container \(record.id): \(error)")
            }
        }
    }

    private func forgetRoot(_ id: String) async {
        do throws(EngineError) {
            try await images.removeRoot(id)
        } catch {
            configuration.report("container \(id): cannot remove its root: \(error.message)")
        }
    }
}

/// The outcome of a piece of work that runs beside others.
func capturing<Value: Sendable>(
    _ body: () async throws(EngineError) -> Value
) async -> Result<Value, EngineError> {
    do throws(EngineError) { return .success(try await body()) } catch { return .failure(error) }
}
