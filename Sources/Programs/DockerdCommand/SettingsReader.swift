internal import CLinux
internal import Flags
internal import JSON
internal import Linux

/// A configuration the daemon cannot start with: upstream's words.
struct SettingsError: Error, Equatable { let message: String }

/// Reads settings from the command line and from daemon.json, and refuses what says two things at once.
struct SettingsReader {
    let flags = FlagSet(.pflag)
    let help: Flag<Bool>
    let version: Flag<Bool>
    let validate: Flag<Bool>
    private var appliers: [(directive: Directive, flag: AnyFlag, apply: (inout Settings) -> Void)] = []

    init() {
        let standard = Settings()
        for directive in Directive.all {
            let short = directive.short.map { [$0] } ?? []
            switch directive.target {
            case .text(let path):
                let flag = SettingsReader.add(flags, directive, short, standard[keyPath: path])
                appliers.append((directive, flag, { $0[keyPath: path] = flag.value }))
            case .flag(let path):
                let flag = SettingsReader.addBool(flags, directive, short, standard[keyPath: path])
                appliers.append((directive, flag, { $0[keyPath: path] = flag.value }))
            case .number(let path):
                let flag = flags.int(directive.flag, usage: directive.usage, default: standard[keyPath: path])
                appliers.append((directive, flag, { $0[keyPath: path] = flag.value }))
            case .list(let path):
                let flag = SettingsReader.addList(flags, directive, short)
                appliers.append((directive, flag, { $0[keyPath: path] = flag.value }))
            case .refused:
                let flag =
                    directive.type.isEmpty
                    ? flags.bool(directive.flag, usage: directive.usage)
                    : SettingsReader.add(flags, directive, short, "")
                appliers.append((directive, flag, { _ in }))
            }
        }
        help = flags.bool("help", usage: "Print usage")
        validate = flags.bool("validate", usage: "Validate daemon configuration and exit")
        version = flags.bool("version", "v", usage: "Print version information and quit")
    }

    private static func add(_ flags: FlagSet, _ directive: Directive, _ short: [String], _ value: String) -> Flag<
        String
    > {
        if let letter = short.first {
            return flags.string(directive.flag, letter, usage: directive.usage, default: value, type: directive.type)
        }
        return flags.string(directive.flag, usage: directive.usage, default: value, type: directive.type)
    }

    private static func addBool(_ flags: FlagSet, _ directive: Directive, _ short: [String], _ value: Bool) -> Flag<
        Bool
    > {
        if let letter = short.first {
            return flags.bool(directive.flag, letter, usage: directive.usage, default: value)
        }
        return flags.bool(directive.flag, usage: directive.usage, default: value)
    }

    private static func addList(_ flags: FlagSet, _ directive: Directive, _ short: [String]) -> Flag<[String]> {
        if let letter = short.first {
            return flags.list(directive.flag, letter, usage: directive.usage, type: directive.type)
        }
        return flags.list(directive.flag, usage: directive.usage, type: directive.type)
    }

    /// The settings of parsed flags and of the file they name, over those that there were.
    func settings(over before: Settings = Settings()) throws(SettingsError) -> Settings {
        var settings = before
        for applier in appliers where applier.flag.isSet {
            if case .refused = applier.directive.target {
                throw SettingsError(message: "the option --" + applier.directive.flag + " is not supported")
            }
            applier.apply(&settings)
        }
        try readFile(into: &settings)
        try check(&settings)
        return settings
    }

    private func readFile(into settings: inout Settings) throws(SettingsError) {
        let path = settings.configFile
        let prefix = "unable to configure the Docker daemon with file " + path + ": "
        let bytes: [UInt8]
        do throws(SystemCallError) { bytes = try Files.read(path) } catch {
            if error.number == ENOENT && flags.named("config-file")?.isSet != true { return }
            throw SettingsError(message: prefix + error.description)
        }
        if bytes.allSatisfy({ $0 <= 32 }) { return }
        do throws(JSON.Failure) {
            guard let object = try JSON(parsing: bytes).object else { throw JSON.Failure("the file is no JSON object") }
            try apply(object, to: &settings, prefix)
        } catch {
            throw SettingsError(message: prefix + error.message)
        }
    }

    private func apply(_ object: JSON.Object, to settings: inout Settings, _ prefix: String) throws(JSON.Failure) {
        var unknown: [String] = []
        var conflicts: [String] = []
        for (key, value) in object.members {
            guard let applier = appliers.first(where: { $0.directive.key == key }) else {
                unknown.append(key)
                continue
            }
            if applier.flag.isSet {
                conflicts.append(
                    key + ": (from flag: " + shown(applier, settings) + ", from file: " + shown(value) + ")")
                continue
            }
            try set(applier.directive, key, value, &settings)
        }
        if !unknown.isEmpty {
            throw JSON.Failure(
                "the following directives don't match any configuration option: " + unknown.joined(separator: ", "))
        }
        if !conflicts.isEmpty {
            throw JSON.Failure(
                "the following directives are specified both as a flag and in the configuration file: "
                    + conflicts.sorted().joined(separator: ", "))
        }
    }

