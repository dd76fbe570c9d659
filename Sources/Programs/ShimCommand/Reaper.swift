internal import CLinux
internal import Linux

/// How and when a child ended.
struct ChildExit {
    let pid: Int32
    let status: ExitStatus
}

/// Reaps every child of the shim, and every orphan below it: one loop, told by SIGCHLD. A subreaper must not leave that
/// to anybody else.
final class Reaper {
    private var expected: [Int32: (ExitStatus) -> Void] = [:]
    /// Gets the end of every process that nobody `expect`s.
    var onOther: (ChildExit) -> Void = { _ in }

    init() {}

    /// Calls `handler` once the child has ended. To be called before the loop runs again.
    func expect(_ pid: Int32, _ handler: @escaping (ExitStatus) -> Void) { expected[pid] = handler }

    /// Reaps all that can be reaped now.
    func reap() {
        while true {
            var status: Int32 = 0
            let pid = waitpid(-1, &status, WNOHANG)
            if pid <= 0 { return }
            let exit = ExitStatus(waitStatus: status)
            if let handler = expected.removeValue(forKey: pid) {
                handler(exit)
            } else {
                onOther(ChildExit(pid: pid, status: exit))
            }
        }
    }
}
