public import ByteStream
internal import CLinux
public import Linux
internal import TarFormat

/// Unpacks an archive into a directory. The choices are those in which Docker's and containerd's ways of unpacking
/// differ.
public struct Extraction: Sendable {
    /// What a member named ".wh.NAME" means.
    public enum Whiteouts: Sendable {
        /// Nothing: it is a file.
        case keep
        /// NAME, put there before this archive, is removed (a layer onto a plain directory).
        case apply
        /// overlayfs is told: a character device 0:0, or the attribute "trusted.overlay.opaque" on the directory.
        case overlay
    }

    public var whiteouts = Whiteouts.keep
    /// Whether members get the owners the archive says; else they are ours.
    public var setsOwner = true
    /// Everyone's owner instead of the archive's.
    public var owner: (uid: UInt32, gid: UInt32)?
    public var setsTimes = true
    /// Refuses a directory in place of something else, and something else in place of a directory.
    public var refusesTypeChange = false
    /// Refuses names that climb out by ".." with Docker's words; else they are taken as at the root.
    public var refusesEscape = false
    /// Where the words of a refused escape say that the archive is unpacked.
    public var destination = "/"
    /// The directory inside the root that members go into; links in it may lead anywhere inside the root.
    public var folder: [UInt8] = []
    /// Directories of the layers below, uppermost first: missing parents are made like theirs.
    public var lowerDirectories: [String] = []

    public init() {}

    /// Unpacks to the end of the stream, what follows the archive's end included (so that a digest of the stream is
    /// complete), and answers the bytes of content. Blocking.
    @discardableResult
    public func extract(_ source: any ByteSource, into root: borrowing Descriptor) throws(ArchiveError) -> Int {
        try extract(source, intoDirectory: root.number)
    }

    /// The same with the directory's raw descriptor, which is only lent.
    @discardableResult
    public func extract(_ source: any ByteSource, intoDirectory root: Int32) throws(ArchiveError) -> Int {
        let run = ExtractionRun(self, root: root, reader: TarReader(source))
        return try run.all()
    }
}

/// One unpacking on its way.
final class ExtractionRun {
    let choices: Extraction
    let tree: Tree
    let reader: TarReader
    /// Directories get their times last: every member put into them changes these.
    private var directoryTimes: [(path: MemberPath, header: TarHeader)] = []
    /// What this archive has put there, kept where a whiteout must spare it.
    var unpacked: Set<[UInt8]> = []
    private var total = 0

    init(_ choices: Extraction, root: Int32, reader: TarReader) {
        self.choices = choices
        self.reader = reader
        tree = Tree(root: root, lower: choices.lowerDirectories)
    }

    func all() throws(ArchiveError) -> Int {
        while let header = try streaming({ () throws(StreamError) in try reader.next() }) { try member(header) }
        try streaming { () throws(StreamError) in try reader.drain() }
        if choices.setsTimes {
            for (path, header) in directoryTimes.reversed() { try setTimes(path, header) }
        }
        return total
    }

    private func member(_ header: TarHeader) throws(ArchiveError) {
        var path = MemberPath(header.name)
        if path.escapes && choices.refusesEscape {
            throw .refused("\"\(header.nameText)\" is outside of \"\(choices.destination)\"")
        }
        if !choices.folder.isEmpty && !path.isRoot { path = MemberPath(choices.folder + [47] + path.bytes) }
        if path.isRoot {
            if header.kind == .directory && choices.whiteouts != .keep { try dressRoot(header) }
            return
        }
        if choices.whiteouts != .keep, try whiteout(path, header) { return }
        if case .other(let flag) = header.kind { throw .refused("unhandled tar header type \(flag)") }
        let parent: Int32
        do throws(SystemCallError) { parent = try reopened(path) } catch {
            let operation = header.kind == .file ? "open" : error.operation
            throw describe(SystemCallError(number: error.number, operation: operation), path)
        }
        let name = cString(path.base)
        try make(header, name, in: parent, path)
        if choices.whiteouts == .apply { unpacked.insert(path.bytes) }
    }

    /// Creates the member, what stood in its way removed; a directory onto a directory stays.
    private func make(
        _ header: TarHeader, _ name: [CChar], in parent: Int32, _ path: MemberPath
    ) throws(ArchiveError) {
        do throws(SystemCallError) {
            try create(header, name, in: parent)
        } catch {
            guard error.number == EEXIST else { throw describe(error, path) }
            var status = stat()
            let isDirectory =
                fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && cl_format(status.st_mode) == S_IFDIR
            if choices.refusesTypeChange && isDirectory != (header.kind == .directory) {
                let path = "/" + words(path.bytes)
                let (old, new) = isDirectory ? ("directory", "non-directory") : ("non-directory", "directory")
                throw .refused("cannot overwrite \(old) \"\(path)\" with \(new) \"\(choices.destination)\"")
            }
            if !(isDirectory && header.kind == .directory) {
                do throws(SystemCallError) {
                    try tree.remove(name, in: parent)
                    // Removing a directory has closed the held one, which may be this very parent.
                    let again = try reopened(path)
                    try create(header, name, in: again)
                } catch {
                    throw describe(error, path)
                }
            }
        }
        if header.kind == .file { return try fill(header, path) }
        if header.kind == .hardLink { return }
        do throws(SystemCallError) {
            try dress(header, name, in: try reopened(path))
        } catch {
            throw describe(error, path)
        }
        if header.kind == .directory {
            directoryTimes.append((path, header))
        } else {
            try setTimes(path, header)
        }
    }

