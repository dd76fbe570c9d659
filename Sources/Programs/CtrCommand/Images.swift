internal import ContainerdAPI
internal import ContainerdClient
internal import Flags
internal import GRPC
internal import GoText
internal import Linux
internal import OCIImage
internal import TextTable

func imagesCommand() -> Command {
    Command(
        "images", "image", "i", usage: "manage images",
        subcommands: [
            checkImages(), exportImages(), importImages(), listImages(), mountImage(), unmountImage(), pullImage(),
            pushImage(), deleteImages(), tagImage(), labelImage(), convertImage(),
        ])
}

private func listImages() -> Command {
    Command("list", "ls", usage: "list images known to containerd", arguments: "[flags] [<filter>, ...]") { flags in
        let quiet = flags.bool("quiet", "q", usage: "print only the image refs")
        return { (session, arguments) in
            let client = try await session.client()
            let images = try await explaining("failed to list images") {
                try await client.images.list(filters: arguments)
            }
            if quiet.value { return images.forEach { session.print($0.name) } }
            var rows = [["REF", "TYPE", "DIGEST", "SIZE", "PLATFORMS", "LABELS"]]
            for image in images {
                let target = image.target?.oci ?? OCIDescriptor(mediaType: "", digest: "", size: 0)
                var size = "-"
                var platforms = "-"
                do {
                    size = binarySize(Int64(try await ImageContent.find(target, client).size))
                } catch {
                    log("error", "failed calculating size for image " + image.name, [("error", words(error))])
                }
                do {
                    let found = try await ImageContent.platforms(target, client)
                    if !found.isEmpty { platforms = found.joined(separator: ",") }
                } catch {
                    log("error", "failed resolving platform for image " + image.name, [("error", words(error))])
                }
                let labels = image.labels.isEmpty ? "-" : labelText(image.labels)
                rows.append([image.name, target.mediaType, target.digest, size, platforms, labels])
            }
            session.table(rows, minimumWidth: 1, padding: 1)
        }
    }.described("list images registered with containerd")
}

private func checkImages() -> Command {
    Command(
        "check", usage: "check existing images to ensure all content is available locally",
        arguments: "[flags] [<filter>, ...]"
    ) { flags in
        let quiet = flags.bool("quiet", "q", usage: "print only the ready image refs (fully downloaded and unpacked)")
        let snapshotter = flags.snapshotter()
        return { (session, arguments) in
            let client = try await session.client()
            let images = try await explaining("failed listing images") {
                try await client.images.list(filters: arguments)
            }
            if images.isEmpty { return }
            var text = "REF\tTYPE\tDIGEST\tSTATUS\tSIZE\tUNPACKED\t\n"
            for image in images {
                let state = try await ImageState(image, client, snapshotter: snapshotterName(snapshotter))
                if quiet.value && state.isComplete && state.isUnpacked { session.print(image.name) }
                text +=
                    [
                        image.name, image.target?.mediaType ?? "", image.target?.digest ?? "", state.status, state.size,
                        state.isUnpacked ? "true" : "false",
                    ].joined(separator: "\t") + "\n"
            }
            if !quiet.value { Console.out(aligned(text, minimumWidth: 1, padding: 1)) }
        }
    }.described("check existing images to ensure all content is available locally")
}

/// How much of an image is here.
private struct ImageState {
    var status = "unavailable (0/?)"
    var size = "0.0 B/?"
    var isComplete = false
    var isUnpacked = false

    init(_ image: ImagesService.Image, _ client: ContainerdClient, snapshotter: String) async throws {
        guard let target = image.target?.oci else { return }
        let content: ImageContent
        do {
            content = try await ImageContent.find(target, client)
        } catch let error as GRPCStatus {
            if error.isNotFound { return }
            throw error
        }
        let required = [content.manifest.config] + content.manifest.layers
        var present = 0
        var bytes = 0
        for blob in required {
            do throws(GRPCStatus) {
                _ = try await client.content.info(blob.digest)
                present += 1
                bytes += blob.size
            } catch {
                if !error.isNotFound { throw error }
            }
        }
        isComplete = present == required.count
        status = (isComplete ? "complete" : "incomplete") + " (\(present)/\(required.count))"
        let total = required.reduce(0) { $0 + $1.size }
        size = binarySize(Int64(bytes)) + "/" + binarySize(Int64(total))
        guard isComplete, let top = try chainIDs(try await content.configuration(client).diffIDs).last else { return }
        isUnpacked = try await exists(top, client.snapshots(snapshotter))
    }
}

private func tagImage() -> Command {
    Command(
        "tag", usage: "tag an image", arguments: "[flags] <source_ref> <target_ref> [<target_ref>, ...]"
    ) { flags in
        let force = flags.bool("force", usage: "force target_ref to be created, regardless if it already exists")
        return { (session, arguments) in
            guard let source = arguments.first, !source.isEmpty else {
                throw CtrError.message("please provide an image reference to tag from")
            }
            guard arguments.count > 1 else { throw CtrError.message("please provide an image reference to tag to") }
            let client = try await session.client()
            var image = try await client.images.get(source)
            for target in arguments.dropFirst() {
                image.name = target
                do throws(GRPCStatus) {
                    try await client.images.create(image)
                } catch {
                    guard force.value, error.code == .alreadyExists else { throw error }
                    try await client.images.update(image)
                }
                session.print(target)
            }
        }
    }.described("tag an image for use in containerd")
}

