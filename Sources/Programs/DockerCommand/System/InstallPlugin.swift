internal import Archive
internal import CLinux
internal import EngineClient
internal import Flags
internal import JSON
internal import Linux
internal import TarFormat

private func trustFlag(_ flags: FlagSet, _ usage: String) {
    flags.contentTrust(usage)
}

func installPluginCommand(_ session: Session) -> Command {
    Command("install", "[OPTIONS] PLUGIN [KEY=VALUE...]", "Install a plugin", .atLeast(1)) { flags in
        let alias = flags.string("alias", usage: "Local name for plugin")
        let disable = flags.bool("disable", usage: "Do not enable the plugin on install")
        trustFlag(flags, "Skip image verification")
        let grant = flags.bool("grant-all-permissions", usage: "Grant all permissions necessary to run the plugin")
        return performing { arguments in
            let client = try session.client()
            let remote = try ImageReference(arguments[0]).tagged
            let name = alias.value.isEmpty ? remote.familiar : try ImageReference(alias.value).tagged.familiar
            let privileges = try acceptedPrivileges(of: remote, granted: grant.value, session)
            let reply = try client.request(
                "POST", "/plugins/pull", [("name", name), ("remote", remote.familiar)], json: privileges,
                headers: registryHeader(remote.server, session))
            try Progress(to: 1).show(reply)
            if arguments.count > 1 {
                let settings = JSON.strings(Array(arguments.dropFirst()))
                _ = try client.request("POST", "/plugins/" + pathEscaped(name) + "/set", json: settings).all()
            }
            if !disable.value {
                _ = try client.request("POST", "/plugins/" + pathEscaped(name) + "/enable", [("timeout", "0")]).all()
            }
            Console.out("Installed plugin " + arguments[0] + "\n")
            return 0
        }
    }
}

/// What a plugin wants to be allowed, once the user has agreed.
private func acceptedPrivileges(of remote: ImageReference, granted: Bool, _ session: Session) throws -> JSON {
    let headers = registryHeader(remote.server, session)
    let wanted = try session.client().request(
        "GET", "/plugins/privileges", [("remote", remote.familiar)], headers: headers
    ).json()
    if granted { return wanted }
    Console.out("Plugin \"" + remote.familiar + "\" is requesting the following privileges:\n")
    for privilege in wanted.array ?? [] {
        let values = (privilege["Value"]?.array ?? []).compactMap { $0.string }
        Console.out(" - " + (privilege["Name"]?.string ?? "") + ": [" + values.joined(separator: " ") + "]\n")
    }
    Console.out("Do you grant the above permissions? [y/N] ")
    guard readLineFromInput()?.lowercased() == "y" else {
        throw CommandFailure("permission denied while installing plugin " + remote.familiar)
    }
    return wanted
}

func upgradePluginCommand(_ session: Session) -> Command {
    Command("upgrade", "[OPTIONS] PLUGIN [REMOTE]", "Upgrade an existing plugin", .between(1, 2)) { flags in
        trustFlag(flags, "Skip image verification")
        let grant = flags.bool("grant-all-permissions", usage: "Grant all permissions necessary to run the plugin")
        let skip = flags.bool(
            "skip-remote-check", usage: "Do not check if specified remote plugin matches existing plugin image")
        return performing { arguments in
            let client = try session.client()
            let plugin = try client.get("/plugins/" + pathEscaped(arguments[0]) + "/json")
            if plugin["Enabled"]?.bool == true {
                throw CommandFailure("the plugin must be disabled before upgrading")
            }
            let name = plugin["Name"]?.string ?? arguments[0]
            let old = try ImageReference(plugin["PluginReference"]?.string ?? name).tagged
            let remote = arguments.count > 1 ? try ImageReference(arguments[1]).tagged : old
            if !skip.value, remote.fullName != old.fullName {
                let question = "Plugin images do not match, are you sure?"
                if try !session.confirms(question) { throw CommandFailure("canceling upgrade request") }
            }
            let privileges = try acceptedPrivileges(of: remote, granted: grant.value, session)
            let reply = try client.request(
                "POST", "/plugins/" + pathEscaped(name) + "/upgrade", [("remote", remote.familiar)], json: privileges,
                headers: registryHeader(remote.server, session))
            try Progress(to: 1).show(reply)
            Console.out("Upgraded plugin " + arguments[0] + " to " + remote.familiar + "\n")
            return 0
        }
    }
}

func pushPluginCommand(_ session: Session) -> Command {
    Command("push", "[OPTIONS] PLUGIN[:TAG]", "Push a plugin to a registry", .exactly(1)) { flags in
        trustFlag(flags, "Skip image signing")
        return performing { names in
            let reference = try ImageReference(names[0])
            if reference.digest != nil { throw CommandFailure("invalid name: " + reference.familiar) }
            let reply = try session.client().request(
                "POST", "/plugins/" + pathEscaped(reference.tagged.familiar) + "/push",
                headers: registryHeader(reference.server, session))
            try Progress(to: 1).show(reply)
            return 0
        }
    }
}

func createPluginCommand(_ session: Session) -> Command {
    Command(
        "create", "[OPTIONS] PLUGIN PLUGIN-DATA-DIR",
        "Create a plugin from a rootfs and configuration."
            + " Plugin data directory must contain config.json and rootfs directory.",
        .exactly(2)
    ) { flags in
        let compress = flags.bool("compress", usage: "Compress the context using gzip")
        return performing { arguments in
            if compress.value { throw CommandFailure("--compress is not supported: the directory is sent as it is") }
            let folder = try Files.resolved(arguments[1])
            guard Files.isDirectory(folder) else { throw CommandFailure("context must be a directory") }
            _ = try JSON(parsing: try Files.read(folder + "/config.json"))
            var problem: (any Error)?
            let body = ArchiveCopy.body(
                { send in
                    let sink = SendingSink(send)
                    let writer = TarWriter(sink)
                    let root = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
                    try TreeArchive(root: root.number, writer: writer).addAll()
                    try writer.finish()
                    try sink.flush()
                }, failed: { problem = $0 })
            let name = try ImageReference(arguments[0]).tagged.familiar
            do {
                _ = try session.client().request(
                    "POST", "/plugins/create", [("name", name)], body: body,
                    headers: [(name: "Content-Type", value: "application/x-tar")]
                ).all()
            } catch {
                throw problem ?? error
            }
            Console.out(arguments[0] + "\n")
            return 0
        }
    }
}
