internal import CLinux
internal import Linux

/// The init process: one loop that waits for signals, passes them on and reaps.
struct Supervisor {
    let options: Options
    let messages: Messages
    private var awaited = sigset_t()
    private var inherited = sigset_t()
    private var child: Int32 = 0

    /// A failure with a message that was printed already.
    private struct Failure: Error { let status: Int32 }

    init(_ options: Options) {
        self.options = options
        messages = Messages(verbosity: options.verbosity)
    }

    /// Returns init's exit status.
    mutating func run() -> Int32 {
        do throws(Failure) {
            try blockSignals()
            try watchParent()
            try becomeReaper()
            try spawn()
            while true {
                try passSignalOn()
                if let status = try reap() {
                    messages.trace("Exiting: child has exited")
                    return status
                }
            }
        } catch {
            return error.status
        }
    }

    private func fail(_ message: String) -> Failure {
        messages.fatal(message)
        return Failure(status: 1)
    }

    /// Everything is taken from the queue, but the signals that say this process itself went wrong. A background
    /// process group must not be stopped for touching the terminal.
    private mutating func blockSignals() throws(Failure) {
        sigfillset(&awaited)
        for signal in [SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU] {
            sigdelset(&awaited, signal)
        }
        if sigprocmask(SIG_SETMASK, &awaited, &inherited) != 0 {
            throw fail("sigprocmask failed: '" + reason(cl_errno()) + "'")
        }
        cl_ignore_signal(SIGTTIN)
        cl_ignore_signal(SIGTTOU)
    }

    private func watchParent() throws(Failure) {
        guard options.parentDeathSignal > 0 else { return }
        if cl_prctl(PR_SET_PDEATHSIG, UInt(options.parentDeathSignal), 0, 0, 0) != 0 {
            throw fail("Failed to set up parent death signal")
        }
    }

    private func becomeReaper() throws(Failure) {
        if options.becomesSubreaper {
            if cl_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 {
                let number = cl_errno()
                throw fail(
                    number == EINVAL
                        ? "PR_SET_CHILD_SUBREAPER is unavailable on this platform. Are you using Linux >= 3.4?"
                        : "Failed to register as child subreaper: " + reason(number))
            }
            messages.trace("Registered as child subreaper")
        } else if getpid() != 1 {
            messages.warning(notReaperWarning)
        }
    }

    private mutating func spawn() throws(Failure) {
        let command = CStrings(options.command)
        let pid = cl_fork()
        if pid < 0 { throw fail("fork failed: " + reason(cl_errno())) }
        if pid == 0 { _exit(becomeCommand(command)) }
        child = pid
        messages.info("Spawned child process '" + options.command[0] + "' with pid '" + String(pid) + "'")
    }

    /// Runs in the child: a process group of its own, the terminal's foreground, the signals as they were; then exec.
    /// Returns only when something failed.
    private mutating func becomeCommand(_ command: CStrings) -> Int32 {
        if setpgid(0, 0) < 0 {
            messages.fatal("setpgid failed: " + reason(cl_errno()))
            return 1
        }
        if tcsetpgrp(STDIN_FILENO, getpgrp()) != 0 {
            switch cl_errno() {
            case ENOTTY: messages.debug("tcsetpgrp failed: no tty (ok to proceed)")
            case ENXIO: messages.debug("tcsetpgrp failed: no such device (ok to proceed)")
            case let number:
                messages.fatal("tcsetpgrp failed: " + reason(number))
                return 1
            }
        }
        cl_default_signal(SIGTTIN)
        cl_default_signal(SIGTTOU)
        sigprocmask(SIG_SETMASK, &inherited, nil)
        cl_execvp(command.pointer)
        let number = cl_errno()
        messages.fatal("exec " + options.command[0] + " failed: " + reason(number))
        switch number {
        case ENOENT: return 127
        case EACCES: return 126
        default: return 1
        }
    }

    /// Waits for a signal and passes it on, unless it is about a child.
    private mutating func passSignalOn() throws(Failure) {
        let signal = sigwaitinfo(&awaited, nil)
        if signal < 0 {
            if cl_errno() == EINTR { return }
            throw fail("Unexpected error in sigtimedwait: '" + reason(cl_errno()) + "'")
        }
        if signal == SIGCHLD {
            messages.debug("Received SIGCHLD")
            return
        }
        if messages.verbosity > 2 { messages.debug("Passing signal: '" + signalText(signal) + "'") }
        if kill(options.signalsGroup ? -child : child, signal) == 0 { return }
        guard cl_errno() == ESRCH else {
            throw fail("Unexpected error when forwarding signal: '" + reason(cl_errno()) + "'")
        }
        messages.warning("Child was dead when forwarding signal")
    }

    /// Reaps all that is to be reaped; the exit status once the child itself is among them.
    private func reap() throws(Failure) -> Int32? {
        var exitStatus: Int32?
        while true {
            var status: Int32 = 0
            let pid = waitpid(-1, &status, WNOHANG)
            if pid == 0 {
                messages.trace("No child to reap")
                return exitStatus
            }
            if pid < 0 {
                guard cl_errno() == ECHILD else {
                    throw fail("Error while waiting for pids: '" + reason(cl_errno()) + "'")
                }
                messages.trace("No child to wait")
                return exitStatus
            }
            if messages.verbosity > 2 { messages.debug("Reaped child with pid: '" + String(pid) + "'") }
            if pid == child {
                exitStatus = remapped(ExitStatus(waitStatus: status))
            } else if options.warnsOnReap {
                messages.warning("Reaped zombie process with pid=" + String(pid))
            }
        }
    }

    private func remapped(_ end: ExitStatus) -> Int32 {
        switch end {
        case .exited(let status):
            messages.info("Main child exited normally (with status '" + String(status) + "')")
        case .signaled(let signal):
            messages.info("Main child exited with signal (with signal '" + signalText(signal) + "')")
        }
        let status = end.shellStatus % 256
        return options.remapped[Int(status)] ? 0 : status
    }
}
