internal import CLinux
internal import ContainerdAPI
internal import JSON
internal import Linux
internal import Protobuf
internal import TTRPC

extension TaskService {
    func start(_ request: TaskAPI.StartRequest, _ call: TTRPCCall) throws(TTRPCError) {
        let container = try container(request.id)
        let process = try process(container, request.execId)
        process.exclusively { [self] done in
            if let refusal = process.refusesStart() {
                call.fail(refusal)
                return done()
            }
            process.isStarting = true
            let finished = {
                process.isStarting = false
                if let status = process.heldExit {
                    process.heldExit = nil
                    self.end(process, of: container, status)
                }
                done()
            }
            if process.isInit {
                startInit(container, call, finished)
            } else {
                startExec(process, of: container, call, finished)
            }
        }
    }

    private func startInit(_ container: Container, _ call: TTRPCCall, _ done: @escaping () -> Void) {
        let process = container.initProcess
        run(container.runtime, ["start", container.id]) { [self] result in
            if case .failure(let failure) = result {
                call.fail(TTRPCError(.unknown, container.runtime.explain(failure, "OCI runtime start failed").message))
                return done()
            }
            process.becameRunning()
            watchMemory(container)
            var event = ContainerdEvents.TaskStart()
            event.containerId = container.id
            event.pid = UInt32(bitPattern: process.pid)
            events.publish("/tasks/start", event)
            answerStart(process, call)
            done()
        }
    }

    private func watchMemory(_ container: Container) {
        // A container that has ended already has no cgroup any more.
        if container.cgroup == nil { container.cgroup = try? CgroupPaths(of: container.initProcess.pid) }
        guard let cgroup = container.cgroup else { return }
        do throws(SystemCallError) {
            container.memoryWatch = try MemoryWatch(cgroup, on: loop) { [events, id = container.id] in
                var event = ContainerdEvents.TaskOOM()
                event.containerId = id
                events.publish("/tasks/oom", event)
            }
        } catch {
            log.debug("add cg to OOM monitor: " + error.description)
        }
    }

    private func startExec(
        _ process: TaskProcess, of container: Container, _ call: TTRPCCall, _ done: @escaping () -> Void
    ) {
        let specFile = container.bundle + "/.exec-" + randomHex(bytes: 8) + ".json"
        let console: ConsoleSocket?
        do throws(TTRPCError) {
            console = try openStreams(process, id: process.execId, options: container.options)
            do throws(SystemCallError) {
                try Files.write(process.spec ?? [], to: specFile, mode: 0o600)
            } catch {
                throw TTRPCError(.unknown, error.description)
            }
        } catch {
            process.exited(.exited(255))
            call.fail(error)
            return done()
        }
        let pidFile = container.bundle + "/" + process.execId + ".pid"
        var arguments = ["exec", "--process", specFile]
        if let console { arguments += ["--console-socket", console.path] }
        arguments += ["--detach", "--pid-file", pidFile, container.id]
        launches += 1
        run(container.runtime, arguments, descriptors: process.streams?.descriptors) { [self] result in
            unlink(specFile)
            process.streams?.closeChildEnds()
            do throws(TTRPCError) {
                try finish(process, of: container, result, console, pidFile, "OCI runtime exec failed")
            } catch {
                launched(process, of: container)
                process.streams?.stop()
                process.exited(.exited(255))
                call.fail(error)
                return done()
            }
            process.becameRunning()
            var event = ContainerdEvents.TaskExecStarted()
            event.containerId = container.id
            event.execId = process.execId
            event.pid = UInt32(bitPattern: process.pid)
            events.publish("/tasks/exec-started", event)
            answerStart(process, call)
            launched(process, of: container)
            done()
        }
    }

    private func answerStart(_ process: TaskProcess, _ call: TTRPCCall) {
        var response = TaskAPI.StartResponse()
        response.pid = UInt32(bitPattern: process.pid)
        call.succeed(response)
    }

    /// Adds a process that `Start` then runs.
    func exec(_ request: TaskAPI.ExecProcessRequest, _ call: TTRPCCall) throws(TTRPCError) {
        let container = try container(request.id)
        if container.execs[request.execId] != nil || request.execId.isEmpty {
            throw TTRPCError(.alreadyExists, "id " + request.execId + ": already exists")
        }
        if let refusal = container.initProcess.refusesExec() { throw refusal }
        let names = StreamNames(
            stdin: request.stdin, stdout: request.stdout, stderr: request.stderr, terminal: request.terminal)
        let spec: [UInt8]
        do throws(JSON.Failure) {
            guard case .object(var object) = try JSON(parsing: request.spec?.value ?? []) else {
                throw JSON.Failure("json: cannot unmarshal into Go value of type specs.Process")
            }
            object["terminal"] = request.terminal ? .bool(true) : nil
            spec = JSON.object(object).encoded()
        } catch {
            throw TTRPCError(.unknown, error.message)
        }
        container.execs[request.execId] = TaskProcess(execId: request.execId, names: names, spec: spec)
        var event = ContainerdEvents.TaskExecAdded()
        event.containerId = container.id
        event.execId = request.execId
        events.publish("/tasks/exec-added", event)
        call.succeed(ProtobufEmpty())
    }
}
