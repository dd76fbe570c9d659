/// One command of an urfave command line. `Action` is what its program does with it: a function, for a light program;
/// an async one, for a full one. `declare` adds the flags and returns the action, and runs only for the command that is
/// wanted, so that a program with fifty commands declares one.
public final class UrfaveCommand<Action> {
    public let name: String
    public let aliases: [String]
    /// One line for the list of commands.
    public let usage: String
    /// The synopsis after the options ("<container-id>"); empty: "[arguments...]", or "command …" for a group.
    public let arguments: String
    /// The synopsis as a whole, where it is not made of the parts.
    public var usageText = ""
    public var description = ""
    public var hidden = false
    /// Flags after the first argument belong to the arguments (`exec`, `run`).
    public var stopsAtFirstArgument = false
    /// Every word is an argument, `--help` included.
    public var takesAnything = false
    public let subcommands: [UrfaveCommand<Action>]
    let declare: (FlagSet) -> Action?

    /// A command that does something.
    public init(
        _ name: String, _ aliases: String..., usage: String, arguments: String = "",
        declare: @escaping (FlagSet) -> Action
    ) {
        self.name = name
        self.aliases = aliases
        self.usage = usage
        self.arguments = arguments
        self.subcommands = []
        self.declare = declare
    }

    /// A group of commands. `declareFlags` adds the flags that stand before the name of the command.
    public init(
        _ name: String, _ aliases: String..., usage: String, subcommands: [UrfaveCommand<Action>],
        declareFlags: @escaping (FlagSet) -> Void = { _ in }
    ) {
        self.name = name
        self.aliases = aliases
        self.usage = usage
        self.arguments = ""
        self.subcommands = subcommands
        self.declare = { flags in
            declareFlags(flags)
            return nil
        }
    }

    var names: [String] { [name] + aliases }
}

/// What a command line asks for.
public enum UrfaveResolution<Action> {
    /// Run this with these arguments. `path` is the command's whole name, `help` its help text (for a wrong number of
    /// arguments); `group` is true where no command was named and the program has an action of its own.
    case run(Action, arguments: [String], path: String, help: String)
    /// Print this on standard output and end well.
    case show(String)
    /// Print `help` on standard output, report `message` the program's way, end with `status`.
    case refuse(message: String, help: String, status: Int32)
}

/// An urfave command line: the program, its global flags and its commands.
public final class UrfaveApp<Action> {
    public let name: String
    public let usage: String
    public let version: String
    public var description = ""
    public var usageText = ""
    /// What `--version` prints, where it is not the usual line.
    public var versionText = ""
    public let flags = FlagSet(.urfave)
    public let commands: [UrfaveCommand<Action>]
    /// What the program does when no command is named; nil: it shows its help.
    public var action: Action?
    /// Looks up an environment variable that sets a flag.
    public var environment: (String) -> String? = { _ in nil }
    let help: Flag<Bool>
    let showVersion: Flag<Bool>

    /// `declareFlags` adds the program's global flags; `--help` and `--version` follow them.
    public init(
        _ name: String, usage: String, version: String, commands: [UrfaveCommand<Action>],
        declareFlags: (FlagSet) -> Void
    ) {
        self.name = name
        self.usage = usage
        self.version = version
        self.commands = commands
        declareFlags(flags)
        help = flags.bool("help", "h", usage: "show help")
        showVersion = flags.bool("version", "v", usage: "print the version")
    }

    /// Reads a command line, without the program's name. Global flags hold their values afterwards.
    public func resolve(_ arguments: [String]) -> UrfaveResolution<Action> {
        let rest: [String]
        do throws(UsageError) {
            try applyEnvironment(flags)
            rest = try flags.parse(arguments)
        } catch {
            return .refuse(
                message: error.message, help: "Incorrect Usage. " + error.message + "\n\n" + helpText, status: 1)
        }
        if help.value { return .show(helpText) }
        if showVersion.value { return .show(versionText.isEmpty ? name + " version " + version + "\n" : versionText) }
        if let action, rest.isEmpty || find(rest[0], in: commands) == nil && rest[0] != "help" && rest[0] != "h" {
            return .run(action, arguments: rest, path: name, help: helpText)
        }
        guard let first = rest.first else { return .show(helpText) }
        if first == "help" || first == "h" {
            return topic(Array(rest.dropFirst()), in: commands, path: name, help: helpText)
        }
        return enter(first, Array(rest.dropFirst()), among: commands, path: name)
    }

