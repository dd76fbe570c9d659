internal import CLinux
internal import Flags
internal import JSON
internal import Linux

/// A program `docker-NAME` in one of the plugin folders, which adds the command NAME to this program.
struct ClientPlugin {
    let name: String
    let path: String
    /// What the program says of itself.
    private(set) var metadata = JSON.Object()
    /// Why it cannot be used; empty: it can.
    private(set) var problem = ""
    /// Programs of the same name in folders that come later.
    var shadowed: [String] = []

    private static let prefix = "docker-"

    var vendor: String { metadata["Vendor"]?.string ?? "" }
    var version: String { metadata["Version"]?.string ?? "" }
    var summary: String { metadata["ShortDescription"]?.string ?? "" }

    /// Asks the program at `path`; `builtin` are the commands that a plugin may not take the place of.
    init(_ name: String, path: String, builtin: [Command]) {
        self.name = name
        self.path = path
        let letters = Array(name.utf8)
        func isLetter(_ byte: UInt8) -> Bool { byte >= 97 && byte <= 122 }
        guard let first = letters.first, isLetter(first),
            letters.allSatisfy({ isLetter($0) || ($0 >= 48 && $0 <= 57) })
        else {
            problem = "plugin candidate \"" + name + "\" did not match \"^[a-z][a-z0-9]*$\""
            return
        }
        for command in builtin {
            if command.name == name {
                problem = "plugin \"" + name + "\" duplicates builtin command"
            } else if command.aliases.contains(name) {
                problem = "plugin \"" + name + "\" duplicates an alias of builtin command \"" + command.name + "\""
            }
        }
        if problem.isEmpty { problem = askForMetadata() }
    }

    private mutating func askForMetadata() -> String {
        let program = OutsideProgram(
            path: path, arguments: ["docker-cli-plugin-metadata"], environment: Self.environment(adding: []))
        let answer: (answer: [UInt8], ending: ExitStatus)
        do throws(SystemCallError) {
            answer = try program.ask()
        } catch {
            return "failed to fetch metadata: fork/exec " + path + ": " + error.reason
        }
        guard answer.ending == .exited(0) else { return "failed to fetch metadata: " + answer.ending.words }
        do throws(JSON.Failure) {
            metadata = try JSON(parsing: answer.answer).object ?? JSON.Object()
        } catch {
            return "invalid metadata: " + error.message
        }
        let schema = metadata["SchemaVersion"]?.string ?? ""
        if schema != "0.1.0" { return "plugin SchemaVersion \"" + schema + "\" is not valid, must be 0.1.0" }
        return vendor.isEmpty ? "plugin metadata does not define a vendor" : ""
    }

    /// Our environment, with the name this program was called by, which plugins call back.
    static func environment(adding more: [String]) -> [String] {
        Process.environment + ["DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND=" + (Process.arguments.first ?? "docker")] + more
    }

    // MARK: Folders

    /// Where plugins are looked for, the first wins.
    static func folders(_ session: Session) -> [String] {
        session.config.texts("cliPluginsExtraDirs") + [
            session.configDirectory + "/cli-plugins", "/usr/local/lib/docker/cli-plugins",
            "/usr/local/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins", "/usr/libexec/docker/cli-plugins",
        ]
    }

    /// The usable or broken plugin that `name` names; nil when there is no such program.
    static func named(_ name: String, builtin: [Command], _ session: Session) -> ClientPlugin? {
        guard !name.isEmpty, !name.utf8.contains(47) else { return nil }
        for folder in folders(session) {
            let path = folder + "/" + prefix + name
            if Files.exists(path) { return ClientPlugin(name, path: path, builtin: builtin) }
        }
        return nil
    }

    /// All plugins, usable or not, by name.
    static func all(builtin: [Command], _ session: Session) -> [ClientPlugin] {
        var paths: [String: [String]] = [:]
        for folder in folders(session) {
            // A folder that is not there holds no plugins.
            for file in (try? Files.names(in: folder)) ?? [] where file.hasPrefix(prefix) {
                let path = folder + "/" + file
                guard let kind = Files.linkStatus(path).map({ Int32($0.st_mode) & S_IFMT }),
                    [S_IFREG, S_IFLNK].contains(kind)
                else {
                    continue
                }
                paths[String(file.dropFirst(prefix.count)), default: []].append(path)
            }
        }
        let names = paths.keys.sorted { $0.naturallyPrecedes($1) }
        return names.map { name in
            let found = paths[name] ?? []
            var plugin = ClientPlugin(name, path: found[0], builtin: builtin)
            plugin.shadowed = Array(found.dropFirst())
            return plugin
        }
    }

    // MARK: Running

    /// Becomes the plugin, with the words this program was given: its signals, terminal and exit status are then the
    /// plugin's own. Returns only when that fails.
    func become(_ arguments: [String], commandPath: String, environment more: [String]) -> CommandFailure {
        let words = CStrings([path] + arguments)
        let variables = CStrings(runEnvironment(commandPath, more))
        _ = cl_execve(path, words.pointer, variables.pointer)
        return CommandFailure("fork/exec " + path + ": " + errorText(cl_errno()))
    }

    /// Runs the plugin beside this program, on our standard streams.
    func run(_ arguments: [String], commandPath: String) throws(SystemCallError) -> ExitStatus {
        try Spawn(path, [path] + arguments, environment: runEnvironment(commandPath, [])).run()
    }

    private func runEnvironment(_ commandPath: String, _ more: [String]) -> [String] {
        let attribute = "docker.cli.cobra.command_path=" + commandPath.split(separator: " ").joined(separator: "%20")
        let given = Process.environment("OTEL_RESOURCE_ATTRIBUTES") ?? ""
        return Self.environment(adding: more).filter { !$0.hasPrefix("OTEL_RESOURCE_ATTRIBUTES=") } + [
            "OTEL_RESOURCE_ATTRIBUTES=" + (given.isEmpty ? "" : given + ",") + attribute
        ]
    }

    /// As `docker info` tells of it.
    var json: JSON {
        var members: [(String, JSON)] = []
        for key in ["SchemaVersion", "Vendor", "Version", "ShortDescription", "URL"] {
            if let text = metadata[key]?.string, !text.isEmpty { members.append((key, .string(text))) }
        }
        members += [("Name", .string(name)), ("Path", .string(path))]
        if !problem.isEmpty { members.append(("Err", .string(problem))) }
        if !shadowed.isEmpty { members.append(("ShadowedPaths", .strings(shadowed))) }
        return .members(members)
    }
}

extension Command {
    /// Lists the plugins in the root's help: usable ones as commands with a star, broken ones with what is wrong.
    func listPlugins(_ session: Session) {
        let plugins = ClientPlugin.all(builtin: children, session)
        if plugins.contains(where: { $0.name == "buildx" && $0.problem.isEmpty }) {
            child(named: "bake")?.hidden = false
        }
        let stubs = plugins.filter { $0.problem.isEmpty }.map { plugin in
            let stub = Command(plugin.name, "", plugin.summary)
            stub.mark = "*"
            stub.group = "Management Commands"
            return stub
        }
        add(stubs)
        let broken = plugins.filter { !$0.problem.isEmpty }
        if !broken.isEmpty { remarks = ("Invalid Plugins", broken.map { ($0.name, $0.problem) }) }
    }
}
