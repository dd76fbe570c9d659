public import CLinux
public import Linux

/// A container's root directory, held open. Every path inside is resolved with this directory as "/", by the kernel, so
/// that no symbolic link of the container's leads out of it (openat2(2), RESOLVE_IN_ROOT).
public struct Root: ~Copyable {
    let directory: Descriptor

    /// Opens the directory at `path` on the host, or "/" once the process has moved into the root.
    public init(_ path: String) throws(SystemCallError) {
        directory = try Descriptor.open(path, Int32(CL_O_PATH) | O_DIRECTORY)
    }

    /// Opens what is at `path`. O_PATH unless other flags are asked for.
    public func open(_ path: String) throws(SystemCallError) -> Descriptor { try open(path, Int32(CL_O_PATH)) }

    public func open(_ path: String, _ flags: Int32) throws(SystemCallError) -> Descriptor {
        try directory.openInRoot(path, flags)
    }

    /// What is at `path`, a last symbolic link not followed; nil when nothing is.
    public func linkStatus(_ path: String) -> stat? { status(path, O_NOFOLLOW) }

    /// What is at `path`; nil when nothing is.
    func status(_ path: String, _ flags: Int32 = 0) -> stat? {
        // Nothing there is an answer here.
        guard let found = try? open(path, Int32(CL_O_PATH) | flags) else { return nil }
        var status = stat()
        return fstat(found.number, &status) == 0 ? status : nil
    }

    /// Opens a directory, making it and those above it where they are missing. What else is there is opened as it is.
    public func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(SystemCallError) -> Descriptor {
        try make(path, mode: mode, isDirectory: true, links: 0)
    }

    /// Opens a place for a mount of something that is no directory: what is there, or a new empty file.
    public func makeFile(_ path: String) throws(SystemCallError) -> Descriptor {
        try make(path, mode: 0o755, isDirectory: false, links: 0)
    }

    private func make(
        _ path: String, mode: UInt32, isDirectory: Bool, links: Int
    ) throws(SystemCallError) -> Descriptor {
        let clean = Files.cleaned("/" + path)
        let flags = Int32(CL_O_PATH)
        do throws(SystemCallError) {
            return try open(clean, flags)
        } catch {
            if error.number == ENOTDIR { throw SystemCallError(number: ENOTDIR, operation: "mkdir", subject: clean) }
            if error.number != ENOENT || clean == "/" { throw error }
        }
        let parent = try make(Files.parent(of: clean), mode: 0o755, isDirectory: true, links: links)
        let name = Files.name(of: clean)
        if isDirectory {
            if mkdirat(parent.number, name, mode) == 0 { return try open(clean, flags) }
        } else {
            let created = cl_openat(parent.number, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
            if created >= 0 {
                close(created)
                return try open(clean, flags)
            }
        }
        let number = cl_errno()
        guard number == EEXIST, links < 40 else {
            throw SystemCallError(number: number, operation: isDirectory ? "mkdir" : "openat", subject: clean)
        }
        // A symbolic link to nothing: what it names is made instead, still inside the root.
        let target = try link(parent, name)
        let next = target.utf8.first == 47 ? target : Files.parent(of: clean) + "/" + target
        return try make(next, mode: mode, isDirectory: isDirectory, links: links + 1)
    }

    private func link(_ parent: borrowing Descriptor, _ name: String) throws(SystemCallError) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = try checked("readlinkat", name) { readlinkat(parent.number, name, &buffer, buffer.count) }
        return String(decoding: buffer[0..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Makes a symbolic link, unless something is there already.
    public func makeLink(_ path: String, to target: String) throws(SystemCallError) {
        let parent = try makeDirectory(Files.parent(of: path))
        if symlinkat(target, parent.number, Files.name(of: path)) != 0 && cl_errno() != EEXIST {
            throw SystemCallError(number: cl_errno(), operation: "symlink " + target, subject: path)
        }
    }

    /// Makes a device node or a pipe, unless one is there. `type` is S_IFCHR and the like. The process's umask is 0.
    public func makeNode(
        _ path: String, type: UInt32, mode: UInt32, major: UInt32, minor: UInt32, uid: UInt32, gid: UInt32
    ) throws(SystemCallError) {
        let parent = try makeDirectory(Files.parent(of: path))
        let name = Files.name(of: path)
        if cl_mknodat(parent.number, name, type | mode, major, minor) != 0 {
            if cl_errno() == EEXIST { return }
            throw SystemCallError(number: cl_errno(), operation: "mknod", subject: path)
        }
        if uid != 0 || gid != 0 {
            try checked("chown", path) { fchownat(parent.number, name, uid, gid, Int32(CL_AT_SYMLINK_NOFOLLOW)) }
        }
    }
}
