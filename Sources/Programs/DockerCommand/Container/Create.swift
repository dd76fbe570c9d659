internal import EngineClient
internal import Flags
internal import JSON
internal import Linux
internal import Terminal

func createCommand(_ session: Session) -> Command {
    let command = Command("create", "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create a new container", .atLeast(1)) {
        flags in
        let options = CreateFlags(flags, verb: "creating")
        return performing { arguments in
            let request: CreateRequest
            do {
                request = try CreateRequest(
                    options, arguments, detach: false, defaults: session.proxyEnvironment)
            } catch {
                throw withHelp(failure(from: error), "create", status: 125)
            }
            try refuseForeignFlags(flags, session)
            Console.out(try create(request, options.creation, session) + "\n")
            return 0
        }
    }
    return both(command, "docker container create", "docker create")
}

/// Refuses flags that only a daemon on another system understands.
func refuseForeignFlags(_ flags: FlagSet, _ session: Session) throws {
    let foreign = ["cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops"].filter {
        flags.named($0)?.isSet == true
    }
    if foreign.isEmpty { return }
    let client = try session.client()
    _ = try client.version()
    let system = client.ping?.header("Ostype") ?? "linux"
    if system == "windows" { return }
    throw CommandFailure(
        foreign.map {
            "\"--\($0)\" is only supported on a Docker daemon running on windows,"
                + " but the Docker daemon is running on \(system)"
        }.joined(separator: "\n"))
}

/// What `run` and `create` say of a failure.
func withHelp(_ failure: CommandFailure, _ verb: String, status: Int32) -> CommandFailure {
    CommandFailure(
        "docker: " + failure.message + "\n\nRun 'docker " + verb + " --help' for more information", status: status)
}

/// Makes a container, pulling its image when that is missing, and gives its id.
func create(_ request: CreateRequest, _ options: CreationFlags, _ session: Session) throws -> String {
    // An image may be named by its id, which is no reference.
    let reference = isImageID(request.image) ? nil : try ImageReference(request.image).tagged
    let idFile = try IDFile(options.cidFile.value)
    let client = try session.client()
    var request = request
    if let size = Terminal.size(1) { request.consoleSize = size }
    let platform = try normalPlatform(
        options.platform.value.isEmpty ? Process.environment("DOCKER_DEFAULT_PLATFORM") ?? "" : options.platform.value)
    func pull() throws {
        guard let reference else { return }
        try pullImage(reference, platform: platform, quiet: options.quiet.value, to: 2, session)
    }
    func post() throws -> JSON {
        var query: [(String, String)] = options.name.value.isEmpty ? [] : [("name", options.name.value)]
        if !platform.isEmpty, try !client.speaksOlder(than: "1.41") { query.append(("platform", platform)) }
        return try client.request(
            "POST", "/containers/create", query, json: request.json(version: try client.version())
        ).json()
    }
    do {
        if options.pull.value == "always" { try pull() }
        let answer: JSON
        do {
            answer = try post()
        } catch let error as EngineFailure
            where error.isNotFound && reference != nil && options.pull.value == "missing"
        {
            if !options.quiet.value {
                Console.error("Unable to find image '" + (reference?.familiar ?? "") + "' locally\n")
            }
            try pull()
            answer = try post()
        }
        for warning in answer["Warnings"]?.array ?? [] { Console.error("WARNING: " + (warning.string ?? "") + "\n") }
        let id = answer["Id"]?.string ?? ""
        try idFile.write(id)
        return id
    } catch {
        idFile.remove()
        throw error
    }
}

/// `os/arch[/variant]` in full, from what may leave parts out.
private func normalPlatform(_ text: String) throws(CommandFailure) -> String {
    if text.isEmpty { return "" }
    let parts = text.lowercased().split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
    let isPlain = parts.allSatisfy { part in
        !part.isEmpty && part.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "*") }
    }
    guard parts.count <= 3, isPlain else {
        throw CommandFailure(
            "error parsing specified platform: \"" + text + "\": cannot parse platform specifier: invalid argument")
    }
    let names = [
        "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386", "i686": "386", "armhf": "arm",
    ]
    if parts.count == 1 {
        let isSystem = ["linux", "windows", "darwin", "freebsd"].contains(parts[0])
        return isSystem ? parts[0] + "/" + ClientDescription.architecture : "linux/" + (names[parts[0]] ?? parts[0])
    }
    return ([parts[0], names[parts[1]] ?? parts[1]] + parts.dropFirst(2)).joined(separator: "/")
}

private func isImageID(_ text: String) -> Bool {
    let plain = text.hasPrefix("sha256:") ? text.dropFirst(7) : text[...]
    return plain.utf8.count == 64 && plain.allSatisfy { $0.isHexDigit && !$0.isUppercase }
}

/// The file of `--cidfile`: made before the container, so that two of them cannot share it.
private struct IDFile {
    private let path: String

    init(_ path: String) throws {
        self.path = path
        if path.isEmpty { return }
        if Files.exists(path) {
            throw CommandFailure(
                "container ID file found, make sure the other container isn't running or delete " + path)
        }
        do throws(SystemCallError) {
            try Files.write([], to: path)
        } catch {
            throw CommandFailure("failed to create the container ID file: open " + path + ": " + error.reason)
        }
    }

    func write(_ id: String) throws {
        if !path.isEmpty { try Files.write(Array(id.utf8), to: path) }
    }

    func remove() {
        // What cannot be removed stays empty: no container is named by it.
        if !path.isEmpty { try? Files.remove(path) }
    }
}
