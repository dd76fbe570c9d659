internal import CLinux
public import ContainerdAPI
internal import Linux
public import Metadata

/// The overlayfs snapshotter: a snapshot is a directory `snapshots/N` with `fs` (the upper directory) and, while it is
/// active, `work`; the mounts it answers are for whoever is to see the tree. All methods block.
public final class OverlaySnapshots: Sendable {
    public static let name = "overlayfs"
    private let metadata: Metadata
    private let root: String
    /// The kernel has the option `index`, which must be off: layers are shared by many overlays.
    private let hasIndex: Bool

    /// `root` is made when missing; directories that no record knows are removed.
    public init(root: String, metadata: Metadata) throws(ServiceError) {
        self.root = root
        self.metadata = metadata
        hasIndex = Files.exists("/sys/module/overlay/parameters/index")
        do throws(SystemCallError) {
            try Files.makeDirectories(root, mode: 0o700)
            try Files.makeDirectories(root + "/snapshots", mode: 0o700)
        } catch {
            throw ServiceError(error)
        }
        try removeUnknown()
    }

    private func directory(_ id: Int64) -> String { root + "/snapshots/" + String(id) }
    private func upper(_ id: Int64) -> String { directory(id) + "/fs" }

    // MARK: Life of a snapshot

    /// A tree to write into, on top of a committed parent (empty: none).
    public func prepare(
        _ key: String, parent: String, labels: Labels, in scope: Scope
    ) throws(ServiceError) -> [ContainerdTypes.Mount] {
        mounts(of: try create(key, parent: parent, kind: .active, labels: labels, in: scope))
    }

    /// A tree to look at.
    public func view(
        _ key: String, parent: String, labels: Labels, in scope: Scope
    ) throws(ServiceError) -> [ContainerdTypes.Mount] {
        mounts(of: try create(key, parent: parent, kind: .view, labels: labels, in: scope))
    }

    private func create(
        _ key: String, parent: String, kind: SnapshotKind, labels: Labels, in scope: Scope
    ) throws(ServiceError) -> SnapshotChain {
        try metadata.createSnapshot(
            key, of: OverlaySnapshots.name, parent: parent, kind: kind, labels: labels, in: scope
        ) { (chain) throws(ServiceError) in
            do throws(SystemCallError) {
                try place(chain)
            } catch {
                // The leftover, if it cannot go now, goes at the next start: no record knows it.
                try? Files.removeTree(directory(chain.snapshot.id))
                throw ServiceError(error).prefixed("failed to create snapshot")
            }
        }
    }

    private func place(_ chain: SnapshotChain) throws(SystemCallError) {
        let id = chain.snapshot.id
        // A directory of that number can only be of a transaction that a crash undid.
        try Files.removeTree(directory(id))
        try checked("mkdir", directory(id)) { mkdir(directory(id), 0o700) }
        try checked("mkdir", upper(id)) { mkdir(upper(id), 0o755) }
        // mkdir(2) has applied the umask.
        try checked("chmod", upper(id)) { chmod(upper(id), 0o755) }
        if chain.snapshot.kind == .active {
            let work = directory(id) + "/work"
            try checked("mkdir", work) { mkdir(work, 0o711) }
        }
        if let parent = chain.parents.first, let status = Files.status(upper(parent)) {
            try checked("lchown", upper(id)) { lchown(upper(id), status.st_uid, status.st_gid) }
        }
    }

    /// Makes an active snapshot a parent for others, under its new name.
    public func commit(_ key: String, as name: String, labels: Labels, in scope: Scope) throws(ServiceError) {
        var usage = DiskUsage(size: 0, inodes: 0)
        do throws(ServiceError) {
            usage = try diskUsage(try metadata.snapshot(key, of: OverlaySnapshots.name, in: scope).id)
        } catch {
            // That it is not there is told below, after what has to be told first.
            if error.kind != .notFound { throw error }
        }
        try metadata.commitSnapshot(
            key, as: name, of: OverlaySnapshots.name, labels: labels, size: usage.size, inodes: usage.inodes, in: scope)
    }

