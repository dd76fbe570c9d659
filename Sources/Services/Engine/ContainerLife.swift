public import EngineAPI
public import GoText
internal import JSON

/// Where a container is in its life, as a value: what happened goes in, what has to be done comes out. It does no I/O.
public struct ContainerLife: Equatable, Sendable {
    /// Upstream's words for it (`State.Status`).
    public enum Phase: String, Equatable, Sendable {
        case created, running, paused, restarting, removing, exited, dead
    }

    public private(set) var phase: Phase = .created
    /// 0 when there is no process.
    public private(set) var pid = 0
    public private(set) var exitCode = 0
    /// Why the last start failed; empty when it did not.
    public private(set) var error = ""
    public private(set) var oomKilled = false
    public private(set) var startedAt = Timestamp.zero
    public private(set) var finishedAt = Timestamp.zero
    /// How often the restart policy started it since a user did.
    public private(set) var restartCount = 0
    public private(set) var hasBeenStarted = false
    /// A user stopped it: the policies `always` and `unless-stopped` let it be.
    public private(set) var stoppedByUser = false
    /// What it returns to when its removal failed.
    private var beforeRemoval: Phase = .created

    public init() {}

    public var isRunning: Bool { phase == .running || phase == .paused }

    /// Something that happened.
    public enum Event: Equatable, Sendable {
        /// A user asks for a start (the count of restarts begins anew), or the restart policy does.
        case startRequested(byPolicy: Bool)
        case started(pid: Int, at: Timestamp)
        case startFailed(status: Int, message: String)
        case paused
        case resumed
        case outOfMemory
        /// The first process ended.
        case exited(status: Int, at: Timestamp)
        /// The restart policy will start it again after a while.
        case restartPlanned
        /// A restart that was planned is not to be.
        case restartGivenUp
        case stopRequested
        case removalBegan
        case removalFailed
        /// Found at start-up as a running process of a container that the record calls otherwise.
        case adopted(pid: Int, paused: Bool)
    }

    /// What the owner has to do because of an event.
    public enum Effect: Equatable, Sendable {
        case none
        /// Free what the run held, tell the waiters, and see what the restart policy says.
        case finishRun
    }

    /// Takes an event. Refusals say `ID` for the container's id.
    @discardableResult
    public mutating func handle(_ event: Event) throws(EngineError) -> Effect {
        switch event {
        case .startRequested(let byPolicy): try requestStart(byPolicy)
        case .started(let pid, let moment): start(pid, moment)
        case .startFailed(let status, let message): failStart(status, message)
        case .paused: try pause()
        case .resumed: try resume()
        case .outOfMemory: oomKilled = true
        case .exited(let status, let moment): return exit(status, moment)
        case .restartPlanned:
            phase = .restarting
            restartCount += 1
        case .restartGivenUp: if phase == .restarting { phase = .exited }
        case .stopRequested: stoppedByUser = true
        case .removalBegan: try beginRemoval()
        case .removalFailed: if phase == .removing { phase = beforeRemoval == .created ? .created : .dead }
        case .adopted(let pid, let isPaused):
            self.pid = pid
            phase = isPaused ? .paused : .running
        }
        return .none
    }

    private mutating func requestStart(_ byPolicy: Bool) throws(EngineError) {
        switch phase {
        case .paused:
            throw .conflict("cannot start a paused container, try unpause instead")
        case .running: throw .notModified
        case .removing, .dead:
            throw .conflict("container is marked for removal and cannot be started")
        case .created, .exited, .restarting: break
        }
        stoppedByUser = false
        if !byPolicy { restartCount = 0 }
        error = ""
    }

    private mutating func start(_ pid: Int, _ moment: Timestamp) {
        phase = .running
        self.pid = pid
        exitCode = 0
        error = ""
        oomKilled = false
        startedAt = moment
        hasBeenStarted = true
    }

    private mutating func failStart(_ status: Int, _ message: String) {
        // A container that never ran stays "created", as upstream has it.
        phase = hasBeenStarted ? .exited : .created
        pid = 0
        exitCode = status
        error = message
    }

    private mutating func pause() throws(EngineError) {
        switch phase {
        case .running: phase = .paused
        case .paused: throw .conflict("Container ID is already paused")
        case .restarting:
            throw .conflict("Container ID is restarting, wait until the container is running")
        default: throw .conflict("container ID is not running")
        }
    }

    private mutating func resume() throws(EngineError) {
        guard phase == .paused else { throw .failed("Container ID is not paused") }
        phase = .running
    }

    private mutating func exit(_ status: Int, _ moment: Timestamp) -> Effect {
        guard isRunning else { return .none }
        phase = .exited
        pid = 0
        exitCode = status
        finishedAt = moment
        return .finishRun
    }

    private mutating func beginRemoval() throws(EngineError) {
        if phase == .removing {
            throw .conflict("removal of container ID is already in progress")
        }
        if isRunning { throw .conflict("container ID is running") }
        beforeRemoval = phase
        phase = .removing
    }
}

extension ContainerLife {
    /// As the Engine API shows it.
    public var apiState: ContainerState {
        var state = ContainerState()
        state.status = phase.rawValue
        state.running = isRunning || phase == .restarting
        state.paused = phase == .paused
        state.restarting = phase == .restarting
        state.oomKilled = oomKilled
        state.dead = phase == .dead
        state.pid = pid
        state.exitCode = exitCode
        state.error = error
        state.startedAt = startedAt.description
        state.finishedAt = finishedAt.description
        return state
    }
}

extension ContainerLife {
    /// As `config.v2.json` keeps it.
    var stored: JSON {
        .members([
            ("Running", .bool(isRunning)), ("Paused", .bool(phase == .paused)),
            ("Restarting", .bool(phase == .restarting)), ("OOMKilled", .bool(oomKilled)),
            ("RemovalInProgress", .bool(phase == .removing)), ("Dead", .bool(phase == .dead)), ("Pid", .int(pid)),
            ("ExitCode", .int(exitCode)), ("Error", .string(error)), ("StartedAt", .string(startedAt.description)),
            ("FinishedAt", .string(finishedAt.description)),
        ])
    }

    /// `restarts`, `started` and `stopped` are kept beside the state.
    init(stored json: JSON.Object, restarts: Int, started: Bool, stopped: Bool) throws(JSON.Failure) {
        pid = try json.int("Pid")
        exitCode = try json.int("ExitCode")
        error = try json.string("Error")
        oomKilled = try json.bool("OOMKilled")
        startedAt = Timestamp(rfc3339: try json.string("StartedAt")) ?? .zero
        finishedAt = Timestamp(rfc3339: try json.string("FinishedAt")) ?? .zero
        restartCount = restarts
        hasBeenStarted = started
        stoppedByUser = stopped
        beforeRemoval = started ? .exited : .created
        let isDead = try json.bool("Dead")
        let isRemoved = try json.bool("RemovalInProgress")
        if isDead || isRemoved {
            phase = .dead
        } else if try json.bool("Paused") {
            phase = .paused
        } else if try json.bool("Restarting") {
            phase = .restarting
        } else if try json.bool("Running") {
            phase = .running
        } else {
            phase = started ? .exited : .created
        }
    }
}
