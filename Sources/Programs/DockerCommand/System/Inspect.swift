internal import EngineClient
internal import Flags
internal import GoTemplate
internal import JSON
internal import Linux

/// An object as the daemon describes it, and the Go type it has upstream.
struct Inspected {
    let json: JSON
    let shape: Shape
    /// Templates see the type alone, and not what else the JSON holds.
    var isTypedOnly = false
}

/// Prints what is found of each reference, in the format asked for, and fails with all that went wrong.
func inspect(
    _ references: [String], format: String, escapingHTML: Bool = false, _ find: (String) throws -> Inspected
) throws -> Int32 {
    var template: Template?
    if !format.isEmpty && format != "json" {
        do throws(TemplateFailure) {
            template = try Template(format)
        } catch {
            throw CommandFailure("template parsing error: " + error.message, status: 64)
        }
    }
    var failures: [String] = []
    var found: [JSON] = []
    var text = ""
    for reference in references {
        do {
            let object = try find(reference)
            if let template { text += try rendered(object, template) } else { found.append(object.json) }
        } catch {
            failures.append(failure(from: error).message)
        }
    }
    if template != nil {
        Console.out(text.isEmpty ? "\n" : text)
    } else if format == "json" {
        Console.out(JSON.array(found).text(escapingHTML: false) + "\n")
    } else {
        Console.out(JSON.array(found).indented("    ", escapingHTML: escapingHTML) + "\n")
    }
    if !failures.isEmpty { throw CommandFailure(failures.joined(separator: "\n")) }
    return 0
}

/// First as the typed object, and where that has no such field, as the plain map of the daemon's answer.
private func rendered(_ object: Inspected, _ template: Template) throws -> String {
    do throws(TemplateFailure) {
        return try template.execute(.json(object.json.inStructOrder(object.shape), object.shape)) + "\n"
    } catch {
        if object.isTypedOnly { throw CommandFailure("template parsing error: " + error.message) }
        var strict = template
        strict.missingKeyIsError = true
        do throws(TemplateFailure) {
            return try strict.execute(Value(object.json)) + "\n"
        } catch {
            throw CommandFailure("template parsing error: " + error.message)
        }
    }
}

func inspectCommand(_ session: Session) -> Command {
    Command("inspect", "[OPTIONS] NAME|ID [NAME|ID...]", "Return low-level information on Docker objects", .atLeast(1))
    { flags in
        let format = flags.formatFlag("f", usage: inspectFormatUsage)
        let size = flags.bool("size", "s", usage: "Display total file sizes if the type is container")
        let type = flags.string("type", usage: "Only inspect objects of the given type")
        return performing { names in
            if type.isSet && type.value.isEmpty {
                throw CommandFailure("type is empty: must be one of the kinds of objects")
            }
            try checkKind(type.value)
            let client = try session.client()
            return try inspect(names, format: format.value) { name in
                let (kind, found) = try findAny(name, type.value, size: size.value, client)
                if size.value && kind != "container" { Console.error("WARNING: --size ignored for \(kind)\n") }
                return found
            }
        }
    }
}

/// The kinds of objects `docker inspect` looks through, in order.
private let kinds: [(name: String, path: String, suffix: String, shape: Shape)] = [
    ("container", "/containers/", "/json", Shapes.container), ("image", "/images/", "/json", Shapes.image),
    ("network", "/networks/", "", Shapes.network), ("volume", "/volumes/", "", Shapes.volume),
    ("plugin", "/plugins/", "/json", .raw),
]

/// The kinds of a swarm, which are only looked for by name.
private let swarmKinds = ["node", "service", "task", "secret", "config"]

private func findAny(
    _ name: String, _ type: String, size: Bool, _ client: EngineClient
) throws -> (kind: String, found: Inspected) {
    if swarmKinds.contains(type) {
        return (type, Inspected(json: try client.get("/\(type)s/" + pathEscaped(name)), shape: .raw))
    }
    if name.isEmpty {
        throw CommandFailure("invalid \(type.isEmpty ? "container" : type) name or ID: value is empty")
    }
    for kind in kinds where type.isEmpty || kind.name == type {
        do throws(EngineFailure) {
            let query = size && kind.name == "container" ? [("size", "1")] : []
            let json = try client.get(kind.path + pathEscaped(name) + kind.suffix, query)
            return (kind.name, Inspected(json: json, shape: kind.shape))
        } catch {
            // Not of this kind: perhaps of the next. An odd name may be one that a kind cannot have at all.
            if error.isUnreachable || !type.isEmpty { throw error }
            if !error.isNotFound && error.status != 501 { throw error }
        }
    }
    throw CommandFailure("Error: No such object: " + name)
}

