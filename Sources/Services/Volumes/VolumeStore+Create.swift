internal import CLinux
public import EngineAPI
internal import GoText
internal import Linux

extension VolumeStore {
    /// Creates a volume, or returns the one of that name. An empty name makes one of 64 hexadecimal digits. The
    /// container named refers to it from then on.
    public func create(_ request: VolumeCreateRequest, for containerID: String? = nil) throws(EngineError) -> Volume {
        let isAnonymous = request.name.isEmpty
        let name = isAnonymous ? randomHex(bytes: 32) : request.name
        if !request.driver.isEmpty && request.driver != "local" {
            throw .notFound(
                "create \(name): error looking up volume plugin \(request.driver): plugin"
                    + " \"\(request.driver)\" not found"
            )
        }
        do throws(EngineError) {
            try VolumeRules.check(name: name)
            // What is there already is returned as it is, whatever was asked for.
            if state.withLock({ $0.volumes[name] == nil }) { try VolumeRules.check(options: request.driverOpts) }
        } catch {
            throw error.prefixed("create " + name)
        }
        let (record, isNew) = try changes.withLock { (_: inout Void) throws(EngineError) in
            if let present = state.withLock({ $0.volumes[name] }) { return (present, false) }
            var labels: [String: String]? = request.labels.isEmpty ? nil : request.labels
            if isAnonymous { labels = (labels ?? [:]).merging([VolumeRecord.anonymousLabel: ""]) { own, _ in own } }
            let record = VolumeRecord(
                name: name, createdAt: Timestamp(WallClock.now).wholeSeconds, labels: labels,
                options: request.driverOpts.isEmpty ? nil : request.driverOpts)
            try write(record)
            state.withLock { $0.volumes[name] = record }
            return (record, true)
        }
        if let containerID { state.withLock { _ = $0.references[name, default: []].insert(containerID) } }
        if isNew { observe(VolumeEvent(action: "create", volume: name, driver: "local")) }
        return record.volume(path(name))
    }

    private func write(_ record: VolumeRecord) throws(EngineError) {
        let folder = directory + "/" + record.name
        do throws(SystemCallError) {
            try Files.makeDirectories(folder, mode: 0o701)
            try Files.makeDirectories(folder + "/_data")
            // Not what the process's umask makes of it.
            try checked("chmod", folder) { chmod(folder, 0o701) }
            try checked("chmod", folder) { chmod(folder + "/_data", 0o755) }
            if record.options != nil {
                try Files.replace(folder + "/opts.json", with: record.driverFile.encoded(), mode: 0o600)
            }
            try Files.replace(folder + "/volume.json", with: record.json.encoded(), mode: 0o600)
        } catch {
            throw .failed("create " + record.name + ": " + error.description)
        }
    }

    /// Removes a volume no container refers to: 409 otherwise. With `force` an unknown name is no error.
    public func remove(_ name: String, force: Bool = false) throws(EngineError) {
        let isGone = try changes.withLock { (_: inout Void) throws(EngineError) in
            let (record, users) = state.withLock { ($0.volumes[name], $0.references[name, default: []]) }
            guard record != nil else {
                if force { return false }
                throw .noSuchVolume(name)
            }
            if !users.isEmpty {
                throw .conflict("remove \(name): volume is in use - [\(users.sorted().joined(separator: ", "))]")
            }
            try delete(name)
            return true
        }
        if isGone { observe(VolumeEvent(action: "destroy", volume: name, driver: "local")) }
    }

    private func delete(_ name: String) throws(EngineError) {
        try unmount(path(name))
        let doomed = directory + "/.removing-" + randomHex(bytes: 8)
        do throws(SystemCallError) {
            try Files.rename(directory + "/" + name, to: doomed)
        } catch {
            throw .failed("remove " + name + ": " + error.description)
        }
        state.withLock { state in
            state.volumes[name] = nil
            state.references[name] = nil
        }
        do throws(SystemCallError) {
            try Files.removeTree(doomed)
        } catch {
            // It is out of sight, and what is left goes at the next start.
            throw .failed("remove " + name + ": " + error.description)
        }
    }

    /// Removes unused anonymous volumes, or with the filter `all=true` every unused one; `label` and `label!` choose
    /// among them.
    public func prune(_ filters: Filters = Filters()) throws(EngineError) -> (names: [String], reclaimed: Int) {
        try Self.check(filters, ["all", "label", "label!"])
        let isAll = filters["all"].contains { $0 == "true" || $0 == "1" }
        let candidates = state.withLock { state in
            state.volumes.values.filter { volume in
                state.references[volume.name, default: []].isEmpty && (isAll || volume.isAnonymous)
                    && filters.matchLabels("label", volume.labels ?? [:])
                    && (!filters.contains("label!") || !filters.matchLabels("label!", volume.labels ?? [:]))
            }.map(\.name).sorted()
        }
        var removed: [String] = []
        var reclaimed = 0
        for name in candidates {
            let size = size(name)
            do throws(EngineError) {
                try remove(name)
                removed.append(name)
                reclaimed += max(0, size)
            } catch  where error.status == 409 || error.status == 404 {
                // It came into use, or went, meanwhile.
            }
        }
        observe(VolumeEvent(action: "prune", volume: "", driver: "", reclaimed: reclaimed))
        return (removed, reclaimed)
    }
}
