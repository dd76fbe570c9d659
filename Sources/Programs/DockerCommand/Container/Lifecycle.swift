internal import EngineClient
internal import Flags
internal import GoText
internal import JSON
internal import Linux

/// A command that does one request for each container and prints its name.
private func eachContainer(
    _ session: Session, _ method: String, _ action: String, _ query: @escaping () throws -> [(String, String)] = { [] }
) -> Command.Action {
    performing { names in
        let client = try session.client()
        let items = try query()
        return try forEach(names) { name in
            let suffix = action.isEmpty ? "" : "/" + action
            _ = try client.request(method, "/containers/" + pathEscaped(name) + suffix, items).all()
            Console.out(name + "\n")
        }
    }
}

func stopCommand(_ session: Session) -> Command {
    both(
        Command("stop", "[OPTIONS] CONTAINER [CONTAINER...]", "Stop one or more running containers", .atLeast(1)) {
            stopping($0, session, "stop")
        }, "docker container stop", "docker stop")
}

func restartCommand(_ session: Session) -> Command {
    both(
        Command("restart", "[OPTIONS] CONTAINER [CONTAINER...]", "Restart one or more containers", .atLeast(1)) {
            stopping($0, session, "restart")
        }, "docker container restart", "docker restart")
}

private func stopping(_ flags: FlagSet, _ session: Session, _ action: String) -> Command.Action {
    let signal = flags.string("signal", "s", usage: "Signal to send to the container")
    let timeout = flags.int("timeout", "t", usage: "Seconds to wait before killing the container")
    let oldTimeout = flags.value("time", usage: "Seconds to wait before killing the container", type: "int", default: 0)
    {
        [timeout] (text, _) throws(UsageError) in
        timeout.setValue(try parseNumber(text, 0))
        return 0
    }
    oldTimeout.hidden = true
    oldTimeout.deprecation = "use --timeout instead"
    return performing { names in
        let client = try session.client()
        var query: [(String, String)] = []
        if timeout.isSet { query.append(("t", String(timeout.value))) }
        if !signal.value.isEmpty, try !client.speaksOlder(than: "1.42") { query.append(("signal", signal.value)) }
        return try forEachAtOnce(names, client) { name, client in
            _ = try client.request("POST", "/containers/" + pathEscaped(name) + "/" + action, query).all()
        }
    }
}

func killCommand(_ session: Session) -> Command {
    both(
        Command("kill", "[OPTIONS] CONTAINER [CONTAINER...]", "Kill one or more running containers", .atLeast(1)) {
            flags in
            let signal = flags.string("signal", "s", usage: "Signal to send to the container")
            return eachContainer(session, "POST", "kill") { signal.value.isEmpty ? [] : [("signal", signal.value)] }
        }, "docker container kill", "docker kill")
}

func pauseCommand(_ session: Session) -> Command {
    both(
        Command("pause", "CONTAINER [CONTAINER...]", "Pause all processes within one or more containers", .atLeast(1)) {
            _ in
            eachContainer(session, "POST", "pause")
        }, "docker container pause", "docker pause")
}

func unpauseCommand(_ session: Session) -> Command {
    both(
        Command(
            "unpause", "CONTAINER [CONTAINER...]", "Unpause all processes within one or more containers", .atLeast(1)
        ) { _ in
            eachContainer(session, "POST", "unpause")
        }, "docker container unpause", "docker unpause")
}

func waitCommand(_ session: Session) -> Command {
    both(
        Command(
            "wait", "CONTAINER [CONTAINER...]", "Block until one or more containers stop, then print their exit codes",
            .atLeast(1)
        ) { _ in
            performing { names in
                let client = try session.client()
                return try forEach(names) { name in
                    let answer = try client.request("POST", "/containers/" + pathEscaped(name) + "/wait").json()
                    if let message = answer["Error"]?["Message"]?.string, !message.isEmpty {
                        throw CommandFailure(message)
                    }
                    Console.out("\(answer["StatusCode"]?.int ?? 0)\n")
                }
            }
        }, "docker container wait", "docker wait")
}

func renameCommand(_ session: Session) -> Command {
    both(
        Command("rename", "CONTAINER NEW_NAME", "Rename a container", .exactly(2)) { _ in
            performing { names in
                func trimmed(_ text: String) -> String { text.filter { $0 != " " } }
                let (old, new) = (trimmed(names[0]), trimmed(names[1]))
                if old.isEmpty || new.isEmpty { throw CommandFailure("Error: Neither old nor new names may be empty") }
                do {
                    _ = try session.client().request(
                        "POST", "/containers/" + pathEscaped(old) + "/rename", [("name", new)]
                    ).all()
                } catch {
                    Console.error(failure(from: error).message + "\n")
                    throw CommandFailure("Error: failed to rename container named " + old)
                }
                return 0
            }
        }, "docker container rename", "docker rename")
}

