internal import CLinux
internal import Linux
internal import Logging
internal import Synchronization
internal import Workers

/// A containerd of the daemon's own, for when none was named and none runs on the usual socket. It outlives a daemon
/// that is killed, and the next daemon takes it over; one that dies is started again.
final class ManagedContainerd: Sendable {
    let address: String
    private let directory: String
    private let dataRoot: String
    private let logLevel: String
    private let isEnding = Mutex(false)
    private static let log = Logger(label: "containerd")

    private init(_ settings: Settings) {
        directory = settings.execRoot + "/containerd"
        address = directory + "/containerd.sock"
        dataRoot = settings.dataRoot
        logLevel = settings.debug ? "debug" : settings.logLevel
    }

    /// Starts it, or takes over the one an earlier daemon left running.
    static func start(_ settings: Settings) throws(SystemCallError) -> ManagedContainerd {
        let managed = ManagedContainerd(settings)
        try Files.makeDirectories(managed.directory, mode: 0o711)
        if let pid = managed.recordedPID, isContainerd(pid) {
            log.info("containerd is still running", metadata: ["pid": "\(pid)"])
            managed.watch(pid, isChild: false)
        } else {
            managed.watch(try managed.launch(), isChild: true)
        }
        return managed
    }

    private var pidFile: String { directory + "/containerd.pid" }

    private var recordedPID: Int32? {
        // No file: none was started.
        guard let text = try? Files.readText(pidFile) else { return nil }
        return Int32(text.filter { $0 >= "0" && $0 <= "9" })
    }

    /// Whether a process is a containerd: a pid may have been given to another program since.
    private static func isContainerd(_ pid: Int32) -> Bool {
        // A process that is gone is none.
        ((try? Files.readText("/proc/\(pid)/comm")) ?? "").hasPrefix("containerd")
    }

    private func launch() throws(SystemCallError) -> Int32 {
        let config = directory + "/containerd.toml"
        try Files.replace(config, with: Array(configuration.utf8), mode: 0o600)
        if Files.exists(address) { try Files.remove(address) }
        var spawn = Spawn("containerd", ["containerd", "--config", config, "--log-level", logLevel])
        spawn.newSession = true
        spawn.descriptors = [-1, 2, 2]
        let pid = try spawn.start()
        try Files.replace(pidFile, with: Array(String(pid).utf8), mode: 0o644)
        ManagedContainerd.log.info(
            "started new containerd process", metadata: ["pid": "\(pid)", "address": "\(address)"])
        return pid
    }

    private var configuration: String {
        """
        version = 2
        root = "\(dataRoot)/containerd/daemon"
        state = "\(directory)/daemon"
        disabled_plugins = ["io.containerd.grpc.v1.cri"]

        [grpc]
          address = "\(address)"

        [debug]
          address = "\(directory)/containerd-debug.sock"
          level = "\(logLevel)"

        """
    }

    /// Waits, on a thread of its own, for the process's end, and starts another one.
    private func watch(_ pid: Int32, isChild: Bool) {
        Workers.thread(name: "containerd") { [self] in
            var current = pid
            var ours = isChild
            while true {
                ManagedContainerd.waitForEnd(current, isChild: ours)
                if isEnding.withLock({ $0 }) { return }
                ManagedContainerd.log.error("containerd did exit; starting it again", metadata: ["pid": "\(current)"])
                usleep(200_000)
                do throws(SystemCallError) {
                    current = try launch()
                    ours = true
                } catch {
                    ManagedContainerd.log.error("cannot start containerd: \(error)")
                    usleep(1_000_000)
                }
            }
        }
    }

    private static func waitForEnd(_ pid: Int32, isChild: Bool) {
        if isChild {
            // A child that cannot be waited for has ended.
            _ = try? Linux.Process.wait(pid)
            return
        }
        let handle = cl_pidfd_open(pid)
        guard handle >= 0 else { return }
        var request = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
        while poll(&request, 1, -1) < 0 && cl_errno() == EINTR {}
        close(handle)
    }

    /// Ends it with the daemon. Containers that go on have their shims.
    func stop() {
        isEnding.withLock { $0 = true }
        guard let pid = recordedPID, ManagedContainerd.isContainerd(pid) else { return }
        kill(pid, SIGTERM)
        for _ in 0..<100 where ManagedContainerd.isContainerd(pid) { usleep(50_000) }
        if ManagedContainerd.isContainerd(pid) { kill(pid, SIGKILL) }
        // The file names a process that is gone.
        unlink(pidFile)
    }
}
