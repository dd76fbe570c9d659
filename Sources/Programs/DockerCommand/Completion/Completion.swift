internal import CLinux
internal import Flags
internal import Linux

/// What a shell shall do with the words it gets, in cobra's numbers.
struct CompletionDirective: OptionSet {
    let rawValue: Int
    static let error = CompletionDirective(rawValue: 1)
    static let noSpace = CompletionDirective(rawValue: 2)
    static let noFiles = CompletionDirective(rawValue: 4)
    static let onlyFolders = CompletionDirective(rawValue: 16)

    var words: String {
        let names: [(CompletionDirective, String)] = [
            (.error, "Error"), (.noSpace, "NoSpace"), (.noFiles, "NoFileComp"), (.onlyFolders, "FilterDirs"),
        ]
        let found = names.filter { contains($0.0) }.map { "ShellCompDirective" + $0.1 }
        return found.isEmpty ? "ShellCompDirectiveDefault" : found.joined(separator: ", ")
    }
}

/// Words that may stand at the end of a command line; a tab and a summary may follow each.
struct Completions {
    var words: [String] = []
    var directive: CompletionDirective = []

    init(_ words: [String], _ directive: CompletionDirective = .noFiles) {
        self.words = words
        self.directive = directive
    }

    /// None, and no file names either.
    static let none = Completions([])
    /// None of ours: the shell offers files.
    static let files = Completions([], [])
}

/// What a shell asks for when the user presses its completion key.
struct Completion {
    let root: Command
    let session: Session

    init(_ root: Command, _ session: Session) {
        self.root = root
        self.session = session
    }

    /// Prints the words that may stand at the end of `words`, one a line, with summaries after a tab, and what the
    /// shell shall do with them.
    func answer(_ words: [String], withSummaries: Bool) -> Int32 {
        guard let partial = words.last else {
            Console.error("requires at least 1 arg(s), only received 0\n")
            return 1
        }
        let hidden = Process.environment("DOCKER_CLI_DISABLE_COMPLETION_DESCRIPTION") ?? ""
        let found = complete(Array(words.dropLast()), partial)
        var text = ""
        for word in found.words {
            let line = splitOnce(word, at: 10).0
            text += (withSummaries && hidden.isEmpty ? line : splitOnce(line, at: 9).0) + "\n"
        }
        Console.out(text + ":" + String(found.directive.rawValue) + "\n")
        Console.error("Completion ended with directive: " + found.directive.words + "\n")
        return 0
    }

    private func complete(_ given: [String], _ partial: String) -> Completions {
        // Plugins are commands too, and complete their own words; `bake` is there for one.
        root.listPlugins(session)
        root.child(named: "bake")?.hidden = false
        // The context is the one that was chosen before the words, whatever they say.
        let context = session.options.context
        let (command, rest, parsed) = place(given)
        session.options.context = context
        if !command.mark.isEmpty { return completionsOfPlugin(command.name, rest, partial) }
        var place = CompletionPlace(command: command, arguments: rest, partial: partial)
        let flag = place.takeFlag()
        if parsed == nil || flag != nil {
            do throws(UsageError) {
                place.arguments = try command.flags.parse(place.arguments)
            } catch {
                let words = place.arguments.joined(separator: " ")
                Console.error("[Debug] [Error] Error while parsing flags from args [\(words)]: \(error.message)\n")
                return .files
            }
        }
        if let parsed, flag == nil { place.arguments = parsed }
        let flagsEnded = rest.contains("--") || (!command.flags.interspersed && !place.arguments.isEmpty)
        if let flag, !flagsEnded { return flagValues(flag, place) }
        if partial.hasPrefix("-") && !partial.contains("=") && !flagsEnded { return flagNames(place) }
        if !command.children.isEmpty && place.arguments.isEmpty { return subcommands(place) }
        if !command.children.isEmpty { return command.helpsWithUnknownWords ? .none : .files }
        return argumentValues(place)
    }

    /// The command that `given` leads to, what follows it, and that without flags where they can be read.
    private func place(_ given: [String]) -> (command: Command, rest: [String], parsed: [String]?) {
        var command = root
        var rest = given
        while !command.children.isEmpty {
            // Flags that cannot be read end the walk; what is wrong with them is told later.
            guard let parsed = try? command.flags.parse(rest) else { return (command, rest, nil) }
            guard let word = parsed.first, let child = command.child(named: word) else {
                return (command, rest, parsed)
            }
            command = child
            rest = Array(parsed.dropFirst())
        }
        return (command, rest, nil)
    }

    private func subcommands(_ place: CompletionPlace) -> Completions {
        var all = place.command.children.filter { !$0.hidden }.map { ($0.name, $0.summary) }
        all += (place.command.remarks?.lines ?? []).map { ($0.name, "") }
        if place.command === root { all.append(("help", "Help about the command")) }
        let found = all.filter { $0.0.hasPrefix(place.partial) }
        let sorted = found.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
        return Completions(sorted.map { $0.1.isEmpty ? $0.0 : $0.0 + "\t" + $0.1 })
    }

    private func flagNames(_ place: CompletionPlace) -> Completions {
        let repeatable = ["list", "strings", "stringToString"]
        var words: [String] = []
        for flag in place.command.flags.all.sorted(by: { $0.name < $1.name }) {
            if flag.hidden || !flag.deprecation.isEmpty || (flag.isSet && !repeatable.contains(flag.typeName)) {
                continue
            }
            for name in ["--" + flag.name] + flag.aliases.map({ "-" + $0 }) where name.hasPrefix(place.partial) {
                words.append(name + "\t" + flag.usage)
            }
        }
        return Completions(words)
    }

    private func completionsOfPlugin(_ name: String, _ rest: [String], _ partial: String) -> Completions {
        let builtin = root.children.filter { $0.mark.isEmpty }
        guard let plugin = ClientPlugin.named(name, builtin: builtin, session), plugin.problem.isEmpty else {
            return Completions([], .error)
        }
        // A plugin that cannot be run completes nothing.
        let ending = try? plugin.run(["__complete", name] + rest + [partial], commandPath: "docker " + name)
        if ending == .exited(0) { exit(0) }
        return Completions([], .error)
    }
}

/// The place of the word that is completed.
struct CompletionPlace {
    let command: Command
    /// What stands between the command and the word.
    var arguments: [String]
    var partial: String

    /// Takes the flag whose value the word is, if it is one.
    mutating func takeFlag() -> AnyFlag? {
        if partial.hasPrefix("-") {
            let (name, value) = splitOnce(partial, at: UInt8(ascii: "="))
            guard let value, let flag = Self.flag(name, in: command) else { return nil }
            partial = value
            return flag
        }
        guard let last = arguments.last, last.hasPrefix("-"), last != "-", last != "--", !last.contains("="),
            let flag = Self.flag(last, in: command), flag.valueWhenBare == nil
        else { return nil }
        arguments.removeLast()
        return flag
    }

    /// `--name`, or the last letter of `-abc`.
    private static func flag(_ word: String, in command: Command) -> AnyFlag? {
        if word.hasPrefix("--") { return command.flags.all.first { $0.name == word.dropFirst(2) } }
        return command.flags.all.first { $0.aliases.contains(String(word.suffix(1))) }
    }
}
