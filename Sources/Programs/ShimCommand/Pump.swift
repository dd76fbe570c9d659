internal import CLinux
internal import Linux

/// Copies one stream into another on the event loop, neither of them ever blocking it. What the target does not take is
/// kept, and the source is left alone for as long.
///
/// A pipe that brings much is paced: looked at once a millisecond, for waking up at every write of a process costs more
/// than moving its bytes. Both pipes are enlarged to hold what comes meanwhile, and splice(2) moves it all at once.
final class Pump {
    /// One buffer serves all pumps: between two turns of the loop it holds nothing.
    private nonisolated(unsafe) static let buffer =
        UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 4096)
    /// Bytes within a millisecond that are much: more than a program sends before it waits for an answer.
    private static let much = 49152
    /// What the pipes of a paced stream hold.
    private static let pipeSize = 524_288

    private let loop: EventLoop
    private let source: Int32
    private let target: Int32
    private let ownsSource: Bool
    private let ownsTarget: Bool
    private var kept: [UInt8] = []
    /// What has come since when (`EventLoop.now`), a time that may be still to come.
    private var recent: (bytes: Int, since: UInt64) = (0, 0)
    /// The timer of a paced stream.
    private var nextLook: Int?
    /// For how long a stream is not paced after a look that brought little, in nanoseconds: longer each time.
    private var rest: UInt64 = 1_000_000
    private var isEnlarged = false
    private(set) var isDone = false
    /// Called once, when the source is at its end or the target takes nothing any more.
    var onDone: () -> Void = {}

    /// Both descriptors are non-blocking. Those it owns are closed at the end.
    init(from source: Int32, to target: Int32, on loop: EventLoop, ownsSource: Bool = true, ownsTarget: Bool = true) {
        self.loop = loop
        self.source = source
        self.target = target
        self.ownsSource = ownsSource
        self.ownsTarget = ownsTarget
    }

    /// Begins to copy.
    func start() throws(SystemCallError) { try loop.watch(source, .readable) { _ in self.move() } }

    /// Copies what is there now, without waiting for more.
    func drain() {
        while !isDone && kept.isEmpty && step() > 0 {}
    }

    /// Ends the copying whatever is left.
    func stop() {
        guard !isDone else { return }
        isDone = true
        forgetSource()
        loop.forget(target)
        if ownsSource { close(source) }
        if ownsTarget { close(target) }
        kept = []
        let done = onDone
        onDone = {}
        done()
    }

    private func move() {
        var moved = 0
        // A bounded turn: other descriptors are waiting, and what is left is reported again.
        for _ in 0..<8 where !isDone && kept.isEmpty {
            let count = step()
            moved += count
            if count < Pump.buffer.count { break }
        }
        if !isDone && kept.isEmpty && isMuch(moved) { pace() }
    }

    /// Moves one buffer; the number of bytes, none when the source has no more for now.
    private func step() -> Int {
        var count = 0
        repeat {
            count = read(source, Pump.buffer.baseAddress, Pump.buffer.count)
        } while count < 0
            && cl_errno() == EINTR
        if count < 0 && cl_errno() == EAGAIN { return 0 }
        if count <= 0 {
            stop()
            return 0
        }
        let written = put(UnsafeRawBufferPointer(rebasing: Pump.buffer[0..<count]))
        if !isDone && written < count {
            kept = Array(Pump.buffer[written..<count])
            waitForTarget()
        }
        return count
    }

    /// Writes what the target takes; the number of bytes.
    private func put(_ bytes: UnsafeRawBufferPointer) -> Int {
        var written = 0
        while written < bytes.count {
            let count = write(target, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count < 0 {
                if cl_errno() == EINTR { continue }
                if cl_errno() != EAGAIN { stop() }
                return written
            }
            written += count
        }
        return written
    }

    private func waitForTarget() {
        do throws(SystemCallError) {
            forgetSource()
            try loop.watch(target, .writable) { _ in self.continueKept() }
        } catch {
            stop()
        }
    }

    private func continueKept() {
        let bytes = kept
        let written = bytes.withUnsafeBytes { put($0) }
        if isDone { return }
        if written < bytes.count {
            kept = Array(bytes[written...])
            return
        }
        kept = []
        do throws(SystemCallError) {
            loop.forget(target)
            try loop.watch(source, .readable) { _ in self.move() }
        } catch {
            stop()
        }
    }

    private func forgetSource() {
        loop.forget(source)
        if let nextLook { loop.cancel(nextLook) }
        nextLook = nil
    }

    // MARK: Pacing

    private func isMuch(_ moved: Int) -> Bool {
        let now = EventLoop.now()
        if now < recent.since { return false }
        if now - recent.since > 1_000_000 { recent = (0, now) }
        recent.bytes += moved
        return recent.bytes >= Pump.much
    }

    /// Stops listening for bytes; the source's end is told all the same. A terminal, which cannot hold more, is not
    /// paced.
    private func pace() {
        guard nextLook == nil, enlarge() else { return }
        do throws(SystemCallError) { try loop.change(source, []) } catch { return stop() }
        nextLook = loop.after(milliseconds: 1, look)
    }

    private func look() {
        nextLook = nil
        let flags = UInt32(CL_SPLICE_MOVE | CL_SPLICE_NONBLOCK)
        if cl_splice(source, target, Pump.pipeSize, flags) >= Pump.much {
            rest = 1_000_000
            nextLook = loop.after(milliseconds: 1, look)
            return
        }
        // Little came, or the target is full or no pipe: what there is to do then is reported at once. Who sends little
        // may be waiting for an answer, and is not paced for a while.
        rest = min(rest * 2, 16_000_000)
        recent = (0, EventLoop.now() + rest)
        do throws(SystemCallError) { try loop.change(source, .readable) } catch { stop() }
    }

    private func enlarge() -> Bool {
        if isEnlarged { return true }
        isEnlarged = hasRoom(source)
        // A target that is no pipe, or may not grow, takes what it can.
        if isEnlarged { _ = hasRoom(target) }
        return isEnlarged
    }

    private func hasRoom(_ pipe: Int32) -> Bool {
        let size = cl_fcntl(pipe, Int32(CL_F_GETPIPE_SZ), 0)
        return size >= Pump.pipeSize || size > 0 && cl_fcntl(pipe, Int32(CL_F_SETPIPE_SZ), Pump.pipeSize) > 0
    }
}