    private func set(
        _ directive: Directive, _ key: String, _ value: JSON, _ settings: inout Settings
    ) throws(JSON.Failure) {
        let single = JSON.Object([(key, value)])
        switch directive.target {
        case .text(let path):
            // Numbers stand for themselves: "mtu" and sizes are written both ways.
            if let number = value.int {
                settings[keyPath: path] = String(number)
            } else {
                settings[keyPath: path] = try single.string(key)
            }
        case .flag(let path): settings[keyPath: path] = try single.bool(key)
        case .number(let path): settings[keyPath: path] = try single.int(key)
        case .list(let path): settings[keyPath: path] = try list(single, key, value)
        case .refused: throw JSON.Failure("the option " + key + " is not supported")
        }
    }

    /// Maps and lists of objects in the form that the flags have.
    private func list(_ single: JSON.Object, _ key: String, _ value: JSON) throws(JSON.Failure) -> [String] {
        switch key {
        case "log-opts": return try single.stringMap(key).map { $0.name + "=" + $0.value }
        case "runtimes":
            var runtimes: [String] = []
            for member in try single.object(key)?.members ?? [] {
                guard let runtime = member.value.object else {
                    throw JSON.Failure("runtimes: " + member.name + " is no object")
                }
                for name in runtime.names where name != "path" {
                    throw JSON.Failure("the option runtimes." + member.name + "." + name + " is not supported")
                }
                runtimes.append(member.name + "=" + (try runtime.string("path")))
            }
            return runtimes
        case "default-address-pools":
            return try single.objects(key).map { pool throws(JSON.Failure) in
                "base=" + (try pool.string("base")) + ",size=" + String(try pool.int("size"))
            }
        case "default-ulimits":
            var limits: [String] = []
            for member in try single.object(key)?.members ?? [] {
                guard let limit = member.value.object else {
                    throw JSON.Failure("default-ulimits: " + member.name + " is no object")
                }
                limits.append(
                    (try limit.string("Name", default: member.name)) + "=" + String(try limit.int("Soft")) + ":"
                        + String(try limit.int("Hard")))
            }
            return limits
        default: return try single.strings(key)
        }
    }

    private func shown(
        _ applier: (directive: Directive, flag: AnyFlag, apply: (inout Settings) -> Void), _ settings: Settings
    ) -> String {
        switch applier.directive.target {
        case .text(let path): settings[keyPath: path]
        case .flag(let path): settings[keyPath: path] ? "true" : "false"
        case .number(let path): String(settings[keyPath: path])
        case .list(let path): "[" + settings[keyPath: path].joined(separator: " ") + "]"
        case .refused: ""
        }
    }

    /// As Go's %v prints what came out of the file.
    private func shown(_ value: JSON) -> String {
        switch value {
        case .string(let text): text
        case .array(let items): "[" + items.map(shown).joined(separator: " ") + "]"
        case .object(let object):
            "map[" + object.members.map { $0.name + ":" + shown($0.value) }.joined(separator: " ") + "]"
        default: value.text()
        }
    }

    private func check(_ settings: inout Settings) throws(SettingsError) {
        for label in settings.labels where !label.utf8.contains(61) || label.first == "=" {
            throw SettingsError(message: "bad attribute format: " + label)
        }
        if !["", "overlay2", "overlayfs"].contains(settings.storageDriver) {
            throw SettingsError(
                message: "error initializing graphdriver: driver not supported: " + settings.storageDriver)
        }
        if settings.ip6tables && !settings.experimental {
            throw SettingsError(message: "ip6tables rules are only available if experimental features are enabled")
        }
        if settings.shutdownTimeout < -1 {
            throw SettingsError(message: "invalid shutdown-timeout: " + String(settings.shutdownTimeout))
        }
        for host in settings.hosts where !Listeners.isAddress(host) {
            throw SettingsError(
                message: "invalid argument \"" + host + "\" for \"-H, --host\" flag: invalid bind address format: "
                    + host)
        }
        if settings.verifiesClients != nil { settings.tls = true }
        if settings.tls { nameCertificates(&settings) }
    }

    /// The files of TLS that are not named lie where the client keeps its own.
    private func nameCertificates(_ settings: inout Settings) {
        let folder = Process.environment("DOCKER_CERT_PATH") ?? (Process.environment("HOME") ?? "/root") + "/.docker"
        func standard(_ name: String) -> String { Files.exists(folder + "/" + name) ? folder + "/" + name : "" }
        if settings.tlsAuthority.isEmpty { settings.tlsAuthority = folder + "/ca.pem" }
        if settings.tlsCertificate.isEmpty { settings.tlsCertificate = standard("cert.pem") }
        if settings.tlsKey.isEmpty { settings.tlsKey = standard("key.pem") }
    }
}
