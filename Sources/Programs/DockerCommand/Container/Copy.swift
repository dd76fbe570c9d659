internal import EngineClient
internal import Flags
internal import GoText
internal import HTTPClient
internal import JSON
internal import Linux
internal import Terminal

func copyCommand(_ session: Session) -> Command {
    let command = Command(
        "cp", "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-",
        "Copy files/folders between a container and the local filesystem",
        .exactly(2)
    ) { flags in
        let archive = flags.bool("archive", "a", usage: "Archive mode (copy all uid/gid information)")
        let follow = flags.bool("follow-link", "L", usage: "Always follow symbol link in SRC_PATH")
        let quiet = flags.bool(
            "quiet", "q",
            usage:
                "Suppress progress output during copy."
                + " Progress output is automatically suppressed if no terminal is attached"
        )
        return performing { arguments in
            let copy = Copy(
                session: session, keepsOwners: archive.value, follows: follow.value,
                isQuiet: quiet.isSet ? quiet.value : !Terminal.isTerminal(1))
            return try copy.perform(arguments[0], arguments[1])
        }
    }
    command.explanation = """
        Copy files/folders between a container and the local filesystem

        Use '-' as the source to read a tar archive from stdin
        and extract it to a directory destination in a container.
        Use '-' as the destination to stream a tar archive of a
        container source to stdout.
        """
    command.secondUsage = "docker cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH"
    return both(command, "docker container cp", "docker cp")
}

/// One `docker cp`, in either direction.
private struct Copy {
    let session: Session
    let keepsOwners: Bool
    let follows: Bool
    let isQuiet: Bool

    func perform(_ source: String, _ destination: String) throws -> Int32 {
        let (from, fromPath) = split(source)
        let (to, toPath) = split(destination)
        switch (from, to) {
        case (nil, nil):
            if source.isEmpty { throw CommandFailure("source can not be empty") }
            if destination.isEmpty { throw CommandFailure("destination can not be empty") }
            throw CommandFailure("must specify at least one container source")
        case (let container?, nil): return try fromContainer(container, fromPath, toPath)
        case (nil, let container?): return try toContainer(fromPath, container, toPath)
        default: throw CommandFailure("copying between containers is not supported")
        }
    }

    /// The container before the colon; none for a path that starts like one.
    private func split(_ text: String) -> (container: String?, path: String) {
        if text.hasPrefix("/") || text == "-" { return (nil, text) }
        let (container, path) = splitOnce(text, at: UInt8(ascii: ":"))
        guard let path, !container.hasPrefix("."), !container.isEmpty else { return (nil, text) }
        return (container, path)
    }

    // MARK: Out of a container

    private func fromContainer(_ container: String, _ source: String, _ destination: String) throws -> Int32 {
        let client = try session.client()
        let base = "/containers/" + pathEscaped(container) + "/archive"
        let path = source.hasPrefix("/") ? source : "/" + source
        var wanted = path
        if follows, let target = try status(client, base, path)?.linkTarget, !target.isEmpty {
            wanted = target.hasPrefix("/") ? target : Files.cleaned(Files.parent(of: path) + "/" + target)
        }
        let reply = try client.request("GET", base, [("path", wanted)])
        if destination == "-" {
            while case let bytes = try reply.read(), !bytes.isEmpty { try writeOutput(bytes[...]) }
            return 0
        }
        guard let header = reply.response.header("X-Docker-Container-Path-Stat"), let found = PathStatus(header: header)
        else {
            throw CommandFailure("unable to get resource stat from response: unexpected end of JSON input")
        }
        let item = CopiedItem(path: wanted, isDirectory: found.isDirectory)
        let place = try CopyPlace.local(destination)
        let (folder, name) = try place.placement(of: item)
        let count = try ArchiveCopy.unpack(
            reply, into: folder, from: item.archiveName, as: name)
        report(count, "to " + destination)
        return 0
    }

    private func status(_ client: EngineClient, _ base: String, _ path: String) throws -> PathStatus? {
        do throws(EngineFailure) {
            let reply = try client.request("HEAD", base, [("path", path)])
            return reply.response.header("X-Docker-Container-Path-Stat").flatMap { PathStatus(header: $0) }
        } catch {
            if error.isUnreachable { throw error }
            // Not there, or the daemon says more of it in answer to the request that follows.
            return nil
        }
    }

    // MARK: Into a container

