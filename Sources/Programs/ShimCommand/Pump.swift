internal import CLinux
internal import Linux

/// Copies one stream into another on the event loop, neither of them ever blocking it. What the target does not take is
/// kept, and the source is left alone for as long.
final class Pump {
    /// One buffer serves all pumps: between two turns of the loop it holds nothing.
    private nonisolated(unsafe) static let buffer =
        UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 4096)

    private let loop: EventLoop
    private let source: Int32
    private let target: Int32
    private let ownsSource: Bool
    private let ownsTarget: Bool
    private var kept: [UInt8] = []
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
        while !isDone && kept.isEmpty && step() {}
    }

    /// Ends the copying whatever is left.
    func stop() {
        guard !isDone else { return }
        isDone = true
        loop.forget(source)
        loop.forget(target)
        if ownsSource { close(source) }
        if ownsTarget { close(target) }
        kept = []
        let done = onDone
        onDone = {}
        done()
    }

    private func move() {
        // A bounded turn: other descriptors are waiting, and what is left is reported again.
        for _ in 0..<8 where !isDone && kept.isEmpty {
            if !step() { return }
        }
    }

    /// Moves one buffer; false when the source has no more for now.
    private func step() -> Bool {
        let count = read(source, Pump.buffer.baseAddress, Pump.buffer.count)
        if count < 0 {
            if cl_errno() == EINTR { return true }
            if cl_errno() != EAGAIN { stop() }
            return false
        }
        if count == 0 {
            stop()
            return false
        }
        let written = put(UnsafeRawBufferPointer(rebasing: Pump.buffer[0..<count]))
        if isDone { return false }
        if written < count {
            kept = Array(Pump.buffer[written..<count])
            waitForTarget()
            return false
        }
        return count == Pump.buffer.count
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
            loop.forget(source)
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
}
