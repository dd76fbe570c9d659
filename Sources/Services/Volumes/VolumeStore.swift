internal import CLinux
public import EngineAPI
internal import GoText
internal import JSON
internal import Linux
internal import RegularExpressions
internal import Synchronization

/// Something that happened to a volume.
public struct VolumeEvent: Equatable, Sendable {
    /// "create", "mount", "unmount", "destroy" or "prune".
    public var action: String
    public var volume: String
    public var driver: String
    /// The container for which it was mounted or unmounted.
    public var containerID: String?
    /// Bytes, for "prune".
    public var reclaimed: Int?
}

/// The volumes of the local driver, under `data-root/volumes`. Methods block on the file system: call from a worker
/// thread. Safe to call from several threads at once.
///
/// Two locks, the outer first: `changes`, one change to the set of volumes or to a mount at a time, held while the file
/// system works; and the one around `state`, held for moments, which is all that listing takes.
public final class VolumeStore: Sendable {
    struct State: Sendable {
        var volumes: [String: VolumeRecord] = [:]
        /// Containers by the volume that their records name.
        var references: [String: Set<String>] = [:]
        /// Containers by the volume that they run with.
        var mounted: [String: Set<String>] = [:]
    }

    let directory: String
    let observe: @Sendable (VolumeEvent) -> Void
    let state = Mutex(State())
    let changes = Mutex<Void>(())

    /// Reads what is there, and ends removals that were begun. References are not recorded: the containers' records
    /// hold them, and `refer` and `mount` repeat them at start; `settle` follows.
    public init(
        dataRoot: String, observe: @escaping @Sendable (VolumeEvent) -> Void = { _ in }
    ) throws(EngineError) {
        directory = dataRoot + "/volumes"
        self.observe = observe
        do throws(SystemCallError) {
            try Files.makeDirectories(directory, mode: 0o701)
            for name in try Files.names(in: directory).sorted() {
                if name.hasPrefix(".removing-") {
                    try Files.removeTree(directory + "/" + name)
                } else if let record = try read(name) {
                    try Self.emptyUnfilled(directory + "/" + name)
                    state.withLock { $0.volumes[name] = record }
                }
            }
        } catch {
            throw .failed("error creating volume root: " + error.description)
        }
    }

    /// Unmounts volumes that no container runs with. To be called once after the mounts of running containers were
    /// repeated.
    public func settle() throws(EngineError) {
        try changes.withLock { (_: inout Void) throws(EngineError) in
            let idle = state.withLock { state in
                state.volumes.values.filter { $0.mount != nil && state.mounted[$0.name, default: []].isEmpty }
            }
            for volume in idle { try unmount(path(volume.name)) }
        }
    }

    func path(_ name: String) -> String { directory + "/" + name + "/_data" }

    // MARK: Reading

    /// The volume of this name. 404 when there is none.
    public func inspect(_ name: String) throws(EngineError) -> Volume {
        guard let record = state.withLock({ $0.volumes[name] }) else { throw .noSuchVolume(name) }
        return record.volume(path(name))
    }

    /// Volumes that match (`dangling`, `name`, `label`, `driver`), sorted by name.
    public func list(_ filters: Filters = Filters()) throws(EngineError) -> [Volume] {
        try Self.check(filters, ["dangling", "name", "label", "driver"])
        let dangling: Bool?
        do throws(JSON.Failure) { dangling = try filters.flag("dangling") } catch { throw .invalid(error.message) }
        let (volumes, references) = state.withLock { ($0.volumes, $0.references) }
        let found = volumes.values.filter { volume in
            filters.any("name") { RegularExpression.matches($0, in: volume.name) }
                && filters.any("driver") { $0 == "local" }
                && filters.matchLabels("label", volume.labels ?? [:])
                && (dangling == nil || dangling == references[volume.name, default: []].isEmpty)
        }
        return found.sorted { $0.name < $1.name }.map { $0.volume(path($0.name)) }
    }

    /// The same with sizes and reference counts, for `/system/df`.
    public func listWithUsage() throws(EngineError) -> [Volume] {
        try list().map { (volume) throws(EngineError) in
            var volume = volume
            var usage = VolumeUsage()
            usage.refCount = state.withLock { $0.references[volume.name]?.count ?? 0 }
            usage.size = size(volume.name)
            volume.usageData = usage
            return volume
        }
    }

    /// Whether the name was made up by `create`.
    public func isAnonymous(_ name: String) -> Bool { state.withLock { $0.volumes[name]?.isAnonymous ?? false } }

    static func check(_ filters: Filters, _ known: [String]) throws(EngineError) {
        if let name = filters.unknown(among: known) { throw .invalid("invalid filter '" + name + "'") }
    }

    /// The bytes of the files; -1 when they cannot be counted.
    func size(_ name: String) -> Int {
        do throws(SystemCallError) { return try TreeSize.of(path(name)) } catch { return -1 }
    }

    /// A volume's record; for one that upstream's daemon made, what its files tell. nil for what is no volume.
    private func read(_ name: String) throws(SystemCallError) -> VolumeRecord? {
        let folder = directory + "/" + name
        guard Files.isDirectory(folder), Files.isDirectory(folder + "/_data") else { return nil }
        if let record = Self.object(folder + "/volume.json") {
            // A record that cannot be read is as good as none: the data counts.
            if let volume = try? VolumeRecord(json: record) { return volume }
        }
        let modified = Files.status(folder)?.st_mtim.tv_sec ?? 0
        var volume = VolumeRecord(name: name, createdAt: Timestamp(seconds: modified).description)
        if let options = Self.object(folder + "/opts.json") {
            // An unreadable file of upstream means a plain directory.
            volume.options = (try? VolumeRecord.options(driverFile: options)) ?? nil
        }
        return volume
    }

    private static func object(_ path: String) -> JSON.Object? {
        // Absent or unreadable: the caller does without.
        guard let bytes = try? Files.read(path), let json = try? JSON(parsing: bytes) else { return nil }
        return json.object
    }
}

extension EngineError {
    static func noSuchVolume(_ name: String) -> EngineError { .notFound("get " + name + ": no such volume") }
}
