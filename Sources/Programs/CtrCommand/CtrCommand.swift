internal import CLinux
internal import Flags
internal import GRPC
internal import Linux
internal import NIOCore
internal import NIOPosix

/// What a command does. It throws what went wrong.
typealias Action = (Session, [String]) async throws -> Void
typealias Command = UrfaveCommand<Action>

/// What the program does, behind its main.
public enum CtrCommand {
    static let version = "1.6.20"

    /// Runs the program. The calling thread becomes the event loop of all it does; the process ends from there.
    public static func main(_ arguments: [String]) -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(arguments.dropFirst())
        MultiThreadedEventLoopGroup.withCurrentThreadAsEventLoop { loop in
            Task(executorPreference: EventLoopExecutor(loop)) {
                let status = await run(arguments, loop)
                exit(status)
            }
        }
        return 1
    }

    private static func run(_ arguments: [String], _ loop: any NIOCore.EventLoop) async -> Int32 {
        var made: Session?
        let app = UrfaveApp<Action>("ctr", usage: banner, version: version, commands: commands()) { flags in
            made = Session(flags, loop: loop)
        }
        app.description = """

            ctr is an unsupported debug and administrative client for interacting
            with the containerd daemon. Because it is unsupported, the commands,
            options, and operations are not guaranteed to be backward compatible or
            stable from release to release of the containerd project.
            """
        app.versionText = "ctr github.com/containerd/containerd " + version + "\n"
        app.environment = { Process.environment($0) }
        guard let session = made else { return 1 }
        switch app.resolve(arguments) {
        case .show(let text):
            Console.out(text)
            return 0
        case .refuse(let message, let help, let status):
            Console.out(help)
            // An unknown command is told without the program's name.
            Console.error((status == 3 ? "" : "ctr: ") + message + "\n")
            return status
        case .run(let action, let arguments, _, let help):
            session.help = help
            do {
                try await action(session, arguments)
                return 0
            } catch {
                return report(error, session)
            }
        }
    }

    private static func report(_ error: any Error, _ session: Session) -> Int32 {
        switch error {
        case CtrError.exit(let status): return status
        case CtrError.help(let message):
            Console.out(session.help)
            guard let message else { return 0 }
            Console.error("ctr: " + message + "\n")
            return 1
        default:
            Console.error("ctr: " + words(error) + "\n")
            return 1
        }
    }

    private static let banner = """

                __
          _____/ /______
         / ___/ __/ ___/
        / /__/ /_/ /
        \\___/\\__/_/

        containerd CLI

        """

    private static func commands() -> [Command] {
        [
            pluginsCommand(), versionCommand(), containersCommand(), contentCommand(), eventsCommand(), imagesCommand(),
            leasesCommand(), namespacesCommand(), pprofCommand(), runCommand(), snapshotsCommand(), tasksCommand(),
            installCommand(), ociCommand(), shimCommand(),
        ]
    }
}
