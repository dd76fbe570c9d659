internal import CLinux
internal import Linux

/// A directory tree that is being filled. Every path is resolved by the kernel with this directory as the root
/// (openat2(2), RESOLVE_IN_ROOT), and every operation is on the last component below a held descriptor: whatever links
/// the tree holds, or gains meanwhile, nothing outside is touched.
final class Tree {
    private let root: Int32
    /// The directory of the member before, which most often is that of the next.
    private var held: Descriptor?
    private var heldNumber: Int32 = -1
    private var heldPath: [UInt8] = []
    /// Trees of the layers below, uppermost first: a directory that an archive leaves out is made like theirs.
    private let lower: [String]

    /// `root` is lent for the life of this object.
    init(root: Int32, lower: [String]) {
        self.root = root
        self.lower = lower
    }

    /// The directory at `path`, made with those above it when missing. Lent until the next call.
    func directory(_ path: [UInt8]) throws(ArchiveError) -> Int32 {
        if path.isEmpty { return root }
        if heldPath == path { return heldNumber }
        let opened: Descriptor
        do throws(SystemCallError) {
            opened = try open(path)
        } catch {
            guard error.number == ENOENT else { throw .system(error) }
            try makeDirectories(path)
            opened = try calling { () throws(SystemCallError) in try open(path) }
        }
        heldNumber = opened.number
        held = consume opened
        heldPath = path
        return heldNumber
    }

    /// Must be called when a directory is removed or replaced: the held one may be inside it.
    func forget() {
        held = nil
        heldPath = []
    }

    /// Opens a directory inside the root.
    func open(_ path: [UInt8]) throws(SystemCallError) -> Descriptor {
        let text = cString(path.isEmpty ? [46] : path)
        let flags = UInt64(O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        while true {
            do throws(SystemCallError) {
                return Descriptor(
                    owning: try checked("openat2", words(path)) {
                        cl_openat2(root, text, flags, 0, UInt64(CL_RESOLVE_IN_ROOT))
                    })
            } catch {
                // A rename elsewhere during the walk: openat2(2) asks to try again.
                if error.number != EAGAIN { throw error }
            }
        }
    }

    private func makeDirectories(_ path: [UInt8]) throws(ArchiveError) {
        var end = 0
        while end < path.count {
            end = path[(end + 1)...].firstIndex(of: 47) ?? path.count
            let here = Array(path[..<end])
            let member = MemberPath(here)
            do throws(SystemCallError) {
                _ = try open(here)
                continue
            } catch {
                guard error.number == ENOENT else { throw .system(error) }
            }
            try calling { () throws(SystemCallError) in
                let parent = try open(member.parent)
                let name = cString(member.base)
                try checked("mkdirat", words(here)) { mkdirat(parent.number, name, 0o755) }
                try dress(name, in: parent.number, like: here)
            }
        }
    }

    /// Gives a directory that was only implied the owner and mode it has in the layers below.
    private func dress(_ name: [CChar], in parent: Int32, like path: [UInt8]) throws(SystemCallError) {
        for directory in lower {
            guard let below = try? Descriptor.open(directory, O_RDONLY | O_DIRECTORY) else { continue }  // Not there.
            let found = cl_openat2(
                below.number, cString(path), UInt64(Int32(CL_O_PATH) | O_DIRECTORY | O_CLOEXEC), 0,
                UInt64(CL_RESOLVE_IN_ROOT))
            guard found >= 0 else { continue }
            let model = Descriptor(owning: found)
            var status = stat()
            guard fstat(model.number, &status) == 0 else { continue }
            try checked("fchownat", words(path)) {
                fchownat(parent, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW)
            }
            return try changeMode(status.st_mode & 0o7777, of: name, in: parent)
        }
        // mkdir(2) has applied the umask.
        try changeMode(0o755, of: name, in: parent)
    }

    /// Removes what is at `name`, and everything below it, unless something is mounted there: the kernel would unmount
    /// it where the mount is not in this thread's namespace. What is gone already is no error.
    func remove(_ name: [CChar], in directory: Int32) throws(SystemCallError) {
        let flags = UInt64(Int32(CL_O_PATH) | O_NOFOLLOW | O_CLOEXEC)
        let found = cl_openat2(directory, name, flags, 0, UInt64(CL_RESOLVE_NO_XDEV))
        if found >= 0 {
            close(found)
        } else if cl_errno() == EXDEV {
            throw SystemCallError(number: EBUSY, operation: "unlinkat")
        }
        if unlinkat(directory, name, 0) == 0 { return }
        let number = cl_errno()
        if number == ENOENT { return }
        guard number == EISDIR || number == EPERM else { throw SystemCallError(number: number, operation: "unlinkat") }
        forget()
        do {
            let opened = Descriptor(
                owning: try checked("openat") {
                    cl_openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
                })
            for entry in try names(in: opened.number) { try remove(cString(entry), in: opened.number) }
        }
        try checked("unlinkat") { unlinkat(directory, name, AT_REMOVEDIR) }
    }
}

/// The names in a directory, without "." and "..", sorted by their bytes as Go's filepath.Walk sorts them.
func names(in directory: Int32) throws(SystemCallError) -> [[UInt8]] {
    let again = try checked("openat") { cl_openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
    guard let stream = cl_fdopendir(again) else {
        close(again)
        throw SystemCallError(number: cl_errno(), operation: "fdopendir")
    }
    defer { cl_closedir(stream) }
    var found: [[UInt8]] = []
    while let entry = cl_readdir(stream) {
        let bytes = Array(UnsafeRawBufferPointer(start: entry, count: strlen(entry)))
        if bytes != [46] && bytes != [46, 46] { found.append(bytes) }
    }
    return found.sorted { $0.lexicographicallyPrecedes($1) }
}

/// chmod(2) of what is at `name` itself. fchmodat(2) would follow a link that a hostile writer has just put there;
/// /proc's name of a held descriptor does not.
func changeMode(_ mode: UInt32, of name: [CChar], in directory: Int32) throws(SystemCallError) {
    let held = Descriptor(
        owning: try checked("openat") {
            cl_openat(directory, name, Int32(CL_O_PATH) | O_NOFOLLOW | O_CLOEXEC, 0)
        })
    try checked("chmod") { chmod("/proc/self/fd/" + String(held.number), mode) }
}
