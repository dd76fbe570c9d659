internal import CLinux
public import EngineAPI
internal import Linux

/// What a container has done to a path of its image.
public struct FileChange: Equatable, Sendable {
    /// The raw value is the number the API carries.
    public enum Kind: Int, Sendable { case modified = 0, added = 1, deleted = 2 }

    public let path: String
    public let kind: Kind
}

extension ContainerFiles {
    /// What a container has added, changed and deleted (`docker diff`), by path.
    public func changes(of container: ContainerRoot) throws(EngineError) -> [FileChange] {
        let layers = try MountedRoot.Layers(container.mounts)
        let upper = try calling { () throws(SystemCallError) in
            try Descriptor.open(layers.upper, O_RDONLY | O_DIRECTORY)
        }
        if layers.lower.isEmpty { return try changes(upper, image: -1) }
        let image = try MountedRoot(imageOf: layers, temporary: mountFolder)
        return try changes(upper, image: image.number)
    }

    private func changes(_ upper: borrowing Descriptor, image: Int32) throws(EngineError) -> [FileChange] {
        var walk = ChangeWalk(image: image)
        let number = upper.number
        try calling { () throws(SystemCallError) in try walk.directory(number, "") }
        return walk.changes
    }
}

/// The upper directory of an overlay against the layers below it.
private struct ChangeWalk {
    /// -1: there is nothing below.
    let image: Int32
    var changes: [FileChange] = []
    private var recorded: Set<String> = []

    init(image: Int32) { self.image = image }

    /// What the daemon and the runtime put into every root: no change that the container made.
    private static let furniture: Set<String> = [
        "/.dockerenv", "/dev/console", "/dev/pts", "/dev/shm", "/dev/mqueue", "/etc/hosts", "/etc/hostname",
        "/etc/resolv.conf", "/proc", "/sys",
    ]

    mutating func directory(_ upper: Int32, _ path: String) throws(SystemCallError) {
        let present = try names(upper)
        if isOpaque(upper) { recordHidden(path, but: Set(present)) }
        for name in present {
            var status = stat()
            guard fstatat(upper, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            let here = path + "/" + name
            let below = lower(here)
            if cl_format(status.st_mode) == UInt32(S_IFCHR) && status.st_rdev == 0 {
                if below != nil { record(here, .deleted, path) }
                continue
            }
            if here == "/.dockerenv" || below == nil && Self.furniture.contains(here) { continue }
            let isDirectory = cl_format(status.st_mode) == UInt32(S_IFDIR)
            if let below {
                if !Self.isSame(status, below) { record(here, .modified, path) }
            } else {
                record(here, .added, path)
            }
            guard isDirectory else { continue }
            let inner = try checked("openat", here) {
                cl_openat(upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
            }
            let opened = Descriptor(owning: inner)
            try directory(opened.number, here)
        }
    }

    /// What was copied up and is as before is no change; a directory's time and size tell of what is in it.
    private static func isSame(_ one: stat, _ other: stat) -> Bool {
        guard one.st_mode == other.st_mode, one.st_uid == other.st_uid, one.st_gid == other.st_gid,
            one.st_rdev == other.st_rdev
        else { return false }
        return cl_format(one.st_mode) == UInt32(S_IFDIR)
            || one.st_size == other.st_size && one.st_mtim.tv_sec == other.st_mtim.tv_sec
                && one.st_mtim.tv_nsec == other.st_mtim.tv_nsec
    }

    /// Whether a directory stands for itself alone, without what the image has in its place.
    private func isOpaque(_ upper: Int32) -> Bool {
        var value: UInt8 = 0
        return fgetxattr(upper, "trusted.overlay.opaque", &value, 1) == 1 && value == UInt8(ascii: "y")
    }

    /// What an opaque directory hides was deleted.
    private mutating func recordHidden(_ path: String, but present: Set<String>) {
        guard let below = lower(path), cl_format(below.st_mode) == UInt32(S_IFDIR) else { return }
        let found = cl_openat2(
            image, path, UInt64(O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0,
            UInt64(CL_RESOLVE_IN_ROOT | CL_RESOLVE_NO_SYMLINKS))
        guard found >= 0 else { return }
        let directory = Descriptor(owning: found)
        // What cannot be read cannot be told.
        for name in (try? names(directory.number)) ?? [] where !present.contains(name) {
            record(path + "/" + name, .deleted, path)
        }
    }

    /// Directories above a change are changed, too, and come before it.
    private mutating func record(_ path: String, _ kind: FileChange.Kind, _ parent: String) {
        if !parent.isEmpty && !recorded.contains(parent) {
            record(parent, .modified, Files.parent(of: parent) == "/" ? "" : Files.parent(of: parent))
        }
        recorded.insert(path)
        changes.append(FileChange(path: path, kind: kind))
    }

    private func lower(_ path: String) -> stat? {
        guard image >= 0 else { return nil }
        var status = stat()
        // Without following the last component, nor any link to outside of the image.
        let found = cl_openat2(
            image, path, UInt64(Int32(CL_O_PATH) | O_NOFOLLOW | O_CLOEXEC), 0,
            UInt64(CL_RESOLVE_IN_ROOT | CL_RESOLVE_NO_SYMLINKS))
        guard found >= 0 else { return nil }
        let opened = Descriptor(owning: found)
        return fstat(opened.number, &status) == 0 ? status : nil
    }

    private func names(_ directory: Int32) throws(SystemCallError) -> [String] {
        let again = try checked("openat") { cl_openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
        guard let stream = cl_fdopendir(again) else {
            close(again)
            throw SystemCallError(number: cl_errno(), operation: "fdopendir")
        }
        defer { cl_closedir(stream) }
        var found: [String] = []
        while let entry = cl_readdir(stream) {
            let name = String(cString: entry)
            if name != "." && name != ".." { found.append(name) }
        }
        return found.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    }
}
