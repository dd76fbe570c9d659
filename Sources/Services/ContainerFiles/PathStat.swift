internal import CLinux
public import GoText
internal import JSON

/// What is at a path of a container, as the header of `GET` and `HEAD` archive tells it.
public struct PathStat: Equatable, Sendable {
    public var name: String
    public var size: Int
    /// Go's fs.FileMode.
    public var mode: UInt32
    public var modified: Timestamp
    /// For a symbolic link: where it leads in the container.
    public var linkTarget: String

    init(name: String, status: stat, linkTarget: String) {
        self.name = name
        size = status.st_size
        mode = Self.goMode(UInt32(status.st_mode))
        modified = Timestamp(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
        self.linkTarget = linkTarget
    }

    private static func goMode(_ mode: UInt32) -> UInt32 {
        var found = mode & 0o777
        switch cl_format(mode) {
        case UInt32(S_IFDIR): found |= 1 << 31
        case UInt32(S_IFLNK): found |= 1 << 27
        case UInt32(S_IFBLK): found |= 1 << 26
        case UInt32(S_IFCHR): found |= 1 << 26 | 1 << 21
        case UInt32(S_IFIFO): found |= 1 << 25
        case UInt32(S_IFSOCK): found |= 1 << 24
        default: break
        }
        if mode & 0o4000 != 0 { found |= 1 << 23 }
        if mode & 0o2000 != 0 { found |= 1 << 22 }
        if mode & 0o1000 != 0 { found |= 1 << 20 }
        return found
    }

    /// The value of X-Docker-Container-Path-Stat: JSON in base64.
    public var header: String {
        let json = JSON.members([
            ("name", .string(name)), ("size", .int(size)), ("mode", .int(mode)),
            ("mtime", .string(modified.description)),
            ("linkTarget", .string(linkTarget)),
        ])
        return Base64.encoded(json.encoded())
    }
}
