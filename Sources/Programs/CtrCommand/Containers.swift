internal import CLinux
internal import ContainerdAPI
internal import ContainerdClient
internal import Flags
internal import GRPC
internal import GoText
internal import JSON
internal import OCIRuntime
internal import Protobuf

func containersCommand() -> Command {
    Command(
        "containers", "c", "container", usage: "manage containers",
        subcommands: [
            createContainer(), deleteContainers(), containerInfo(), listContainers(), labelContainer(),
            checkpointContainer(), restoreContainer(),
        ])
}

private func createContainer() -> Command {
    Command(
        "create", usage: "create container", arguments: "[flags] Image|RootFS CONTAINER [COMMAND] [ARG...]"
    ) { flags in
        let choices = ContainerFlags(flags)
        return { (session, arguments) in
            var named = ContainerArguments()
            if choices.config.isSet {
                named.id = arguments.first ?? ""
                if arguments.count > 1 {
                    throw CtrError.invalid("with spec config file, only container id should be provided")
                }
            } else {
                named.image = arguments.first ?? ""
                if named.image.isEmpty { throw CtrError.invalid("image ref must be provided") }
                named.id = arguments.count > 1 ? arguments[1] : ""
                named.command = Array(arguments.dropFirst(2))
            }
            if named.id.isEmpty { throw CtrError.invalid("container id must be provided") }
            _ = try await NewContainer(session: session, flags: choices, run: nil, arguments: named).create()
        }
    }
}

private func listContainers() -> Command {
    Command("list", "ls", usage: "list containers", arguments: "[flags] [<filter>, ...]") { flags in
        let quiet = flags.bool("quiet", "q", usage: "print only the container id")
        return { (session, arguments) in
            let all = try await session.client().containers.listStream(filters: arguments)
            if quiet.value { return all.forEach { session.print($0.id) } }
            let rows = all.map { [$0.id, $0.image.isEmpty ? "-" : $0.image, $0.runtime?.name ?? ""] }
            session.table([["CONTAINER", "IMAGE", "RUNTIME"]] + rows)
        }
    }.described("list containers")
}

private func deleteContainers() -> Command {
    Command(
        "delete", "del", "remove", "rm", usage: "delete one or more existing containers",
        arguments: "[flags] CONTAINER [CONTAINER, ...]"
    ) { flags in
        let keep = flags.bool("keep-snapshot", usage: "do not clean up snapshot with container")
        return { (session, arguments) in
            if arguments.isEmpty { throw CtrError.invalid("must specify at least one container to delete") }
            let client = try await session.client()
            var failure: (any Error)?
            for id in arguments {
                do {
                    try await deleteStopped(id, client, keepSnapshot: keep.value)
                } catch {
                    failure = failure ?? error
                    log("error", "failed to delete container " + goQuoted(id), [("error", words(error))])
                }
            }
            if let failure { throw failure }
        }
    }.described("delete one or more existing containers")
}

/// Deletes a container that has no task, or one that has ended.
private func deleteStopped(_ id: String, _ client: ContainerdClient, keepSnapshot: Bool) async throws {
    _ = try await container(id, client)
    do throws(GRPCStatus) {
        let task = try await client.tasks.get(id)
        guard task.status == .stopped || task.status == .created else {
            let exit = task.exitedAt == nil ? "0001-01-01 00:00:00 +0000 UTC" : Timestamp(task.exitedAt).goString
            let state = task.status.text.lowercased() + " " + String(task.exitStatus) + " " + exit
            throw GRPCStatus(.unknown, "cannot delete a non stopped container: {" + state + "}").asMessage
        }
        try await client.tasks.delete(id)
    } catch {
        if !error.isNotFound {
            if let text = error.plainMessage { throw CtrError.message(text) }
            throw error
        }
    }
    try await deleteContainer(id, client, keepSnapshot: keepSnapshot)
}

extension GRPCStatus {
    /// A refusal of this program's own, which is printed as it is.
    fileprivate var asMessage: GRPCStatus { GRPCStatus(.ok, message) }
    fileprivate var plainMessage: String? { code == .ok ? message : nil }
}

