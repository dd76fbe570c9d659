internal import CLinux
internal import Linux

/// A connection that a program carries: its standard input and output are our socket's other end.
enum CommandStream {
    /// Starts `command` (the program and its arguments), in a session of its own so that a signal typed at our terminal
    /// is ours alone.
    static func open(_ command: [String]) throws(HTTPFailure) -> DuplexStream {
        var pair: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        do throws(SystemCallError) {
            try checked("socketpair") { socketpair(AF_UNIX, kind, 0, &pair) }
            let ours = pair[0]
            let theirs = Descriptor(owning: pair[1])
            let stream = PlainStream(owning: ours)
            // What it says of errors is kept in memory: nobody reads it while the connection lives.
            let errors = Descriptor(owning: try checked("memfd_create") { cl_memfd_create("stderr", 1) })
            var spawn = Spawn(command[0], command)
            spawn.descriptors = [theirs.number, theirs.number, errors.number]
            spawn.newSession = true
            let pid = try spawn.start()
            stream.emptyEnd = { ending(of: pid, command, errors) }
            return stream
        } catch {
            throw HTTPFailure(.transport, "exec: " + quotedName(command[0]) + ": " + error.reason)
        }
    }

    /// Why a program ended that had said nothing; nil when it ended well.
    private static func ending(of pid: Int32, _ command: [String], _ errors: borrowing Descriptor) -> String? {
        // A program that cannot be waited for has no status to tell.
        guard let status = try? Process.wait(pid), status != .exited(0) else { return nil }
        let words: String
        switch status {
        case .exited(let code): words = "exit status " + String(code)
        case .signaled(let signal): words = "signal " + String(signal)
        }
        _ = lseek(errors.number, 0, SEEK_SET)
        // What it said is an addition to the message.
        let said = (try? errors.readAll()) ?? []
        return "command [" + command.joined(separator: " ") + "] has exited with " + words
            + ", make sure the URL is valid, and Docker 18.09 or later is installed on the remote host: stderr="
            + String(decoding: said, as: UTF8.self)
    }

    private static func quotedName(_ name: String) -> String { "\"" + name + "\"" }
}
