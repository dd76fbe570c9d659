internal import CLinux
internal import Flags
internal import Linux
internal import Terminal

/// The version of docker's command line whose commands and flags these are.
let clientVersion = "28.3.3"
/// What stands for the commit in version texts.
let clientBuild = "slipway"

/// What the program does, behind its main.
public enum DockerCommand {
    /// Runs the program and returns its exit status.
    public static func main(_ arguments: [String]) -> Int32 {
        holdStandardStreams()
        let session = Session()
        endOnSignals()
        do throws(CommandFailure) {
            return try run(Array(arguments.dropFirst()), session)
        } catch {
            if !error.message.isEmpty { Console.error(error.message + "\n") }
            return error.status
        }
    }

    /// A standard stream that is closed would give its number to the next socket, and be taken for the stream again.
    private static func holdStandardStreams() {
        for number in Int32(0)...2 where cl_fcntl(number, F_GETFD, 0) < 0 { _ = cl_open("/dev/null", O_RDWR, 0) }
    }

    /// Interrupted, the program ends with the status a shell would give it; and with its reader, whatever its parent
    /// ignores. Signals that mean nothing to it do nothing.
    private static func endOnSignals() {
        for number in [SIGINT, SIGTERM] { signal(number) { _exit(128 + $0) } }
        cl_default_signal(SIGPIPE)
        for number in [SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGXCPU, SIGXFSZ, SIGIO, SIGPWR] {
            signal(number) { _ in }
        }
    }

    static func run(_ arguments: [String], _ session: Session) throws(CommandFailure) -> Int32 {
        let root = rootCommand(session)
        let words = try root.parse(arguments)
        try readGlobals(root.flags, session)
        if let first = words.first, first == "__complete" || first == "__completeNoDesc" {
            return Completion(root, session).answer(
                Array(words.dropFirst()), withSummaries: first == "__complete")
        }
        if session.options.showVersion, words.isEmpty {
            Console.out("Docker version \(clientVersion), build \(clientBuild)\n")
            return 0
        }
        try becomePlugin(words, arguments, root, session)
        if words.first == "help" { return try help(root, Array(words.dropFirst()), session) }
        let invocation = try root.resolve(parsed: words) { (command) throws(CommandFailure) in
            warnOfDeprecated(command)
        }
        switch invocation {
        case .help(let command):
            if let flag = command.flags.named("help"), flag.shorthandWasUsed, flag.shorthandIsDeprecated {
                Console.error("Flag shorthand -h has been deprecated, use --help\n")
            }
            printHelp(of: command, session)
            return 0
        case .nothingAsked(let command):
            printHelp(of: command, session, toError: true)
            return 0
        case .run(let command, let rest):
            guard let action = command.action else {
                printHelp(of: command, session)
                return 0
            }
            try command.requireSupport(session)
            try command.refuseContentTrust()
            return try action(rest)
        }
    }

    /// Gives the command line to the plugin it is for, if it is for one.
    private static func becomePlugin(
        _ words: [String], _ arguments: [String], _ root: Command, _ session: Session
    ) throws(CommandFailure) {
        if let forwarded = try BuilderForwarding(session: session, root: root).forward(words, arguments) {
            throw forwarded.plugin.become(
                forwarded.arguments, commandPath: forwarded.commandPath, environment: forwarded.environment)
        }
        guard let name = words.first, name != "help", root.child(named: name) == nil,
            let plugin = ClientPlugin.named(name, builtin: root.children, session), plugin.problem.isEmpty
        else { return }
        throw plugin.become(arguments, commandPath: "docker " + name, environment: [])
    }

    private static func printHelp(of command: Command, _ session: Session, toError: Bool = false) {
        if !command.path.utf8.contains(32) { command.listPlugins(session) }
        command.hideUnsupported(session)
        let width = Terminal.size(0)?.columns ?? 80
        let epilogue = "For more help on how to use Docker, head to https://docs.docker.com/go/guides/"
        let text = command.help(width: width == 0 ? 80 : width, epilogue: epilogue)
        if toError { Console.error(text) } else { Console.out(text) }
    }

    private static func help(_ root: Command, _ words: [String], _ session: Session) throws(CommandFailure) -> Int32 {
        if let name = words.first, root.child(named: name) == nil,
            let plugin = ClientPlugin.named(name, builtin: root.children, session), plugin.problem.isEmpty
        {
            return try helpOfPlugin(plugin)
        }
        var command = root
        for word in words {
            guard let child = command.child(named: word) else {
                throw CommandFailure("unknown help topic: " + words.joined(separator: " "))
            }
            command = child
        }
        printHelp(of: command, session)
        return 0
    }

    private static func helpOfPlugin(_ plugin: ClientPlugin) throws(CommandFailure) -> Int32 {
        let ending: ExitStatus
        do throws(SystemCallError) {
            ending = try plugin.run(Array(Process.arguments.dropFirst()), commandPath: "docker " + plugin.name)
        } catch {
            throw CommandFailure("fork/exec " + plugin.path + ": " + error.reason)
        }
        if ending == .exited(0) { return 0 }
        throw CommandFailure(ending.words)
    }

    private static func warnOfDeprecated(_ command: Command) {
        for flag in command.flags.all where flag.isSet && !flag.deprecation.isEmpty {
            Console.error("Flag --" + flag.name + " has been deprecated, " + flag.deprecation + "\n")
        }
    }

    private static func readGlobals(_ flags: FlagSet, _ session: Session) throws(CommandFailure) {
        let options = session.options
        if !["debug", "info", "warn", "warning", "error", "fatal", "panic", "trace"].contains(
            options.logLevel.lowercased())
        {
            throw CommandFailure("Unable to parse logging level: " + options.logLevel)
        }
        if !options.hosts.isEmpty && !options.context.isEmpty {
            throw CommandFailure("conflicting options: cannot specify both --host and --context")
        }
    }
}
