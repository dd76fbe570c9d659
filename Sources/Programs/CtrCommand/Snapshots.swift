internal import CLinux
internal import ContainerdAPI
internal import ContainerdClient
internal import Flags
internal import GRPC
internal import GoText
internal import JSON
internal import Linux

/// The group's own flag stands before the name of the command.
private final class Group {
    var snapshotter: Flag<String>?
    var name: String { snapshotterName(snapshotter) }

    func snapshots(_ session: Session) async throws -> ContainerdClient.Snapshots {
        try await session.client().snapshots(name)
    }
}

func snapshotsCommand() -> Command {
    let group = Group()
    return Command(
        "snapshots", "snapshot", usage: "manage snapshots",
        subcommands: [
            commitSnapshot(group), diffSnapshots(group), snapshotInfo(group), listSnapshots(group),
            snapshotMounts(group), makeSnapshot(group, view: false), deleteSnapshots(group), labelSnapshot(group),
            snapshotTree(group), unpackSnapshot(group), snapshotUsage(group), makeSnapshot(group, view: true),
        ], declareFlags: { group.snapshotter = $0.snapshotter() })
}

extension SnapshotsService.Kind {
    /// As Go prints it.
    var text: String {
        switch self {
        case .view: "View"
        case .active: "Active"
        case .committed: "Committed"
        default: "Unknown"
        }
    }
}

private func listSnapshots(_ group: Group) -> Command {
    Command("list", "ls", usage: "list snapshots") { _ in
        { (session, _) in
            let all = try await group.snapshots(session).list()
            session.table(
                [["KEY", "PARENT", "KIND"]] + all.map { [$0.name, $0.parent, $0.kind.text] }, minimumWidth: 1,
                padding: 1)
        }
    }
}

private func snapshotInfo(_ group: Group) -> Command {
    Command("info", usage: "get info about a snapshot", arguments: "<key>") { _ in
        { (session, arguments) in
            guard arguments.count == 1, let key = arguments.first else { throw CtrError.help(nil) }
            let info = try await group.snapshots(session).stat(key)
            var object = JSON.Object([("Kind", .string(info.kind.text)), ("Name", .string(info.name))])
            if !info.parent.isEmpty { object["Parent"] = .string(info.parent) }
            if !info.labels.isEmpty { object["Labels"] = mapJSON(info.labels) }
            object["Created"] = .string(Timestamp(info.createdAt).description)
            object["Updated"] = .string(Timestamp(info.updatedAt).description)
            session.print(JSON.object(object).indented("    "))
        }
    }
}

