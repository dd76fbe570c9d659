internal import CLinux
internal import Cgroups
internal import GoText
internal import Linux

extension Container {
    /// Sends a signal to the first process, or to every one.
    public func signal(_ signal: Int32, all: Bool) throws(RuntimeFailure) {
        if all && !cgroup.paths.isEmpty {
            // A container whose cgroup is gone has no processes.
            if !cgroup.exists { return }
            do throws(CgroupFailure) { try cgroup.signalAll(signal) } catch { throw RuntimeFailure(error) }
            return
        }
        guard isAlive else { throw RuntimeFailure("container not running") }
        if kill(pid, signal) != 0 {
            let number = cl_errno()
            if number == ESRCH { throw RuntimeFailure("container not running") }
            throw RuntimeFailure("unable to signal init: " + errorText(number))
        }
        // Held processes do not even die: this one is to.
        if signal == SIGKILL, cgroup.isFrozen { try? cgroup.thaw() }
    }
}

/// A signal by number or by name, with or without SIG.
public func signalNumber(_ text: String) throws(RuntimeFailure) -> Int32 {
    if let number = Int32(text) { return number }
    var name: [UInt8] = []
    for byte in text.utf8 { name.append(byte >= 97 && byte <= 122 ? byte - 32 : byte) }
    if name.starts(with: "SIG".utf8) { name.removeFirst(3) }
    let wanted = String(decoding: name, as: UTF8.self)
    for (known, number) in signalNames where known == wanted { return number }
    throw RuntimeFailure("unknown signal " + goQuoted(text))
}

private let signalNames: [(String, Int32)] = [
    ("ABRT", SIGABRT), ("ALRM", SIGALRM), ("BUS", SIGBUS), ("CHLD", SIGCHLD), ("CLD", SIGCHLD), ("CONT", SIGCONT),
    ("FPE", SIGFPE), ("HUP", SIGHUP), ("ILL", SIGILL), ("INT", SIGINT), ("IO", SIGIO), ("IOT", SIGABRT),
    ("KILL", SIGKILL), ("PIPE", SIGPIPE), ("POLL", SIGIO), ("PROF", SIGPROF), ("PWR", SIGPWR), ("QUIT", SIGQUIT),
    ("SEGV", SIGSEGV), ("STKFLT", SIGSTKFLT), ("STOP", SIGSTOP), ("SYS", SIGSYS), ("TERM", SIGTERM),
    ("TRAP", SIGTRAP), ("TSTP", SIGTSTP), ("TTIN", SIGTTIN), ("TTOU", SIGTTOU), ("URG", SIGURG), ("USR1", SIGUSR1),
    ("USR2", SIGUSR2), ("VTALRM", SIGVTALRM), ("WINCH", SIGWINCH), ("XCPU", SIGXCPU), ("XFSZ", SIGXFSZ),
]
