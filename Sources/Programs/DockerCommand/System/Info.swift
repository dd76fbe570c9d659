internal import EngineClient
internal import Flags
internal import GoTemplate
internal import GoText
internal import JSON
internal import Linux

func infoCommand(_ session: Session) -> Command {
    let command = Command("info", "[OPTIONS]", "Display system-wide information", .none) { flags in
        let format = flags.formatFlag("f", usage: inspectFormatUsage)
        return performing { _ in try showInfo(session, format: format.value) }
    }
    return both(command, "docker system info", "docker info")
}

private func showInfo(_ session: Session, format: String) throws -> Int32 {
    if !format.isEmpty { return try printInfo(session, format) }
    let (server, unreachable) = askDaemon(session)
    let plugins = ClientPlugin.all(builtin: rootCommand(session).children, session)
    for plugin in plugins where !plugin.problem.isEmpty {
        Console.error("WARNING: Plugin " + goQuoted(plugin.path) + " is not valid: " + plugin.problem + "\n")
    }
    var text = clientText(session, plugins.filter { $0.problem.isEmpty })
    text += "\nServer:\n"
    if let server {
        text += InfoText(server).text
        Console.out(text)
        for warning in server["Warnings"]?.array ?? [] { Console.error((warning.string ?? "") + "\n") }
    } else {
        Console.out(text)
        let words = unreachable?.message ?? ""
        guard words.hasPrefix("Error response") else { throw CommandFailure(words) }
        Console.error("ERROR: " + words + "\n")
        throw CommandFailure("errors pretty printing info")
    }
    return 0
}

private func askDaemon(_ session: Session) -> (answer: JSON?, problem: CommandFailure?) {
    do {
        return (try session.client().get("/info"), nil)
    } catch {
        return (nil, failure(from: error))
    }
}

private func clientText(_ session: Session, _ plugins: [ClientPlugin]) -> String {
    var text =
        "Client:\n Version:    \(clientVersion)\n Context:    \(session.contextName)\n"
        + " Debug Mode: \(session.options.debug)\n"
    if !plugins.isEmpty { text += " Plugins:\n" }
    for plugin in plugins {
        text += "  \(plugin.name): \(plugin.summary) (\(plugin.vendor))\n"
        if !plugin.version.isEmpty { text += "    Version:  \(plugin.version)\n" }
        text += "    Path:     \(plugin.path)\n"
    }
    return text
}

private func printInfo(_ session: Session, _ format: String) throws -> Int32 {
    let client = ClientDescription.members(session, apiVersion: "").filter { $0.0 != "ApiVersion" }
    let plugins = ClientPlugin.all(builtin: rootCommand(session).children, session).map { $0.json }
    let own = JSON.members(
        [("Debug", .bool(session.options.debug))] + client + [("Plugins", .array(plugins)), ("Warnings", .null)])
    let template: Template
    do throws(TemplateFailure) {
        template = try Template(format == "json" ? "{{json .}}" : format)
    } catch {
        throw CommandFailure("template parsing error: " + error.message, status: 64)
    }
    var object = Shapes.unknownDaemon
    var unreachable: CommandFailure?
    if needsDaemon(template, format) {
        let (answer, problem) = askDaemon(session)
        if let found = answer?.object { object = found }
        if let problem { Console.error(problem.message + "\n") }
        unreachable = problem
    }
    object["ClientInfo"] = own
    // What the daemon says of bridges and netfilter is not told any more.
    object["BridgeNfIptables"] = nil
    object["BridgeNfIp6tables"] = nil
    let (text, problem) = template.print(.json(.object(object), Shapes.info))
    Console.out(text + "\n")
    if let problem { throw CommandFailure(problem.message) }
    if let unreachable { throw CommandFailure("", status: unreachable.status) }
    return 0
}

/// Whether a format asks for more than the client knows by itself.
private func needsDaemon(_ template: Template, _ format: String) -> Bool {
    let client = Shape.structure(Structure("system.sparseInfo", [Structure.Field("ClientInfo", Shapes.clientInfo)]))
    let names = zip(format.utf8, format.utf8.dropFirst()).contains { dot, next in
        dot == UInt8(ascii: ".") && (65...90).contains(next & 0xDF)
    }
    if !names { return true }
    return template.print(.json(.members([]), client)).failure != nil
}

/// The daemon's half of `docker info`.
private struct InfoText {
    private let info: JSON
    private(set) var text = ""

    init(_ info: JSON) {
        self.info = info
        counts()
        storage()
        plugins()
        runtimes()
        security()
        machine()
        settings()
    }

    private func string(_ name: String) -> String { info[name]?.string ?? "" }
    private func flag(_ name: String) -> Bool { info[name]?.bool ?? false }
    private func number(_ name: String) -> Int { info[name]?.int ?? 0 }

    private mutating func line(_ text: String) { self.text += text + "\n" }

    private mutating func lineIfAny(_ title: String, _ value: String) {
        if !value.isEmpty { line(title + value) }
    }

    private mutating func counts() {
        line(" Containers: \(number("Containers"))")
        line("  Running: \(number("ContainersRunning"))")
        line("  Paused: \(number("ContainersPaused"))")
        line("  Stopped: \(number("ContainersStopped"))")
        line(" Images: \(number("Images"))")
        lineIfAny(" Server Version: ", string("ServerVersion"))
    }

