internal import EngineClient
internal import Flags
internal import GoText
internal import JSON
internal import Linux

func logsCommand(_ session: Session) -> Command {
    let command = Command("logs", "[OPTIONS] CONTAINER", "Fetch the logs of a container", .exactly(1)) { flags in
        let details = flags.bool("details", usage: "Show extra details provided to logs")
        let follow = flags.bool("follow", "f", usage: "Follow log output")
        let since = flags.string(
            "since",
            usage: "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"
        )
        let tail = flags.string("tail", "n", usage: "Number of lines to show from the end of the logs", default: "all")
        let timestamps = flags.bool("timestamps", "t", usage: "Show timestamps")
        let until = flags.string(
            "until",
            usage:
                "Show logs before a timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"
        )
        return performing { arguments in
            let client = try session.client()
            let container = try client.get("/containers/" + pathEscaped(arguments[0]) + "/json")
            let id = container["Id"]?.string ?? arguments[0]
            var query: [(String, String)] = [("stdout", "1"), ("stderr", "1")]
            if !since.value.isEmpty { query.append(("since", try apiTime(since.value, "since"))) }
            if !until.value.isEmpty { query.append(("until", try apiTime(until.value, "until"))) }
            if timestamps.value { query.append(("timestamps", "1")) }
            if details.value { query.append(("details", "1")) }
            if follow.value { query.append(("follow", "1")) }
            query.append(("tail", tail.value))
            let reply = try client.request("GET", "/containers/" + id + "/logs", query)
            try copyOutput(reply, isRaw: container["Config"]?["Tty"]?.bool == true)
            return 0
        }
    }
    return both(command, "docker container logs", "docker logs")
}

/// Writes a body of container output to our standard streams as it comes.
func copyOutput(_ reply: EngineReply, isRaw: Bool) throws {
    var demultiplexer = Demultiplexer()
    while true {
        let bytes = try reply.read()
        if bytes.isEmpty { return }
        if isRaw { try writeOutput(bytes[...]) } else { try demultiplexer.take(bytes) }
    }
}

/// A time of the command line as the API takes it: seconds, of a date with a fraction. Durations count back from now.
func apiTime(_ text: String, _ flag: String = "") throws(CommandFailure) -> String {
    // A zero without a unit is the beginning of time and no span.
    if text != "0", let span = GoDuration.parse(text) {
        let moment = Timestamp(WallClock.now).totalNanoseconds - Int(span)
        return String(moment / 1_000_000_000)
    }
    if let plain = plainSeconds(text) { return plain }
    if let moment = localMoment(text) { return seconds(moment.seconds, moment.nanoseconds) }
    let subject = flag.isEmpty ? "" : "invalid value for \"" + flag + "\": "
    throw CommandFailure(subject + "failed to parse value as time or duration: \"" + text + "\"")
}

private func seconds(_ whole: Int, _ fraction: Int) -> String {
    String(whole) + "." + String(fraction + 1_000_000_000).dropFirst()
}

/// Seconds since 1970, given as such.
private func plainSeconds(_ text: String) -> String? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let isNumber = parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { $0 >= 48 && $0 <= 57 } }
    return isNumber ? text : nil
}
