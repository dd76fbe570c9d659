internal import CLinux

/// Pipes for splice(2). A direction borrows one only while data is in it, so that a few serve thousands of connections.
struct PipePool {
    struct Loan {
        let reader: Int32
        let writer: Int32
    }

    /// What a pipe holds: the more, the fewer calls for each megabyte.
    static let size = 1 << 20
    private static let kept = 4
    private var idle: [Loan] = []

    /// An empty pipe; nil when there is none to be had.
    mutating func borrow() -> Loan? {
        if let pipe = idle.popLast() { return pipe }
        var ends: (Int32, Int32) = (-1, -1)
        let made = withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: Int32.self, capacity: 2) { cl_pipe2($0, O_CLOEXEC | O_NONBLOCK) }
        }
        guard made == 0 else { return nil }
        // A smaller pipe is no failure, only more calls.
        _ = cl_fcntl(ends.1, Int32(CL_F_SETPIPE_SZ), PipePool.size)
        return Loan(reader: ends.0, writer: ends.1)
    }

    /// Takes an empty pipe back.
    mutating func giveBack(_ pipe: Loan) {
        if idle.count < PipePool.kept { idle.append(pipe) } else { PipePool.destroy(pipe) }
    }

    /// Closes a pipe, with whatever is in it.
    static func destroy(_ pipe: Loan) {
        close(pipe.reader)
        close(pipe.writer)
    }
}
