internal import CLinux
internal import GoText
internal import Linux
internal import Logging

/// The log of a daemon on standard error, in logrus's text form that docker's daemons write:
/// `time="2006-01-02T15:04:05.000000000Z" level=info msg="…" key=value`.
public enum DaemonLog {
    /// Sets the process's log up once, before the first `Logger` is made. `level`: trace, debug, info, warn, error,
    /// fatal or panic, as upstream's flag; anything else is refused by the caller with `isLevel`.
    public static func start(level: String) {
        Level.shared.set(level)
        LoggingSystem.bootstrap { _ in TextLog() }
    }

    /// Changes the level while running (`debug` in daemon.json, SIGHUP).
    public static func setLevel(_ level: String) { Level.shared.set(level) }

    public static func isLevel(_ text: String) -> Bool { level(text) != nil }

    static func level(_ text: String) -> Logger.Level? {
        switch text {
        case "trace": .trace
        case "debug": .debug
        case "info": .info
        case "warn", "warning": .warning
        case "error": .error
        case "fatal", "panic": .critical
        default: nil
        }
    }
}

/// The level in force. Safety of `@unchecked`: one word, written only through the mutex of the setter, and a stale read
/// only prints or drops one line.
private final class Level: @unchecked Sendable {
    static let shared = Level()
    private(set) var value = Logger.Level.info

    func set(_ text: String) { if let level = DaemonLog.level(text) { value = level } }
}

private struct TextLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level {
        get { Level.shared.value }
        set { _ = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line =
            "time=\"" + Timestamp(WallClock.now).fixedWidth + "\" level=" + name(event.level) + " msg="
            + logValue(event.message.description)
        let all = event.metadata.map { metadata.merging($0) { $1 } } ?? metadata
        for key in all.keys.sorted() { line += " " + key + "=" + logValue(all[key]?.description ?? "") }
        Console.error(line + "\n")
    }

    private func name(_ level: Logger.Level) -> String {
        switch level {
        case .trace: "trace"
        case .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warning"
        case .error: "error"
        case .critical: "fatal"
        }
    }
}
