internal import CLinux
internal import Linux

/// The file that keeps a second daemon from starting on the same one.
struct PidFile {
    let path: String

    /// Writes this process's pid. Refused while the process named in the file lives.
    func claim() throws(SettingsError) {
        // A file that cannot be read, or holds no number, protects nobody.
        if let text = try? Files.readText(path), let pid = Int32(text.split(separator: "\n").first ?? ""),
            pid != getpid(), Process.startTime(pid) != nil
        {
            throw SettingsError(
                message: "failed to start daemon, ensure docker is not running or delete " + path
                    + ": process with PID "
                    + String(pid) + " is still running")
        }
        do throws(SystemCallError) {
            try Files.makeDirectories(Files.parent(of: path))
            try Files.write(Array(String(getpid()).utf8), to: path)
        } catch {
            throw SettingsError(message: "failed to start daemon: " + error.description)
        }
    }

    func release() { unlink(path) }
}
