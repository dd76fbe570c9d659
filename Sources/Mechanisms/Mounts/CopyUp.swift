internal import CLinux
internal import Linux
internal import OCIRuntime

extension Root {
    /// A tmpfs that starts as a copy of the directory it covers: filled at a place of its own, then moved over it.
    func mountCopy(
        _ mount: Spec.Mount, _ options: MountOptions, on place: borrowing Descriptor
    ) throws(SystemCallError) {
        let scratch = "/tmp/runctmpdir" + randomHex(bytes: 6)
        try checked("mkdir", scratch) { mkdir(scratch, 0o700) }
        do throws(SystemCallError) {
            try checked("mount") {
                CLinux.mount(mount.source, scratch, "tmpfs", options.flags, options.data.isEmpty ? nil : options.data)
            }
            // The copy belongs to this namespace alone and is moved: it must not be shared.
            try checked("mount") { CLinux.mount("", scratch, "", UInt(MS_PRIVATE), nil) }
            let target = try Descriptor.open(scratch, O_RDONLY | O_DIRECTORY)
            let source = try place.open(".", O_RDONLY | O_DIRECTORY)
            try copyTree(from: source, to: target)
            let through = "/proc/self/fd/" + String(place.number)
            try checked("mount") { CLinux.mount(scratch, through, "", UInt(MS_MOVE), nil) }
        } catch {
            umount2(scratch, Int32(CL_MNT_DETACH))
            rmdir(scratch)
            throw error
        }
        rmdir(scratch)
    }
}

/// Copies a directory's content with owners, modes and times; never follows a symbolic link.
private func copyTree(from source: borrowing Descriptor, to target: borrowing Descriptor) throws(SystemCallError) {
    for name in try Files.names(in: "/proc/self/fd/" + String(source.number)) {
        var status = stat()
        let (from, to) = (source.number, target.number)
        try checked("fstatat", name) { fstatat(from, name, &status, Int32(CL_AT_SYMLINK_NOFOLLOW)) }
        let mode = status.st_mode & 0o7777
        switch Int32(cl_format(status.st_mode)) {
        case S_IFDIR:
            try checked("mkdirat", name) { mkdirat(to, name, 0o700) }
            let below = try source.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            try copyTree(from: below, to: try target.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
        case S_IFREG:
            let bytes = try source.open(name, O_RDONLY | O_NOFOLLOW).readAll()
            try target.open(name, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600).writeAll(bytes)
        case S_IFLNK:
            var buffer = [CChar](repeating: 0, count: 4097)
            try checked("readlinkat", name) { readlinkat(from, name, &buffer, 4096) }
            try checked("symlinkat", name) { symlinkat(buffer, to, name) }
        default:
            let (major, minor) = (cl_major(UInt64(status.st_rdev)), cl_minor(UInt64(status.st_rdev)))
            try checked("mknodat", name) { cl_mknodat(to, name, cl_format(status.st_mode) | mode, major, minor) }
        }
        try checked("fchownat", name) {
            fchownat(to, name, status.st_uid, status.st_gid, Int32(CL_AT_SYMLINK_NOFOLLOW))
        }
        if cl_format(status.st_mode) != S_IFLNK { try checked("fchmodat", name) { fchmodat(to, name, mode, 0) } }
        var times = [status.st_atim, status.st_mtim]
        utimensat(to, name, &times, Int32(CL_AT_SYMLINK_NOFOLLOW))
    }
}