private func labelContainer() -> Command {
    Command(
        "label", usage: "set and clear labels for a container", arguments: "[flags] CONTAINER [<key>=<value>, ...]"
    ) { _ in
        { (session, arguments) in
            let (id, labels) = objectWithLabels(arguments)
            if id.isEmpty { throw CtrError.invalid("container id must be provided") }
            let paths = labels.keys.sorted().map { "labels." + $0 }
            let containers = try await session.client().containers
            _ = try await containers.get(id)
            let updated = try await containers.update(.init(id: id, labels: labels), paths: paths)
            session.print(labelText(updated.labels))
        }
    }.described("set and clear labels for a container")
}

private func containerInfo() -> Command {
    Command("info", usage: "get info about a container", arguments: "CONTAINER") { flags in
        let spec = flags.bool("spec", usage: "only display the spec")
        return { (session, arguments) in
            guard let id = arguments.first, !id.isEmpty else {
                throw CtrError.invalid("container id must be provided")
            }
            let found = try await container(id, session.client())
            let json = spec.value ? try specJSON(found) : try containerJSON(found)
            session.print(json.indented("    "))
        }
    }
}

private func specJSON(_ container: ContainersService.Container) throws -> JSON {
    guard let spec = container.spec, spec.typeName == specTypeURL || spec.typeURL == specTypeURL else { return .null }
    return try Spec(parsing: spec.value).json
}

private func containerJSON(_ container: ContainersService.Container) throws -> JSON {
    var runtime = JSON.Object([("Name", .string(container.runtime?.name ?? ""))])
    runtime["Options"] = container.runtime?.options.map { anyJSON($0) } ?? .null
    var extensions = JSON.Object()
    for (name, value) in container.extensions.sorted(by: { $0.key < $1.key }) { extensions[name] = anyJSON(value) }
    return .members([
        ("ID", .string(container.id)),
        ("Labels", container.labels.isEmpty ? .null : mapJSON(container.labels)),
        ("Image", .string(container.image)), ("Runtime", .object(runtime)),
        ("SnapshotKey", .string(container.snapshotKey)), ("Snapshotter", .string(container.snapshotter)),
        ("CreatedAt", .string(Timestamp(container.createdAt).description)),
        ("UpdatedAt", .string(Timestamp(container.updatedAt).description)),
        ("Extensions", extensions.isEmpty ? .null : .object(extensions)), ("Spec", try specJSON(container)),
    ])
}

/// As Go's encoder shows an Any: its bytes in base64.
func anyJSON(_ any: ProtobufAny) -> JSON {
    var object = JSON.Object()
    if !any.typeURL.isEmpty { object["type_url"] = .string(any.typeURL) }
    if !any.value.isEmpty { object["value"] = .string(Base64.encoded(any.value)) }
    return .object(object)
}

// MARK: - Refused

private func checkpointContainer() -> Command {
    Command("checkpoint", usage: "checkpoint a container", arguments: "CONTAINER REF") { flags in
        flags.bool("rw", usage: "include the rw layer in the checkpoint")
        flags.bool("image", usage: "include the image in the checkpoint")
        flags.bool("task", usage: "checkpoint container task")
        return { (session, arguments) in
            if (arguments.first ?? "").isEmpty { throw CtrError.message("container id must be provided") }
            _ = try await container(arguments[0], session.client())
            throw CtrError.message("checkpointing containers is not supported")
        }
    }
}

private func restoreContainer() -> Command {
    Command("restore", usage: "restore a container from checkpoint", arguments: "CONTAINER REF") { flags in
        flags.bool("rw", usage: "restore the rw layer from the checkpoint")
        flags.bool("live", usage: "restore the runtime and memory data from the checkpoint")
        return { (_, _) in throw CtrError.message("restoring containers from checkpoints is not supported") }
    }
}

func ociCommand() -> Command {
    let spec = Command("spec", usage: "see the output of the default OCI spec") { _ in
        { (session, _) in session.print(Spec.usual(cgroup: "/default").json.indented("    ")) }
    }
    return Command("oci", usage: "OCI tools", subcommands: [spec])
}
