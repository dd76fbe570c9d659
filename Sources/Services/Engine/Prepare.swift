internal import CLinux
internal import ContainerdAPI
internal import EngineAPI
internal import Linux
internal import Networks
internal import OCIRuntime
internal import Volumes
internal import Workers

/// What a container needs before its process can be made.
struct PreparedRun: Sendable {
    var inputs: SpecInputs
    var rootMounts: [ContainerdTypes.Mount]
    var streams: ProcessStreams
}

extension Engine {
    /// Prepares a run: network, streams, root and volumes side by side. What was made when it fails is given back by
    /// the caller (`releaseRun`).
    func prepare(_ container: Container) async throws(EngineError) -> PreparedRun {
        let record = container.record
        var inputs = try namespaces(record)
        async let network = capturing { () async throws(EngineError) in try await self.attachNetwork(record) }
        async let streams = capturing { () async throws(EngineError) in try await self.openStreams(container) }
        async let root = capturing { () async throws(EngineError) in try await self.rootMounts(container) }
        async let volumes = capturing { () async throws(EngineError) in try await self.mountVolumes(record) }
        let results = await (network, streams, root, volumes)
        let mounts = try results.2.get()
        inputs.record.mounts = try results.3.get()
        let sandbox = try results.0.get()
        let open = try results.1.get()
        if inputs.record.mounts != record.mounts {
            let changed = inputs.record.mounts
            container.update { $0.mounts = changed }
        }
        container.update { $0.networkSettings = sandbox.settings }
        if record.config.hostname.isEmpty, let other = networkPartner(record) {
            container.update { $0.config.hostname = other.config.hostname }
            inputs.record.config.hostname = other.config.hostname
        }
        inputs.linkEnvironment = linkEnvironment(record, sandbox)
        let finished = try await finish(inputs, container, sandbox, mounts)
        return PreparedRun(inputs: finished, rootMounts: mounts, streams: open)
    }

    private func networkPartner(_ record: ContainerRecord) -> ContainerRecord? {
        guard record.hostConfig.networkMode.hasPrefix("container:") else { return nil }
        // It was found a moment ago, or the start would have failed.
        return try? find(String(record.hostConfig.networkMode.dropFirst(10))).record
    }

    /// Only the default bridge has links of the old kind; elsewhere names are resolved.
    private func linkEnvironment(_ record: ContainerRecord, _ sandbox: Sandbox) -> [String] {
        guard sandbox.endpoints["bridge"] != nil else { return [] }
        var list: [String] = []
        for link in record.hostConfig.links ?? [] {
            let parts = link.split(separator: ":").map { String($0) }
            // The network was made with all links: the others were there a moment ago.
            guard let name = parts.first, let alias = parts.last, let other = try? find(name).record,
                let address = other.networkSettings.networks["bridge"]?.ipAddress
            else { continue }
            list +=
                LinkEnvironment(
                    name: "/" + record.name + "/" + alias, alias: alias, address: address,
                    ports: Array(Set(other.config.exposedPorts).union(other.hostConfig.portBindings.keys)),
                    variables: other.config.env ?? []
                ).list
        }
        return list
    }

    /// Which namespaces are joined or left out.
    private func namespaces(_ record: ContainerRecord) throws(EngineError) -> SpecInputs {
        var inputs = SpecInputs(
            record: record, facts: facts, configuration: configuration, user: Spec.User(), home: "/",
            networkNamespace: nil)
        let config = record.hostConfig
        try joinMode(config.pidMode, "pid", record, &inputs)
        try joinMode(config.ipcMode, "ipc", record, &inputs)
        if config.utsMode == "host" { inputs.hosts.insert("uts") }
        if config.cgroupnsMode != "private" { inputs.hosts.insert("cgroup") }
        if config.usesInit ?? configuration.usesInit {
            if config.pidMode.isEmpty { inputs.initPath = try initProgram() }
        }
        if config.consoleSize.count == 2, config.consoleSize[0] > 0, config.consoleSize[1] > 0 {
            inputs.consoleSize = Spec.ConsoleSize(height: config.consoleSize[0], width: config.consoleSize[1])
        }
        return inputs
    }

    private func joinMode(
        _ mode: String, _ type: String, _ record: ContainerRecord, _ inputs: inout SpecInputs
    ) throws(EngineError) {
        if mode == "host" { inputs.hosts.insert(type) }
        guard mode.hasPrefix("container:") else { return }
        let other = try find(String(mode.dropFirst(10)))
        let life = other.record.life
        guard life.isRunning else {
            throw .conflict("cannot join \(type.uppercased()) of a non running container: " + other.id)
        }
        inputs.joined[type] = "/proc/\(life.pid)/ns/\(type)"
        if type == "ipc" { inputs.shmPath = other.run.shmPath }
    }

