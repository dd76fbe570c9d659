internal import CLinux
public import Linux

/// A copy of a mount that is not in the tree yet: its attributes are set before anybody can see it.
public struct DetachedMount: ~Copyable {
    private let tree: Descriptor

    /// A copy of what is at `path` on the host, with the mounts below it when `recursive`.
    public init(_ path: String, recursive: Bool) throws(SystemCallError) {
        let flags =
            UInt32(CL_OPEN_TREE_CLONE) | UInt32(CL_OPEN_TREE_CLOEXEC) | (recursive ? UInt32(CL_AT_RECURSIVE) : 0)
        tree = Descriptor(owning: try checked("open_tree", path) { cl_open_tree(AT_FDCWD, path, flags) })
    }

    /// A copy of what an open descriptor is at.
    public init(_ place: borrowing Descriptor, recursive: Bool) throws(SystemCallError) {
        let flags =
            UInt32(CL_OPEN_TREE_CLONE) | UInt32(CL_OPEN_TREE_CLOEXEC) | UInt32(CL_AT_EMPTY_PATH)
            | (recursive ? UInt32(CL_AT_RECURSIVE) : 0)
        let number = place.number
        tree = Descriptor(owning: try checked("open_tree") { cl_open_tree(number, "", flags) })
    }

    /// A new empty file system that nobody can write to.
    public init(emptyReadOnly: Void) throws(SystemCallError) {
        tree = Descriptor(owning: try checked("fsmount") { cl_new_mount("tmpfs", UInt32(MountAttribute.rdonly)) })
    }

    public var isDirectory: Bool {
        var status = stat()
        return fstat(tree.number, &status) == 0 && cl_format(status.st_mode) == S_IFDIR
    }

    /// Sets and clears MOUNT_ATTR_*, and the propagation when it is not 0.
    public func setAttributes(
        set: UInt64, clear: UInt64 = 0, propagation: UInt64 = 0, recursive: Bool = false
    ) throws(SystemCallError) {
        if set == 0 && clear == 0 && propagation == 0 { return }
        try setMountAttributes(tree, set: set, clear: clear, propagation: propagation, recursive: recursive)
    }

    /// Makes it read-only, with what is below it when `recursive`.
    public func makeReadOnly(recursive: Bool = false) throws(SystemCallError) {
        try setAttributes(set: MountAttribute.rdonly, recursive: recursive)
    }

    /// Puts it into the tree on top of `place`.
    public consuming func attach(to place: borrowing Descriptor) throws(SystemCallError) {
        let (from, to) = (tree.number, place.number)
        let flags = UInt32(CL_MOVE_MOUNT_F_EMPTY_PATH) | UInt32(CL_MOVE_MOUNT_T_EMPTY_PATH)
        try checked("move_mount") { cl_move_mount(from, "", to, "", flags) }
    }

    /// Gives the descriptor up, for execveat(2) and the like.
    public consuming func release() -> Int32 { tree.release() }
}

/// mount_setattr(2) on the mount that an open descriptor is in. A missing kernel call is reported as it is: Linux 5.12.
func setMountAttributes(
    _ place: borrowing Descriptor, set: UInt64, clear: UInt64, propagation: UInt64 = 0, recursive: Bool
) throws(SystemCallError) {
    // The access time is one choice of several: setting one needs the others cleared.
    let clear = set & MountAttribute.atime != 0 ? clear | MountAttribute.atime : clear
    let number = place.number
    let flags = UInt32(CL_AT_EMPTY_PATH) | (recursive ? UInt32(CL_AT_RECURSIVE) : 0)
    try checked("mount_setattr") { cl_mount_setattr(number, "", flags, set, clear, propagation, -1) }
}
