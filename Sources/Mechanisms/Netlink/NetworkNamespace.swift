internal import CLinux
public import Linux
internal import Workers

/// Network namespaces pinned by a bind mount, and work inside them. A namespace belongs to a thread, so the work runs
/// on a thread of its own that ends with it.
public enum NetworkNamespace {
    /// Makes a new namespace, pins it at `path` (made, and its directory), and runs `body` inside it.
    public static func create<Value: Sendable>(
        pinnedAt path: String, _ body: @escaping @Sendable () throws(SystemCallError) -> Value
    ) throws(SystemCallError) -> Value {
        try Files.makeDirectories(Files.parent(of: path))
        try Files.write([], to: path, mode: 0o444)
        return try Workers.onOwnThread { () throws(SystemCallError) in
            try checked("unshare", "network namespace") { cl_unshare(Int32(CL_CLONE_NEWNET)) }
            try checked("mount", path) { mount("/proc/thread-self/ns/net", path, "bind", bindMount, nil) }
            return try body()
        }
    }

    /// Runs `body` inside the namespace behind `path`.
    public static func enter<Value: Sendable>(
        _ path: String, _ body: @escaping @Sendable () throws(SystemCallError) -> Value
    ) throws(SystemCallError) -> Value {
        try Workers.onOwnThread { () throws(SystemCallError) in
            let namespace = try Descriptor.open(path, O_RDONLY)
            try checked("setns", path) { cl_setns(namespace.number, Int32(CL_CLONE_NEWNET)) }
            return try body()
        }
    }

    /// Unpins a namespace and removes its file; it ends with its last process and descriptor. What is gone already is
    /// no error.
    public static func remove(pinnedAt path: String) throws(SystemCallError) {
        while umount2(path, Int32(CL_MNT_DETACH) | Int32(CL_UMOUNT_NOFOLLOW)) == 0 {}
        if unlink(path) != 0, cl_errno() != ENOENT {
            throw SystemCallError(number: cl_errno(), operation: "unlink", subject: path)
        }
    }

    /// Whether something is mounted there: a file without a namespace is what a reboot or a half made sandbox leaves.
    public static func isPinned(at path: String) -> Bool {
        guard let pin = Files.status(path), let directory = Files.status(Files.parent(of: path)) else { return false }
        return pin.st_dev != directory.st_dev
    }

    /// MS_BIND
    private static let bindMount: UInt = 4096
}
