internal import CLinux
internal import ContainerRuntime
internal import Flags
internal import JSON
internal import Linux
internal import OCIRuntime

/// The flags that `create` and `run` share.
struct LaunchFlags {
    let bundle: Flag<String>
    let consoleSocket: Flag<String>
    let pidFile: Flag<String>
    let noPivot: Flag<Bool>
    let noNewKeyring: Flag<Bool>
    let preserve: Flag<Int>
    /// Only `run` has these.
    let detach: Flag<Bool>?
    let keep: Flag<Bool>?
    let noSubreaper: Flag<Bool>?

    init(_ flags: FlagSet, isRun: Bool) {
        bundle = flags.string("bundle", "b", usage: "the bundle's directory; the current one when left out")
        consoleSocket = flags.string(
            "console-socket", usage: "unix socket that is sent the controlling side of the terminal")
        detach = isRun ? flags.bool("detach", "d", usage: "do not stay with the container's process") : nil
        keep = isRun ? flags.bool("keep", usage: "leave the container there when it has ended") : nil
        pidFile = flags.string("pid-file", usage: "file to write the process's pid to")
        noSubreaper = isRun ? flags.bool("no-subreaper", usage: "do not adopt processes that lose their parent") : nil
        noPivot = flags.bool("no-pivot", usage: "enter the root without pivot_root, for a root on a ramdisk")
        noNewKeyring = flags.bool("no-new-keyring", usage: "keep the caller's session keyring")
        preserve = flags.int(
            "preserve-fds", usage: "number of descriptors after the standard streams and $LISTEN_FDS to pass on")
    }

    /// The request that the flags and the bundle make.
    func request(_ use: Invocation) throws(RuntimeFailure) -> LaunchRequest {
        let directory = try enterBundle(bundle.value)
        var spec = try loadSpec("config.json")
        if use.id.isEmpty { throw RuntimeFailure("container id cannot be empty") }
        let listening = passListeners(&spec)
        var request = LaunchRequest(id: use.id, bundle: directory, spec: spec)
        request.pidFile = pidFile.value
        request.consoleSocket = consoleSocket.value
        request.noPivot = noPivot.value
        request.noNewKeyring = noNewKeyring.value
        request.preserved = preserve.value + listening
        request.toleratesDeniedCgroups = try use.toleratesDeniedCgroups()
        let log = use.log
        request.warn = { log.warn($0) }
        return request
    }

    /// Descriptors of socket activation are the program's, under its own pid there.
    private func passListeners(_ spec: inout Spec) -> Int {
        let count = listenerCount()
        if count > 0 { spec.process?.env += ["LISTEN_FDS=" + String(count), "LISTEN_PID=1"] }
        return count
    }
}

/// How many descriptors of socket activation are this process's (sd_listen_fds(3)).
func listenerCount() -> Int {
    guard Process.environment("LISTEN_PID") == String(getpid()), let text = Process.environment("LISTEN_FDS"),
        let count = Int(text), count > 0
    else { return 0 }
    return count
}

/// Goes into a bundle's directory and returns its absolute path.
func enterBundle(_ path: String) throws(RuntimeFailure) -> String {
    if !path.isEmpty && chdir(path) != 0 { throw RuntimeFailure("chdir " + path + ": " + errorText(cl_errno())) }
    do throws(SystemCallError) { return try Files.currentDirectory() } catch { throw RuntimeFailure(error) }
}

/// Reads a bundle's configuration.
func loadSpec(_ path: String) throws(RuntimeFailure) -> Spec {
    let bytes: [UInt8]
    do throws(SystemCallError) {
        bytes = try Files.read(path)
    } catch {
        if error.number == ENOENT {
            throw RuntimeFailure("JSON specification file " + Files.name(of: path) + " not found")
        }
        throw RuntimeFailure(error)
    }
    do throws(JSON.Failure) { return try Spec(parsing: bytes) } catch {
        throw RuntimeFailure(streamWords(error, bytes))
    }
}

var createCommand: UrfaveCommand<Verb> {
    UrfaveCommand<Verb>(
        "create", usage: "make a container; its program waits for start", arguments: "<container-id>"
    ) { flags in
        let options = LaunchFlags(flags, isRun: false)
        return Verb(.exactly(1), sealsItself: true, makesContainers: true) { (use) throws(RuntimeFailure) in
            do throws(RuntimeFailure) {
                let request = try options.request(use)
                try checkTerminal(request, detached: true)
                _ = try use.store.launch(request)
                return 0
            } catch {
                throw RuntimeFailure(
                    "runc create failed: " + error.message, status: error.status == 255 ? 1 : error.status)
            }
        }
    }
}

var runCommand: UrfaveCommand<Verb> {
    UrfaveCommand<Verb>(
        "run", usage: "make a container and run its program", arguments: "<container-id>"
    ) { flags in
        let options = LaunchFlags(flags, isRun: true)
        return Verb(.exactly(1), sealsItself: true, makesContainers: true) { (use) throws(RuntimeFailure) in
            do throws(RuntimeFailure) {
                var request = try options.request(use)
                request.startsAtOnce = true
                let detached = options.detach?.value ?? false
                try checkTerminal(request, detached: detached)
                if detached {
                    _ = try use.store.launch(request)
                    return 0
                }
                return try runInForeground(
                    request, use, keep: options.keep?.value ?? false,
                    reapsOrphans: !(options.noSubreaper?.value ?? false))
            } catch {
                throw RuntimeFailure(
                    "runc run failed: " + error.message, status: error.status == 255 ? 1 : error.status)
            }
        }
    }
}

/// A terminal needs somebody who serves it: this program while it stays, or whoever listens at the socket.
private func checkTerminal(_ request: LaunchRequest, detached: Bool) throws(RuntimeFailure) {
    let wanted = request.spec.process?.terminal ?? false
    if detached && wanted && request.consoleSocket.isEmpty {
        throw RuntimeFailure("cannot allocate tty if runc will detach without setting console socket")
    }
    if !(detached && wanted) && !request.consoleSocket.isEmpty {
        throw RuntimeFailure("cannot use console socket if runc will not detach or allocate tty")
    }
}

private func runInForeground(
    _ request: LaunchRequest, _ use: Invocation, keep: Bool, reapsOrphans: Bool
) throws(RuntimeFailure) -> Int32 {
    var request = request
    var foreground = try Foreground(reapsOrphans: reapsOrphans)
    let container: Container
    var terminal: Int32 = -1
    if request.spec.process?.terminal ?? false {
        try foreground.takeTerminal()
        let socket = try TerminalSocket()
        request.terminalSocket = socket.sender
        do throws(RuntimeFailure) {
            container = try use.store.launch(request)
            terminal = try socket.receive()
        } catch {
            foreground.release()
            throw error
        }
    } else {
        container = try use.store.launch(request)
    }
    let status = try foreground.serve(container.pid, terminal: terminal)
    foreground.release()
    if !keep {
        do throws(RuntimeFailure) { try use.store.destroy(container) } catch { use.log.error(error.message) }
    }
    return status.shellStatus
}
