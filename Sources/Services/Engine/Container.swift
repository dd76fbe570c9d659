internal import ContainerdAPI
internal import EngineAPI
internal import Synchronization

/// When a wait for a container is over (`POST /containers/{id}/wait?condition=`).
public enum WaitCondition: String, Sendable {
    case notRunning = "not-running"
    case nextExit = "next-exit"
    case removed
}

/// How a container that was waited for ended.
public struct WaitResult: Equatable, Sendable {
    public var status: Int
    /// Why the wait failed; empty when it did not.
    public var error = ""
}

/// A container: its record, held under a lock for moments only, and what belongs to the run it is in.
final class Container: Sendable {
    let id: String
    /// Changes of the container's life, one at a time. `stop` and `kill` do not take it: they only ask.
    let operations = OperationLock()
    let hub = StreamHub()

    /// What belongs to the run and is not recorded.
    struct Run: Sendable {
        var streams: ProcessStreams?
        /// The root's mounts, as containerd gave them; nil: not asked yet.
        var mounts: [ContainerdTypes.Mount]?
        var backoff = RestartBackoff()
        var restart: Task<Void, Never>?
        var health: Task<Void, Never>?
        /// A restart by a user is under way: the end of the run does not remove the container.
        var keepsForRestart = false
        /// It is being removed: nobody starts it any more, and its end does not remove it beside the one who does.
        var isBeingRemoved = false
        /// containerd could not be told to forget the last run.
        var isLeftInContainerd = false
        /// Where /dev/shm is mounted on the host; empty: nowhere.
        var shmPath = ""
    }

    private struct Line {
        var record: ContainerRecord
        var run = Run()
        var waiters: [Int: (condition: WaitCondition, continuation: CheckedContinuation<WaitResult, Never>)] = [:]
        var nextWaiter = 0
        var summary: SummaryBytes?
    }

    private let line: Mutex<Line>

    init(_ record: ContainerRecord) {
        id = record.id
        line = Mutex(Line(record: record))
    }

    /// A copy of the record as it is now.
    var record: ContainerRecord { line.withLock { $0.record } }
    var run: Run { line.withLock { $0.run } }

    /// Changes the record. The body must be quick.
    @discardableResult
    func update<Value: Sendable, Failure: Error>(
        _ body: (inout ContainerRecord) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let result: Result<Value, Failure> = line.withLock { line in
            do throws(Failure) {
                var record = line.record
                let value = try body(&record)
                record.version += 1
                line.record = record
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    func updateRun<Value: Sendable>(_ body: (inout Run) -> Value) -> Value { line.withLock { body(&$0.run) } }

    /// Takes an event in the container's life; a refusal is upstream's text with the id in it.
    @discardableResult
    func handle(_ event: ContainerLife.Event) throws(EngineError) -> ContainerLife.Effect {
        do throws(EngineError) {
            return try update { (record) throws(EngineError) in try record.life.handle(event) }
        } catch {
            throw named(error)
        }
    }

    /// A refusal of a `ContainerLife` with the id in it.
    func named(_ refusal: EngineError) -> EngineError {
        let words = refusal.message.split(separator: " ", omittingEmptySubsequences: false)
        return EngineError(refusal.status, words.map { $0 == "ID" ? id[...] : $0 }.joined(separator: " "))
    }

    // MARK: Waiting

    /// Suspends until `condition` holds; a cancelled task gets no result worth having.
    func wait(_ condition: WaitCondition) async -> WaitResult {
        let number = line.withLock { line -> Int in
            line.nextWaiter += 1
            return line.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = line.withLock { line -> WaitResult? in
                    if Task.isCancelled { return WaitResult(status: 0, error: "context canceled") }
                    let life = line.record.life
                    if condition == .notRunning && !life.isRunning && life.phase != .restarting {
                        return WaitResult(status: life.exitCode)
                    }
                    line.waiters[number] = (condition, continuation)
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            let waiter = line.withLock { $0.waiters.removeValue(forKey: number) }
            waiter?.continuation.resume(returning: WaitResult(status: 0, error: "context canceled"))
        }
    }

    /// Suspends until nothing runs; false when the task was cancelled first.
    func waitUntilStopped() async -> Bool {
        let result = await wait(.notRunning)
        return result.error != "context canceled" || !record.life.isRunning
    }

    /// Marks it as being removed; false when it was already.
    func beginRemoval() -> Bool {
        updateRun { run in
            defer { run.isBeingRemoved = true }
            return !run.isBeingRemoved
        }
    }

    /// Tells those who wait for one of these conditions.
    func notify(_ conditions: Set<WaitCondition>) {
        let (found, result) = line.withLock { line in
            let life = line.record.life
            let found = line.waiters.filter { conditions.contains($0.value.condition) }
            for number in found.keys { line.waiters[number] = nil }
            return (found, WaitResult(status: life.exitCode))
        }
        for waiter in found.values { waiter.continuation.resume(returning: result) }
    }

    // MARK: Listing

    /// The entry of a listing, encoded once for each state of the record and name of the image.
    func summary(naming image: String, _ make: (ContainerRecord) -> SummaryBytes) -> SummaryBytes {
        let (record, kept) = line.withLock { ($0.record, $0.summary) }
        if let kept, kept.version == record.version && kept.image == image { return kept }
        let made = make(record)
        line.withLock { $0.summary = made }
        return made
    }
}

/// A container's entry in a listing as JSON, cut where the words of its status go: they change with time.
struct SummaryBytes: Sendable {
    let version: Int
    let image: String
    let before: [UInt8]
    let after: [UInt8]
}