    private func toContainer(_ source: String, _ container: String, _ destination: String) throws -> Int32 {
        let client = try session.client()
        let base = "/containers/" + pathEscaped(container) + "/archive"
        var path = destination.hasPrefix("/") ? destination : "/" + destination
        var found = try status(client, base, path)
        if let target = found?.linkTarget, !target.isEmpty {
            path = target.hasPrefix("/") ? target : Files.cleaned(Files.parent(of: path) + "/" + target)
            found = try status(client, base, path)
        }
        if source == "-" {
            guard found?.isDirectory == true else {
                throw CommandFailure("destination \"" + container + ":" + path + "\" must be a directory")
            }
            try put(client, base, path) { ArchiveCopy.standardInput($0) }
            return 0
        }
        let local = try ArchiveCopy.localSource(source, follows: follows)
        let item = CopiedItem(path: source, isDirectory: local.isDirectory)
        let place = CopyPlace(path: path, exists: found != nil, isDirectory: found?.isDirectory ?? false)
        let (folder, name) = try place.placement(of: item)
        var count = 0
        try put(client, base, folder) { send in
            count = try ArchiveCopy.pack(local, as: name ?? item.archiveName, send)
        }
        report(count, "to " + container + ":" + path)
        return 0
    }

    private func put(
        _ client: EngineClient, _ base: String, _ folder: String,
        _ writer: @escaping (@escaping ([UInt8]) throws -> Void) throws -> Void
    ) throws {
        var query = [("noOverwriteDirNonDir", "true"), ("path", folder)]
        if keepsOwners { query.insert(("copyUIDGID", "true"), at: 0) }
        var problem: (any Error)?
        do {
            _ = try client.request("PUT", base, query, body: ArchiveCopy.body(writer) { problem = $0 }).all()
        } catch {
            throw problem ?? error
        }
    }

    private func report(_ count: Int, _ place: String) {
        if !isQuiet {
            Console.error("Successfully copied " + Human.size(Double(count), digits: 3) + " " + place + "\n")
        }
    }
}

/// What the daemon tells of a path.
private struct PathStatus {
    let isDirectory: Bool
    let linkTarget: String

    /// From the header's base64.
    init?(header: String) {
        // A header that cannot be read tells nothing.
        guard let bytes = Base64.decoded(header), let json = try? JSON(parsing: bytes) else { return nil }
        // Go's os.FileMode: the highest bit is a directory's.
        isDirectory = (json["mode"]?.int ?? 0) & 1 << 31 != 0
        linkTarget = json["linkTarget"]?.string ?? ""
    }
}

/// What is copied.
struct CopiedItem {
    let path: String
    let isDirectory: Bool

    /// Whether only what is in the directory is meant: the path ends in `/.`.
    var isContents: Bool { path == "." || path.hasSuffix("/.") }

    /// The name its archive starts with.
    var archiveName: String {
        if isContents { return "." }
        let name = Files.name(of: Files.cleaned(path))
        return name.isEmpty ? "/" : name
    }
}

/// Where it is copied to.
struct CopyPlace {
    let path: String
    let exists: Bool
    let isDirectory: Bool

    init(path: String, exists: Bool, isDirectory: Bool) {
        self.path = path
        self.exists = exists
        self.isDirectory = isDirectory
    }

    static func local(_ path: String) throws -> CopyPlace {
        let status = Files.status(path)
        let place = CopyPlace(path: path, exists: status != nil, isDirectory: Files.isDirectory(resolvedOr(path)))
        return place
    }

    private static func resolvedOr(_ path: String) -> String {
        // A path that cannot be resolved is judged as it stands.
        (try? Files.resolved(path)) ?? path
    }

    private var assertsDirectory: Bool { path.hasSuffix("/") || path.hasSuffix("/.") }

    /// The directory to unpack in, and the name the copy gets there; nil: its own.
    func placement(of item: CopiedItem) throws -> (folder: String, name: String?) {
        let clean = Files.cleaned(path)
        if exists && isDirectory { return (path, nil) }
        if exists {
            if item.isDirectory { throw CommandFailure("cannot copy directory") }
            if assertsDirectory { throw CommandFailure("not a directory") }
            return (Files.parent(of: clean), Files.name(of: clean))
        }
        if assertsDirectory && !item.isDirectory { throw CommandFailure("no such directory") }
        return (Files.parent(of: clean), Files.name(of: clean))
    }
}
