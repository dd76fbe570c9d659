internal import CLinux
internal import ContainerRuntime
internal import Flags
internal import GoText
internal import JSON
internal import Linux
internal import OCIRuntime

/// The flags of `exec`.
private struct ExecFlags {
    let consoleSocket: Flag<String>
    let cwd: Flag<String>
    let env: Flag<[String]>
    let tty: Flag<Bool>
    let user: Flag<String>
    let groups: Flag<[String]>
    let process: Flag<String>
    let detach: Flag<Bool>
    let pidFile: Flag<String>
    let label: Flag<String>
    let apparmor: Flag<String>
    let noNewPrivileges: Flag<Bool>
    let capabilities: Flag<[String]>
    let preserve: Flag<Int>
    let cgroup: Flag<[String]>
    let ignorePaused: Flag<Bool>

    init(_ flags: FlagSet) {
        consoleSocket = flags.string(
            "console-socket", usage: "unix socket that is sent the controlling side of the terminal")
        cwd = flags.string("cwd", usage: "working directory in the container")
        env = flags.list("env", "e", usage: "variables of the environment")
        tty = flags.bool("tty", "t", usage: "give the process a terminal")
        user = flags.string("user", "u", usage: "numbers of user and group, as UID[:GID]")
        groups = flags.list("additional-gids", "g", usage: "numbers of further groups")
        process = flags.string("process", "p", usage: "file that describes the process")
        detach = flags.bool("detach", "d", usage: "do not stay with the process")
        pidFile = flags.string("pid-file", usage: "file to write the process's pid to")
        label = flags.string("process-label", usage: "SELinux label of the process")
        apparmor = flags.string("apparmor", usage: "AppArmor profile of the process")
        noNewPrivileges = flags.bool("no-new-privs", usage: "the process cannot gain privileges")
        capabilities = flags.list("cap", "c", usage: "capabilities to add to the process's")
        preserve = flags.int(
            "preserve-fds", usage: "number of descriptors after the standard streams and $LISTEN_FDS to pass on")
        cgroup = flags.list("cgroup", usage: "group below the container's to run in, as [CONTROLLER:]GROUP")
        ignorePaused = flags.bool("ignore-paused", usage: "also in a container that is paused")
    }

    /// What is to run: the file's process, or the container's own with what the flags change.
    func process(_ spec: Spec, _ arguments: [String]) throws(RuntimeFailure) -> Spec.Process {
        if !process.value.isEmpty { return try readProcess(process.value) }
        guard var process = spec.process else { throw RuntimeFailure("process property must not be empty") }
        process.args = arguments
        if process.args.isEmpty { throw RuntimeFailure("process args cannot be empty") }
        if !cwd.value.isEmpty { process.cwd = cwd.value }
        if !apparmor.value.isEmpty { process.apparmorProfile = apparmor.value }
        if !label.value.isEmpty { process.selinuxLabel = label.value }
        if !capabilities.value.isEmpty { add(capabilities.value, to: &process) }
        process.env += env.value
        process.terminal = tty.value
        if !tty.value { process.consoleSize = nil }
        if noNewPrivileges.isSet { process.noNewPrivileges = noNewPrivileges.value }
        try choose(user.value, &process.user)
        for text in groups.value {
            let number = try identity(text, "gid")
            if number < 0 { throw RuntimeFailure("additional-gids must be a positive number " + String(number)) }
            process.user.additionalGids.append(UInt32(truncatingIfNeeded: number))
        }
        return process
    }

    private func add(_ names: [String], to process: inout Spec.Process) {
        var sets = process.capabilities ?? Spec.Capabilities()
        sets.bounding += names
        sets.effective += names
        sets.permitted += names
        // Only what can also be inherited may be ambient.
        for name in names where sets.inheritable.contains(name) { sets.ambient.append(name) }
        process.capabilities = sets
    }

    private func choose(_ text: String, _ user: inout Spec.User) throws(RuntimeFailure) {
        if text.isEmpty { return }
        let (first, second) = splitOnce(text, at: 58)
        if let second {
            user.gid = UInt32(truncatingIfNeeded: try identity(second, "gid"))
        }
        user.uid = UInt32(truncatingIfNeeded: try identity(first, "uid"))
    }

    private func identity(_ text: String, _ kind: String) throws(RuntimeFailure) -> Int {
        if let number = Int(text) { return number }
        throw RuntimeFailure(
            "parsing " + text + " as int for " + kind + " failed: strconv.Atoi: parsing " + goQuoted(text)
                + ": invalid syntax")
    }

