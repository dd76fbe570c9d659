internal import EngineClient
internal import Flags
internal import GoText
internal import HTTPClient
internal import JSON
internal import Linux

func builderCommand(_ session: Session) -> Command {
    let prune = Command("prune", "", "Remove build cache", .none) { flags in
        let all = flags.bool("all", "a", usage: "Remove all unused build cache, not just dangling ones")
        let filters = flags.filterFlag(nil, usage: "Provide filter values (e.g. \"until=24h\")")
        let force = flags.bool("force", "f", usage: "Do not prompt for confirmation")
        let keep = flags.bytes("keep-storage", usage: "Amount of disk space to keep for cache")
        return performing { _ in
            let warning =
                all.value
                ? "WARNING! This will remove all build cache." : "WARNING! This will remove all dangling build cache."
            if !force.value, try !session.confirms(warning) { return 0 }
            let (report, space) = try pruneBuildCache(session, filters.value, all: all.value, keep: keep.value)
            Console.out(
                (report.isEmpty ? "" : report + "\n") + "Total reclaimed space: " + Human.size(Double(space)) + "\n")
            return 0
        }
    }
    return Command("builder", "", "Manage builds").add([buildCommand(session), prune])
}

func buildCommand(_ session: Session) -> Command {
    let command = Command("build", "[OPTIONS] PATH | URL | -", "Build an image from a Dockerfile", .exactly(1)) {
        flags in
        let build = BuildFlags(flags)
        return performing { try Build(flags: build, session: session).perform($0[0]) }
    }
    return both(command, "docker image build", "docker build", "docker builder build")
}

/// The flags of `docker build`.
struct BuildFlags {
    let addHost, buildArg, label, tag: Flag<[String]>
    let cacheFrom, securityOpt: Flag<[String]>
    let cgroupParent, cpusetCPUs, cpusetMemory, file, idFile, isolation, network, platform, target: Flag<String>
    let compress, forceRemove, noCache, pull, quiet, remove, squash: Flag<Bool>
    let cpuPeriod, cpuQuota, cpuShares: Flag<Int>
    let memory, memorySwap, shmSize: Flag<Int64>
    let ulimits: Flag<[Ulimit]>

    init(_ flags: FlagSet) {
        addHost = flags.value(
            "add-host", usage: "Add a custom host-to-IP mapping (\"host:ip\")", type: "list", default: []
        ) {
            (text, old) throws(UsageError) in old + [try checkedHost(text)]
        }
        buildArg = flags.list("build-arg", usage: "Set build-time variables")
        cacheFrom = flags.strings("cache-from", usage: "Images to consider as cache sources")
        cgroupParent = flags.string(
            "cgroup-parent", usage: "Set the parent cgroup for the \"RUN\" instructions during build")
        compress = flags.bool("compress", usage: "Compress the build context using gzip")
        cpuPeriod = flags.int("cpu-period", usage: "Limit the CPU CFS (Completely Fair Scheduler) period")
        cpuQuota = flags.int("cpu-quota", usage: "Limit the CPU CFS (Completely Fair Scheduler) quota")
        cpuShares = flags.int("cpu-shares", "c", usage: "CPU shares (relative weight)")
        cpusetCPUs = flags.string("cpuset-cpus", usage: "CPUs in which to allow execution (0-3, 0,1)")
        cpusetMemory = flags.string("cpuset-mems", usage: "MEMs in which to allow execution (0-3, 0,1)")
        flags.contentTrust("Skip image verification")
        file = flags.string("file", "f", usage: "Name of the Dockerfile (Default is \"PATH/Dockerfile\")")
        forceRemove = flags.bool("force-rm", usage: "Always remove intermediate containers")
        idFile = flags.string("iidfile", usage: "Write the image ID to the file")
        isolation = flags.string("isolation", usage: "Container isolation technology")
        label = flags.labels("Set metadata for an image")
        memory = flags.bytes("memory", "m", usage: "Memory limit")
        memorySwap = flags.bytes(
            "memory-swap", usage: "Swap limit equal to memory plus swap: -1 to enable unlimited swap",
            allowsUnlimited: true)
        network = flags.string(
            "network", usage: "Set the networking mode for the RUN instructions during build", default: "default")
        noCache = flags.bool("no-cache", usage: "Do not use cache when building the image")
        platform = flags.string("platform", usage: "Set platform if server is multi-platform capable")
        pull = flags.bool("pull", usage: "Always attempt to pull a newer version of the image")
        quiet = flags.bool("quiet", "q", usage: "Suppress the build output and print image ID on success")
        remove = flags.bool("rm", usage: "Remove intermediate containers after a successful build", default: true)
        securityOpt = flags.strings("security-opt", usage: "Security options")
        shmSize = flags.bytes("shm-size", usage: "Size of \"/dev/shm\"")
        squash = flags.bool("squash", usage: "Squash newly built layers into a single new layer")
        tag = flags.value(
            "tag", "t", usage: "Name and optionally a tag in the \"name:tag\" format", type: "list", default: []
        ) { (text, old) throws(UsageError) in
            do throws(CommandFailure) {
                return old + [try ImageReference(text).familiar]
            } catch {
                throw UsageError(error.message)
            }
        }
        target = flags.string("target", usage: "Set the target build stage to build.")
        ulimits = flags.ulimits("Ulimit options")
    }

