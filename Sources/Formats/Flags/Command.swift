/// How a command ends when it does not succeed: what is printed on standard error, and the exit status.
public struct CommandFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// Printed with a newline after it; empty: nothing is printed.
    public let message: String
    public let status: Int32

    public init(_ message: String, status: Int32 = 1) {
        self.message = message
        self.status = status
    }

    public var description: String { message }
}

/// How many arguments a command takes, with the words that refuse other numbers.
public enum Arity: Equatable, Sendable {
    case any
    case none
    case exactly(Int)
    case atLeast(Int)
    case atMost(Int)
    case between(Int, Int)
}

/// A command of a cobra-style program: a name, flags, an action, and commands below it. What it declares is declared
/// when it is first needed, so that starting costs only the one command that runs.
public final class Command {
    public typealias Action = ([String]) throws(CommandFailure) -> Int32

    public let name: String
    /// What follows the path in the usage line: `[OPTIONS] IMAGE [COMMAND] [ARG...]`.
    public let synopsis: String
    /// One sentence, as the parent's help lists it.
    public let summary: String
    public let arity: Arity
    /// Other names among its siblings.
    public var aliases: [String] = []
    /// Whole paths that reach the same command, as help shows them.
    public var paths: [String] = []
    /// Replaces the summary in the command's own help.
    public var explanation = ""
    /// Stands behind its name in its parent's help: `*` for a command of another program.
    public var mark = ""
    /// Not listed in its parent's help.
    public var hidden = false
    /// The title it is listed under in its parent's help; empty: `Commands`, or `Management Commands` if it has some.
    public var group = ""
    /// A second usage line, as `cp` has.
    public var secondUsage = ""
    /// A word that names no command below it shows the help instead of an error.
    public var helpsWithUnknownWords = false
    /// What is shown as an experimental feature says so in its help.
    public var isExperimental = false
    /// A section of its help that lists no commands.
    public var remarks: (title: String, lines: [(name: String, text: String)])?
    public private(set) var children: [Command] = []
    /// The words that reach it, the program's name first.
    public private(set) var path: String
    private let declare: (FlagSet) -> Action?
    private var declared: (flags: FlagSet, action: Action?)?

    /// `declare` adds the flags and returns the action; nil for a command that only groups others.
    public init(
        _ name: String, _ synopsis: String, _ summary: String, _ arity: Arity = .any,
        declare: @escaping (FlagSet) -> Action? = { _ in nil }
    ) {
        self.name = name
        path = name
        self.synopsis = synopsis
        self.summary = summary
        self.arity = arity
        self.declare = declare
    }

    /// Puts commands below this one.
    @discardableResult
    public func add(_ commands: [Command]) -> Command {
        for command in commands {
            command.place(below: path)
            children.append(command)
        }
        return self
    }

    private func place(below parentPath: String) {
        path = parentPath + " " + name
        for child in children { child.place(below: path) }
    }

    public func child(named word: String) -> Command? {
        for command in children where command.name == word || command.aliases.contains(word) { return command }
        return nil
    }

    /// The flags, with `--help`; declared at the first call.
    public var flags: FlagSet { declaration.flags }

    /// What the command does; nil for one that only groups others.
    public var action: Action? { declaration.action }

    private var declaration: (flags: FlagSet, action: Action?) {
        if let declared { return declared }
        let flags = FlagSet(.pflag)
        let action = declare(flags)
        if !children.isEmpty { flags.interspersed = false }
        let help: Flag<Bool>
        if flags.named("h") == nil {
            help = flags.bool("help", "h", usage: "Print usage")
            help.shorthandIsDeprecated = true
            help.hidden = true
        } else {
            // Where -h means something else, pflag lists the flag.
            help = flags.bool("help", usage: "Print usage")
        }
        let made = (flags, action)
        declared = made
        return made
    }

    public var usageLine: String { synopsis.isEmpty ? path : path + " " + synopsis }
}

/// What a command line asks for, once parsed.
public enum Invocation {
    case run(Command, [String])
    case help(Command)
    /// No command was named: the help is shown where errors are.
    case nothingAsked(Command)
}

extension Command {
    /// Walks down to the command that `arguments` (without this command's own name) name, and parses its flags.
    /// `intercept` sees each command and its arguments once its flags are parsed, for flags of the program itself.
    public func resolve(
        _ arguments: [String], intercept: (Command) throws(CommandFailure) -> Void = { _ in }
    ) throws(CommandFailure) -> Invocation {
        try resolve(parsed: try parse(arguments), intercept: intercept)
    }

    /// The arguments that this command's own flags leave.
    public func parse(_ arguments: [String]) throws(CommandFailure) -> [String] {
        do throws(UsageError) {
            return try flags.parse(arguments)
        } catch {
            throw refusal(error.message, status: 125)
        }
    }

    /// The rest of `resolve`, with what `parse` left.
    public func resolve(
        parsed rest: [String], intercept: (Command) throws(CommandFailure) -> Void = { _ in }
    ) throws(CommandFailure) -> Invocation {
        if let help = flags.named("help"), help.isSet {
            // The words that follow say whose help it is.
            if let word = rest.first, let child = child(named: word) {
                return try child.resolve(Array(rest.dropFirst()) + ["--help"])
            }
            return .help(self)
        }
        try intercept(self)
        if children.isEmpty {
            try checkArity(rest.count)
            return .run(self, rest)
        }
        guard let word = rest.first else { return action == nil ? .nothingAsked(self) : .run(self, []) }
        let below = Array(rest.dropFirst())
        if let child = child(named: word) { return try child.resolve(below, intercept: intercept) }
        if below.contains("--help") { return .help(self) }
        if helpsWithUnknownWords { return .help(self) }
        throw unknownCommand(word)
    }

    /// A usage error in the words of docker's command line.
    public func refusal(_ message: String, status: Int32) -> CommandFailure {
        CommandFailure(
            message + "\n\nUsage:  " + usageLine + "\n\nRun '" + path + " --help' for more information", status: status)
    }

    private func unknownCommand(_ word: String) -> CommandFailure {
        let program = splitOnce(path, at: 32).0
        let head = program + ": unknown command: " + path + " " + word + "\n\n"
        let tail = "Run '" + path + " --help' for more information"
        return CommandFailure(path == program ? head + tail : head + "Usage:  " + path + "\n\n" + tail)
    }

    private func checkArity(_ count: Int) throws(CommandFailure) {
        func plural(_ number: Int) -> String { String(number) + (number == 1 ? " argument" : " arguments") }
        let wanted: String
        var invitation = "Run '"
        switch arity {
        case .any: return
        case .none:
            if count == 0 { return }
            wanted = "accepts no arguments"
        case .exactly(let number):
            if count == number { return }
            wanted = "requires " + plural(number)
        case .atLeast(let number):
            if count >= number { return }
            wanted = "requires at least " + plural(number)
            invitation = "See '"
        case .atMost(let number):
            if count <= number { return }
            wanted = "requires at most " + plural(number)
            invitation = "SRun '"
        case .between(let least, let most):
            if count >= least && count <= most { return }
            wanted = "requires at least " + String(least) + " and at most " + plural(most)
        }
        let program = splitOnce(path, at: 32).0
        throw CommandFailure(
            program + ": '" + path + "' " + wanted + "\n\nUsage:  " + usageLine + "\n\n" + invitation + path
                + " --help' for more information")
    }
}