    /// The groups below the container's, by controller.
    func groupsBelow() throws(RuntimeFailure) -> [(controller: String?, path: String)] {
        var groups: [(controller: String?, path: String)] = []
        for text in cgroup.value {
            let (first, second) = splitOnce(text, at: 58)
            if second?.utf8.contains(58) ?? false { throw RuntimeFailure("invalid --cgroup argument: " + text) }
            guard let second else {
                if cgroup.value.count == 1 { return [(nil, first)] }
                throw RuntimeFailure("invalid --cgroup argument: " + text + " (missing <controller>: prefix)")
            }
            for controller in first.utf8.split(separator: 44, omittingEmptySubsequences: false) {
                groups.append((String(decoding: Array(controller), as: UTF8.self), second))
            }
        }
        return groups
    }
}

private func readProcess(_ path: String) throws(RuntimeFailure) -> Spec.Process {
    let bytes: [UInt8]
    do throws(SystemCallError) { bytes = try Files.read(path) } catch { throw RuntimeFailure(error) }
    do throws(JSON.Failure) { return try Spec.Process(parsing: bytes) } catch {
        throw RuntimeFailure(streamWords(error, bytes))
    }
}

var execCommand: UrfaveCommand<Verb> {
    let command = UrfaveCommand<Verb>(
        "exec", usage: "run a further process in a container",
        arguments: "<container-id> <command> [command options]  || -p process.json <container-id>"
    ) { flags in
        let options = ExecFlags(flags)
        return Verb(.atLeast(1), sealsItself: true) { (use) throws(RuntimeFailure) in
            do throws(RuntimeFailure) {
                return try exec(options, use)
            } catch {
                throw RuntimeFailure("exec failed: " + error.message, status: 255)
            }
        }
    }
    command.stopsAtFirstArgument = true
    return command
}

private func exec(_ options: ExecFlags, _ use: Invocation) throws(RuntimeFailure) -> Int32 {
    let container = try use.container()
    if container.status == .stopped { throw RuntimeFailure("cannot exec in a stopped container") }
    let spec = try loadSpec(container.bundle + "/config.json")
    var request = ExecRequest(process: try options.process(spec, Array(use.arguments.dropFirst())))
    // A process that says nothing about its rights has the container's.
    if request.process.capabilities == nil { request.process.capabilities = spec.process?.capabilities }
    if request.process.rlimits.isEmpty { request.process.rlimits = spec.process?.rlimits ?? [] }
    if request.process.oomScoreAdj == nil { request.process.oomScoreAdj = spec.process?.oomScoreAdj }
    request.seccomp = spec.linux?.activeSeccomp
    request.pidFile = options.pidFile.value
    request.consoleSocket = options.consoleSocket.value
    request.preserved = options.preserve.value
    request.ignorePaused = options.ignorePaused.value
    request.cgroups = try options.groupsBelow()
    let listening = listenerCount()
    if listening > 0 {
        request.process.env += ["LISTEN_FDS=" + String(listening), "LISTEN_PID=1"]
        request.preserved += listening
    }
    let log = use.log
    request.warn = { log.warn($0) }
    let detached = options.detach.value
    if detached && request.process.terminal && request.consoleSocket.isEmpty {
        throw RuntimeFailure("cannot allocate tty if runc will detach without setting console socket")
    }
    if !(detached && request.process.terminal) && !request.consoleSocket.isEmpty {
        throw RuntimeFailure("cannot use console socket if runc will not detach or allocate tty")
    }
    if detached {
        _ = try container.exec(request)
        return 0
    }
    return try execInForeground(container, request)
}

private func execInForeground(_ container: Container, _ request: ExecRequest) throws(RuntimeFailure) -> Int32 {
    var request = request
    var foreground = try Foreground(reapsOrphans: false)
    if !request.process.terminal {
        return try foreground.serve(try container.exec(request), terminal: -1).shellStatus
    }
    try foreground.takeTerminal()
    let socket = try TerminalSocket()
    request.terminalSocket = socket.sender
    let pid: Int32
    let terminal: Int32
    do throws(RuntimeFailure) {
        pid = try container.exec(request)
        terminal = try socket.receive()
    } catch {
        foreground.release()
        throw error
    }
    let status = try foreground.serve(pid, terminal: terminal)
    foreground.release()
    return status.shellStatus
}