func removeCommand(_ session: Session) -> Command {
    let command = Command("rm", "[OPTIONS] CONTAINER [CONTAINER...]", "Remove one or more containers", .atLeast(1)) {
        flags in
        let force = flags.bool("force", "f", usage: "Force the removal of a running container (uses SIGKILL)")
        let link = flags.bool("link", "l", usage: "Remove the specified link")
        let volumes = flags.bool("volumes", "v", usage: "Remove anonymous volumes associated with the container")
        return performing { names in
            let client = try session.client()
            var query: [(String, String)] = []
            if volumes.value { query.append(("v", "1")) }
            if link.value { query.append(("link", "1")) }
            if force.value { query.append(("force", "1")) }
            let status = try forEach(names) { given in
                let name = given.hasPrefix("/") ? String(given.dropFirst()) : given
                if name.isEmpty { throw CommandFailure("Container name cannot be empty") }
                do {
                    _ = try client.request("DELETE", "/containers/" + pathEscaped(name), query).all()
                } catch let error as EngineFailure where force.value && error.isNotFound {
                    // Removing what is not there by force is no failure, but it is said.
                    Console.error(error.message + "\n")
                    return
                }
                Console.out(given + "\n")
            }
            return status
        }
    }
    command.aliases = ["remove"]
    return both(command, "docker container rm", "docker container remove", "docker rm")
}

func topCommand(_ session: Session) -> Command {
    both(
        Command("top", "CONTAINER [ps OPTIONS]", "Display the running processes of a container", .atLeast(1)) { flags in
            flags.interspersed = false
            return performing { try showProcesses($0, session) }
        }, "docker container top", "docker top")
}

func portCommand(_ session: Session) -> Command {
    both(
        Command(
            "port", "CONTAINER [PRIVATE_PORT[/PROTO]]", "List port mappings or a specific mapping for the container",
            .between(1, 2)
        ) { _ in performing { try showPorts($0, session) } }, "docker container port", "docker port")
}

private func showPorts(_ arguments: [String], _ session: Session) throws -> Int32 {
    let container = try session.client().get("/containers/" + pathEscaped(arguments[0]) + "/json")
    let ports = container["NetworkSettings"]?["Ports"]?.object?.members ?? []
    func addresses(_ list: JSON) -> [String] {
        (list.array ?? []).map { binding in
            let ip = binding["HostIp"]?.string ?? ""
            return (ip.contains(":") ? "[" + ip + "]" : ip) + ":" + (binding["HostPort"]?.string ?? "")
        }
    }
    if arguments.count > 1 {
        let (number, kind) = splitOnce(arguments[1], at: UInt8(ascii: "/"))
        guard UInt16(number) != nil else {
            throw CommandFailure(
                "Error: invalid port (" + number + "): strconv.ParseUint: parsing " + goQuoted(number)
                    + ": invalid syntax")
        }
        let wanted = number + "/" + (kind ?? "tcp")
        guard let list = ports.first(where: { $0.name == wanted })?.value, !(list.array ?? []).isEmpty else {
            throw CommandFailure("Error: No public port '" + arguments[1] + "' published for " + arguments[0])
        }
        for address in addresses(list).sorted(by: { $0.naturallyPrecedes($1) }) { Console.out(address + "\n") }
        return 0
    }
    let lines = ports.flatMap { port in addresses(port.value).map { port.name + " -> " + $0 } }
    for line in lines.sorted(by: { $0.naturallyPrecedes($1) }) { Console.out(line + "\n") }
    return 0
}

func diffCommand(_ session: Session) -> Command {
    both(
        Command("diff", "CONTAINER", "Inspect changes to files or directories on a container's filesystem", .exactly(1))
        { _ in
            performing { names in
                if names[0].isEmpty { throw CommandFailure("Container name cannot be empty") }
                let changes = try session.client().get("/containers/" + pathEscaped(names[0]) + "/changes")
                let letters = ["C", "A", "D"]
                for change in changes.array ?? [] {
                    let kind = change["Kind"]?.int ?? 0
                    Console.out(
                        (letters.indices.contains(kind) ? letters[kind] : "") + " " + (change["Path"]?.string ?? "")
                            + "\n")
                }
                return 0
            }
        }, "docker container diff", "docker diff")
}

func pruneContainersCommand(_ session: Session) -> Command {
    Command("prune", "[OPTIONS]", "Remove all stopped containers", .none) { flags in
        let filters = flags.filterFlag(nil, usage: "Provide filter values (e.g. \"until=<timestamp>\")")
        let force = flags.bool("force", "f", usage: "Do not prompt for confirmation")
        return performing { _ in
            let warning = "WARNING! This will remove all stopped containers."
            if !force.value, try !session.confirms(warning) { return 0 }
            let (report, space) = try pruneContainers(session, filters.value)
            Console.out(
                (report.isEmpty ? "" : report + "\n") + "Total reclaimed space: " + Human.size(Double(space)) + "\n")
            return 0
        }
    }
}

/// Prunes containers; says which, and how many bytes that freed.
func pruneContainers(_ session: Session, _ filters: [Filter]) throws -> (report: String, space: Int) {
    let query = filterQuery(filters + session.config.pruneConditions)
    let answer = try session.client().request("POST", "/containers/prune", query).json()
    let ids = (answer["ContainersDeleted"]?.array ?? []).compactMap { $0.string }
    let report = ids.isEmpty ? "" : "Deleted Containers:\n" + ids.map { $0 + "\n" }.joined()
    return (report, answer["SpaceReclaimed"]?.int ?? 0)
}