    private mutating func storage() {
        lineIfAny(" Storage Driver: ", string("Driver"))
        for pair in info["DriverStatus"]?.array ?? [] {
            line("  " + (pair[0]?.string ?? "") + ": " + (pair[1]?.string ?? ""))
        }
        for pair in info["SystemStatus"]?.array ?? [] {
            line(" " + (pair[0]?.string ?? "") + ": " + (pair[1]?.string ?? ""))
        }
        lineIfAny(" Logging Driver: ", string("LoggingDriver"))
        lineIfAny(" Cgroup Driver: ", string("CgroupDriver"))
        lineIfAny(" Cgroup Version: ", string("CgroupVersion"))
    }

    private mutating func plugins() {
        line(" Plugins:")
        func names(_ kind: String) -> String {
            (info["Plugins"]?[kind]?.array ?? []).compactMap { $0.string }.joined(separator: " ")
        }
        line("  Volume: " + names("Volume"))
        line("  Network: " + names("Network"))
        lineIfAny("  Authorization: ", names("Authorization"))
        line("  Log: " + names("Log"))
        if let devices = info["CDISpecDirs"]?.array, !devices.isEmpty {
            line(" CDI spec directories:")
            for folder in devices { line("  " + (folder.string ?? "")) }
        }
        line(" Swarm: " + (info["Swarm"]?["LocalNodeState"]?.string ?? ""))
    }

    private mutating func runtimes() {
        if let runtimes = info["Runtimes"]?.object, !runtimes.isEmpty {
            let names = runtimes.names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            line(" Runtimes: " + names.joined(separator: " "))
            line(" Default Runtime: " + string("DefaultRuntime"))
        }
        guard string("OSType") == "linux" else { return }
        line(" Init Binary: " + string("InitBinary"))
        for (title, key) in [("containerd", "ContainerdCommit"), ("runc", "RuncCommit"), ("init", "InitCommit")] {
            let id = info[key]?["ID"]?.string ?? ""
            let expected = info[key]?["Expected"]?.string ?? ""
            line(
                " " + title + " version: " + id
                    + (!expected.isEmpty && expected != id ? " (expected: " + expected + ")" : ""))
        }
    }

    private mutating func security() {
        guard let options = info["SecurityOptions"]?.array, !options.isEmpty else { return }
        line(" Security Options:")
        for option in options {
            let pairs = (option.string ?? "").split(separator: ",").map { splitOnce(String($0), at: 61) }
            for (key, value) in pairs {
                if key == "name" {
                    line("  " + (value ?? ""))
                } else if key == "profile" {
                    line("   Profile: " + (value ?? ""))
                } else {
                    line("   " + key + ": " + (value ?? ""))
                }
            }
        }
    }

    private mutating func machine() {
        lineIfAny(" Kernel Version: ", string("KernelVersion"))
        lineIfAny(" Operating System: ", string("OperatingSystem"))
        lineIfAny(" OSType: ", string("OSType"))
        lineIfAny(" Architecture: ", string("Architecture"))
        line(" CPUs: \(number("NCPU"))")
        line(" Total Memory: " + Human.binarySize(Double(number("MemTotal"))))
        lineIfAny(" Name: ", string("Name"))
        lineIfAny(" ID: ", string("ID"))
        line(" Docker Root Dir: " + string("DockerRootDir"))
        line(" Debug Mode: \(flag("Debug"))")
        if flag("Debug") {
            line("  File Descriptors: \(number("NFd"))")
            line("  Goroutines: \(number("NGoroutines"))")
            line("  System Time: " + string("SystemTime"))
            line("  EventsListeners: \(number("NEventsListener"))")
        }
    }

    private mutating func settings() {
        lineIfAny(" HTTP Proxy: ", string("HttpProxy"))
        lineIfAny(" HTTPS Proxy: ", string("HttpsProxy"))
        lineIfAny(" No Proxy: ", string("NoProxy"))
        let server = string("IndexServerAddress")
        if !server.isEmpty, let user = info["Username"]?.string {
            line(" Username: " + user + "\n Registry: " + server)
        }
        if let labels = info["Labels"]?.array, !labels.isEmpty {
            line(" Labels:")
            for label in labels { line("  " + (label.string ?? "")) }
        }
        line(" Experimental: \(flag("ExperimentalBuild"))")
        registries()
        line(" Live Restore Enabled: \(flag("LiveRestoreEnabled"))")
        lineIfAny(" Product License: ", string("ProductLicense"))
        if let pools = info["DefaultAddressPools"]?.array, !pools.isEmpty {
            line(" Default Address Pools:")
            for pool in pools { line("   Base: " + (pool["Base"]?.string ?? "") + ", Size: \(pool["Size"]?.int ?? 0)") }
        }
        if let firewall = info["FirewallBackend"]?["Driver"]?.string { line(" Firewall Backend: " + firewall) }
        text += "\n"
    }

    private mutating func registries() {
        guard let registry = info["RegistryConfig"], !registry.isNull else { return }
        let insecure = (registry["IndexConfigs"]?.object?.members ?? []).filter { $0.value["Secure"]?.bool == false }
        let ranges = registry["InsecureRegistryCIDRs"]?.array ?? []
        if !insecure.isEmpty || !ranges.isEmpty {
            line(" Insecure Registries:")
            for entry in insecure { line("  " + entry.name) }
            for range in ranges { line("  " + (range.string ?? "")) }
        }
        if let mirrors = registry["Mirrors"]?.array, !mirrors.isEmpty {
            line(" Registry Mirrors:")
            for mirror in mirrors { line("  " + (mirror.string ?? "")) }
        }
    }
}
