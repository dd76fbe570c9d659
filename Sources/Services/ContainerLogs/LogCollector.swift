internal import CLinux
public import EngineAPI
internal import GoText
public import Linux
internal import Synchronization
internal import Workers

/// One thread that reads the output of all containers, writes their logs and passes the bytes on to whoever is
/// attached.
public final class LogCollector: Sendable {
    /// What is done with a piece of output. Called on the collector's thread: it must not block, and the bytes are
    /// lent. False holds the stream back until `LogCollection.resume`; it is asked once more, with no bytes, right
    /// after.
    public typealias Output = @Sendable (LogStream, UnsafeRawBufferPointer) -> Bool

    private let epoll: Int32
    private let wake: Int32
    private let state = Mutex(State())
    /// Touched by the collector's thread alone.
    private nonisolated(unsafe) let scratch = Scratch()

    private struct State {
        var readers: [UInt64: Reader] = [:]
        var next: UInt64 = 1
        var ending: [LogCollection] = []
    }

    /// Starts the thread, which lives as long as the process.
    public init() throws(EngineError) {
        do throws(SystemCallError) {
            epoll = try checked("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) }
            wake = try checked("eventfd") { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) }
            try watch(wake, 0)
        } catch {
            throw .failed(error.description)
        }
        Workers.thread(name: "logs") { [self] in
            while true { turn() }
        }
    }

    /// Takes over the reading ends of a container's output (fifos opened with O_NONBLOCK or pipes). `log`: nil for the
    /// driver "none". `onEnd` is called once, after the last byte of the last stream has been written and passed on.
    public func collect(
        stdout: consuming Descriptor?, stderr: consuming Descriptor?, into log: ContainerLog?,
        onOutput: @escaping Output = { _, _ in true }, onEnd: @escaping @Sendable () -> Void = {}
    ) throws(EngineError) -> LogCollection {
        var open: [(LogStream, Int32)] = []
        if let number = stdout.take()?.release() { open.append((.stdout, number)) }
        if let number = stderr.take()?.release() { open.append((.stderr, number)) }
        let collection = LogCollection(streams: open.count, log: log, onOutput: onOutput, onEnd: onEnd, collector: self)
        guard !open.isEmpty else {
            onEnd()
            return collection
        }
        let readers = state.withLock { state in
            open.map { (stream, number) -> Reader in
                let reader = Reader(id: state.next, stream: stream, descriptor: number, collection: collection)
                state.readers[state.next] = reader
                state.next += 1
                return reader
            }
        }
        do throws(SystemCallError) {
            for reader in readers {
                let flags = try checked("fcntl") { cl_fcntl(reader.descriptor, F_GETFL, 0) }
                try checked("fcntl") { cl_fcntl(reader.descriptor, F_SETFL, Int(flags | O_NONBLOCK)) }
                try watch(reader.descriptor, reader.id)
            }
        } catch {
            collection.end()
            throw .failed(error.description)
        }
        return collection
    }

    private func watch(_ descriptor: Int32, _ id: UInt64) throws(SystemCallError) {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        event.data.u64 = id
        try checked("epoll_ctl") { epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) }
    }

    func end(_ collection: LogCollection) {
        state.withLock { $0.ending.append(collection) }
        var one: UInt64 = 1
        CLinux.write(wake, &one, 8)
    }

    // MARK: The thread

    private func turn() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        let count = epoll_wait(epoll, &events, 64, -1)
        guard count > 0 else { return }
        for event in events[..<Int(count)] {
            if event.data.u64 == 0 {
                endThoseAsked()
                continue
            }
            let reader = state.withLock { $0.readers[event.data.u64] }
            guard let reader else { continue }
            switch reader.readOnce(scratch) {
            case .more: break
            case .full: hold(reader)
            case .end: drop(reader)
            }
        }
    }

    private func endThoseAsked() {
        var count: UInt64 = 0
        read(wake, &count, 8)
        let (ending, readers) = state.withLock { state in
            let ending = state.ending
            state.ending = []
            return (ending, Array(state.readers.values))
        }
        for reader in readers where ending.contains(where: { $0 === reader.collection }) {
            while reader.readOnce(scratch, untilEmpty: true) != .end {}
            drop(reader)
        }
    }

    /// Stops reading until the collection is resumed, unless there is room again by now.
    private func hold(_ reader: Reader) {
        change(reader, to: 0)
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        if reader.collection.onOutput(reader.stream, nothing) { change(reader, to: EPOLLIN.rawValue) }
    }

    func resume(_ collection: LogCollection) {
        for reader in state.withLock({ Array($0.readers.values) }) where reader.collection === collection {
            change(reader, to: EPOLLIN.rawValue)
        }
    }

    private func change(_ reader: Reader, to events: UInt32) {
        var event = epoll_event()
        event.events = events
        event.data.u64 = reader.id
        // A reader that ended meanwhile is not watched any more, and needs not be.
        _ = epoll_ctl(epoll, EPOLL_CTL_MOD, reader.descriptor, &event)
    }

    private func drop(_ reader: Reader) {
        guard state.withLock({ $0.readers.removeValue(forKey: reader.id) }) != nil else { return }
        reader.finish()
    }
}