private func labelImage() -> Command {
    Command(
        "label", usage: "set and clear labels for an image", arguments: "[flags] <name> [<key>=<value>, ...]"
    ) { flags in
        let replace = flags.bool("replace-all", "r", usage: "replace all labels")
        return { (session, arguments) in
            let (name, labels) = objectWithLabels(arguments)
            guard !name.isEmpty else { throw CtrError.message("please specify an image") }
            let paths = replace.value ? ["labels"] : labels.keys.sorted().map { "labels." + $0 }
            let image = try await session.client().images.update(.init(name: name, labels: labels), paths: paths)
            session.print(labelText(image.labels))
        }
    }.described("set and clear labels for an image")
}

private func deleteImages() -> Command {
    Command(
        "delete", "del", "remove", "rm", usage: "remove one or more images by reference",
        arguments: "[flags] <ref> [<ref>, ...]"
    ) { flags in
        let sync = flags.bool("sync", usage: "Synchronously remove image and all associated resources")
        return { (session, arguments) in
            let client = try await session.client()
            var failure: CtrError?
            for (index, name) in arguments.enumerated() {
                do throws(GRPCStatus) {
                    try await client.images.delete(name, sync: sync.value && index == arguments.count - 1)
                    session.print(name)
                } catch {
                    if error.isNotFound {
                        log("warning", name + ": image not found")
                        continue
                    }
                    let text = error.containerdText
                    failure = failure ?? .message("unable to delete " + name + ": " + text)
                    log("error", "unable to delete " + name, [("error", text)])
                }
            }
            if let failure { throw failure }
        }
    }.described("remove one or more images by reference")
}

// MARK: - What needs a registry

/// The flags that all commands for registries have.
func registryFlags(_ flags: FlagSet) {
    flags.bool("skip-verify", "k", usage: "skip SSL certificate validation")
    flags.bool("plain-http", usage: "allow connections using plain HTTP")
    flags.string("user", "u", usage: "user[:password] Registry user and password")
    flags.string("refresh", usage: "refresh token for authorization server")
    flags.string("hosts-dir", usage: "Custom hosts configuration directory")
    flags.string("tlscacert", usage: "path to TLS root CA")
    flags.string("tlscert", usage: "path to TLS client certificate")
    flags.string("tlskey", usage: "path to TLS client key")
    flags.bool("http-dump", usage: "dump all HTTP request/responses when interacting with container registry")
    flags.bool("http-trace", usage: "enable HTTP tracing for registry interactions")
}

private func pullImage() -> Command {
    Command("pull", usage: "pull an image from a remote", arguments: "[flags] <ref>") { flags in
        registryFlags(flags)
        _ = flags.snapshotter()
        flags.list("label", usage: "labels to attach to the image", type: "value")
        flags.list("platform", usage: "Pull content from a specific platform", type: "value")
        flags.bool("all-platforms", usage: "pull content and metadata from all platforms")
        flags.bool("all-metadata", usage: "Pull metadata for all platforms")
        flags.bool("print-chainid", usage: "Print the resulting image's chain ID")
        flags.int("max-concurrent-downloads", usage: "Set the max concurrent downloads for each pull")
        return { (_, arguments) in
            guard let ref = arguments.first, !ref.isEmpty else {
                throw CtrError.message("please provide an image reference to pull")
            }
            throw CtrError.message(
                "failed to resolve reference " + goQuoted(ref) + ": pulling from registries is not supported yet")
        }
    }.described(
        """
        Fetch and prepare an image for use in containerd.

        After pulling an image, it should be ready to use the same reference in a run
        command. As part of this process, we do the following:

        1. Fetch all resources into containerd.
        2. Prepare the snapshot filesystem with the pulled resources.
        3. Register metadata for the image.

        """)
}

private func pushImage() -> Command {
    Command("push", usage: "push an image to a remote", arguments: "[flags] <remote> [<local>]") { flags in
        registryFlags(flags)
        flags.string("manifest", usage: "digest of manifest")
        flags.string(
            "manifest-type", usage: "media type of manifest digest",
            default: "application/vnd.oci.image.manifest.v1+json")
        flags.list("platform", usage: "push content from a specific platform", type: "value")
        flags.int("max-concurrent-uploaded-layers", usage: "Set the max concurrent uploaded layers for each push")
        flags.bool("allow-non-distributable-blobs", usage: "allow pushing blobs that are marked as non-distributable")
        return { (_, arguments) in
            guard let ref = arguments.first, !ref.isEmpty else {
                throw CtrError.message("please provide a remote image reference to push")
            }
            throw CtrError.message("pushing to registries is not supported yet: " + ref)
        }
    }.described(
        """
        Pushes an image reference from containerd.

        All resources associated with the manifest reference will be pushed.
        The ref is used to resolve to a locally existing image manifest.
        The image manifest must exist before push. Creating a new image
        manifest can be done through calculating the diff for layers,
        creating the associated configuration, and creating the manifest
        which references those resources.

        """)
}

private func convertImage() -> Command {
    Command("convert", usage: "convert an image", arguments: "[flags] <source_ref> <target_ref>") { flags in
        flags.bool("uncompress", usage: "convert tar.gz layers to uncompressed tar layers")
        flags.bool("oci", usage: "convert Docker media types to OCI media types")
        flags.list(
            "platform", usage: "Pull content from a specific platform (eg: 'linux/amd64')", type: "value")
        flags.bool("all-platforms", usage: "exports content from all platforms")
        return { (_, arguments) in
            guard arguments.count > 1, !arguments[0].isEmpty, !arguments[1].isEmpty else {
                throw CtrError.message("src and target image need to be specified")
            }
            throw CtrError.message("converting images is not supported yet")
        }
    }.described("Convert an image format.")
}
