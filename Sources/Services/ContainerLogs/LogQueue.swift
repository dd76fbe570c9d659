internal import CLinux
internal import EngineAPI
internal import Linux
internal import Synchronization
internal import Workers

/// Records on their way to a log whose container does not wait for it. What finds no room is dropped.
final class LogQueue: Sendable {
    private typealias Piece = (bytes: [UInt8], ends: [Int])

    private struct State {
        var pieces: [Piece] = []
        var size = 0
        var isClosed = false
    }

    /// Bytes that may wait.
    private let limit: Int
    private let state = Mutex(State())
    /// Held while a piece is delivered, so that pieces stay in order. Taken before `state`.
    private let delivery = Mutex<(@Sendable ([UInt8], [Int]) -> Void)?>(nil)
    private let wake: Descriptor

    init(limit: Int) throws(EngineError) {
        self.limit = limit
        do throws(SystemCallError) {
            wake = Descriptor(owning: try checked("eventfd") { eventfd(0, Int32(EFD_CLOEXEC)) })
        } catch {
            throw .failed(error.description)
        }
    }

    /// Starts the thread that delivers, which ends with `close`.
    func start(_ deliver: @escaping @Sendable (_ bytes: [UInt8], _ ends: [Int]) -> Void) {
        delivery.withLock { $0 = deliver }
        Workers.thread(name: "log queue") { [self] in
            var count: UInt64 = 0
            while !state.withLock({ $0.isClosed }) {
                while deliverNext() {}
                // Cut short by a signal, it looks once more.
                read(wake.number, &count, 8)
            }
        }
    }

    private func deliverNext() -> Bool {
        delivery.withLock { deliver in
            let piece = state.withLock { state -> Piece? in
                guard !state.pieces.isEmpty else { return nil }
                let first = state.pieces.removeFirst()
                state.size -= first.bytes.count
                return first
            }
            guard let piece else { return false }
            deliver?(piece.bytes, piece.ends)
            return true
        }
    }

    /// Takes as many records as there is room for; one is taken by an empty queue, however long it is.
    func offer(_ bytes: [UInt8], ends: [Int]) {
        state.withLock { state in
            guard !state.isClosed, let first = ends.first else { return }
            let room = limit - state.size
            let fitting = ends.prefix { $0 <= room }
            let taken = fitting.isEmpty && state.pieces.isEmpty ? [first] : Array(fitting)
            guard let end = taken.last else { return }
            state.pieces.append((end == bytes.count ? bytes : Array(bytes[..<end]), taken))
            state.size += end
        }
        signal()
    }

    /// Delivers what waits, and takes no more.
    func close() {
        state.withLock { $0.isClosed = true }
        while deliverNext() {}
        signal()
    }

    private func signal() {
        var one: UInt64 = 1
        CLinux.write(wake.number, &one, 8)
    }
}
