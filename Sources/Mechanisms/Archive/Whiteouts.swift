internal import CLinux
internal import Linux
internal import TarFormat

/// The names by which a layer says that something below it is gone (OCI layer.md, "Whiteouts").
enum Whiteout {
    static let prefix = Array(".wh.".utf8)
    static let opaque = Array(".wh..wh..opq".utf8)
    /// Other names of this kind belong to aufs and mean nothing to us.
    static let aufs = Array(".wh..wh.".utf8)
    static let overlayOpaque = "trusted.overlay.opaque"
}

extension ExtractionRun {
    /// Does what a whiteout asks; false when the member is none.
    func whiteout(_ path: MemberPath, _ header: TarHeader) throws(ArchiveError) -> Bool {
        let base = path.base
        guard base.starts(with: Whiteout.prefix) else {
            // Below ".wh..wh.plnk" aufs keeps hard links of its own.
            return path.bytes.starts(with: Whiteout.aufs)
        }
        if base == Whiteout.opaque {
            try makeOpaque(path)
            return true
        }
        if base.starts(with: Whiteout.aufs) { return true }
        let hidden = Array(base.dropFirst(Whiteout.prefix.count))
        guard !hidden.isEmpty, hidden != [46], hidden != [46, 46] else {
            throw .refused("invalid whiteout name \"\(words(path.bytes))\"")
        }
        let name = cString(hidden)
        try calling { () throws(SystemCallError) in
            try tree.remove(name, in: try directory(path.parent))
            guard choices.whiteouts == .overlay else { return }
            let parent = try directory(path.parent)
            try checked("mknod", words(path.bytes)) { cl_mknodat(parent, name, UInt32(S_IFCHR), 0, 0) }
            let uid = UInt32(truncatingIfNeeded: header.uid)
            let gid = UInt32(truncatingIfNeeded: header.gid)
            try checked("chown", words(path.bytes)) { fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW) }
        }
        return true
    }

    private func directory(_ path: [UInt8]) throws(SystemCallError) -> Int32 {
        do throws(ArchiveError) {
            return try tree.directory(path)
        } catch {
            if case .system(let error) = error { throw error }
            throw SystemCallError(number: EIO, operation: "open", subject: words(path))
        }
    }

    private func makeOpaque(_ path: MemberPath) throws(ArchiveError) {
        try calling { () throws(SystemCallError) in
            let parent = try directory(path.parent)
            if choices.whiteouts == .overlay {
                let value: [UInt8] = [UInt8(ascii: "y")]
                try checked("setxattr", words(path.parent)) { fsetxattr(parent, Whiteout.overlayOpaque, value, 1, 0) }
                return
            }
            let copy = Descriptor(owning: try checked("fcntl") { cl_fcntl(parent, Int32(CL_F_DUPFD_CLOEXEC), 3) })
            try clear(copy.number, path.parent)
        }
    }

    /// Removes what an earlier layer put into a directory, and spares what this one did.
    private func clear(_ directory: Int32, _ path: [UInt8]) throws(SystemCallError) {
        for name in try names(in: directory) {
            let full = path.isEmpty ? name : path + [47] + name
            if !unpacked.contains(full) {
                try tree.remove(cString(name), in: directory)
                continue
            }
            let found = cl_openat(directory, cString(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
            if found < 0 { continue }
            let below = Descriptor(owning: found)
            try clear(below.number, full)
        }
    }
}
