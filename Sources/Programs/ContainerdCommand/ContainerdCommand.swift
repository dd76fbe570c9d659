internal import DaemonLog
internal import Flags
internal import Linux
internal import TOML

/// What the program does, behind its main.
public enum ContainerdCommand {
    /// The release of containerd whose behaviour this is.
    static let version = "1.6.20"
    static let revision = "slipway"
    static let package = "github.com/slipway/containerd"

    typealias Action = ([String]) -> Int32

    /// Runs the program and returns its exit status.
    public static func main(_ arguments: [String]) -> Int32 {
        let options = Options()
        let app = UrfaveApp<Action>(
            "containerd", usage: banner, version: version, commands: commands(options), declareFlags: options.declare)
        app.description = description
        app.action = { _ in daemon(options) }
        switch app.resolve(Array(arguments.dropFirst())) {
        case .run(let action, let rest, _, _): return action(rest)
        case .show(let text):
            let isVersion = text == "containerd version " + version + "\n"
            Console.out(isVersion ? "containerd \(package) \(version) \(revision)\n" : text)
            return 0
        case .refuse(let message, let help, let status):
            Console.out(help)
            return failed(message, status: status)
        }
    }

    static func failed(_ message: String, status: Int32 = 1) -> Int32 {
        Console.error("containerd: " + message + "\n")
        return status
    }

    private static func commands(_ options: Options) -> [UrfaveCommand<Action>] {
        let standard = UrfaveCommand<Action>("default", usage: "see the output of the default config") { _ in
            { _ in
                Console.out(Configuration.defaults.text)
                return 0
            }
        }
        let dump = UrfaveCommand<Action>(
            "dump", usage: "see the output of the final main config with imported in subconfig files"
        ) { _ in
            { _ in
                do throws(ConfigurationError) {
                    Console.out(try options.configuration().table.text)
                    return 0
                } catch {
                    return failed(error.message)
                }
            }
        }
        let hook = UrfaveCommand<Action>(
            "oci-hook",
            usage: "provides a base for OCI runtime hooks to allow arguments to be injected."
        ) { _ in { _ in failed("oci-hook is not supported: name the hook's program in the specification") } }
        return [
            UrfaveCommand("config", usage: "information on the containerd config", subcommands: [standard, dump]),
            UrfaveCommand("publish", usage: "binary to publish events to containerd") { flags in
                let namespace = flags.string("namespace", usage: "namespace to publish to")
                let topic = flags.string("topic", usage: "topic of the event")
                return { _ in publish(options.address?.value ?? "", namespace.value, topic.value) }
            },
            hook,
        ]
    }

    private static func daemon(_ options: Options) -> Int32 {
        do throws(ConfigurationError) {
            let configuration = try options.configuration()
            DaemonLog.start(level: configuration.logLevel)
            return Daemon(configuration).run()
        } catch {
            return failed(error.message)
        }
    }

    private static let banner = """

                            __        _                     __
          _________  ____  / /_____ _(_)___  ___  _________/ /
         / ___/ __ \\/ __ \\/ __/ __ `/ / __ \\/ _ \\/ ___/ __  /
        / /__/ /_/ / / / / /_/ /_/ / / / / /  __/ /  / /_/ /
        \\___/\\____/_/ /_/\\__/\\__,_/_/_/ /_/\\___/_/   \\__,_/

        high performance container runtime

        """

    private static let description = """

        The daemon that keeps images, snapshots and containers, and starts a shim for each task. Without a command it
        runs in the foreground until it is told to end (SIGTERM); running containers are left running.

        It reads a TOML file, /etc/containerd/config.toml unless --config names another; `containerd config default`
        prints one to begin with.
        """
}

/// The global flags.
final class Options {
    private var config: Flag<String>?
    private var logLevel: Flag<String>?
    private(set) var address: Flag<String>?
    private var root: Flag<String>?
    private var state: Flag<String>?

    func declare(_ flags: FlagSet) {
        config = flags.string(
            "config", "c", usage: "path to the configuration file", default: "/etc/containerd/config.toml")
        logLevel = flags.string(
            "log-level", "l", usage: "set the logging level [trace, debug, info, warn, error, fatal, panic]")
        address = flags.string("address", "a", usage: "address for containerd's GRPC server")
        root = flags.string("root", usage: "containerd root directory")
        state = flags.string("state", usage: "containerd state directory")
    }

    /// The configuration: defaults, then the file, then the flags.
    func configuration() throws(ConfigurationError) -> Configuration {
        let path = config?.value ?? ""
        var table = Configuration.defaults
        if config?.isSet == true || Files.exists(path) { try Configuration.load(path, into: &table) }
        func override(_ flag: Flag<String>?, _ path: [String]) {
            guard let flag, flag.isSet, !flag.value.isEmpty else { return }
            Configuration.set(.string(flag.value), at: path[...], in: &table)
        }
        override(root, ["root"])
        override(state, ["state"])
        override(address, ["grpc", "address"])
        override(logLevel, ["debug", "level"])
        return try Configuration(table)
    }
}
