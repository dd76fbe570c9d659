internal import CLinux
internal import ContainerRuntime
internal import Flags
internal import GoText
internal import Linux

/// What one command does. The status is the program's.
typealias Action = (Invocation) throws(RuntimeFailure) -> Int32

/// One use of the program: the command's arguments, and the global flags' values.
struct Invocation {
    let arguments: [String]
    let log: Log
    let store: ContainerStore
    let rootless: String

    /// Whether missing rights over cgroups are no failure: what `--rootless` says, or when this is not root, or only in
    /// a user namespace.
    func toleratesDeniedCgroups() throws(RuntimeFailure) -> Bool {
        switch rootless {
        case "1", "t", "T", "TRUE", "true", "True": return true
        case "0", "f", "F", "FALSE", "false", "False": return false
        default:
            if rootless.isEmpty || String(decoding: rootless.utf8.map { $0 | 32 }, as: UTF8.self) == "auto" {
                return geteuid() != 0 || Process.isInUserNamespace
            }
            throw RuntimeFailure("strconv.ParseBool: parsing " + goQuoted(rootless) + ": invalid syntax")
        }
    }

    /// The container's name, which is the first argument.
    var id: String { arguments.first ?? "" }

    /// The container the first argument names.
    func container() throws(RuntimeFailure) -> Container { try store.load(id) }
}

/// How many arguments a command takes.
enum ArgumentCount {
    case exactly(Int)
    case atLeast(Int)
    case between(Int, Int)

    /// Why a number of arguments is wrong, in runc's words; nil when it is right.
    func objection(_ count: Int, program: String, command: String) -> String? {
        let name = program + ": \"" + command + "\" requires "
        switch self {
        case .exactly(let wanted): return count == wanted ? nil : name + "exactly " + String(wanted) + " argument(s)"
        case .atLeast(let least): return count >= least ? nil : name + "a minimum of " + String(least) + " argument(s)"
        case .between(let least, let most):
            if count < least { return name + "a minimum of " + String(least) + " argument(s)" }
            return count <= most ? nil : name + "a maximum of " + String(most) + " argument(s)"
        }
    }
}

/// What the program does, behind its main.
public enum RuncCommand {
    static let version = "1.1.5"
    static let specVersion = "1.0.2-dev"

    /// Runs the program and returns its exit status.
    public static func main(_ arguments: [String]) -> Int32 {
        var globals = Globals()
        let app = UrfaveApp<Verb>(
            "runc", usage: "run containers that are described by the Open Container Initiative's specification",
            version: versionText, commands: Verb.all
        ) { flags in globals.declare(flags) }
        let resolution = app.resolve(Array(arguments.dropFirst()))
        var log = Log()
        do throws(RuntimeFailure) { log = try globals.log() } catch { return log.fatal(error) }
        switch resolution {
        case .show(let text):
            Console.out(text)
            return 0
        case .refuse(let message, let help, let status):
            Console.out(help)
            return log.fatal(RuntimeFailure(status == 3 ? message + "\n" : message, status: status))
        case .run(let verb, let rest, let path, let help):
            let command = path.split(separator: " ").last.map { String($0) } ?? ""
            if let objection = verb.count.objection(rest.count, program: arguments[0], command: command) {
                Console.out("Incorrect Usage.\n\n" + help)
                return log.fatal(RuntimeFailure(objection))
            }
            return perform(verb, rest, globals, log)
        }
    }

    private static func perform(_ verb: Verb, _ arguments: [String], _ globals: Globals, _ log: Log) -> Int32 {
        do throws(RuntimeFailure) {
            if verb.makesContainers && globals.systemdCgroup?.value ?? false {
                throw RuntimeFailure(
                    Files.isDirectory("/run/systemd/system")
                        ? "systemd cgroup flag passed, but this runc makes cgroups itself: leave --systemd-cgroup out"
                        : "systemd not running on this host, cannot use systemd cgroups manager")
            }
            if verb.sealsItself { try sealOwnProgram() }
            let invocation = Invocation(
                arguments: arguments, log: log, store: ContainerStore(root: try globals.rootDirectory()),
                rootless: globals.rootless?.value ?? "")
            log.debug("command " + (arguments.first ?? ""))
            return try verb.action(invocation)
        } catch {
            return log.fatal(error)
        }
    }
}

/// The global flags.
struct Globals {
    private var debug: Flag<Bool>?
    private var logPath: Flag<String>?
    private var logFormat: Flag<String>?
    private var root: Flag<String>?
    private(set) var systemdCgroup: Flag<Bool>?
    private(set) var rootless: Flag<String>?

    mutating func declare(_ flags: FlagSet) {
        debug = flags.bool("debug", usage: "log more")
        logPath = flags.string("log", usage: "file to append the log to (default is '/dev/stderr')")
        logFormat = flags.string("log-format", usage: "format of the log, 'text' or 'json'", default: "text")
        root = flags.string(
            "root", usage: "directory that keeps the state of containers; it should not outlast the machine's run",
            default: "/run/runc")
        flags.string("criu", usage: "program for checkpoint and restore, which this runc does not do", default: "criu")
        systemdCgroup = flags.bool(
            "systemd-cgroup",
            usage: "have systemd make cgroups, with cgroupsPath as \"slice:prefix:name\" (not possible with this runc)")
        rootless = flags.string(
            "rootless", usage: "whether missing rights over cgroups are no failure: 'true', 'false' or 'auto'",
            default: "auto")
    }

    func log() throws(RuntimeFailure) -> Log {
        let format = logFormat?.value ?? "text"
        guard format == "text" || format == "json" else { throw RuntimeFailure("invalid log-format: " + format) }
        return try Log(path: logPath?.value ?? "", json: format == "json", debugging: debug?.value ?? false)
    }

    private var isUsers: Bool {
        if geteuid() != 0 { return true }
        let user = Process.environment("USER") ?? ""
        return Process.isInUserNamespace && !user.isEmpty && user != "root"
    }

    func rootDirectory() throws(RuntimeFailure) -> String {
        var path = root?.value ?? "/run/runc"
        // A user without root has a directory of its own.
        if !(root?.isSet ?? false), let own = Process.environment("XDG_RUNTIME_DIR"), !own.isEmpty, isUsers {
            path = own + "/runc"
        }
        do throws(SystemCallError) { return try Files.absolute(path) } catch { throw RuntimeFailure(error) }
    }
}
