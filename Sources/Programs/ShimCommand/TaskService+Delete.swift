internal import CLinux
internal import ContainerdAPI
internal import Linux
internal import Protobuf
internal import TTRPC

extension TaskService {
    /// How long a process's end waits for its output to be copied.
    private static let drainTime = 2000

    func delete(_ request: TaskAPI.DeleteRequest, _ call: TTRPCCall) throws(TTRPCError) {
        let container = try container(request.id)
        let process = try process(container, request.execId)
        process.exclusively { [self] done in
            if let refusal = process.refusesDelete() {
                call.fail(refusal)
                return done()
            }
            let copied = { [self] in
                if process.isInit {
                    deleteInit(container, call, done)
                } else {
                    deleteExec(process, of: container, call)
                    done()
                }
            }
            guard let streams = process.streams else { return copied() }
            streams.finish(milliseconds: TaskService.drainTime, copied)
        }
    }

    private func deleteExec(_ process: TaskProcess, of container: Container, _ call: TTRPCCall) {
        process.streams?.stop()
        process.becameDeleted()
        unlink(container.bundle + "/" + process.execId + ".pid")
        container.execs[process.execId] = nil
        call.succeed(answer(process))
    }

    private func deleteInit(_ container: Container, _ call: TTRPCCall, _ done: @escaping () -> Void) {
        let process = container.initProcess
        run(container.runtime, ["delete", container.id]) { [self] result in
            var problem: TTRPCError?
            if case .failure(let failure) = result {
                let explained = container.runtime.explain(failure, "failed to delete task")
                if !holds(failure.message, "does not exist") && !holds(explained.message, "does not exist") {
                    problem = TTRPCError(.unknown, explained.message)
                }
            }
            process.streams?.stop()
            do throws(SystemCallError) {
                try RootfsMounts.unmountAll(container.bundle + "/rootfs")
            } catch {
                log.warn("failed to cleanup rootfs mount: " + error.description)
                problem = problem ?? TTRPCError(.unknown, "failed rootfs umount: " + error.reason)
            }
            if let problem {
                call.fail(problem)
                return done()
            }
            forget(container)
            call.succeed(answer(process))
            done()
        }
    }

    private func forget(_ container: Container) {
        let process = container.initProcess
        // One that was created and never started ends only here: whoever waits is told.
        if !process.hasExited { process.exited(.exited(0)) }
        process.becameDeleted()
        container.memoryWatch?.stop()
        for exec in container.execs.values { exec.streams?.stop() }
        containers[container.id] = nil
        var event = ContainerdEvents.TaskDelete()
        event.containerId = container.id
        event.pid = UInt32(bitPattern: process.pid)
        event.exitStatus = process.exitStatus
        event.exitedAt = process.exitedAt
        events.publish("/tasks/delete", event)
    }

    private func answer(_ process: TaskProcess) -> TaskAPI.DeleteResponse {
        var response = TaskAPI.DeleteResponse()
        response.pid = UInt32(bitPattern: process.pid)
        response.exitStatus = process.exitStatus
        response.exitedAt = process.exitedAt
        return response
    }

    // MARK: Signals

    func kill(_ request: TaskAPI.KillRequest, _ call: TTRPCCall) throws(TTRPCError) {
        let container = try container(request.id)
        let process = try process(container, request.execId)
        if process.phase == .deleted { throw TTRPCError(.notFound, "cannot kill a deleted process: not found") }
        if !process.isInit {
            if process.pid == 0 { throw TTRPCError(.failedPrecondition, "process not created: failed precondition") }
            if process.hasExited { throw TTRPCError(.notFound, "process already finished: not found") }
            try signal(process.pid, request.signal)
            return call.succeed(ProtobufEmpty())
        }
        if container.runtime.killsPlainly && !request.all {
            if process.hasExited { throw TTRPCError(.notFound, "process already finished: not found") }
            // A frozen process has to be thawed to die: the runtime does that.
            if process.phase == .running {
                try signal(process.pid, request.signal)
                return call.succeed(ProtobufEmpty())
            }
        }
        let all = request.all ? ["--all"] : []
        run(container.runtime, ["kill"] + all + [container.id, String(request.signal)]) { result in
            guard case .failure(let failure) = result else { return call.succeed(ProtobufEmpty()) }
            let words = container.runtime.explain(failure, failure.message).message
            call.fail(TaskService.killFailure(words, plain: failure.message))
        }
    }

    private func signal(_ pid: Int32, _ number: UInt32) throws(TTRPCError) {
        // The process is a child of this thread and not reaped yet: the pid is still its own.
        if CLinux.kill(pid, Int32(bitPattern: number)) == 0 { return }
        if cl_errno() == ESRCH { throw TTRPCError(.notFound, "process already finished: not found") }
        throw TTRPCError(.unknown, "unknown error after kill: " + errorText(cl_errno()))
    }

    private static func killFailure(_ words: String, plain: String) -> TTRPCError {
        for finished in ["process already finished", "container not running", "no such process", "not running"]
        where holds(words, finished) {
            return TTRPCError(.notFound, "process already finished: not found")
        }
        if holds(words, "does not exist") { return TTRPCError(.notFound, "no such container: not found") }
        return TTRPCError(.unknown, "unknown error after kill: " + plain)
    }

    // MARK: Pausing and limits

    func pause(_ request: TaskAPI.PauseRequest, _ call: TTRPCCall) throws(TTRPCError) {
        let container = try container(request.id)
        change(container, call, "pause", refusal: { container.initProcess.refusesPause() }) { [events] in
            container.initProcess.becamePaused()
            var event = ContainerdEvents.TaskPaused()
            event.containerId = container.id
            events.publish("/tasks/paused", event)
        }
    }

    func resume(_ request: TaskAPI.ResumeRequest, _ call: TTRPCCall) throws(TTRPCError) {
        let container = try container(request.id)
        change(container, call, "resume", refusal: { container.initProcess.refusesResume() }) { [events] in
            container.initProcess.becameRunning()
            var event = ContainerdEvents.TaskResumed()
            event.containerId = container.id
            events.publish("/tasks/resumed", event)
        }
    }

    func update(_ request: TaskAPI.UpdateTaskRequest, _ call: TTRPCCall) throws(TTRPCError) {
        let container = try container(request.id)
        let resources = request.resources?.value ?? []
        change(
            container, call, "update", ["--resources=-"], input: resources,
            refusal: { container.initProcess.refusesUpdate() }, then: {})
    }

    private func change(
        _ container: Container, _ call: TTRPCCall, _ verb: String, _ flags: [String] = [], input: [UInt8]? = nil,
        refusal: @escaping () -> TTRPCError?, then: @escaping () -> Void
    ) {
        container.initProcess.exclusively { [self] done in
            if let refusal = refusal() {
                call.fail(refusal)
                return done()
            }
            run(container.runtime, [verb] + flags + [container.id], input: input) { result in
                if case .failure(let failure) = result {
                    let words = container.runtime.explain(failure, "OCI runtime " + verb + " failed").message
                    call.fail(TTRPCError(.unknown, words))
                } else {
                    if !container.initProcess.hasExited { then() }
                    call.succeed(ProtobufEmpty())
                }
                done()
            }
        }
    }
}