    private func initProgram() throws(EngineError) -> String {
        let path = configuration.initPath
        if path.hasPrefix("/") { return path }
        let directories = (Linux.Process.environment("PATH") ?? "").split(separator: ":").map { String($0) }
        for directory in directories + ["/usr/libexec/docker", "/usr/bin", "/usr/local/bin"] {
            let candidate = directory + "/" + path
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw .failed("exec: \"\(path)\": executable file not found in $PATH")
    }

    // MARK: Pieces that run side by side

    private func attachNetwork(_ record: ContainerRecord) async throws(EngineError) -> Sandbox {
        let request = try sandboxRequest(record)
        let networks = networks
        return try await Workers.shared.run { () throws(EngineError) in try networks.attach(request) }
    }

    private func sandboxRequest(_ record: ContainerRecord) throws(EngineError) -> SandboxRequest {
        var request = SandboxRequest(
            containerID: record.id, containerName: record.name, hostname: record.config.hostname)
        let config = record.hostConfig
        request.domainname = record.config.domainname
        request.networkMode = record.config.networkDisabled ? "none" : config.networkMode
        if config.networkMode.hasPrefix("container:") {
            let other = try find(String(config.networkMode.dropFirst(10)))
            guard other.record.life.isRunning else {
                throw .conflict("cannot join network of a non running container: " + other.id)
            }
        }
        request.networks = record.networkSettings.networks.mapValues(\.asked)
        request.portBindings = config.portBindings
        request.exposedPorts = record.config.exposedPorts.sorted()
        request.publishAllPorts = config.publishAllPorts
        request.dns = config.dns ?? []
        request.dnsSearch = config.dnsSearch ?? []
        request.dnsOptions = config.dnsOptions ?? []
        request.extraHosts = config.extraHosts ?? []
        request.macAddress = record.config.macAddress
        for link in config.links ?? [] {
            let parts = link.split(separator: ":").map { String($0) }
            guard let name = parts.first else { throw .invalid("invalid link: " + link) }
            let other = try linked(name)
            guard other.record.life.isRunning else {
                throw .conflict(
                    "Cannot link to a non running container: /\(other.record.name) AS /\(record.name)/"
                        + (parts.last ?? name))
            }
            request.links.append(
                .init(containerID: other.id, containerName: other.record.name, alias: parts.last ?? name))
        }
        return request
    }

    private func linked(_ name: String) throws(EngineError) -> Container {
        do throws(EngineError) { return try find(name) } catch {
            throw error.prefixed("could not get container for " + name)
        }
    }

    private func openStreams(_ container: Container) async throws(EngineError) -> ProcessStreams {
        let record = container.record
        let paths = ProcessStreams.Paths(
            directory: streamDirectory(record.id), process: "init", hasInput: record.config.openStdin,
            hasTerminal: record.config.tty)
        let (collector, hub) = (collector, container.hub)
        let directory = streamDirectory(record.id)
        let open = try await Workers.shared.run { () throws(EngineError) -> ProcessStreams in
            do throws(SystemCallError) {
                try Files.makeDirectories(directory, mode: 0o700)
            } catch {
                throw .failed(error.description)
            }
            let log = try self.openLog(record)
            return try ProcessStreams(paths, hub: hub, log: log, collector: collector)
        }
        container.updateRun { $0.streams = open }
        return open
    }

    func rootMounts(_ container: Container) async throws(EngineError) -> [ContainerdTypes.Mount] {
        if let mounts = container.run.mounts { return mounts }
        let mounts = try await images.rootMounts(container.record.snapshotKey)
        container.updateRun { $0.mounts = mounts }
        return mounts
    }

    /// Makes the volumes' contents and the binds' sources available.
    private func mountVolumes(_ record: ContainerRecord) async throws(EngineError) -> [StoredMount] {
        if record.mounts.isEmpty { return [] }
        let volumes = volumes
        let ready = try await Workers.shared.run { () throws(EngineError) in
            var ready: [StoredMount] = []
            for mount in record.mounts {
                var complete = mount
                if mount.type == "volume" { try Engine.mountVolume(&complete, for: record.id, volumes) }
                if mount.type == "bind" { try Engine.makeSource(mount) }
                ready.append(complete)
            }
            return ready
        }
        for mount in ready where mount.type == "volume" {
            let attributes = [
                "container": record.id, "destination": mount.destination, "driver": mount.driver,
                "propagation": mount.propagation, "read/write": mount.isWritable ? "true" : "false",
            ]
            events.publish("volume", "mount", mount.name, attributes)
        }
        return ready
    }

    private static func mountVolume(
        _ mount: inout StoredMount, for id: String, _ volumes: VolumeStore
    ) throws(EngineError) {
        let path = try volumes.mount(mount.name, for: id)
        let subpath = mount.specification.volumeOptions?.subpath ?? ""
        mount.source = subpath.isEmpty ? path : path + "/" + Files.cleaned(subpath)
        guard subpath.isEmpty || Engine.staysInside(mount.source, String(mount.source.dropLast(subpath.utf8.count + 1)))
        else { throw .invalid("failed to mount subpath \(subpath) of volume \(mount.name)") }
    }

    /// Whether a path with its links resolved is below a directory.
    private static func staysInside(_ path: String, _ directory: String) -> Bool {
        // A path that does not exist is not inside.
        guard let real = try? Files.resolved(path), let root = try? Files.resolved(directory) else { return false }
        return real == root || real.hasPrefix(root + "/")
    }

    /// The short form makes the source of a bind when it is missing; the long form has asked for it to exist.
    private static func makeSource(_ mount: StoredMount) throws(EngineError) {
        if Files.exists(mount.source) { return }
        do throws(SystemCallError) {
            try Files.makeDirectories(mount.source)
        } catch {
            throw .failed("error while creating mount source path '\(mount.source)': \(error)")
        }
    }
}
