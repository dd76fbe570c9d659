internal import EngineClient
internal import Flags
internal import JSON
internal import Linux
internal import Terminal

func commitCommand(_ session: Session) -> Command {
    let command = Command(
        "commit", "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]", "Create a new image from a container's changes",
        .between(1, 2)
    ) { flags in
        let author = flags.string("author", "a", usage: "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")")
        let changes = flags.list("change", "c", usage: "Apply Dockerfile instruction to the created image")
        let message = flags.string("message", "m", usage: "Commit message")
        let pause = flags.bool("pause", "p", usage: "Pause container during commit", default: true)
        return performing { arguments in
            var query: [(String, String)] = [("author", author.value)]
            for change in changes.value { query.append(("changes", change)) }
            query += [("comment", message.value), ("container", arguments[0])]
            if !pause.value { query.append(("pause", "0")) }
            if arguments.count > 1 && !arguments[1].isEmpty {
                let reference = try ImageReference(arguments[1])
                if reference.digest != nil { throw CommandFailure("refusing to create a tag with a digest reference") }
                query += [("repo", reference.fullName), ("tag", reference.tagged.tag ?? "latest")]
            }
            let answer = try session.client().request("POST", "/commit", query).json()
            Console.out((answer["Id"]?.string ?? "") + "\n")
            return 0
        }
    }
    return both(command, "docker container commit", "docker commit")
}

func exportCommand(_ session: Session) -> Command {
    let command = Command(
        "export", "[OPTIONS] CONTAINER", "Export a container's filesystem as a tar archive", .exactly(1)
    ) { flags in
        let output = flags.string("output", "o", usage: "Write to a file, instead of STDOUT")
        return performing { arguments in
            try checkOutput(output.value, "export")
            let reply = try session.client().request("GET", "/containers/" + pathEscaped(arguments[0]) + "/export")
            try copyBody(reply, toFile: output.value)
            return 0
        }
    }
    return both(command, "docker container export", "docker export")
}

/// An archive is not written to a terminal, nor into a folder that is not there.
func checkOutput(_ path: String, _ verb: String) throws {
    if path.isEmpty {
        if Terminal.isTerminal(1) {
            throw CommandFailure("cowardly refusing to save to a terminal. Use the -o flag or redirect")
        }
        return
    }
    let folder = Files.parent(of: path)
    if folder != "." && !Files.isDirectory(folder) {
        throw CommandFailure(
            "failed to " + verb + (verb == "export" ? " container" : " image") + ": invalid output path: stat "
                + folder + ": no such file or directory")
    }
    if Files.isDirectory(path) {
        throw CommandFailure("failed to " + verb + ": invalid output path: \"" + path + "\" must be a regular file")
    }
}

/// Writes a body to a file that appears only when it is whole, or to standard output.
func copyBody(_ reply: EngineReply, toFile path: String) throws {
    if path.isEmpty {
        while case let bytes = try reply.read(), !bytes.isEmpty { try writeOutput(bytes[...]) }
        return
    }
    let temporary = path + ".tmp-" + randomHex(bytes: 4)
    do {
        let file = try Descriptor.open(temporary, 0o1101, mode: 0o600)  // write, create, truncate
        while case let bytes = try reply.read(), !bytes.isEmpty { try file.writeAll(bytes) }
        try Files.move(temporary, to: path)
    } catch {
        // The half-written file is of no use to anyone.
        try? Files.remove(temporary)
        throw error
    }
}
