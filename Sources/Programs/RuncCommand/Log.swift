internal import CLinux
internal import ContainerRuntime
internal import GoText
internal import JSON
internal import Linux

/// The log: lines of text or of JSON, to a file or to standard error, as logrus writes them.
struct Log {
    private var path = ""
    private var json = false
    private var debugging = false

    /// Text to standard error.
    init() {}

    /// `path` empty: standard error.
    init(path: String, json: Bool, debugging: Bool) throws(RuntimeFailure) {
        self.path = path
        self.json = json
        self.debugging = debugging
        if path.isEmpty { return }
        // Whoever named the file learns now that it cannot be written, not when there is something to say.
        do throws(SystemCallError) {
            _ = try Descriptor.open(path, O_WRONLY | O_APPEND | O_CREAT, mode: 0o644)
        } catch {
            throw RuntimeFailure(error)
        }
    }

    func debug(_ text: String) { if debugging { write("debug", text) } }
    func error(_ text: String) { write("error", text) }
    func warn(_ text: String) { write("warning", text) }

    /// Reports why the program ends, and returns its status.
    func fatal(_ failure: RuntimeFailure) -> Int32 {
        write("error", failure.message)
        // A log that nobody watches is not enough for whoever started the program.
        if !path.isEmpty {
            Linux.Console.error(failure.message + (failure.message.utf8.last == 10 ? "" : "\n"))
        }
        return failure.status
    }

    private func write(_ level: String, _ text: String) {
        let time = Timestamp(WallClock.now).wholeSeconds
        var line: [UInt8]
        if json {
            line = JSON.members([("level", .string(level)), ("msg", .string(text)), ("time", .string(time))]).encoded()
        } else {
            line = Array(("time=\"" + time + "\" level=" + level + " msg=" + logValue(text)).utf8)
        }
        line.append(10)
        if path.isEmpty {
            // Nobody listens to a closed stream.
            try? writeEverything(line, to: 2)
        } else if let file = try? Descriptor.open(path, O_WRONLY | O_APPEND | O_CREAT, mode: 0o644) {
            try? file.writeAll(line)
        }
    }
}