/// What the collector's thread works in: what is read, and the records made of it. Kept, because memory that is asked
/// for anew has to be cleared by the kernel each time.
private final class Scratch {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 131_072, alignment: 4096)
    var records: [UInt8] = []
    var ends: [Int] = []

    deinit { bytes.deallocate() }
}

/// One container's output being read.
public final class LogCollection: Sendable {
    let log: ContainerLog?
    let onOutput: LogCollector.Output
    private let onEnd: @Sendable () -> Void
    private let collector: LogCollector
    private let open: Mutex<Int>

    init(
        streams: Int, log: ContainerLog?, onOutput: @escaping LogCollector.Output,
        onEnd: @escaping @Sendable () -> Void,
        collector: LogCollector
    ) {
        open = Mutex(streams)
        self.log = log
        self.onOutput = onOutput
        self.onEnd = onEnd
        self.collector = collector
    }

    /// Ends without waiting for the writers: what is in the pipes is still taken. For output that a process which
    /// outlives the container holds open. `onEnd` follows, on the collector's thread.
    public func end() { collector.end(self) }

    /// Goes on reading streams that were held back.
    public func resume() { collector.resume(self) }

    func streamEnded() {
        let last = open.withLock { count in
            count -= 1
            return count == 0
        }
        if last { onEnd() }
    }
}

/// One descriptor being read, by the collector's thread alone.
///
/// Safety of `@unchecked`: the mutable properties are touched by that thread only.
private final class Reader: @unchecked Sendable {
    let id: UInt64
    let descriptor: Int32
    let collection: LogCollection
    let stream: LogStream
    private var records: RecordWriter?

    init(id: UInt64, stream: LogStream, descriptor: Int32, collection: LogCollection) {
        self.id = id
        self.stream = stream
        self.descriptor = descriptor
        self.collection = collection
        records = collection.log?.writer(stream)
    }

    deinit { close(descriptor) }

    enum Outcome { case more, full, end }

    /// Reads what is there; `end` at the end of the stream, and, `untilEmpty`, when there is nothing now.
    func readOnce(_ scratch: Scratch, untilEmpty: Bool = false) -> Outcome {
        let count = read(descriptor, scratch.bytes.baseAddress, scratch.bytes.count)
        if count < 0 {
            let number = cl_errno()
            return number == EINTR || (number == EAGAIN && !untilEmpty) ? .more : .end
        }
        guard count > 0 else { return .end }
        let bytes = UnsafeRawBufferPointer(rebasing: scratch.bytes[..<count])
        if records != nil {
            scratch.records.removeAll(keepingCapacity: true)
            scratch.ends.removeAll(keepingCapacity: true)
            records?.add(bytes, time: now(), to: &scratch.records, ends: &scratch.ends)
            collection.log?.append(scratch.records, ends: scratch.ends)
        }
        return collection.onOutput(stream, bytes) ? .more : .full
    }

    func finish() {
        var out: [UInt8] = []
        var ends: [Int] = []
        records?.finish(time: now(), to: &out, ends: &ends)
        collection.log?.append(out, ends: ends)
        collection.streamEnded()
    }

    private func now() -> LogMoment { LogMoment(Timestamp(WallClock.now)) }
}
