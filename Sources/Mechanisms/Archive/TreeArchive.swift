internal import ByteStream
internal import CLinux
internal import Linux
public import TarFormat

/// Writes a directory, or a part of it, as an archive: members sorted, links never followed, a second name of a file as
/// a hard link. Blocking; one thread.
public final class TreeArchive {
    /// Which extended attributes go into the archive.
    public enum Attributes: Sendable {
        case none
        /// "security.capability" alone, as `docker save` and `docker export` do.
        case capability
        /// All but overlayfs's own.
        case all
    }

    public struct Choices: Sendable {
        public var attributes = Attributes.capability
        /// overlayfs's whiteouts and opaque directories become ".wh." files (an upper directory as a layer).
        public var convertsOverlay = false
        /// Seconds alone, as Docker writes layers.
        public var wholeSeconds = true
        /// Whether the owner 0 has the name "root" beside the number.
        public var namesRoot = false
        /// Everyone's owner instead of the tree's.
        public var owner: (uid: Int, gid: Int)?

        public init() {}
    }

    private let root: Int32
    private let writer: TarWriter
    private let choices: Choices
    private var seen: [Inode: [UInt8]] = [:]
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 262_144, alignment: 4096)

    private struct Inode: Hashable {
        let device: UInt
        let number: UInt
    }

    /// `root` is lent for the life of this object.
    public init(root: Int32, writer: TarWriter, choices: Choices = Choices()) {
        self.root = root
        self.writer = writer
        self.choices = choices
    }

    deinit { buffer.deallocate() }

    /// Adds all that is in the root, without the root itself.
    public func addAll() throws(ArchiveError) { try addEntries(of: root, named: []) }

    /// Adds what is at `name` below the held directory as `archived`, a directory with all in it.
    public func add(_ name: [UInt8], in directory: Int32, as archived: [UInt8]) throws(ArchiveError) {
        let text = cString(name)
        var status = stat()
        guard fstatat(directory, text, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            // Gone since the directory was read.
            if cl_errno() == ENOENT { return }
            throw .system(SystemCallError(number: cl_errno(), operation: "lstat", subject: "/" + words(archived)))
        }
        switch cl_format(status.st_mode) {
        case UInt32(S_IFDIR): try addDirectory(text, in: directory, archived)
        case UInt32(S_IFREG): try addFile(text, in: directory, archived)
        case UInt32(S_IFLNK):
            var header = header(status, .symbolicLink, archived, text, directory)
            header.linkName = try calling { () throws(SystemCallError) in try target(text, in: directory) }
            try put(header, status)
        case UInt32(S_IFCHR) where choices.convertsOverlay && status.st_rdev == 0: try addWhiteout(status, archived)
        case UInt32(S_IFCHR), UInt32(S_IFBLK):
            let kind: TarHeader.Kind = cl_format(status.st_mode) == UInt32(S_IFBLK) ? .blockDevice : .characterDevice
            var header = header(status, kind, archived, text, directory)
            header.deviceMajor = Int(cl_major(UInt64(status.st_rdev)))
            header.deviceMinor = Int(cl_minor(UInt64(status.st_rdev)))
            try put(header, status)
        case UInt32(S_IFIFO): try put(header(status, .fifo, archived, text, directory), status)
        default: return  // A socket has no form in an archive; Docker passes over it, too.
        }
    }

    private func addEntries(of directory: Int32, named prefix: [UInt8]) throws(ArchiveError) {
        for name in try calling({ () throws(SystemCallError) in try names(in: directory) }) {
            try add(name, in: directory, as: prefix + name)
        }
    }

    private func addDirectory(_ name: [CChar], in directory: Int32, _ archived: [UInt8]) throws(ArchiveError) {
        let number = cl_openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
        guard number >= 0 else {
            if [ENOENT, ENOTDIR, ELOOP].contains(cl_errno()) { return }
            throw .system(SystemCallError(number: cl_errno(), operation: "open", subject: "/" + words(archived)))
        }
        let opened = Descriptor(owning: number)
        var status = stat()
        fstat(opened.number, &status)
        try put(header(status, .directory, archived + [47], name, directory), status)
        if choices.convertsOverlay, isOpaque(opened.number) {
            var whiteout = TarHeader(.file, archived + [47] + Whiteout.opaque, mode: status.st_mode & 0o777)
            whiteout.uid = Int(status.st_uid)
            whiteout.gid = Int(status.st_gid)
            try streaming { () throws(StreamError) in try writer.add(whiteout) }
        }
        try addEntries(of: opened.number, named: archived + [47])
    }

    private func isOpaque(_ directory: Int32) -> Bool {
        var value: [UInt8] = [0, 0]
        return fgetxattr(directory, Whiteout.overlayOpaque, &value, 2) == 1 && value[0] == UInt8(ascii: "y")
    }

    private func addWhiteout(_ status: stat, _ archived: [UInt8]) throws(ArchiveError) {
        let path = MemberPath(archived)
        let parent = path.parent.isEmpty ? [] : path.parent + [47]
        var header = TarHeader(.file, parent + Whiteout.prefix + path.base, mode: 0o600)
        header.uid = Int(status.st_uid)
        header.gid = Int(status.st_gid)
        header.modified = .init(seconds: status.st_mtim.tv_sec)
        try streaming { () throws(StreamError) in try writer.add(header) }
    }

    private func addFile(_ name: [CChar], in directory: Int32, _ archived: [UInt8]) throws(ArchiveError) {
        // Not blocking: what was a file a moment ago may be a fifo now.
        let number = cl_openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0)
        guard number >= 0 else {
            if [ENOENT, ELOOP].contains(cl_errno()) { return }
            throw .system(SystemCallError(number: cl_errno(), operation: "open", subject: "/" + words(archived)))
        }
        let opened = Descriptor(owning: number)
        var status = stat()
        fstat(opened.number, &status)
        guard cl_format(status.st_mode) == UInt32(S_IFREG) else { return }
        var header = header(status, .file, archived, name, directory)
        if status.st_nlink > 1 {
            let inode = Inode(device: UInt(status.st_dev), number: UInt(status.st_ino))
            if let first = seen[inode] {
                header.kind = .hardLink
                header.linkName = first
                header.size = 0
                header.attributes = [:]
                try streaming { () throws(StreamError) in try writer.add(header) }
                return
            }
            seen[inode] = archived
        }
        try streaming { () throws(StreamError) in try writer.add(header) }
        try copy(opened.number, header.size, archived)
    }

    /// Exactly `size` bytes: a file that shrinks meanwhile is filled up with zeros, one that grows is cut.
    private func copy(_ file: Int32, _ size: Int, _ archived: [UInt8]) throws(ArchiveError) {
        var left = size
        while left > 0 {
            let room = min(left, buffer.count)
            var count = try calling { () throws(SystemCallError) in
                try checked("read", "/" + words(archived)) { read(file, buffer.baseAddress, room) }
            }
            if count == 0 {
                UnsafeMutableRawBufferPointer(rebasing: buffer[..<room]).initializeMemory(as: UInt8.self, repeating: 0)
                count = room
            }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[0..<count])
            try streaming { () throws(StreamError) in try writer.write(bytes) }
            left -= count
        }
    }

    private func target(_ name: [CChar], in directory: Int32) throws(SystemCallError) -> [UInt8] {
        var text = [CChar](repeating: 0, count: 4096)
        let count = try checked("readlink") { readlinkat(directory, name, &text, text.count) }
        return text[..<count].map { UInt8(bitPattern: $0) }
    }

    /// A member without content.
    private func put(_ header: TarHeader, _ status: stat) throws(ArchiveError) {
        var header = header
        if header.kind != .directory && status.st_nlink > 1 {
            let inode = Inode(device: UInt(status.st_dev), number: UInt(status.st_ino))
            if let first = seen[inode] {
                header.kind = .hardLink
                header.linkName = first
                header.attributes = [:]
            } else {
                seen[inode] = header.name
            }
        }
        try streaming { () throws(StreamError) in try writer.add(header) }
    }

    private func header(
        _ status: stat, _ kind: TarHeader.Kind, _ archived: [UInt8], _ name: [CChar], _ directory: Int32
    ) -> TarHeader {
        var header = TarHeader(kind, archived, mode: UInt32(status.st_mode) & 0o7777)
        if kind == .symbolicLink { header.mode = 0o777 }
        header.size = kind == .file ? status.st_size : 0
        header.uid = choices.owner?.uid ?? Int(status.st_uid)
        header.gid = choices.owner?.gid ?? Int(status.st_gid)
        if choices.namesRoot {
            if header.uid == 0 { header.userName = "root" }
            if header.gid == 0 { header.groupName = "root" }
        }
        let nanoseconds = choices.wholeSeconds ? 0 : status.st_mtim.tv_nsec
        header.modified = .init(seconds: status.st_mtim.tv_sec, nanoseconds: nanoseconds)
        switch choices.attributes {
        case .none: break
        case .capability:
            if let value = ExtendedAttributes.value("security.capability", of: name, in: directory) {
                header.attributes["security.capability"] = value
            }
        case .all:
            for (attribute, value) in ExtendedAttributes.all(of: name, in: directory)
            where !attribute.hasPrefix("trusted.overlay.") { header.attributes[attribute] = value }
        }
        return header
    }
}
