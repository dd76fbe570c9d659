internal import CLinux
internal import EngineClient
internal import Flags
internal import HTTPClient
internal import Linux
internal import Terminal

func saveCommand(_ session: Session) -> Command {
    let command = Command(
        "save", "[OPTIONS] IMAGE [IMAGE...]",
        "Save one or more images to a tar archive (streamed to STDOUT by default)", .atLeast(1)
    ) { flags in
        let output = flags.string("output", "o", usage: "Write to a file, instead of STDOUT")
        let platform = flags.string(
            "platform",
            usage: "Save only the given platform variant. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")")
        return performing { names in
            try checkOutput(output.value, "save")
            let client = try session.client()
            let query =
                names.map { ("names", $0) } + (try platformQuery(platform.value))
            try copyBody(try client.request("GET", "/images/get", query), toFile: output.value)
            return 0
        }
    }
    return both(command, "docker image save", "docker save")
}

func loadCommand(_ session: Session) -> Command {
    let command = Command("load", "[OPTIONS]", "Load an image from a tar archive or STDIN", .none) { flags in
        let input = flags.string("input", "i", usage: "Read from tar archive file, instead of STDIN")
        let platform = flags.string(
            "platform",
            usage: "Load only the given platform variant. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")")
        let quiet = flags.bool("quiet", "q", usage: "Suppress the load output")
        return performing { _ in
            let source = try InputFile(input.value)
            if input.value.isEmpty && Terminal.isTerminal(0) {
                throw CommandFailure("requested load from stdin, but stdin is empty")
            }
            let client = try session.client()
            // Without a terminal nobody watches the bars.
            let isQuiet = quiet.value || !Terminal.isTerminal(1)
            let query =
                [("quiet", isQuiet ? "1" : "0")]
                + (try platformQuery(platform.value))
            let reply = try client.request(
                "POST", "/images/load", query, body: source.body,
                headers: [(name: "Content-Type", value: "application/x-tar")])
            if reply.response.header("Content-Type")?.hasPrefix("application/json") == true {
                try Progress(to: 1).show(reply)
            } else {
                while case let bytes = try reply.read(), !bytes.isEmpty { try writeOutput(bytes[...]) }
            }
            return 0
        }
    }
    return both(command, "docker image load", "docker load")
}

func importCommand(_ session: Session) -> Command {
    let command = Command(
        "import", "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
        "Import the contents from a tarball to create a filesystem image",
        .atLeast(1)
    ) { flags in
        let changes = flags.list("change", "c", usage: "Apply Dockerfile instruction to the created image")
        let message = flags.string("message", "m", usage: "Set commit message for imported image")
        let platform = flags.string("platform", usage: "Set platform if server is multi-platform capable")
        return performing { arguments in
            let isURL = ["http://", "https://"].contains { arguments[0].hasPrefix($0) }
            let source = isURL ? nil : try InputFile(arguments[0] == "-" ? "" : arguments[0])
            var query: [(String, String)] = changes.value.map { ("changes", $0) }
            query.append(("fromSrc", isURL ? arguments[0] : "-"))
            if !message.value.isEmpty { query.append(("message", message.value)) }
            let wanted = platform.value.isEmpty ? Process.environment("DOCKER_DEFAULT_PLATFORM") ?? "" : platform.value
            if !wanted.isEmpty { query.append(("platform", wanted.lowercased())) }
            if arguments.count > 1 {
                // The daemon takes the name as it is written, and says what is wrong with it.
                query.append(("repo", arguments[1]))
            }
            let reply = try session.client().request(
                "POST", "/images/create", query, body: source?.body ?? .none,
                headers: source == nil ? [] : [(name: "Content-Type", value: "text/plain")])
            try Progress(to: 1).show(reply)
            return 0
        }
    }
    return both(command, "docker image import", "docker import")
}

/// A file, or standard input, as a request body.
final class InputFile {
    private let number: Int32
    private let owned: Bool

    /// An empty path is standard input.
    init(_ path: String) throws {
        if path.isEmpty {
            number = 0
            owned = false
            return
        }
        do throws(SystemCallError) {
            number = try Descriptor.open(path, O_RDONLY).release()
            owned = true
        } catch {
            throw CommandFailure("open " + path + ": " + error.reason)
        }
    }

    deinit { if owned { _ = CLinux.close(number) } }

    var body: HTTPRequest.Body {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        return .stream { () throws(HTTPFailure) in
            do throws(SystemCallError) {
                let count = try checked("read") {
                    buffer.withUnsafeMutableBytes { read(self.number, $0.baseAddress, $0.count) }
                }
                return count == 0 ? nil : Array(buffer[0..<count])
            } catch {
                throw HTTPFailure(.transport, error.description)
            }
        }
    }
}
