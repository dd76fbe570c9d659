internal import CLinux
internal import ContainerdClient
internal import Flags
internal import Linux
internal import Workers

func editContent() -> Command {
    Command("edit", usage: "edit a blob and return a new digest", arguments: "[flags] <digest>") { flags in
        let validate = flags.string("validate", usage: "validate the result against a format (json, mediatype, etc.)")
        let editor = flags.string("editor", usage: "select editor (vim, emacs, etc.)")
        editor.environment = ["EDITOR"]
        return { (session, arguments) in
            if !validate.value.isEmpty { throw CtrError.message("validating the edit result not supported") }
            let digest = arguments.first ?? ""
            try checkDigest(digest)
            let client = try await session.client()
            _ = try await client.content.info(digest)
            if editor.value.isEmpty { throw CtrError.message("editor is required") }
            let command = editor.value
            let bytes = try await client.content.readAll(digest)
            let edited = try await Workers.shared.run { () throws(EditFailure) in try edit(bytes, with: command) }
            var writer = try await client.content.write(ref: "edit-" + digest)
            if writer.offset > 0 { try await writer.truncate() }
            try await writer.write(edited)
            session.print(try await committed(&writer))
        }
    }.described("edit a blob and return a new digest")
}

/// Commits under the digest of what was written, and answers it.
private func committed(_ writer: inout ContainerdClient.BlobWriter) async throws -> String {
    let digest = try await writer.digest()
    try await explaining("commit failed") { try await writer.commit(digest: digest) }
    return digest
}

/// Why an edit came to nothing.
enum EditFailure: Error, CustomStringConvertible {
    case system(SystemCallError)
    case ended(Int32)

    var description: String {
        switch self {
        case .system(let error): error.description
        case .ended(let status): "exit status " + String(status)
        }
    }
}

/// Has a program of the person's choice change a file that holds the bytes.
private func edit(_ bytes: [UInt8], with command: String) throws(EditFailure) -> [UInt8] {
    let folder = Process.environment("XDG_RUNTIME_DIR") ?? "/tmp"
    let path = folder + "/edit-" + randomHex(bytes: 5)
    defer { unlink(path) }
    let status: ExitStatus
    do throws(SystemCallError) {
        try Files.write(bytes, to: path, mode: 0o600)
        status = try Process.wait(try Spawn("sh", ["sh", "-c", command + " " + path]).start())
        if status == .exited(0) { return try Files.read(path) }
    } catch {
        throw .system(error)
    }
    throw .ended(status.shellStatus)
}
