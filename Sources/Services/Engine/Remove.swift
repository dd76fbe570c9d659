public import EngineAPI
internal import GoText
internal import Linux
internal import Workers

extension Engine {
    /// Removes a container with all it has; `volumes`: with the anonymous ones of its volumes, too.
    public func remove(
        _ reference: String, force: Bool = false, volumes: Bool = false, link: Bool = false
    ) async throws(EngineError) {
        let container = try find(reference)
        if link { throw .invalid("removing a link is not supported: link") }
        do throws(EngineError) {
            try await removeFound(container, reference, force: force, volumes: volumes)
        } catch {
            if error.message.hasPrefix("removal of container") { throw error }
            throw error.prefixed("cannot remove container \"/\(container.record.name)\"")
        }
    }

    private func removeFound(
        _ container: Container, _ reference: String, force: Bool, volumes: Bool
    ) async throws(EngineError) {
        let life = container.record.life
        if !force && (life.isRunning || life.phase == .restarting) {
            if life.phase == .paused { throw .conflict("container is paused and must be unpaused first") }
            throw .conflict("container is \(life.phase.rawValue): stop the container before removing or force remove")
        }
        guard container.beginRemoval() else {
            throw .conflict("removal of container \(reference) is already in progress")
        }
        defer { container.updateRun { $0.isBeingRemoved = false } }
        if force {
            // A start under way is waited for; none follows.
            let isRunning = await container.operations.perform { () async in
                _ = self.cancelRestart(container)
                return container.record.life.isRunning
            }
            if isRunning {
                try container.handle(.stopRequested)
                try await killRunning(container)
            }
        }
        try await container.operations.perform { () async throws(EngineError) in
            guard self.registry.withLock({ $0.entries[container.id] }) != nil else {
                throw .noSuchContainer(container.id)
            }
            try container.handle(.removalBegan)
            do throws(EngineError) {
                try await self.removeInLine(container, volumes: volumes)
            } catch {
                // Refused when the removal ended meanwhile; the failure itself is thrown below.
                _ = try? container.handle(.removalFailed)
                await self.saveOrReport(container)
                throw error
            }
        }
    }

    private func removeInLine(_ container: Container, volumes removesVolumes: Bool) async throws(EngineError) {
        let record = container.record
        // A crash from here on finds a record that says "removal in progress": it is finished at start.
        try await save(container)
        // A start that an earlier daemon did not live to see may have made its task after all.
        if !record.life.hasBeenStarted || container.run.isLeftInContainerd {
            await forgetTask(container, killing: true)
        }
        try await images.removeRoot(record.snapshotKey)
        let (store, volumes) = (store, volumes)
        let directory = streamDirectory(record.id)
        do throws(SystemCallError) {
            try await Workers.shared.run { () throws(SystemCallError) in
                SharedMemory.unmount(store.file(record.id, "mounts") + "/shm")
                for mount in record.mounts where mount.type == "volume" {
                    volumes.unrefer(
                        mount.name, from: record.id, removingAnonymous: removesVolumes && mount.isAnonymous)
                }
                try Files.removeTree(directory)
                try store.remove(record.id)
            }
        } catch {
            throw .failed(error.description)
        }
        registry.withLock { $0.remove(id: record.id) }
        execs.withLock { execs in execs = execs.filter { $0.value.containerID != record.id } }
        publish("destroy", record)
        container.notify([.removed, .nextExit, .notRunning])
        container.hub.end(nil)
    }

    /// Removes the containers that do not run and match (`until`, `label`, `label!`).
    public func prune(_ filters: Filters) async throws(EngineError) -> ContainersPruneReport {
        if let unknown = filters.unknown(among: ["label", "label!", "until"]) {
            throw .invalid("invalid filter '\(unknown)'")
        }
        let until = try Engine.until(filters)
        var report = ContainersPruneReport()
        for container in containers {
            let record = container.record
            let life = record.life
            if life.isRunning || life.phase == .restarting || life.phase == .removing { continue }
            if let until, record.created > until { continue }
            let labels = record.config.labels ?? [:]
            guard filters.matchLabels("label", labels), filters.excludesLabels(labels) else { continue }
            do throws(EngineError) {
                let size = try await images.size(ofRoot: record.snapshotKey, image: record.imageID)
                try await remove(record.id)
                report.spaceReclaimed += UInt64(size.own)
                report.containersDeleted = (report.containersDeleted ?? []) + [record.id]
            } catch {
                configuration.report("container \(record.id): cannot prune it: \(error.message)")
            }
        }
        events.publish("container", "prune", "", ["reclaimed": String(report.spaceReclaimed)])
        return report
    }

    static func until(_ filters: Filters) throws(EngineError) -> Timestamp? {
        guard filters.contains("until") else { return nil }
        guard filters["until"].count == 1, let text = filters["until"].first else {
            throw .invalid("more than one until filter specified")
        }
        return try Engine.moment(text)
    }
}

extension Filters {
    /// Whether none of the filter `label!` fits.
    func excludesLabels(_ labels: [String: String]) -> Bool {
        self["label!"].allSatisfy { unwanted in !Filters(["label": [unwanted]]).matchLabels("label", labels) }
    }
}
