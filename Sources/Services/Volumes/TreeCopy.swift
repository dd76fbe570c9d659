internal import CLinux
internal import Linux

/// Copies a tree of files with modes, owners, times, extended attributes and hard links. Walks by descriptors and
/// follows no symbolic link.
struct TreeCopy {
    private struct Identity: Hashable {
        let device: UInt64
        let node: UInt64
    }

    /// Where a file with several names was copied to first.
    private var copied: [Identity: (directory: String, name: String)] = [:]

    private static let noFollow = Int32(CL_AT_SYMLINK_NOFOLLOW)

    /// Everything in one directory into another, which takes over mode and owner, too.
    mutating func copyContent(of source: borrowing Descriptor, into target: borrowing Descriptor)
        throws(SystemCallError)
    {
        var status = stat()
        try checked("fstat") { fstat(source.number, &status) }
        for name in try Files.names(in: "/proc/self/fd/" + String(source.number)).sorted() {
            try copy(name, source, target)
        }
        try TreeCopy.takeOver(status, from: source.number, to: target.number)
    }

    private mutating func copy(
        _ name: String, _ source: borrowing Descriptor, _ target: borrowing Descriptor
    ) throws(SystemCallError) {
        var status = stat()
        try checked("fstatat", name) { fstatat(source.number, name, &status, TreeCopy.noFollow) }
        let identity = Identity(device: UInt64(status.st_dev), node: UInt64(status.st_ino))
        let isShared = status.st_nlink > 1 && cl_format(status.st_mode) != S_IFDIR
        if isShared, let first = copied[identity] {
            try checked("link", name) { linkat(AT_FDCWD, first.directory + "/" + first.name, target.number, name, 0) }
            return
        }
        switch Int32(cl_format(status.st_mode)) {
        case S_IFDIR:
            let inner = try source.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            try checked("mkdirat", name) { mkdirat(target.number, name, 0o700) }
            let outer = try target.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            try copyContent(of: inner, into: outer)
        case S_IFREG:
            let input = try source.open(name, O_RDONLY | O_NOFOLLOW)
            let output = try target.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            while try checked("sendfile", name, { cl_sendfile(output.number, input.number, 1 << 30) }) > 0 {}
            try TreeCopy.takeOver(status, from: input.number, to: output.number)
        case S_IFLNK: try copyLink(name, status, source, target)
        default:
            try checked("mknodat", name) {
                cl_mknodat(
                    target.number, name, status.st_mode, cl_major(UInt64(status.st_rdev)),
                    cl_minor(UInt64(status.st_rdev)))
            }
            try checked("fchownat", name) {
                fchownat(target.number, name, status.st_uid, status.st_gid, TreeCopy.noFollow)
            }
            try checked("fchmodat", name) { fchmodat(target.number, name, status.st_mode & 0o7777, 0) }
            try TreeCopy.setTimes(status, target.number, name)
        }
        if isShared { copied[identity] = (try Files.link("/proc/self/fd/" + String(target.number)), name) }
    }

    private func copyLink(
        _ name: String, _ status: stat, _ source: borrowing Descriptor, _ target: borrowing Descriptor
    ) throws(SystemCallError) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = try checked("readlinkat", name) {
            buffer.withUnsafeMutableBytes { bytes in
                guard let start = bytes.baseAddress else { return 0 }
                return readlinkat(source.number, name, start.assumingMemoryBound(to: CChar.self), bytes.count)
            }
        }
        let text = String(decoding: buffer[0..<count], as: UTF8.self)
        try checked("symlinkat", name) { symlinkat(text, target.number, name) }
        try checked("fchownat", name) { fchownat(target.number, name, status.st_uid, status.st_gid, TreeCopy.noFollow) }
        try TreeCopy.setTimes(status, target.number, name)
    }

    private static func takeOver(_ status: stat, from source: Int32, to target: Int32) throws(SystemCallError) {
        try checked("fchown") { fchown(target, status.st_uid, status.st_gid) }
        // After the owner: that clears the set-user-id bit.
        try checked("fchmod") { fchmod(target, status.st_mode & 0o7777) }
        copyAttributes(from: source, to: target)
        var times = [status.st_atim, status.st_mtim]
        try checked("futimens") { futimens(target, &times) }
    }

    private static func setTimes(_ status: stat, _ directory: Int32, _ name: String) throws(SystemCallError) {
        var times = [status.st_atim, status.st_mtim]
        try checked("utimensat", name) { utimensat(directory, name, &times, noFollow) }
    }

    /// Extended attributes, where source and target both have them: a file system without is no reason to fail.
    private static func copyAttributes(from source: Int32, to target: Int32) {
        var names = [UInt8](repeating: 0, count: 65536)
        let length = names.withUnsafeMutableBytes {
            flistxattr(source, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        guard length > 0 else { return }
        for name in names[0..<length].split(separator: 0) {
            let text = String(decoding: name, as: UTF8.self)
            var value = [UInt8](repeating: 0, count: 65536)
            let size = fgetxattr(source, text, &value, value.count)
            if size >= 0 { fsetxattr(target, text, value, size, 0) }
        }
    }
}

/// The bytes of all files below a directory; a file with several names counts once.
enum TreeSize {
    static func of(_ path: String) throws(SystemCallError) -> Int {
        var seen: Set<UInt64> = []
        return try size(path, &seen)
    }

    private static func size(_ path: String, _ seen: inout Set<UInt64>) throws(SystemCallError) -> Int {
        guard let status = Files.linkStatus(path) else { return 0 }
        if cl_format(status.st_mode) != S_IFDIR {
            if status.st_nlink > 1 && !seen.insert(UInt64(status.st_ino)).inserted { return 0 }
            return Int(status.st_size)
        }
        var total = 0
        for name in try Files.names(in: path) { total += try size(path + "/" + name, &seen) }
        return total
    }
}
