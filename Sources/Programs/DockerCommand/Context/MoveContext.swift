internal import ByteStream
internal import CLinux
internal import Flags
internal import JSON
internal import Linux
internal import TarFormat
internal import Terminal

func exportContextCommand(_ session: Session) -> Command {
    Command(
        "export", "[OPTIONS] CONTEXT [FILE|-]", "Export a context to a tar archive FILE or a tar stream on STDOUT.",
        .between(1, 2)
    ) { _ in
        performing { arguments in
            let name = arguments[0]
            if name != "default" { try ContextStore.checkName(name) }
            let path = arguments.count > 1 ? arguments[1] : name + ".dockercontext"
            if path == "-" && Terminal.isTerminal(1) {
                throw CommandFailure("cowardly refusing to export to a terminal, specify a file path")
            }
            let bytes = try archive(of: name, session)
            if path == "-" {
                try writeOutput(bytes[...])
                return 0
            }
            let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            try file.writeAll(bytes)
            Console.error("Written file \"" + path + "\"\n")
            return 0
        }
    }
}

/// meta.json and the secrets, as one archive.
private func archive(of name: String, _ session: Session) throws -> [UInt8] {
    let isDefault = name == "default"
    var metadata = isDefault ? try defaultMetadata(session) : try session.contexts.metadata(name)
    metadata["Name"] = .string(name)
    let content = JSON.object(metadata).encoded()
    let secrets = isDefault ? [] : try session.contexts.secrets(of: name)
    let sink = BytesSink()
    let writer = TarWriter(sink)
    try writer.add(TarHeader(.file, "meta.json", size: content.count), content: content)
    try writer.add(TarHeader(.directory, "tls", mode: 0o700))
    if !secrets.isEmpty { try writer.add(TarHeader(.directory, "tls/docker", mode: 0o700)) }
    for (file, bytes) in secrets {
        let header = TarHeader(.file, "tls/docker/" + file, mode: 0o600, size: bytes.count)
        try writer.add(header, content: bytes)
    }
    try writer.finish()
    return sink.bytes
}

func importContextCommand(_ session: Session) -> Command {
    Command("import", "CONTEXT FILE|-", "Import a context from a tar or zip file", .exactly(2)) { _ in
        performing { arguments in
            let name = arguments[0]
            try ContextStore.checkName(name)
            if session.contexts.exists(name) { throw CommandFailure("context \"" + name + "\" already exists") }
            let bytes = try InputFile(arguments[1] == "-" ? "" : arguments[1]).readAll()
            if bytes.starts(with: [0x50, 0x4B, 3, 4]) {
                throw CommandFailure("importing from a zip file is not supported: repack it as a tar archive")
            }
            try unpack(bytes, as: name, session.contexts)
            Console.out(name + "\n")
            Console.error("Successfully imported context \"" + name + "\"\n")
            return 0
        }
    }
}

private func unpack(_ bytes: [UInt8], as name: String, _ store: ContextStore) throws {
    let reader = TarReader(BytesSource(bytes))
    var metadata: JSON.Object?
    var secrets: [(name: String, bytes: [UInt8])] = []
    while let header = try reader.next() {
        guard header.kind == .file else { continue }
        let content = try reader.content(limit: 10 << 20)
        let parts = header.nameText.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
        if parts == ["meta.json"] {
            metadata = try JSON(parsing: content).object
        } else if parts.first != "tls" {
            throw CommandFailure(header.nameText + ": unexpected context file")
        } else if parts.count == 3, parts[1] == "docker", !["", ".", ".."].contains(parts[2]) {
            secrets.append((parts[2], content))
        } else {
            throw CommandFailure(header.nameText + ": unexpected path format")
        }
    }
    guard var found = metadata else { throw CommandFailure("invalid context: no metadata found") }
    found["Name"] = .string(name)
    try store.save(name, .object(found), secrets: secrets)
}
