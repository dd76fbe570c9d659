internal import CLinux
internal import EngineClient
internal import Flags
internal import GoTemplate
internal import JSON
internal import Linux
internal import TextTable

func versionCommand(_ session: Session) -> Command {
    Command("version", "[OPTIONS]", "Show the Docker version information", .none) { flags in
        let format = flags.formatFlag("f", usage: inspectFormatUsage)
        return performing { _ in try showVersion(session, format: format.value) }
    }
}

/// The program and what it was made with, as `version` and `info` tell them.
enum ClientDescription {
    static let toolchain = "swift6.3"
    static let buildTime = "Tue Nov 25 00:00:00 2026"
    static let system = "linux"

    static var architecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }

    static func members(_ session: Session, apiVersion: String) -> [(String, JSON)] {
        [
            ("Version", .string(clientVersion)), ("ApiVersion", .string(apiVersion)),
            ("DefaultAPIVersion", .string(EngineClient.newestVersion)), ("GitCommit", .string(clientBuild)),
            ("GoVersion", .string(toolchain)), ("Os", .string(system)), ("Arch", .string(architecture)),
            ("BuildTime", .string(buildTime)), ("Context", .string(session.contextName)),
        ]
    }
}

private func showVersion(_ session: Session, format: String) throws -> Int32 {
    let client = try session.client()
    var server = JSON.null
    var unreachable: (any Error)?
    do {
        server = try client.get("/version")
    } catch {
        unreachable = error
    }
    // A daemon that is away leaves the newest version agreed on with nobody.
    let api = (try? client.version()) ?? Process.environment("DOCKER_API_VERSION") ?? EngineClient.newestVersion
    let members = ClientDescription.members(session, apiVersion: api)
    server = withLocalBuildTimes(server)
    var problem: TemplateFailure?
    if format.isEmpty {
        Console.out(versionText(members, server))
    } else {
        problem = try printFormatted(members, server, format)
    }
    // That there is no daemon says more than what a template makes of it.
    if let unreachable { throw failure(from: unreachable) }
    if let problem { throw CommandFailure(problem.message) }
    return 0
}

/// Prints by a format of the user's, and tells where that failed.
private func printFormatted(
    _ members: [(String, JSON)], _ server: JSON, _ format: String
) throws -> TemplateFailure? {
    let whole = JSON.members([("Client", .members(members)), ("Server", server)])
    if format == "json" {
        Console.out(whole.text() + "\n")
        return nil
    }
    let template: Template
    do throws(TemplateFailure) {
        template = try Template(format, name: "version")
    } catch {
        throw CommandFailure("template parsing error: " + error.message, status: 64)
    }
    let shape = Shape.structure(
        Structure(
            "system.versionInfo",
            [
                Structure.Field("Client", Shapes.clientVersion),
                Structure.Field("Server", .pointer(shapeOfServer)),
            ]))
    let (text, problem) = template.print(.json(whole, shape))
    Console.out(text + "\n")
    return problem
}

private let shapeOfServer: Shape = .structure(
    Structure(
        "types.Version",
        [
            Structure.Field(
                "Platform", .structure(Structure("struct { Name string }", [Structure.Field("Name", .string)]))),
            Structure.Field(
                "Components",
                .list(
                    .structure(
                        Structure(
                            "types.ComponentVersion",
                            [
                                Structure.Field("Name", .string), Structure.Field("Version", .string),
                                Structure.Field("Details", .map(.string)),
                            ])))),
            Structure.Field("Version", .string), Structure.Field("APIVersion", key: "ApiVersion", .string),
            Structure.Field("MinAPIVersion", .string), Structure.Field("GitCommit", .string),
            Structure.Field("GoVersion", .string), Structure.Field("Os", .string), Structure.Field("Arch", .string),
            Structure.Field("KernelVersion", .string), Structure.Field("Experimental", .bool),
            Structure.Field("BuildTime", .string),
        ]))

private func versionText(_ members: [(String, JSON)], _ server: JSON) -> String {
    func client(_ name: String) -> String { members.first { $0.0 == name }?.1.string ?? "" }
    var api = client("ApiVersion")
    if api != client("DefaultAPIVersion") { api += " (downgraded from " + client("DefaultAPIVersion") + ")" }
    var text = "Client:\n"
    let rows = [
        ("Version", client("Version")), ("API version", api), ("Go version", client("GoVersion")),
        ("Git commit", client("GitCommit")), ("Built", client("BuildTime")),
        ("OS/Arch", client("Os") + "/" + client("Arch")), ("Context", client("Context")),
    ]
    for (name, value) in rows { text += " " + name + ":\t" + value + "\n" }
    if !server.isNull { text += serverText(server) }
    return aligned(text, minimumWidth: 20, padding: 1)
}

private func serverText(_ server: JSON) -> String {
    func own(_ name: String) -> String { server[name]?.string ?? "" }
    let platform = server["Platform"]?["Name"]?.string ?? ""
    var text = "\nServer:" + (platform.isEmpty ? "" : " " + platform) + "\n"
    for component in server["Components"]?.array ?? [legacyEngine(server)] {
        func detail(_ name: String) -> String { component["Details"]?[name]?.string ?? "" }
        text += " " + (component["Name"]?.string ?? "") + ":\n"
        text += "  Version:\t" + (component["Version"]?.string ?? "") + "\n"
        if component["Name"]?.string == "Engine" {
            text += "  API version:\t" + detail("ApiVersion") + " (minimum version " + detail("MinAPIVersion") + ")\n"
            text += "  Go version:\t" + detail("GoVersion") + "\n"
            text += "  Git commit:\t" + detail("GitCommit") + "\n"
            text += "  Built:\t" + detail("BuildTime") + "\n"
            text += "  OS/Arch:\t" + detail("Os") + "/" + detail("Arch") + "\n"
            text += "  Experimental:\t" + detail("Experimental") + "\n"
        } else {
            for member in component["Details"]?.object?.members ?? [] {
                text += "  " + member.name + ":\t" + (member.value.string ?? member.value.text()) + "\n"
            }
        }
    }
    return text
}

/// Daemons older than components told everything at the top.
private func legacyEngine(_ server: JSON) -> JSON {
    var details = server.object ?? JSON.Object()
    let experimental: JSON = .string(server["Experimental"]?.bool == true ? "true" : "false")
    details["Experimental"] = experimental
    return .members([
        ("Name", .string("Engine")), ("Version", server["Version"] ?? .string("")), ("Details", .object(details)),
    ])
}

/// Build times in RFC 3339 are told in the local zone.
private func withLocalBuildTimes(_ server: JSON) -> JSON {
    guard var object = server.object else { return server }
    func local(_ holder: JSON?) -> JSON? {
        guard let text = holder?["BuildTime"]?.string, let moment = Moment(text) else { return nil }
        return .string(moment.ansic)
    }
    if let components = object["Components"]?.array {
        object["Components"] = .array(
            components.map { component in
                guard let time = local(component["Details"]), var changed = component.object,
                    var details = component["Details"]?.object
                else { return component }
                details["BuildTime"] = time
                changed["Details"] = .object(details)
                return .object(changed)
            })
    }
    if object["Components"] == nil, let time = local(server) { object["BuildTime"] = time }
    return .object(object)
}
