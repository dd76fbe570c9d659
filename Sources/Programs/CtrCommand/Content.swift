internal import CLinux
internal import ContainerdAPI
internal import ContainerdClient
internal import Flags
internal import GRPC
internal import GoText
internal import Linux
internal import Workers

func contentCommand() -> Command {
    let label = Command("label", usage: "add labels to content", arguments: "<digest> [<label>=<value> ...]") { _ in
        { (session, arguments) in
            let (digest, labels) = objectWithLabels(arguments)
            try checkDigest(digest)
            let paths = labels.keys.sorted().map { "labels." + $0 }
            let content = try await session.client().content
            // Without a path all labels would be replaced: with none given they are only shown.
            let info =
                paths.isEmpty
                ? try await content.info(digest)
                : try await content.update(.init(digest: digest, labels: labels), paths: paths)
            session.print(labelText(info.labels))
        }
    }.described("labels blobs in the content store")
    return Command(
        "content", usage: "manage content",
        subcommands: [
            activeContent(), deleteContent(), editContent(), fetchContent(), fetchObject(), getContent(),
            ingestContent(), listContent(), pushObject(), label, pruneContent(),
        ])
}

/// Columns set apart by tabs, which the terminal aligns.
private func tabbed(_ rows: [[String]]) -> String {
    guard let columns = rows.first?.count else { return "" }
    var text = ""
    let widths = (0..<columns).map { column in
        ((rows.map { $0[column].utf8.count }.max() ?? 0) + 1 + 7) / 8 * 8
    }
    for row in rows {
        for (column, cell) in row.enumerated() {
            text += cell
            if column < columns - 1 {
                text += String(repeating: "\t", count: (widths[column] - cell.utf8.count + 7) / 8)
            }
        }
        text += "\n"
    }
    return text
}

private func listContent() -> Command {
    Command("list", "ls", usage: "list all blobs in the store", arguments: "[flags]") { flags in
        let quiet = flags.bool("quiet", "q", usage: "print only the blob digest")
        return { (session, arguments) in
            let all = try await session.client().content.list(filters: arguments)
            if quiet.value { return all.forEach { session.print($0.digest) } }
            let now = Timestamp.now
            var rows = [["DIGEST", "SIZE", "AGE", "LABELS"]]
            for blob in all {
                let age = humanDuration(seconds: now.seconds - Timestamp(blob.createdAt).seconds)
                rows.append([
                    blob.digest, decimalSize(blob.size), age, blob.labels.isEmpty ? "-" : labelText(blob.labels),
                ])
            }
            Console.out(tabbed(rows))
        }
    }.described("list blobs in the content store")
}

private func activeContent() -> Command {
    Command("active", usage: "display active transfers", arguments: "[flags] [<regexp>]") { flags in
        _ = flags.duration("timeout", "t", usage: "total timeout for fetch")
        flags.string("root", usage: "path to content store root", default: "/tmp/content")
            .environment = ["CONTAINERD_ROOT"]
        return { (session, arguments) in
            let statuses = try await session.client().content.statuses(filters: [arguments.first ?? ""])
            let now = Timestamp.now
            var rows = [["REF", "SIZE", "AGE", ""]]
            for status in statuses {
                let age = humanDuration(seconds: now.seconds - Timestamp(status.startedAt).seconds)
                rows.append([status.ref, decimalSize(status.offset), age, ""])
            }
            Console.out(tabbed(rows))
        }
    }.described("display the ongoing transfers")
}

private func getContent() -> Command {
    Command("get", usage: "get the data for an object", arguments: "[<digest>, ...]") { _ in
        { (session, arguments) in
            let digest = arguments.first ?? ""
            try checkDigest(digest)
            let parts = try await session.client().content.read(digest)
            while let part = try await parts.next() { try await writeOut(part.data) }
        }
    }.described("display the image object")
}

/// Writes to standard output on a thread where it may block.
func writeOut(_ bytes: [UInt8]) async throws {
    try await Workers.shared.run { () throws(SystemCallError) in try writeEverything(bytes, to: 1) }
}

private func deleteContent() -> Command {
    Command(
        "delete", "del", "remove", "rm", usage: "permanently delete one or more blobs", arguments: "[<digest>, ...]"
    ) { _ in
        { (session, arguments) in
            let client = try await session.client()
            var failure: (any Error)?
            for digest in arguments {
                do {
                    try checkDigest(digest)
                    try await client.content.delete(digest)
                    session.print(digest)
                } catch {
                    // What is not there need not be deleted.
                    if let status = error as? GRPCStatus, status.isNotFound { continue }
                    failure = failure ?? error
                    log("error", "could not delete " + digest, [("error", words(error))])
                }
            }
            if let failure { throw failure }
        }
    }.described("Delete one or more blobs permanently. Successfully deleted blobs are printed to stdout.")
}

