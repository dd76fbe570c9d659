internal import ContainerdAPI
public import EngineAPI
internal import Linux

extension Engine {
    /// `GET /containers/{id}/json`
    public func inspect(_ reference: String, size: Bool = false) async throws(EngineError) -> ContainerInspect {
        let container = try find(reference)
        let record = container.record
        var answer = ContainerInspect()
        answer.id = record.id
        answer.created = record.created.description
        answer.path = record.path
        answer.args = record.arguments
        answer.state = record.life.apiState
        answer.state.health = shownHealth(record)
        answer.image = record.imageID
        answer.name = "/" + record.name
        answer.restartCount = record.life.restartCount
        answer.driver = "overlayfs"
        answer.platform = "linux"
        if facts.hasAppArmor && !record.hostConfig.privileged { answer.appArmorProfile = "docker-default" }
        answer.execIDs = record.execIDs.isEmpty ? nil : record.execIDs
        answer.hostConfig = record.hostConfig
        answer.mounts = record.mounts.map(\.apiMount)
        answer.config = record.config
        answer.networkSettings = record.networkSettings
        // The path of the local driver's files is not for others to rely on.
        if record.logDriver == "json-file" && record.life.hasBeenStarted {
            answer.logPath = logLocation(record)?.path ?? ""
        }
        if record.life.hasBeenStarted || record.life.isRunning {
            answer.resolvConfPath = store.file(record.id, "resolv.conf")
            answer.hostnamePath = store.file(record.id, "hostname")
            answer.hostsPath = store.file(record.id, "hosts")
        }
        answer.graphDriver = await graphDriver(container)
        if size {
            let found = try await images.size(ofRoot: record.snapshotKey, image: record.imageID)
            answer.sizeRw = found.own
            answer.sizeRootFs = found.total
        }
        return answer
    }

    /// Where the root lies, as overlay has it. A root that containerd cannot tell of is shown without.
    private func graphDriver(_ container: Container) async -> DriverData {
        var driver = DriverData()
        driver.name = "overlayfs"
        var data = ["ID": container.id]
        // Without a snapshot there is nothing to measure.
        let mounts = (try? await rootMounts(container)) ?? []
        for mount in mounts where mount.type == "overlay" {
            for option in mount.options {
                let parts = option.split(separator: "=", maxSplits: 1).map { String($0) }
                guard parts.count == 2 else { continue }
                switch parts[0] {
                case "lowerdir": data["LowerDir"] = parts[1]
                case "upperdir": data["UpperDir"] = parts[1]
                case "workdir": data["WorkDir"] = parts[1]
                default: break
                }
            }
        }
        if let work = data["WorkDir"] { data["MergedDir"] = Files.parent(of: work) + "/merged" }
        driver.data = data
        return driver
    }

    func shownHealth(_ record: ContainerRecord) -> Health? {
        guard let check = record.config.healthcheck, let kind = check.test.first, kind != "NONE" else { return nil }
        if let health = record.health { return health }
        var health = Health()
        health.status = "starting"
        health.log = []
        return health
    }

    /// `POST /containers/{id}/rename`
    public func rename(_ reference: String, to name: String) async throws(EngineError) {
        if name.isEmpty { throw .invalid("Neither old nor new names may be empty") }
        let container = try find(reference)
        let bare = try ContainerNames.validated(name)
        try await container.operations.perform { () async throws(EngineError) in
            let old = container.record.name
            if old == bare { throw .invalid("Renaming a container with the same name as its current name") }
            let owner = self.registry.withLock { registry -> String? in
                registry.reserve(bare, for: container.id) ? nil : registry.owner(of: bare)
            }
            if let owner {
                throw Engine.nameConflict(bare, owner).prefixed("Error when allocating new name")
            }
            container.update { $0.name = bare }
            do throws(EngineError) {
                try await self.save(container)
            } catch {
                container.update { $0.name = old }
                self.registry.withLock { $0.release(bare) }
                throw error
            }
            self.registry.withLock { $0.release(old) }
            self.networks.rename(container.id, to: bare)
            self.publish("rename", container.record, ["oldName": "/" + old])
        }
    }
}
