internal import CLinux
internal import JSON
internal import Linux
internal import OCIRuntime

/// Runs hooks in order, each with the container's state on its standard input. The first that fails ends it.
/// `environment` is that of hooks which have none; nil: this process's own.
func runHooks(_ hooks: [Spec.Hook], _ state: State, environment: [String]? = nil) throws(RuntimeFailure) {
    if hooks.isEmpty { return }
    let text = state.json.encoded()
    for (index, hook) in hooks.enumerated() {
        do throws(RuntimeFailure) {
            try run(hook, text, environment)
        } catch {
            throw error.during("error running hook #" + String(index) + ": ")
        }
    }
}

private func run(_ hook: Spec.Hook, _ state: [UInt8], _ environment: [String]?) throws(RuntimeFailure) {
    if hook.path.isEmpty { throw RuntimeFailure("exec: no command") }
    // Files in memory instead of pipes: nothing to be pumped, and a hook that reads nothing disturbs nobody.
    let input = try system { () throws(SystemCallError) in try memoryFile(state) }
    let output = try system { () throws(SystemCallError) in try memoryFile([]) }
    let errors = try system { () throws(SystemCallError) in try memoryFile([]) }
    var spawn = Spawn(
        hook.path, hook.args.isEmpty ? [hook.path] : hook.args, environment: hook.env.isEmpty ? environment : hook.env)
    spawn.descriptors = [input.number, output.number, errors.number]
    let pid: Int32
    do throws(SystemCallError) {
        pid = try spawn.start()
    } catch {
        throw RuntimeFailure("fork/exec " + hook.path + ": " + error.reason)
    }
    if let timeout = hook.timeout, timeout <= 0 || !waitFor(pid, milliseconds: timeout * 1000) {
        kill(pid, SIGKILL)
        _ = try system { () throws(SystemCallError) in try Process.wait(pid) }
        throw RuntimeFailure("hook ran past specified timeout of " + String(timeout) + ".0s")
    }
    let status = try system { () throws(SystemCallError) in try Process.wait(pid) }
    if status == .exited(0) { return }
    let words: String
    switch status {
    case .exited(let number): words = "exit status " + String(number)
    case .signaled(let signal): words = "signal: " + (signalWords[signal] ?? String(signal))
    }
    throw RuntimeFailure(
        "error running hook: " + words + ", stdout: " + content(output) + ", stderr: " + content(errors))
}

private let signalWords: [Int32: String] = [
    SIGKILL: "killed", SIGTERM: "terminated", SIGINT: "interrupt", SIGSEGV: "segmentation fault", SIGABRT: "aborted",
]

private func memoryFile(_ bytes: [UInt8]) throws(SystemCallError) -> Descriptor {
    let file = Descriptor(owning: try checked("memfd_create") { cl_memfd_create("hook", UInt32(CL_MFD_CLOEXEC)) })
    try file.writeAll(bytes)
    lseek(file.number, 0, SEEK_SET)
    return file
}

private func content(_ file: borrowing Descriptor) -> String {
    lseek(file.number, 0, SEEK_SET)
    // What cannot be read is only missing from a message.
    return String(decoding: (try? file.readAll()) ?? [], as: UTF8.self)
}

/// Whether a child ends in time. It is not reaped.
func waitFor(_ pid: Int32, milliseconds: Int) -> Bool {
    let number = cl_pidfd_open(pid)
    if number < 0 { return true }
    defer { close(number) }
    var wait = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    return poll(&wait, 1, Int32(clamping: milliseconds)) > 0
}