    /// The request's query.
    func query(dockerfile: String, _ session: Session) throws -> [(String, String)] {
        var items: [(String, String)] = []
        func add(_ name: String, _ value: String) { items.append((name, value)) }
        func number(_ name: String, _ value: Int64) { add(name, String(value)) }
        var arguments: [(String, JSON)] = []
        for text in buildArg.value {
            let (name, value) = splitOnce(text, at: UInt8(ascii: "="))
            let found = value ?? Process.environment(name)
            arguments.append((name, found.map { .string($0) } ?? .null))
        }
        for (name, value) in try session.proxyEnvironment(besides: arguments.map { $0.0 }) {
            arguments.append((name, .string(value)))
        }
        add("buildargs", JSON.members(arguments).text())
        add("cachefrom", JSON.strings(cacheFrom.value).text())
        add("cgroupparent", cgroupParent.value)
        number("cpuperiod", Int64(cpuPeriod.value))
        number("cpuquota", Int64(cpuQuota.value))
        add("cpusetcpus", cpusetCPUs.value)
        add("cpusetmems", cpusetMemory.value)
        number("cpushares", Int64(cpuShares.value))
        add("dockerfile", dockerfile)
        for host in addHost.value { add("extrahosts", host) }
        if forceRemove.value { add("forcerm", "1") }
        if !isolation.value.isEmpty { add("isolation", isolation.value) }
        add("labels", textMap(pairs(label.value)).text())
        number("memory", memory.value)
        number("memswap", memorySwap.value)
        add("networkmode", network.value)
        if noCache.value { add("nocache", "1") }
        if !platform.value.isEmpty { add("platform", platform.value.lowercased()) }
        if pull.value { add("pull", "1") }
        add("rm", remove.value ? "1" : "0")
        for option in securityOpt.value { add("securityopt", option) }
        number("shmsize", shmSize.value)
        if squash.value { add("squash", "1") }
        for name in tag.value { add("t", name) }
        add("target", target.value)
        add("ulimits", ulimits.value.isEmpty ? "null" : JSON.array(ulimits.value.map { $0.json }).text())
        add("version", "1")
        return items
    }
}

/// One `docker build`: the context goes to the daemon as an archive, and its output comes back.
private final class Build {
    private let flags: BuildFlags
    private let session: Session
    /// What a quiet build would have said, for when it fails.
    private var untold = ""

    init(flags: BuildFlags, session: Session) {
        self.flags = flags
        self.session = session
    }