    /// Forgets a snapshot that has no children. Its directory is the caller's to remove, with `removeDirectory`, so
    /// that the answer need not wait for it.
    public func remove(_ key: String, in scope: Scope) throws(ServiceError) -> Int64 {
        try metadata.deleteSnapshot(key, of: OverlaySnapshots.name, in: scope).id
    }

    /// Removes the directory of a snapshot whose record is gone.
    public func removeDirectory(_ id: Int64) throws(ServiceError) {
        do throws(SystemCallError) { try Files.removeTree(directory(id)) } catch { throw ServiceError(error) }
    }

    /// Removes every directory that no record knows.
    public func removeUnknown() throws(ServiceError) {
        let found: [String]
        do throws(SystemCallError) {
            found = try Files.names(in: root + "/snapshots")
        } catch {
            throw ServiceError(error)
        }
        // The names first, the records after: what is made meanwhile has a record, or no name among these.
        let known = try metadata.snapshotIds(of: OverlaySnapshots.name)
        for name in found where Int64(name).map({ !known.contains($0) }) ?? true {
            do throws(SystemCallError) {
                try Files.removeTree(root + "/snapshots/" + name)
            } catch {
                throw ServiceError(error)
            }
        }
    }

    // MARK: Looking

    public func stat(_ key: String, in scope: Scope) throws(ServiceError) -> SnapshotRecord {
        try metadata.snapshot(key, of: OverlaySnapshots.name, in: scope)
    }

    public func list(matching filter: Filter, in scope: Scope) throws(ServiceError) -> [SnapshotRecord] {
        try metadata.snapshots(of: OverlaySnapshots.name, matching: filter, in: scope)
    }

    public func update(
        _ key: String, labels: Labels, paths: [String], in scope: Scope
    ) throws(ServiceError) -> SnapshotRecord {
        try metadata.updateSnapshot(key, of: OverlaySnapshots.name, labels: labels, paths: paths, in: scope)
    }

    /// What a snapshot takes on disk without its parents: measured while it can change, recorded once committed.
    public func usage(_ key: String, in scope: Scope) throws(ServiceError) -> DiskUsage {
        let found = try metadata.snapshot(key, of: OverlaySnapshots.name, in: scope)
        if found.kind != .active { return DiskUsage(size: found.size, inodes: found.inodes) }
        return try diskUsage(found.id)
    }

    private func diskUsage(_ id: Int64) throws(ServiceError) -> DiskUsage {
        do throws(SystemCallError) { return try DiskUsage(of: upper(id)) } catch { throw ServiceError(error) }
    }

    /// The mounts of an active snapshot or a view.
    public func mounts(_ key: String, in scope: Scope) throws(ServiceError) -> [ContainerdTypes.Mount] {
        let chain = try metadata.chain(key, of: OverlaySnapshots.name, in: scope)
        if chain.snapshot.kind == .committed {
            throw .failedPrecondition("failed to get active mount: requested snapshot \(key) not active or view")
        }
        return mounts(of: chain)
    }

    private func mounts(of chain: SnapshotChain) -> [ContainerdTypes.Mount] {
        let isActive = chain.snapshot.kind == .active
        if chain.parents.isEmpty {
            return [bind(upper(chain.snapshot.id), isActive ? "rw" : "ro")]
        }
        if !isActive && chain.parents.count == 1 { return [bind(upper(chain.parents[0]), "ro")] }
        var mount = ContainerdTypes.Mount()
        mount.type = "overlay"
        mount.source = "overlay"
        if hasIndex { mount.options.append("index=off") }
        if isActive {
            mount.options.append("workdir=" + directory(chain.snapshot.id) + "/work")
            mount.options.append("upperdir=" + upper(chain.snapshot.id))
        }
        mount.options.append("lowerdir=" + chain.parents.map(upper).joined(separator: ":"))
        return [mount]
    }

    private func bind(_ source: String, _ access: String) -> ContainerdTypes.Mount {
        var mount = ContainerdTypes.Mount()
        mount.type = "bind"
        mount.source = source
        mount.options = [access, "rbind"]
        return mount
    }
}

extension ServiceError {
    init(_ error: SystemCallError) { self.init(.unknown, error.description) }
}
