internal import CLinux
internal import ContainerdAPI
internal import Linux
internal import Protobuf
internal import TTRPC

/// One process of a container: its init, or one that was added by exec. What it may do depends on its phase, and the
/// refusals are upstream's.
final class TaskProcess {
    enum Phase {
        case created, running, paused, stopped, deleted

        var status: ContainerdTypes.Status {
            switch self {
            case .created: .created
            case .running: .running
            case .paused: .paused
            case .stopped, .deleted: .stopped
            }
        }
    }

    /// The exec's id; empty for init.
    let execId: String
    let names: StreamNames
    var streams: Streams?
    var pid: Int32 = 0
    private(set) var phase = Phase.created
    private(set) var exitStatus: UInt32 = 0
    private(set) var exitedAt = ProtobufTimestamp.goZero
    /// The process of an exec, as JSON; nil for init.
    let spec: [UInt8]?
    /// While its start is under way, its end is held back: nobody may hear of the end first.
    var isStarting = false
    var heldExit: ExitStatus?
    private var waiting: [TTRPCCall] = []
    private var operations: [() -> Void] = []
    private var isBusy = false

    init(execId: String, names: StreamNames, spec: [UInt8]? = nil) {
        self.execId = execId
        self.names = names
        self.spec = spec
    }

    var isInit: Bool { execId.isEmpty }
    var hasExited: Bool { phase == .stopped || phase == .deleted }

    // MARK: Phases

    func becameRunning() { phase = .running }
    func becamePaused() { phase = .paused }
    func becameDeleted() { phase = .deleted }

    /// Records its end and answers everyone who waits for it.
    func exited(_ status: ExitStatus) {
        exitStatus = UInt32(bitPattern: status.shellStatus)
        exitedAt = .now
        phase = .stopped
        let all = waiting
        waiting = []
        for call in all { answerWait(call) }
    }

    /// Answers when the process has ended.
    func wait(_ call: TTRPCCall) {
        if hasExited { answerWait(call) } else { waiting.append(call) }
    }

    private func answerWait(_ call: TTRPCCall) {
        var response = TaskAPI.WaitResponse()
        response.exitStatus = exitStatus
        response.exitedAt = exitedAt
        call.succeed(response)
    }

    // MARK: Refusals

    func refusesStart() -> TTRPCError? {
        switch phase {
        case .created: nil
        case .running: TTRPCError(.unknown, "cannot start a running process")
        case .paused: TTRPCError(.unknown, "cannot start a paused process")
        case .stopped: TTRPCError(.unknown, "cannot start a stopped process")
        case .deleted: TTRPCError(.unknown, "cannot start a deleted process")
        }
    }

    func refusesDelete() -> TTRPCError? {
        switch phase {
        case .created, .stopped: nil
        case .running: TTRPCError(.unknown, "cannot delete a running process")
        case .paused: TTRPCError(.unknown, "cannot delete a paused process")
        case .deleted: TTRPCError(.notFound, "cannot delete a deleted process: not found")
        }
    }

    func refusesPause() -> TTRPCError? {
        switch phase {
        case .running: nil
        case .created: TTRPCError(.unknown, "cannot pause task in created state")
        case .paused: TTRPCError(.unknown, "cannot pause a paused container")
        case .stopped: TTRPCError(.unknown, "cannot pause a stopped container")
        case .deleted: TTRPCError(.unknown, "cannot pause a deleted process")
        }
    }

    func refusesResume() -> TTRPCError? {
        switch phase {
        case .paused: nil
        case .created: TTRPCError(.unknown, "cannot resume task in created state")
        case .running: TTRPCError(.unknown, "cannot resume a running process")
        case .stopped: TTRPCError(.unknown, "cannot resume a stopped container")
        case .deleted: TTRPCError(.unknown, "cannot resume a deleted process")
        }
    }

    func refusesUpdate() -> TTRPCError? {
        switch phase {
        case .stopped: TTRPCError(.unknown, "cannot update a stopped container")
        case .deleted: TTRPCError(.unknown, "cannot update a deleted process")
        default: nil
        }
    }

    func refusesExec() -> TTRPCError? {
        switch phase {
        case .created, .running: nil
        case .paused: TTRPCError(.unknown, "cannot exec in a paused state")
        case .stopped: TTRPCError(.unknown, "cannot exec in a stopped state")
        case .deleted: TTRPCError(.unknown, "cannot exec in a deleted state")
        }
    }

    // MARK: One change at a time

    /// Runs `operation` when the ones before it have called their `done`.
    func exclusively(_ operation: @escaping (_ done: @escaping () -> Void) -> Void) {
        operations.append { [self] in operation { self.next() } }
        if !isBusy { next() }
    }

    private func next() {
        isBusy = !operations.isEmpty
        if isBusy { operations.removeFirst()() }
    }
}