    private func reopened(_ path: MemberPath) throws(SystemCallError) -> Int32 {
        do throws(ArchiveError) {
            return try tree.directory(path.parent)
        } catch {
            if case .system(let error) = error { throw error }
            throw SystemCallError(number: EIO, operation: "open", subject: words(path.parent))
        }
    }

    private func describe(_ error: SystemCallError, _ path: MemberPath) -> ArchiveError {
        .system(SystemCallError(number: error.number, operation: error.operation, subject: "/" + words(path.bytes)))
    }

    private var file: Descriptor?

    private func create(_ header: TarHeader, _ name: [CChar], in parent: Int32) throws(SystemCallError) {
        switch header.kind {
        case .file:
            file = Descriptor(
                owning: try checked("open") {
                    cl_openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
                })
        case .directory: try checked("mkdir") { mkdirat(parent, name, 0o700) }
        case .symbolicLink:
            let target = cString(header.linkName)
            try checked("symlink") { symlinkat(target, parent, name) }
        case .hardLink: try link(header, name, in: parent)
        case .fifo: try checked("mknod") { cl_mknodat(parent, name, UInt32(S_IFIFO) | 0o600, 0, 0) }
        case .characterDevice, .blockDevice:
            let kind = UInt32(header.kind == .blockDevice ? S_IFBLK : S_IFCHR)
            let major = UInt32(truncatingIfNeeded: header.deviceMajor)
            let minor = UInt32(truncatingIfNeeded: header.deviceMinor)
            try checked("mknod") { cl_mknodat(parent, name, kind | 0o600, major, minor) }
        case .other: throw SystemCallError(number: EINVAL, operation: "mknod")
        }
    }

    /// The target is a path of the same archive, so it is resolved inside the root, too.
    private func link(_ header: TarHeader, _ name: [CChar], in parent: Int32) throws(SystemCallError) {
        var target = MemberPath(header.linkName)
        if !choices.folder.isEmpty { target = MemberPath(choices.folder + [47] + target.bytes) }
        let base = cString(target.base)
        do throws(SystemCallError) {
            let directory = try tree.open(target.parent)
            try checked("link") { linkat(directory.number, base, parent, name, 0) }
        } catch {
            throw SystemCallError(number: error.number, operation: "link /" + words(target.bytes))
        }
    }

    private func fill(_ header: TarHeader, _ path: MemberPath) throws(ArchiveError) {
        guard let opened = file.take() else { return }
        var hole = false
        while let piece = try streaming({ () throws(StreamError) in try reader.piece() }) {
            do throws(SystemCallError) {
                switch piece {
                case .data(let bytes):
                    try writeWhole(bytes, to: opened.number)
                    total += bytes.count
                case .hole(let count):
                    hole = true
                    try checked("lseek") { lseek(opened.number, count, SEEK_CUR) }
                }
            } catch {
                throw describe(error, path)
            }
        }
        do throws(SystemCallError) {
            if hole { try checked("truncate") { ftruncate(opened.number, header.size) } }
            if let (uid, gid) = owner(header) { try checked("chown") { fchown(opened.number, uid, gid) } }
            if !header.attributes.isEmpty {
                try ExtendedAttributes.set(header.attributes, on: cString(path.base), in: try reopened(path))
            }
            try checked("chmod") { fchmod(opened.number, header.mode) }
            if choices.setsTimes {
                var times = timespecs(header)
                try checked("utimensat") { futimens(opened.number, &times) }
            }
        } catch {
            throw describe(error, path)
        }
    }

    private func owner(_ header: TarHeader) -> (UInt32, UInt32)? {
        if let owner = choices.owner { return owner }
        guard choices.setsOwner else { return nil }
        return (UInt32(truncatingIfNeeded: header.uid), UInt32(truncatingIfNeeded: header.gid))
    }

    /// Owner, attributes, mode, in this order: chown(2) clears set-id bits and capabilities.
    private func dress(_ header: TarHeader, _ name: [CChar], in parent: Int32) throws(SystemCallError) {
        if let (uid, gid) = owner(header) {
            try checked("chown") { fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW) }
        }
        if !header.attributes.isEmpty { try ExtendedAttributes.set(header.attributes, on: name, in: parent) }
        if header.kind != .symbolicLink { try changeMode(header.mode, of: name, in: parent) }
    }

    /// A layer may say what the root directory itself looks like.
    private func dressRoot(_ header: TarHeader) throws(ArchiveError) {
        try calling { () throws(SystemCallError) in try dress(header, cString([46]), in: try reopened(MemberPath([]))) }
        directoryTimes.append((MemberPath([]), header))
    }

    private func setTimes(_ path: MemberPath, _ header: TarHeader) throws(ArchiveError) {
        guard choices.setsTimes else { return }
        do throws(SystemCallError) {
            let parent = try reopened(path)
            let name = cString(path.isRoot ? [46] : path.base)
            var times = timespecs(header)
            if utimensat(parent, name, &times, AT_SYMLINK_NOFOLLOW) == 0 { return }
            // A later member may have replaced the directory, or a whiteout removed it.
            if cl_errno() != ENOENT { throw SystemCallError(number: cl_errno(), operation: "utimensat") }
        } catch {
            throw describe(error, path)
        }
    }

    private func timespecs(_ header: TarHeader) -> [timespec] {
        let modified = Self.bounded(header.modified)
        return [header.accessed.map(Self.bounded) ?? modified, modified]
    }

    /// What lies before 1970 becomes its beginning, as Docker has it.
    private static func bounded(_ time: TarHeader.Time) -> timespec {
        time.seconds < 0 ? timespec() : timespec(tv_sec: time.seconds, tv_nsec: time.nanoseconds)
    }
}
