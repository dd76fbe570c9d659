internal import Flags
internal import GoText
internal import Linux

/// The whole tree of commands. Flags are declared when a command is reached.
func rootCommand(_ session: Session) -> Command {
    let root = Command(
        "docker", "[OPTIONS] COMMAND [ARG...]", "A self-sufficient runtime for containers"
    ) { flags in
        globalFlags(flags, session)
        return nil
    }
    root.add(commonCommands(session))
    root.add(managementCommands(session))
    root.add(shortCommands(session))
    root.add([completionCommand(session)])
    root.child(named: "bake")?.hidden = true
    return root
}

/// The commands that the help names first, in its order.
private func commonCommands(_ session: Session) -> [Command] {
    let commands = [
        runCommand(session), execCommand(session), listCommand("ps", session), buildCommand(session),
        Command("bake", "", "Build from a file"), pullCommand(session), pushCommand(session),
        imagesCommand("images", session), loginCommand(session), logoutCommand(session),
        searchCommand(session), versionCommand(session), infoCommand(session),
    ]
    for command in commands { command.group = "Common Commands" }
    return commands
}

private func managementCommands(_ session: Session) -> [Command] {
    [
        Command("container", "", "Manage containers").add(containerCommands(session)),
        Command("image", "", "Manage images").add(imageCommands(session)),
        Command("network", "", "Manage networks").add(networkCommands(session)),
        Command("volume", "", "Manage volumes").add(volumeCommands(session)),
        Command("system", "", "Manage Docker").add(systemCommands(session)),
        Command("context", "", "Manage contexts").add(contextCommands(session)),
        builderCommand(session),
        Command("checkpoint", "", "Manage checkpoints").add(checkpointCommands(session)),
        Command("plugin", "", "Manage plugins").add(pluginCommands(session)),
    ]
}

private func shortCommands(_ session: Session) -> [Command] {
    [
        attachCommand(session), commitCommand(session), copyCommand(session), createCommand(session),
        diffCommand(session),
        eventsCommand(session), exportCommand(session), historyCommand(session), importCommand(session),
        inspectCommand(session), killCommand(session), loadCommand(session), logsCommand(session),
        pauseCommand(session),
        portCommand(session), renameCommand(session), restartCommand(session), removeCommand(session),
        removeImageCommand("rmi", session), saveCommand(session), startCommand(session), statsCommand(session),
        stopCommand(session), tagCommand(session), topCommand(session), unpauseCommand(session), updateCommand(session),
        waitCommand(session),
    ]
}

private func containerCommands(_ session: Session) -> [Command] {
    [
        attachCommand(session), commitCommand(session), copyCommand(session), createCommand(session),
        diffCommand(session),
        execCommand(session), exportCommand(session), inspectContainerCommand(session), killCommand(session),
        logsCommand(session), listCommand("ls", session), pauseCommand(session), portCommand(session),
        pruneContainersCommand(session), renameCommand(session), restartCommand(session), removeCommand(session),
        runCommand(session), startCommand(session), statsCommand(session), stopCommand(session), topCommand(session),
        unpauseCommand(session), updateCommand(session), waitCommand(session),
    ]
}

private func imageCommands(_ session: Session) -> [Command] {
    [
        buildCommand(session), historyCommand(session), importCommand(session), inspectImageCommand(session),
        loadCommand(session), imagesCommand("ls", session), pruneImagesCommand(session), pullCommand(session),
        pushCommand(session), removeImageCommand("rm", session), saveCommand(session), tagCommand(session),
    ]
}

/// A command that is reached by a short name and as a management command.
func both(_ command: Command, _ paths: String...) -> Command {
    command.paths = paths
    return command
}

private func globalFlags(_ flags: FlagSet, _ session: Session) {
    let directory = Session.defaultConfigDirectory
    let certificates = Session.defaultCertificateDirectory
    func text(
        _ name: String, _ short: String? = nil, _ usage: String, _ value: String,
        _ path: WritableKeyPath<GlobalOptions, String>
    ) {
        func take(_ text: String, _ old: String) -> String {
            session.options[keyPath: path] = text
            return text
        }
        session.options[keyPath: path] = value
        if let short {
            flags.value(name, short, usage: usage, type: "string", default: value, defaultText: value, parse: take)
        } else {
            flags.value(name, usage: usage, type: "string", default: value, defaultText: value, parse: take)
        }
    }
    text("config", nil, "Location of client config files", directory, \.configDirectory)
    text(
        "context", "c",
        "Name of the context to use to connect to the daemon (overrides DOCKER_HOST env var and default context"
            + " set with \"docker context use\")", "", \.context)
    flag(flags, session, "debug", "D", "Enable debug mode", false, \.debug)
    flags.value("host", "H", usage: "Daemon socket to connect to", type: "list", default: [String]()) { text, hosts in
        session.options.hosts = hosts + [text]
        return hosts + [text]
    }
    text(
        "log-level", "l", "Set the logging level (\"debug\", \"info\", \"warn\", \"error\", \"fatal\")", "info",
        \.logLevel)
    func environmentSays(_ name: String) -> Bool { !(Process.environment(name) ?? "").isEmpty }
    session.options.tlsVerify = environmentSays("DOCKER_TLS_VERIFY")
    session.options.tls = environmentSays("DOCKER_TLS") || session.options.tlsVerify
    flag(flags, session, "tls", nil, "Use TLS; implied by --tlsverify", nil, \.tls)
    text("tlscacert", nil, "Trust certs signed only by this CA", certificates + "/ca.pem", \.authority)
    text("tlscert", nil, "Path to TLS certificate file", certificates + "/cert.pem", \.certificate)
    text("tlskey", nil, "Path to TLS key file", certificates + "/key.pem", \.key)
    flag(flags, session, "tlsverify", nil, "Use TLS and verify the remote", nil, \.tlsVerify)
    flag(flags, session, "version", "v", "Print version information and quit", false, \.showVersion)
}

private func flag(
    _ flags: FlagSet, _ session: Session, _ name: String, _ short: String?, _ usage: String, _ value: Bool?,
    _ path: WritableKeyPath<GlobalOptions, Bool>
) {
    func take(_ text: String, _ old: Bool) throws(UsageError) -> Bool {
        guard let parsed = parseBool(text) else {
            throw UsageError("strconv.ParseBool: parsing " + goQuoted(text) + ": invalid syntax")
        }
        session.options[keyPath: path] = parsed
        return parsed
    }
    if let value { session.options[keyPath: path] = value }
    if let short {
        flags.value(name, short, usage: usage, type: "", default: false, bare: "true", parse: take)
    } else {
        flags.value(name, usage: usage, type: "", default: false, bare: "true", parse: take)
    }
}
