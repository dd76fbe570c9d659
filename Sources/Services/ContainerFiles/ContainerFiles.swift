public import Archive
internal import ByteStream
internal import CLinux
internal import Compression
public import EngineAPI
internal import Linux
internal import TarFormat

/// Files of containers from the outside: export, copies in both directions, what has changed. All of it blocks: call it
/// on
/// `Workers`.
public struct ContainerFiles: Sendable {
    private let temporary: String
    var mountFolder: String { temporary }

    /// `temporary`: an existing directory of ours in which roots are mounted for a moment.
    public init(temporary: String) { self.temporary = temporary }

    private static var choices: TreeArchive.Choices {
        var choices = TreeArchive.Choices()
        choices.namesRoot = true
        return choices
    }

    // MARK: Export

    /// Writes the whole root, without its volumes, as an archive (`docker export`).
    public func export(_ container: ContainerRoot, to channel: ByteChannel) throws(EngineError) {
        let root = try MountedRoot(container, volumes: [], writing: false, temporary: temporary)
        try archiving { () throws(ArchiveError) in
            let writer = TarWriter(channel)
            try TreeArchive(root: root.number, writer: writer, choices: Self.choices).addAll()
            try finish(writer, channel)
        }
    }

    private func finish(_ writer: TarWriter, _ channel: ByteChannel) throws(ArchiveError) {
        do throws(StreamError) {
            try writer.finish()
            try channel.flush()
        } catch {
            throw .stream(error)
        }
    }

    private func archiving(_ body: () throws(ArchiveError) -> Void) throws(EngineError) {
        do throws(ArchiveError) { try body() } catch { throw EngineError.failed(error.description) }
    }

    // MARK: Copies out

    /// What is at a path; a link is not followed unless the path ends in a slash.
    public func stat(_ path: String, in container: ContainerRoot) throws(EngineError) -> PathStat {
        try stat(path, container, try PathView(container, writing: false, temporary: temporary))
    }

    /// Writes what is at a path as an archive: a directory with all in it, under the name the path has. `begin` gets
    /// the description before the first byte.
    public func archive(
        _ path: String, in container: ContainerRoot, to channel: ByteChannel, begin: (PathStat) -> Void
    ) throws(EngineError) {
        let view = try PathView(container, writing: false, temporary: temporary)
        let found = try stat(path, container, view)
        begin(found)
        let base = Self.base(path)
        let named = Array((base == "/" ? "" : base).utf8)
        let opened = try opened(path, container, view)
        try archiving { () throws(ArchiveError) in
            let writer = TarWriter(channel)
            try TreeArchive(root: view.root, writer: writer, choices: Self.choices).add(
                opened.name, in: opened.directory.number, as: named)
            try finish(writer, channel)
        }
    }

    /// "/" and the path cleaned; a trailing slash or "/." is kept apart by `followsLast`.
    private static func absolute(_ path: String) -> String { Files.cleaned("/" + path) }

    /// The name that a path is known by: "." when it ends in "/.", "/" for the root.
    private static func base(_ path: String) -> String {
        if path == "." || path.hasSuffix("/.") { return "." }
        let name = Files.name(of: absolute(path))
        return name.isEmpty ? "/" : name
    }

    private static func followsLast(_ path: String) -> Bool {
        path.hasSuffix("/") || path.hasSuffix("/.") || path == "."
    }

    /// The directory of a path, held, and the last name in it.
    private func opened(
        _ path: String, _ container: ContainerRoot, _ view: borrowing PathView
    ) throws(EngineError) -> OpenedPath {
        var relative = PathView.relative(Self.absolute(path))
        if Self.followsLast(path) { relative = view.resolved(relative) }
        let parent = relative.utf8.contains(UInt8(ascii: "/")) ? Files.parent(of: relative) : "."
        let name = relative.isEmpty || relative == "." ? "." : Files.name(of: relative)
        do throws(SystemCallError) {
            return OpenedPath(directory: try view.directory(parent), name: Array(name.utf8))
        } catch {
            if [ENOENT, ENOTDIR, ELOOP].contains(error.number) { throw container.notFound(path) }
            throw EngineError(error)
        }
    }

    private func stat(
        _ path: String, _ container: ContainerRoot, _ view: borrowing PathView
    ) throws(EngineError) -> PathStat {
        let opened = try opened(path, container, view)
        let text = String(decoding: opened.name, as: UTF8.self)
        var status = CLinux.stat()
        guard fstatat(opened.directory.number, text, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if [ENOENT, ENOTDIR].contains(cl_errno()) { throw container.notFound(path) }
            throw EngineError(SystemCallError(number: cl_errno(), operation: "lstat", subject: path))
        }
        if path.hasSuffix("/") && cl_format(status.st_mode) != UInt32(S_IFDIR) {
            throw EngineError(SystemCallError(number: ENOTDIR, operation: "lstat", subject: path))
        }
        var target = ""
        if cl_format(status.st_mode) == UInt32(S_IFLNK) {
            let resolved = view.resolved(PathView.relative(Self.absolute(path)))
            target = "/" + resolved
        }
        return PathStat(name: Self.base(path), status: status, linkTarget: target)
    }

    // MARK: Copies in

    /// How a copy into a container treats what it meets.
    public struct CopyChoices: Sendable {
        /// Refuses to put a directory where something else is, and the other way round.
        public var refusesTypeChange = false
        /// Everyone's owner instead of the archive's.
        public var owner: (uid: UInt32, gid: UInt32)?

        public init() {}
    }

    /// Unpacks an archive, compressed or not, into a directory of the container.
    public func extract(
        _ channel: ByteChannel, into path: String, of container: ContainerRoot, choices: CopyChoices = CopyChoices()
    ) throws(EngineError) {
        let view = try PathView(container, writing: true, temporary: temporary)
        let folder = view.resolved(PathView.relative(Self.absolute(path)))
        do throws(SystemCallError) {
            _ = try view.place(folder)
        } catch {
            throw [ENOENT, ENOTDIR, ELOOP].contains(error.number) ? container.notFound(path) : EngineError(error)
        }
        do throws(SystemCallError) { _ = try view.directory(folder) } catch {
            throw error.number == ENOTDIR ? EngineError(400, "extraction point is not a directory") : EngineError(error)
        }
        if let volume = PathView.volume(container, folder) {
            if volume.isReadOnly { throw EngineError(400, "mounted volume is marked read-only") }
        } else if container.isReadOnly {
            throw EngineError(400, "container rootfs is marked read-only")
        }
        var extraction = Extraction()
        extraction.refusesTypeChange = choices.refusesTypeChange
        extraction.owner = choices.owner
        extraction.refusesEscape = true
        extraction.destination = Self.absolute(path)
        extraction.folder = Array(folder.utf8)
        do throws(ArchiveError) {
            let source: any ByteSource
            do throws(StreamError) { source = try Compression.decompressed(channel).source } catch {
                throw .stream(error)
            }
            try extraction.extract(source, intoDirectory: view.root)
        } catch {
            throw EngineError(500, "Error processing tar file(exit status 1): " + error.description)
        }
    }
}

/// A name below a directory that is held.
private struct OpenedPath: ~Copyable {
    let directory: Descriptor
    let name: [UInt8]
}
