internal import CLinux
internal import EngineClient
internal import Flags
internal import HTTPClient
internal import JSON
internal import Linux

func systemCommands(_ session: Session) -> [Command] {
    let dial = Command(
        "dial-stdio", "", "Proxy the stdio stream to the daemon connection. Should not be invoked manually.", .none
    ) { _ in
        performing { _ in try dialStandardStreams(session) }
    }
    dial.hidden = true
    return [diskUsageCommand(session), eventsCommand(session), infoCommand(session), pruneSystemCommand(session), dial]
}

/// Connects our standard streams with the daemon's socket, for a client that reached this machine by other means.
private func dialStandardStreams(_ session: Session) throws -> Int32 {
    let endpoint = try session.endpoint()
    let stream: DuplexStream
    do throws(HTTPFailure) {
        stream = try endpoint.address.connect(endpoint.security)
    } catch {
        throw CommandFailure("failed to open the raw stream connection: " + error.message)
    }
    let raw = EngineStream(bytes: stream, early: [], isMultiplexed: false)
    _ = try StreamSession(raw, hasTerminal: true, sendsInput: true, keys: .none, signals: nil) { _ in }.run()
    return 0
}

private func pruneSystemCommand(_ session: Session) -> Command {
    Command("prune", "[OPTIONS]", "Remove unused data", .none) { flags in
        let all = flags.bool("all", "a", usage: "Remove all unused images not just dangling ones")
        let filters = flags.filterFlag(nil, usage: "Provide filter values (e.g. \"label=<key>=<value>\")")
        let force = flags.bool("force", "f", usage: "Do not prompt for confirmation")
        let volumes = flags.bool("volumes", usage: "Prune anonymous volumes")
        return performing { _ in
            let prune = SystemPrune(session: session, all: all.value, volumes: volumes.value, filters: filters.value)
            return try prune.perform(force: force.value)
        }
    }
}

private struct SystemPrune {
    let session: Session
    let all: Bool
    let volumes: Bool
    let filters: [Filter]

    func perform(force: Bool) throws -> Int32 {
        if volumes, filters.contains(where: { $0.name == "until" }) {
            throw CommandFailure("ERROR: The \"until\" filter is not supported with \"--volumes\"")
        }
        if !force, try !session.confirms(warning) { return 0 }
        var space = 0
        func take(_ result: (report: String, space: Int)) {
            if !result.report.isEmpty { Console.out(result.report + "\n") }
            space += result.space
        }
        take(try pruneContainers(session, filters))
        take((try pruneNetworks(session, filters), 0))
        if volumes { take(try pruneVolumes(session, filters)) }
        take(try pruneImages(session, filters, all: all))
        if try !session.client().speaksOlder(than: "1.31") {
            take(try pruneBuildCache(session, filters, all: all, keep: 0))
        }
        Console.out("Total reclaimed space: " + Human.size(Double(space)) + "\n")
        return 0
    }

    private var warning: String {
        var text =
            "WARNING! This will remove:\n  - all stopped containers\n"
            + "  - all networks not used by at least one container\n"
        if volumes { text += "  - all anonymous volumes not used by at least one container\n" }
        text += all ? "  - all images without at least one container associated to them\n" : "  - all dangling images\n"
        text += all ? "  - all build cache\n" : "  - unused build cache\n"
        if !filters.isEmpty {
            text += "\n  Items to be pruned will be filtered with:\n"
            text += filters.map { "  - " + $0.name + "=" + $0.value + "\n" }.joined()
        }
        return text
    }
}

/// Prunes the build cache; says what, and how many bytes that freed.
func pruneBuildCache(_ session: Session, _ filters: [Filter], all: Bool, keep: Int64) throws -> (
    report: String, space: Int
) {
    var query: [(String, String)] = all ? [("all", "1")] : []
    query += filterQuery(filters + session.config.pruneConditions)
    if keep > 0 { query.append(("keep-storage", String(keep))) }
    let answer = try session.client().request("POST", "/build/prune", query).json()
    let ids = (answer["CachesDeleted"]?.array ?? []).compactMap { $0.string }
    let report = ids.isEmpty ? "" : "Deleted build cache objects:\n" + ids.map { $0 + "\n" }.joined()
    return (report, answer["SpaceReclaimed"]?.int ?? 0)
}
