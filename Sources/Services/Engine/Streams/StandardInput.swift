internal import CLinux
internal import Linux
internal import Synchronization
internal import Workers

/// The writing end of a process's standard input. Shared by the clients attached; closed once.
final class StandardInput: Sendable {
    private let descriptor: Mutex<Int32>
    private let writing = OperationLock()

    /// Takes ownership of a descriptor that does not block.
    init(_ pipe: consuming Descriptor) { descriptor = Mutex(pipe.release()) }

    deinit { closeNow() }

    /// Writes everything; false when the process reads no more.
    func write(_ bytes: [UInt8]) async -> Bool {
        await writing.perform { () async -> Bool in
            var start = 0
            while start < bytes.count {
                let number = descriptor.withLock { $0 }
                if number < 0 { return false }
                let count = bytes.withUnsafeBytes {
                    CLinux.write(number, $0.baseAddress?.advanced(by: start), $0.count - start)
                }
                if count >= 0 {
                    start += count
                } else if cl_errno() == EAGAIN {
                    await waitWritable()
                } else if cl_errno() != EINTR {
                    return false
                }
            }
            return true
        }
    }

    /// Waits until the pipe takes more, or for a moment: it may be closed meanwhile.
    private func waitWritable() async {
        let copy = descriptor.withLock { number in number < 0 ? -1 : cl_fcntl(number, Int32(CL_F_DUPFD_CLOEXEC), 3) }
        guard copy >= 0 else { return }
        await Workers.shared.run {
            var request = pollfd(fd: copy, events: Int16(POLLOUT), revents: 0)
            poll(&request, 1, 250)
            close(copy)
        }
    }

    /// The process sees the end of its input. A write that waits is given up.
    func closeNow() {
        let number = descriptor.withLock { number -> Int32 in
            defer { number = -1 }
            return number
        }
        guard number >= 0 else { return }
        close(number)
    }
}
