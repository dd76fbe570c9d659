public import ByteStream
internal import CLinux

/// A bounded queue of bytes between asynchronous code and a thread that may block: a request's body becomes a source,
/// an answer's content is written to a sink. Either end may give up, and the other learns of it.
///
/// Safety of `@unchecked`: every stored property is read and written with `mutex` held.
public final class ByteChannel: ByteSource, ByteSink, @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var pieces: [[UInt8]] = []
    private var first = 0
    private var offset = 0
    private var size = 0
    private var ended = false
    private var failure: StreamError?
    private var abandoned: StreamError?
    private var waiter: CheckedContinuation<Void, Never>?
    private let most: Int
    private var gathered: [UInt8] = []
    private let pieceSize: Int

    /// `most`: bytes that may wait before the writer is held back. `pieceSize`: blocking writes are gathered up to it.
    public init(most: Int = 1 << 20, pieceSize: Int = 1 << 16) {
        self.most = most
        self.pieceSize = pieceSize
        mutex.initialize(to: pthread_mutex_t())
        changed.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    // MARK: The thread's ends

    /// Blocks until there is something; 0 at the end.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        pthread_mutex_lock(mutex)
        while first == pieces.count && !ended && abandoned == nil { pthread_cond_wait(changed, mutex) }
        if let abandoned {
            pthread_mutex_unlock(mutex)
            throw abandoned
        }
        guard first < pieces.count else {
            let failure = failure
            pthread_mutex_unlock(mutex)
            if let failure { throw failure }
            return 0
        }
        let count = min(buffer.count, pieces[first].count - offset)
        pieces[first].withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
        }
        offset += count
        if offset == pieces[first].count { dropFirst() }
        size -= count
        let waiter = size < most ? takeWaiter() : nil
        pthread_mutex_unlock(mutex)
        waiter?.resume()
        return count
    }

    /// Blocks while too much waits; throws when the reader has gone.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        gathered.append(contentsOf: bytes)
        if gathered.count >= pieceSize { try flush() }
    }

    /// Hands over what `write` has gathered. Blocking.
    public func flush() throws(StreamError) {
        guard !gathered.isEmpty else { return }
        let piece = gathered
        gathered = []
        gathered.reserveCapacity(pieceSize)
        pthread_mutex_lock(mutex)
        while size >= most && abandoned == nil { pthread_cond_wait(changed, mutex) }
        if let abandoned {
            pthread_mutex_unlock(mutex)
            throw abandoned
        }
        pieces.append(piece)
        size += piece.count
        let waiter = takeWaiter()
        pthread_mutex_unlock(mutex)
        waiter?.resume()
    }

    // MARK: The asynchronous ends

    /// Adds bytes; suspends while too much waits. Throws when the reader has gone.
    public func push(_ bytes: [UInt8]) async throws(StreamError) {
        guard !bytes.isEmpty else { return }
        while true {
            let (accepted, gone) = offer(bytes)
            if let gone { throw gone }
            if accepted { return }
            await withCheckedContinuation { wait($0) { self.size < self.most || self.abandoned != nil } }
        }
    }

    /// The next piece; nil at the end.
    public func next() async throws(StreamError) -> [UInt8]? {
        while true {
            let (piece, finished, problem) = take()
            if let piece { return piece }
            if let problem { throw problem }
            if finished { return nil }
            await withCheckedContinuation { continuation in
                wait(continuation) { self.first < self.pieces.count || self.ended || self.abandoned != nil }
            }
        }
    }

    // MARK: Both

    /// No more bytes will come; `error` is thrown to the reader after those that did. Call `flush` before it.
    public func finish(_ error: StreamError? = nil) {
        change {
            ended = true
            failure = failure ?? error
        }
    }

    /// The reader wants no more, or the writer's end is broken: both get `error` at once.
    public func abandon(_ error: StreamError) {
        change { abandoned = abandoned ?? error }
    }

    private func change(_ body: () -> Void) {
        pthread_mutex_lock(mutex)
        body()
        pthread_cond_broadcast(changed)
        let waiter = takeWaiter()
        pthread_mutex_unlock(mutex)
        waiter?.resume()
    }

    private func offer(_ bytes: [UInt8]) -> (accepted: Bool, gone: StreamError?) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if let abandoned { return (false, abandoned) }
        guard size < most else { return (false, nil) }
        pieces.append(bytes)
        size += bytes.count
        pthread_cond_signal(changed)
        return (true, nil)
    }

    private func take() -> (piece: [UInt8]?, finished: Bool, problem: StreamError?) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if let abandoned { return (nil, true, abandoned) }
        guard first < pieces.count else { return (nil, ended, failure) }
        let piece = pieces[first]
        dropFirst()
        size -= piece.count
        pthread_cond_signal(changed)
        return (piece, false, nil)
    }

    private func wait(_ continuation: CheckedContinuation<Void, Never>, unless ready: () -> Bool) {
        pthread_mutex_lock(mutex)
        let now = ready()
        if !now { waiter = continuation }
        pthread_mutex_unlock(mutex)
        if now { continuation.resume() }
    }

    private func takeWaiter() -> CheckedContinuation<Void, Never>? {
        let found = waiter
        waiter = nil
        return found
    }

    private func dropFirst() {
        pieces[first] = []
        first += 1
        offset = 0
        if first == pieces.count || first > 64 {
            pieces.removeFirst(first)
            first = 0
        }
    }
}