/// A map with its keys in order.
func mapJSON(_ map: [String: String]) -> JSON {
    .members(map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
}

private func makeSnapshot(_ group: Group, view: Bool) -> Command {
    Command(
        view ? "view" : "prepare",
        usage: view
            ? "create a read-only snapshot from a committed snapshot" : "prepare a snapshot from a committed snapshot",
        arguments: "[flags] <key> [<parent>]"
    ) { flags in
        let target = flags.string("target", "t", usage: "mount target path, will print mount, if provided")
        let mounts = flags.bool("mounts", usage: "Print out snapshot mounts as JSON")
        return { (session, arguments) in
            guard arguments.count == 1 || arguments.count == 2 else { throw CtrError.help(nil) }
            let snapshots = try await group.snapshots(session)
            let parent = arguments.count == 2 ? arguments[1] : ""
            let made =
                view
                ? try await snapshots.view(arguments[0], parent: parent)
                : try await snapshots.prepare(
                    arguments[0], parent: parent, labels: ["containerd.io/gc.root": Timestamp.now.wholeSeconds])
            if !target.value.isEmpty { printMounts(target.value, made, session) }
            if mounts.value { session.print(JSON.array(made.map { mountJSON($0) }).indented("    ")) }
        }
    }
}

private func mountJSON(_ mount: ContainerdTypes.Mount) -> JSON {
    .members([
        ("Type", .string(mount.type)), ("Source", .string(mount.source)),
        ("Options", mount.options.isEmpty ? .null : .strings(mount.options)),
    ])
}

/// The commands that would make the mounts.
private func printMounts(_ target: String, _ mounts: [ContainerdTypes.Mount], _ session: Session) {
    for mount in mounts {
        session.print(
            "mount -t " + mount.type + " " + mount.source + " " + Files.cleaned(target) + " -o "
                + mount.options.joined(separator: ","))
    }
}

private func snapshotMounts(_ group: Group) -> Command {
    Command("mounts", "m", "mount", usage: "mount gets mount commands for the snapshots", arguments: "<target> <key>") {
        _ in
        { (session, arguments) in
            guard arguments.count == 2 else { throw CtrError.help(nil) }
            printMounts(arguments[0], try await group.snapshots(session).mounts(arguments[1]), session)
        }
    }
}

private func commitSnapshot(_ group: Group) -> Command {
    Command("commit", usage: "commit an active snapshot into the provided name", arguments: "<key> <active>") { _ in
        { (session, arguments) in
            guard arguments.count == 2 else { throw CtrError.help(nil) }
            let labels = ["containerd.io/gc.root": Timestamp.now.wholeSeconds]
            try await group.snapshots(session).commit(arguments[0], key: arguments[1], labels: labels)
        }
    }
}

private func deleteSnapshots(_ group: Group) -> Command {
    Command("delete", "del", "remove", "rm", usage: "remove snapshots", arguments: "<key> [<key>, ...]") { _ in
        { (session, arguments) in
            let snapshots = try await group.snapshots(session)
            for key in arguments {
                do throws(GRPCStatus) {
                    try await snapshots.remove(key)
                } catch {
                    throw CtrError.message("failed to remove " + goQuoted(key) + ": " + error.containerdText)
                }
            }
        }
    }
}

private func labelSnapshot(_ group: Group) -> Command {
    Command("label", usage: "add labels to content", arguments: "<name> [<label>=<value> ...]") { _ in
        { (session, arguments) in
            let (name, labels) = objectWithLabels(arguments)
            let paths = labels.keys.sorted().map { "labels." + $0 }
            let snapshots = try await group.snapshots(session)
            // Without a path all labels would be replaced: with none given they are only shown.
            let info =
                paths.isEmpty
                ? try await snapshots.stat(name)
                : try await snapshots.update(.init(name: name, labels: labels), paths: paths)
            session.print(labelText(info.labels))
        }
    }.described("labels snapshots in the snapshotter")
}

private func snapshotTree(_ group: Group) -> Command {
    Command("tree", usage: "display tree view of snapshot branches") { _ in
        { (session, _) in
            let all = try await group.snapshots(session).list()
            var children: [String: [String]] = [:]
            for one in all { children[one.parent, default: []].append(one.name) }
            func show(_ name: String, _ depth: Int) {
                let lead = depth == 0 ? "" : String(repeating: "  ", count: depth) + "\\_"
                session.print(lead + " " + name)
                for child in (children[name] ?? []).sorted() { show(child, depth + 1) }
            }
            let names = Set(all.map { $0.name })
            for one in all where one.parent.isEmpty || !names.contains(one.parent) { show(one.name, 0) }
        }
    }
}

private func snapshotUsage(_ group: Group) -> Command {
    Command("usage", usage: "usage snapshots", arguments: "[flags] [<key>, ...]") { flags in
        let bytes = flags.bool("b", usage: "display size in bytes")
        return { (session, arguments) in
            let snapshots = try await group.snapshots(session)
            let keys = arguments.isEmpty ? try await snapshots.list().map { $0.name } : arguments
            var rows = [["KEY", "SIZE", "INODES"]]
            for key in keys {
                let usage = try await snapshots.usage(key)
                rows.append([key, bytes.value ? String(usage.size) : binarySize(usage.size), String(usage.inodes)])
            }
            session.table(rows, minimumWidth: 1, padding: 1)
        }
    }
}

private func diffSnapshots(_ group: Group) -> Command {
    Command(
        "diff", usage: "get the diff of two snapshots. the default second snapshot is the first snapshot's parent.",
        arguments: "[flags] <idA> [<idB>]"
    ) { flags in
        let mediaType = flags.string(
            "media-type", usage: "media type to use for creating diff",
            default: "application/vnd.oci.image.layer.v1.tar+gzip")
        let ref = flags.string("ref", usage: "content upload reference to use")
        let keep = flags.bool("keep", usage: "keep diff content. up to creator to delete it.")
        let given = flags.list("label", usage: "labels to attach to the image", type: "value")
        return { (session, arguments) in
            guard let first = arguments.first, !first.isEmpty else {
                throw CtrError.message("snapshot id must be provided")
            }
            var all = labels(given.value)
            if keep.value { all["containerd.io/gc.root"] = Timestamp.now.wholeSeconds }
            let attached = all
            try await session.withLease { client in
                let snapshots = client.snapshots(group.name)
                let info = try await snapshots.stat(first)
                let other = arguments.count > 1 && !arguments[1].isEmpty ? arguments[1] : nil
                let mounted = try await Looked(at: info, snapshots)
                let second: Looked
                if let other {
                    second = try await Looked(at: try await snapshots.stat(other), snapshots)
                } else {
                    second = try await Looked(view: info.parent, snapshots)
                }
                let (left, right) = other == nil ? (second, mounted) : (mounted, second)
                let layer = try await finally {
                    try await client.diff.make(
                        left: left.mounts, right: right.mounts, mediaType: mediaType.value,
                        ref: ref.value.isEmpty ? generatedLeaseID() : ref.value, labels: attached)
                } then: {
                    await left.close(snapshots)
                    await right.close(snapshots)
                }
                let parts = try await client.content.read(layer.digest)
                while let part = try await parts.next() { try await writeOut(part.data) }
            }
        }
    }
}

/// Runs `body`, and then `after` whatever came of it.
private func finally<Answer>(_ body: () async throws -> Answer, then after: () async -> Void) async throws -> Answer {
    do {
        let answer = try await body()
        await after()
        return answer
    } catch {
        await after()
        throw error
    }
}

/// How to look at a snapshot: the mounts of an active one itself, or of a view made for the purpose.
private struct Looked {
    let mounts: [ContainerdTypes.Mount]
    private var key: String?

    private init(_ mounts: [ContainerdTypes.Mount]) { self.mounts = mounts }

    init(at info: SnapshotsService.Info, _ snapshots: ContainerdClient.Snapshots) async throws(GRPCStatus) {
        if info.kind == .active {
            self.init(try await snapshots.mounts(info.name))
        } else {
            try await self.init(view: info.name, snapshots)
        }
    }

    init(view parent: String, _ snapshots: ContainerdClient.Snapshots) async throws(GRPCStatus) {
        let key = parent + "-view-" + generatedLeaseID()
        mounts = try await snapshots.view(key, parent: parent)
        self.key = key
    }

    func close(_ snapshots: ContainerdClient.Snapshots) async {
        guard let key else { return }
        // One that stays is collected with the lease.
        try? await snapshots.remove(key)
    }
}

private func unpackSnapshot(_ group: Group) -> Command {
    Command(
        "unpack", usage: "unpack applies layers from a manifest to a snapshot", arguments: "[flags] <digest>"
    ) { flags in
        let own = flags.snapshotter()
        return { (session, arguments) in
            let digest = arguments.first ?? ""
            try checkDigest(digest)
            let snapshotter = own.value.isEmpty ? group.name : own.value
            try await session.withLease { client in
                for image in try await client.images.list() {
                    guard let target = image.target?.oci, target.digest == digest else { continue }
                    Console.out("unpacking " + digest + " (" + target.mediaType + ")...")
                    do {
                        let content = try await ImageContent.find(target, client)
                        _ = try await unpack(content, client, snapshotter: snapshotter)
                    } catch {
                        session.print("")
                        throw error
                    }
                    session.print("done")
                    return
                }
                throw CtrError.message("manifest not found")
            }
        }
    }
}
