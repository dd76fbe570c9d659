internal import CLinux

/// One way of a connection. It starts with plain reads and writes through one shared buffer, two calls for a small
/// message; once whole buffers arrive it moves pages with splice(2).
struct Direction {
    /// The source has sent its last byte, and all of it is with the target; or the target takes no more for good.
    private(set) var isDone = false
    /// The target takes nothing now: nothing is read until it does.
    private(set) var isBlocked = false
    /// Many bytes are coming: splice them.
    private(set) var isBulk = false
    private var hasEnded = false
    private var isBroken = false
    private var isPassedOn = false
    private var pipe: PipePool.Loan?
    private var inPipe = 0
    private var kept: [UInt8] = []

    /// What is left to do after a move.
    enum Outcome {
        /// Nothing until the next event.
        case idle
        /// There is more: the turn was over.
        case again
    }

    /// The most bytes moved before others get their turn.
    private static let turn = 4 << 20

    /// Moves what there is from `source` to `target`. `ends` says that the source is known to have ended.
    mutating func move(
        from source: Int32, to target: Int32, ends: Bool, buffer: UnsafeMutableRawBufferPointer, pool: inout PipePool
    ) -> Outcome {
        var moved = 0
        while moved < Direction.turn {
            if isBlocked && !flush(to: target, pool: &pool) { return .idle }
            if isDone { return .idle }
            if hasEnded {
                isDone = true
                return .idle
            }
            let count =
                isBulk
                ? fill(from: source, pool: &pool) : copy(from: source, to: target, buffer: buffer)
            if count <= 0 {
                if count == 0 { hasEnded = true; continue }
                let number = cl_errno()
                if number == EINTR { continue }
                if number == EAGAIN {
                    isBulk = false
                    return .idle
                }
                hasEnded = true
                continue
            }
            moved += count
            if isBulk {
                isBlocked = true
                continue
            }
            // A short read has emptied the socket: the next event says when there is more.
            if count < buffer.count && !ends && !isBlocked { return .idle }
            if count == buffer.count { isBulk = true }
        }
        return .again
    }

    /// read and write; the bytes read.
    private mutating func copy(from source: Int32, to target: Int32, buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = recv(source, buffer.baseAddress, buffer.count, 0)
        guard count > 0 else { return count }
        let sent = send(target, buffer.baseAddress, count, Int32(MSG_NOSIGNAL))
        if sent == count { return count }
        if sent < 0 && cl_errno() != EAGAIN && cl_errno() != EINTR {
            isDone = true
            isBroken = true
            return count
        }
        hold(UnsafeRawBufferPointer(rebasing: buffer[max(0, sent)..<count]))
        return count
    }

    /// Keeps bytes that were read until the target takes them.
    mutating func hold(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        kept = Array(bytes)
        isBlocked = true
    }

    /// Fills a pipe from the source; the bytes in it.
    private mutating func fill(from source: Int32, pool: inout PipePool) -> Int {
        if pipe == nil { pipe = pool.borrow() }
        guard let pipe else {
            isBulk = false
            cl_set_errno(EINTR)
            return -1
        }
        let count = cl_splice(source, pipe.writer, PipePool.size, UInt32(CL_SPLICE_MOVE | CL_SPLICE_NONBLOCK))
        if count > 0 { inPipe = count } else { release(&pool) }
        return count
    }

    /// Sends what waits; true when all of it is sent.
    private mutating func flush(to target: Int32, pool: inout PipePool) -> Bool {
        while inPipe > 0, let pipe {
            let count = cl_splice(pipe.reader, target, inPipe, UInt32(CL_SPLICE_MOVE | CL_SPLICE_NONBLOCK))
            if count < 0 {
                if cl_errno() == EINTR { continue }
                if cl_errno() == EAGAIN { return false }
                fail(&pool)
                return true
            }
            inPipe -= count
        }
        // While much is coming the pipe is used again; it goes back to the pool when the source has no more.
        if !isBulk { release(&pool) }
        while !kept.isEmpty {
            let count = kept.withUnsafeBytes { send(target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0 {
                if cl_errno() == EINTR { continue }
                if cl_errno() == EAGAIN { return false }
                fail(&pool)
                return true
            }
            kept.removeFirst(count)
        }
        isBlocked = false
        return true
    }

    private mutating func release(_ pool: inout PipePool) {
        guard let pipe else { return }
        self.pipe = nil
        if inPipe == 0 { pool.giveBack(pipe) } else { PipePool.destroy(pipe) }
        inPipe = 0
    }

    /// Tells both sides, once, that this way is over.
    mutating func passEndOn(from source: Int32, to target: Int32) {
        guard isDone, !isPassedOn else { return }
        isPassedOn = true
        if isBroken { shutdown(source, Int32(SHUT_RD)) }
        shutdown(target, Int32(SHUT_WR))
    }

    private mutating func fail(_ pool: inout PipePool) {
        close(&pool)
        isBlocked = false
        isBroken = true
    }

    /// Gives up whatever is held.
    mutating func close(_ pool: inout PipePool) {
        release(&pool)
        kept = []
        isDone = true
    }
}