    func perform(_ context: String) throws -> Int32 {
        let client = try session.client()
        var failed: (any Error)?
        let reply: EngineReply
        do {
            reply = try send(context, client) { failed = $0 }
        } catch {
            Console.error(untold)
            throw failed ?? error
        }
        return try show(reply)
    }

    private func send(_ context: String, _ client: EngineClient, _ failed: @escaping (any Error) -> Void) throws
        -> EngineReply
    {
        // Helpers that fail are as good as no credentials.
        let stored = (try? CredentialStore(session.config).all()) ?? []
        let known = JSON.members(stored.map { ($0.server, $0.credentials.json) })
        let headers = [
            (name: "Content-Type", value: "application/x-tar"),
            (name: "X-Registry-Config", value: Base64.encoded(known.encoded(), urlSafe: true)),
        ]
        if context == "-" {
            let bytes = try InputFile("").readAll()
            // A Dockerfile by itself, or an archive: the archive has a mark in its header.
            let isArchive =
                bytes.count > 262 && Array(bytes[257..<262]) == Array("ustar".utf8) || bytes.starts(with: [0x1F, 0x8B])
            let name = flags.file.value.isEmpty ? "Dockerfile" : flags.file.value
            let body = isArchive ? bytes : try BuildContext.single(name, bytes)
            return try client.request(
                "POST", "/build", try flags.query(dockerfile: name, session), body: told(.bytes(body)), headers: headers
            )
        }
        if ["http://", "https://", "git://", "github.com/", "git@"].contains(where: { context.hasPrefix($0) }) {
            // The daemon fetches it.
            let query = try flags.query(dockerfile: flags.file.value, session) + [("remote", context)]
            return try client.request("POST", "/build", query, headers: headers)
        }
        let compresses = flags.compress.value
        let source = try BuildContext(directory: context, dockerfile: flags.file.value)
        return try client.request(
            "POST", "/build", try flags.query(dockerfile: source.dockerfile, session),
            body: told(
                ArchiveCopy.body({ try source.write(compressing: compresses, $0) }, failed: failed)),
            headers: headers)
    }

    /// The context, with how much of it has been sent told on the way.
    private func told(_ body: HTTPRequest.Body) -> HTTPRequest.Body {
        func tell(_ text: String) { if flags.quiet.value { untold += text } else { Console.out(text) } }
        func tell(_ sent: Int) {
            tell("Sending build context to Docker daemon " + Human.size(Double(sent)).leftPadded(8) + "\r")
        }
        return .written { send throws(HTTPFailure) in
            var sent = 0
            var shown = 0
            func pass(_ piece: [UInt8]) throws(HTTPFailure) {
                try send(piece)
                sent += piece.count
                if sent - shown > 512 << 10 {
                    tell(sent)
                    shown = sent
                }
            }
            switch body {
            case .written(let writer): try writer(pass)
            case .bytes(let bytes): try pass(bytes)
            case .stream(let next): while let piece = try next() { try pass(piece) }
            case .none: break
            }
            tell(sent)
            tell("\r\n")
        }
    }

    private func show(_ reply: EngineReply) throws -> Int32 {
        let progress = Progress(to: 1)
        var id = ""
        progress.onAuxiliary = { if let found = $0["ID"]?.string { id = found } }
        progress.streams = !flags.quiet.value
        var log = ""
        if flags.quiet.value {
            while let values = try reply.values() {
                for value in values {
                    if let text = value["stream"]?.string { log += text }
                    if let found = value["aux"]?["ID"]?.string { id = found }
                    if let text = value["errorDetail"]?["message"]?.string ?? value["error"]?.string {
                        Console.error(untold + log)
                        throw CommandFailure(
                            text, status: Int32(truncatingIfNeeded: max(1, value["errorDetail"]?["code"]?.int ?? 1)))
                    }
                }
            }
            Console.out(id + "\n")
        } else {
            try progress.show(reply)
        }
        if !flags.idFile.value.isEmpty { try Files.write(Array(id.utf8), to: flags.idFile.value) }
        return 0
    }
}
