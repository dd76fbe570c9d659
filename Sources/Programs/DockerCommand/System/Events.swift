internal import EngineClient
internal import Flags
internal import GoTemplate
internal import JSON
internal import Linux

func eventsCommand(_ session: Session) -> Command {
    let command = Command("events", "[OPTIONS]", "Get real time events from the server", .none) { flags in
        let filters = flags.filterFlag()
        let format = flags.formatFlag(usage: inspectFormatUsage)
        let since = flags.string("since", usage: "Show all events created since timestamp")
        let until = flags.string("until", usage: "Stream events until this timestamp")
        return performing { _ in
            var template: Template?
            if !format.value.isEmpty {
                do throws(TemplateFailure) {
                    template = try Template(format.value == "json" ? "{{json .}}" : format.value)
                } catch {
                    throw CommandFailure("Error parsing format: " + error.message, status: 64)
                }
            }
            var query = filterQuery(filters.value)
            if !since.value.isEmpty { query.append(("since", try apiTime(since.value))) }
            if !until.value.isEmpty { query.append(("until", try apiTime(until.value))) }
            let reply = try session.client().request("GET", "/events", query)
            while let events = try reply.values() { for event in events { try printEvent(event, template) } }
            return 0
        }
    }
    return both(command, "docker system events", "docker events")
}

/// The Go type of an event, as templates see it.
private let shapeOfEvent: Shape = .structure(
    Structure(
        "events.Message",
        [
            Structure.Field("Status", key: "status", .string), Structure.Field("ID", key: "id", .string),
            Structure.Field("From", key: "from", .string), Structure.Field("Type", .string),
            Structure.Field("Action", .string),
            Structure.Field(
                "Actor",
                .structure(
                    Structure(
                        "events.Actor", [Structure.Field("ID", .string), Structure.Field("Attributes", .map(.string))]))
            ),
            Structure.Field("Scope", key: "scope", .string), Structure.Field("Time", key: "time", .int),
            Structure.Field("TimeNano", key: "timeNano", .int),
        ]))

private func printEvent(_ event: JSON, _ template: Template?) throws {
    if let template {
        let (text, problem) = template.print(.json(event, .pointer(shapeOfEvent)))
        Console.out(problem == nil ? text + "\n" : text)
        if let problem { throw CommandFailure("Error parsing format: " + problem.message, status: 64) }
        return
    }
    var text = ""
    let nano = event["timeNano"]?.int ?? 0
    if nano != 0 {
        text = Moment(seconds: nano / 1_000_000_000, nanoseconds: nano % 1_000_000_000).rfc3339Nano + " "
    } else if let time = event["time"]?.int, time != 0 {
        text = Moment(seconds: time).rfc3339Nano + " "
    }
    text +=
        (event["Type"]?.string ?? "") + " " + (event["Action"]?.string ?? "") + " "
        + (event["Actor"]?["ID"]?.string ?? "")
    let attributes = (event["Actor"]?["Attributes"]?.object?.members ?? [])
        .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }.map { $0.name + "=" + ($0.value.string ?? "") }
    if !attributes.isEmpty { text += " (" + attributes.joined(separator: ", ") + ")" }
    Console.out(text + "\n")
}