    private func enter(
        _ word: String, _ arguments: [String], among commands: [UrfaveCommand<Action>], path: String
    ) -> UrfaveResolution<Action> {
        guard let command = find(word, in: commands) else {
            return .refuse(message: "No help topic for '" + word + "'", help: "", status: 3)
        }
        let path = path + " " + command.name
        let set = FlagSet(.urfave)
        let action = command.declare(set)
        let text = command.subcommands.isEmpty ? command.helpText(path, set) : command.groupHelpText(path, set)
        if command.takesAnything, let action { return .run(action, arguments: arguments, path: path, help: text) }
        let wantsHelp = set.bool("help", "h", usage: "show help")
        let rest: [String]
        do throws(UsageError) {
            try applyEnvironment(set)
            let group = !command.subcommands.isEmpty
            rest = try set.parse(group || command.stopsAtFirstArgument ? arguments : reordered(arguments, set))
        } catch {
            return .refuse(message: error.message, help: "Incorrect Usage: " + error.message + "\n\n" + text, status: 1)
        }
        if wantsHelp.value { return .show(text) }
        if let action { return .run(action, arguments: rest, path: path, help: text) }
        guard let first = rest.first else { return .show(text) }
        if first == "help" || first == "h" {
            return topic(Array(rest.dropFirst()), in: command.subcommands, path: path, help: text)
        }
        return enter(first, Array(rest.dropFirst()), among: command.subcommands, path: path)
    }

    /// `help [COMMAND]`.
    private func topic(
        _ words: [String], in commands: [UrfaveCommand<Action>], path: String, help: String
    ) -> UrfaveResolution<Action> {
        guard let word = words.first else { return .show(help) }
        guard let command = find(word, in: commands) else {
            return .refuse(message: "No help topic for '" + word + "'", help: "", status: 3)
        }
        let path = path + " " + command.name
        let set = FlagSet(.urfave)
        _ = command.declare(set)
        if !command.subcommands.isEmpty { return .show(command.groupHelpText(path, set)) }
        return .show(command.helpText(path, set))
    }

    private func find(_ word: String, in commands: [UrfaveCommand<Action>]) -> UrfaveCommand<Action>? {
        for command in commands where command.name == word || command.aliases.contains(word) { return command }
        return nil
    }

    private func applyEnvironment(_ set: FlagSet) throws(UsageError) {
        for flag in set.all {
            for name in flag.environment {
                guard let text = environment(name), !text.isEmpty else { continue }
                do throws(UsageError) {
                    try flag.take(text)
                } catch {
                    throw UsageError(
                        "could not parse " + text + " as value for flag " + flag.name + ": " + error.message)
                }
                break
            }
        }
    }
}

/// Declared flags and their values moved before the arguments, as urfave moves them; `--` keeps what follows in place.
private func reordered(_ arguments: [String], _ set: FlagSet) -> [String] {
    var flags: [String] = []
    var rest: [String] = []
    var index = 0
    while index < arguments.count {
        let argument = arguments[index]
        index += 1
        if argument == "--" {
            rest += arguments[(index - 1)...]
            break
        }
        guard hasPrefix(argument, "-"), argument != "-",
            let flag = set.named(splitOnce(withoutDashes(argument), at: 61).0)
        else {
            rest.append(argument)
            continue
        }
        flags.append(argument)
        let hasValue = splitOnce(argument, at: 61).1 != nil
        if !hasValue && flag.valueWhenBare == nil && index < arguments.count {
            flags.append(arguments[index])
            index += 1
        }
    }
    return flags + rest
}

private func withoutDashes(_ argument: String) -> String {
    hasPrefix(argument, "--")
        ? String(decoding: Array(argument.utf8.dropFirst(2)), as: UTF8.self)
        : String(decoding: Array(argument.utf8.dropFirst()), as: UTF8.self)
}
