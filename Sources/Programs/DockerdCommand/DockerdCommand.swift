internal import CLinux
internal import DaemonLog
internal import Flags
internal import Linux

/// dockerd behind its main.
public enum DockerdCommand {
    /// Runs the daemon and returns its exit status.
    public static func main(_ arguments: [String]) -> Int32 {
        let reader = SettingsReader()
        do throws(UsageError) {
            let rest = try reader.flags.parse(Array(arguments.dropFirst()))
            if reader.help.value { return help(reader.flags) }
            if reader.version.value { return version() }
            if let extra = rest.first { return refuse("\"dockerd\" accepts no arguments: " + extra) }
        } catch {
            return refuse(error.message)
        }
        let settings: Settings
        do throws(SettingsError) { settings = try reader.settings() } catch {
            Console.error(error.message + "\n")
            return 1
        }
        if reader.validate.value {
            Console.out("configuration OK\n")
            return 0
        }
        guard DaemonLog.isLevel(settings.logLevel) else {
            Console.error("invalid logging level: " + settings.logLevel + "\n")
            return 1
        }
        if getuid() != 0 {
            Console.error("dockerd needs to be started with root privileges.\n")
            return 1
        }
        DaemonLog.start(level: settings.debug ? "debug" : settings.logLevel)
        do throws(SystemCallError) {
            if settings.oomScoreAdjust != 0 {
                try Files.put(String(settings.oomScoreAdjust), into: "/proc/self/oom_score_adj")
            }
        } catch {
            Console.error("failed to set oom_score_adj to \(settings.oomScoreAdjust): \(error.description)\n")
            return 1
        }
        return serve(settings)
    }

    private static func serve(_ settings: Settings) -> Int32 {
        Memory.useFewArenas()
        let signals = SignalQueue([SIGTERM, SIGINT, SIGHUP, SIGQUIT])
        Task.detached {
            let status = await Daemon(settings: settings).run(signals)
            exit(status)
        }
        while true { pause() }
    }

    private static func help(_ flags: FlagSet) -> Int32 {
        Console.out("\nUsage:\tdockerd [OPTIONS]\n\nA self-sufficient runtime for containers.\n\nOptions:\n")
        Console.out(flags.pflagUsages(width: 80))
        return 0
    }

    private static func version() -> Int32 {
        Console.out("Docker version " + Daemon.version + ", build slipway\n")
        return 0
    }

    private static func refuse(_ message: String) -> Int32 {
        Console.error(
            message
                + "\nSee 'dockerd --help'.\n\nUsage:  dockerd [OPTIONS]\n\nA self-sufficient runtime for containers.\n")
        return 125
    }
}