private func ingestContent() -> Command {
    Command("ingest", usage: "accept content into the store", arguments: "[flags] <key>") { flags in
        let size = flags.int("expected-size", usage: "validate against provided size")
        let digest = flags.string("expected-digest", usage: "verify content against expected digest")
        return { (session, arguments) in
            let ref = arguments.first ?? ""
            if ref.isEmpty { throw CtrError.message("must specify a transaction reference") }
            if !digest.value.isEmpty { try checkDigest(digest.value) }
            let client = try await session.client()
            do throws(GRPCStatus) {
                var writer = try await client.content.write(ref: ref, size: Int64(size.value), digest: digest.value)
                try await copy(0, to: &writer)
                try await commit(&writer, ref, size: Int64(size.value), digest: digest.value)
            } catch {
                // What is there already has been taken in.
                guard error.code == .alreadyExists else { throw error }
            }
        }
    }.described("ingest objects into the local content store")
}

/// Sends what a descriptor gives.
private func copy(_ descriptor: Int32, to writer: inout ContainerdClient.BlobWriter) async throws(GRPCStatus) {
    while true {
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try await Workers.shared.run { () throws(SystemCallError) in try readSome(descriptor) }
        } catch {
            throw GRPCStatus(.unknown, error.description)
        }
        if bytes.isEmpty { return }
        try await writer.write(bytes)
    }
}

private func commit(
    _ writer: inout ContainerdClient.BlobWriter, _ ref: String, size: Int64, digest: String
) async throws(GRPCStatus) {
    do throws(GRPCStatus) {
        try await writer.commit(digest: digest, size: size)
    } catch {
        let text = "failed commit on ref " + goQuoted(ref) + ": commit failed: " + error.containerdText
        throw GRPCStatus(error.code, text)
    }
}

/// Up to a mebibyte from a descriptor; empty at its end.
func readSome(_ descriptor: Int32) throws(SystemCallError) -> [UInt8] {
    let size = 1 << 20
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    defer { buffer.deallocate() }
    let count = try checked("read") { CLinux.read(descriptor, buffer.baseAddress, size) }
    return Array(buffer[0..<count])
}

private func pruneContent() -> Command {
    let references = Command(
        "references", usage: "prunes preference labels from the content store (layers only by default)"
    ) { flags in
        let async = flags.bool("async", usage: "allow garbage collection to cleanup asynchronously")
        let dry = flags.bool("dry", usage: "just show updates without applying (enables debug logging)")
        return { (session, _) in try await pruneReferences(session, dry: dry.value, async: async.value) }
    }
    return Command("prune", usage: "prunes content from the content store", subcommands: [references])
}

private func pruneReferences(_ session: Session, dry: Bool, async: Bool) async throws {
    let client = try await session.client()
    if dry { log("debug", "dry run, no changes will be applied") }
    for blob in try await client.content.list() {
        let layers = blob.labels.keys.filter { $0.hasPrefix("containerd.io/gc.ref.content.l.") }.sorted()
        for label in layers {
            if dry { log("debug", "Removing label", [("digest", blob.digest), ("label", label)]) }
        }
        if dry || layers.isEmpty { continue }
        let info = ContentService.Info(digest: blob.digest)
        try await client.content.update(info, paths: layers.map { "labels." + $0 })
    }
    if dry || async { return }
    // Deleting a lease synchronously runs the collector.
    let id = generatedLeaseID()
    try await client.leases.create(id)
    try await client.leases.delete(id, sync: true)
}

// MARK: - Refused

private func fetchContent() -> Command {
    Command("fetch", usage: "fetch all content for an image into containerd", arguments: "[flags] <remote> <object>") {
        flags in
        registryFlags(flags)
        flags.list("label", usage: "labels to attach to the image", type: "value")
        flags.list("platform", usage: "Pull content from a specific platform", type: "value")
        flags.bool("all-platforms", usage: "pull content from all platforms")
        flags.bool("all-metadata", usage: "Pull metadata for all platforms")
        flags.bool("metadata-only", usage: "Pull all metadata including manifests and configs")
        return { (_, _) in throw CtrError.message("fetching from registries is not supported yet") }
    }.described(
        """
        Fetch an image into containerd.

        This command ensures that containerd has all the necessary resources to build
        an image's rootfs and convert the configuration to a runtime format supported
        by containerd.

        This command uses the same syntax, of remote and object, as 'ctr fetch-object'.
        We may want to make this nicer, but agnostic to image types.

        """)
}

private func fetchObject() -> Command {
    Command(
        "fetch-object", usage: "retrieve objects from a remote", arguments: "[flags] <remote> <object> [<hint>, ...]"
    ) {
        flags in
        registryFlags(flags)
        return { (_, _) in throw CtrError.message("fetching from registries is not supported yet") }
    }.described("Fetch objects by identifier from a remote.")
}

private func pushObject() -> Command {
    Command("push-object", usage: "push an object to a remote", arguments: "[flags] <remote> <object> <type>") {
        flags in
        registryFlags(flags)
        return { (_, arguments) in
            try checkDigest(arguments.count > 1 ? arguments[1] : "")
            throw CtrError.message("pushing to registries is not supported yet")
        }
    }.described("Push objects by identifier to a remote.")
}