private func checkKind(_ type: String) throws(CommandFailure) {
    if type.isEmpty || swarmKinds.contains(type) || kinds.contains(where: { $0.name == type }) { return }
    let known = [
        "config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume",
    ].map { "\"" + $0 + "\"" }.joined(separator: ", ")
    throw CommandFailure("unknown type: \"" + type + "\": must be one of " + known)
}

/// A name as a part of a path: slashes of image names stay.
func pathEscaped(_ text: String) -> String {
    text.split(separator: "/", omittingEmptySubsequences: false).map { part in
        var out = ""
        for byte in part.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126, 58, 64, 36, 38, 43, 61:
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                out += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return out
    }.joined(separator: "/")
}

func inspectContainerCommand(_ session: Session) -> Command {
    Command(
        "inspect", "[OPTIONS] CONTAINER [CONTAINER...]", "Display detailed information on one or more containers",
        .atLeast(1)
    ) { flags in
        let format = flags.formatFlag("f", usage: inspectFormatUsage)
        let size = flags.bool("size", "s", usage: "Display total file sizes")
        return performing { names in
            let client = try session.client()
            return try inspect(names, format: format.value) { name in
                Inspected(
                    json: try client.get(
                        "/containers/" + pathEscaped(name) + "/json", size.value ? [("size", "1")] : []),
                    shape: Shapes.container)
            }
        }
    }
}

func inspectImageCommand(_ session: Session) -> Command {
    Command("inspect", "[OPTIONS] IMAGE [IMAGE...]", "Display detailed information on one or more images", .atLeast(1))
    { flags in
        let format = flags.formatFlag("f", usage: inspectFormatUsage)
        let platform = flags.string(
            "platform",
            usage:
                "Inspect a specific platform of the multi-platform image.\nIf the image or the server is not"
                + " multi-platform capable, the command will error out if the platform does not match.\n"
                + "'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)")
        return performing { names in
            let client = try session.client()
            let query = try platformQuery(platform.value)
            return try inspect(names, format: format.value) { name in
                Inspected(json: try client.get("/images/" + pathEscaped(name) + "/json", query), shape: Shapes.image)
            }
        }
    }
}

/// `os[/arch[/variant]]` as the API's JSON.
func platformQuery(_ text: String) throws -> [(String, String)] {
    if text.isEmpty { return [] }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
    guard parts.count <= 3, !parts.contains("") else {
        throw CommandFailure("\"" + text + "\": cannot parse platform specifier: invalid argument")
    }
    var members: [(String, JSON)] = [
        ("architecture", .string(parts.count > 1 ? parts[1] : "")), ("os", .string(parts[0])),
    ]
    if parts.count == 1 { members[0].1 = .string(ClientDescription.architecture) }
    if parts.count > 2 { members.append(("variant", .string(parts[2]))) }
    return [("platform", JSON.members(members).text())]
}

func inspectNetworkCommand(_ session: Session) -> Command {
    Command(
        "inspect", "[OPTIONS] NETWORK [NETWORK...]", "Display detailed information on one or more networks", .atLeast(1)
    ) { flags in
        let format = flags.formatFlag("f", usage: inspectFormatUsage)
        let verbose = flags.bool("verbose", "v", usage: "Verbose output for diagnostics")
        return performing { names in
            let client = try session.client()
            return try inspect(names, format: format.value) { name in
                Inspected(
                    json: try client.get("/networks/" + pathEscaped(name), verbose.value ? [("verbose", "true")] : []),
                    shape: Shapes.network)
            }
        }
    }
}

func inspectVolumeCommand(_ session: Session) -> Command {
    Command(
        "inspect", "[OPTIONS] VOLUME [VOLUME...]", "Display detailed information on one or more volumes", .atLeast(1)
    ) { flags in
        let format = flags.formatFlag("f", usage: inspectFormatUsage)
        return performing { names in
            let client = try session.client()
            return try inspect(names, format: format.value) { name in
                let json = try client.get("/volumes/" + pathEscaped(name))
                return Inspected(json: json, shape: Shapes.volume, isTypedOnly: true)
            }
        }
    }
}
