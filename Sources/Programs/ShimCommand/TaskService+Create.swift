internal import CLinux
internal import ContainerdAPI
internal import Linux
internal import Protobuf
internal import TTRPC

extension TaskService {
    /// Mounts the root, has the runtime create the container, and takes over its streams.
    func create(_ request: TaskAPI.CreateTaskRequest, _ call: TTRPCCall) throws(TTRPCError) {
        if containers[request.id] != nil {
            throw TTRPCError(.alreadyExists, "container " + request.id + ": already exists")
        }
        if !request.checkpoint.isEmpty {
            throw TTRPCError(.unimplemented, "restore from a checkpoint is not supported by this shim: not implemented")
        }
        let options = try decodeOptions(request.options)
        try prepare(request, options)
        let rootfs = request.rootfs.isEmpty ? nil : request.bundle + "/rootfs"
        let names = StreamNames(
            stdin: request.stdin, stdout: request.stdout, stderr: request.stderr, terminal: request.terminal)
        let process = TaskProcess(execId: "", names: names)
        let console: ConsoleSocket?
        do throws(TTRPCError) {
            console = try openStreams(process, id: request.id, options: options)
        } catch {
            unmount(rootfs)
            throw error
        }
        let runtime = Runtime(bundle: request.bundle, namespace: namespace, options: options)
        let container = Container(
            id: request.id, bundle: request.bundle, runtime: runtime, options: options, initProcess: process)
        let pidFile = request.bundle + "/init.pid"
        var arguments = ["create", "--bundle", request.bundle, "--pid-file", pidFile]
        if let console { arguments += ["--console-socket", console.path] }
        if options.noPivotRoot { arguments.append("--no-pivot") }
        if options.noNewKeyring { arguments.append("--no-new-keyring") }
        arguments.append(request.id)
        launches += 1
        run(runtime, arguments, descriptors: process.streams?.descriptors) { [self] result in
            process.streams?.closeChildEnds()
            do throws(TTRPCError) {
                try finish(process, of: container, result, console, pidFile, "OCI runtime create failed")
            } catch {
                launched(process, of: container)
                process.streams?.stop()
                unmount(rootfs)
                return call.fail(error)
            }
            // A process that has ended already has no cgroup any more.
            container.cgroup = try? CgroupPaths(of: process.pid)
            containers[container.id] = container
            announceCreated(container, request)
            var response = TaskAPI.CreateTaskResponse()
            response.pid = UInt32(bitPattern: process.pid)
            call.succeed(response)
            launched(process, of: container)
        }
    }

    private func decodeOptions(_ any: ProtobufAny?) throws(TTRPCError) -> RuncOptions.Options {
        guard let any, !any.typeURL.isEmpty else { return RuncOptions.Options() }
        do throws(ProtobufError) {
            if let options = try any.unpack(RuncOptions.Options.self) { return options }
        } catch {
            throw TTRPCError(.unknown, error.description)
        }
        throw TTRPCError(.invalidArgument, "unknown runtime options " + any.typeURL)
    }

    private func prepare(_ request: TaskAPI.CreateTaskRequest, _ options: RuncOptions.Options) throws(TTRPCError) {
        do throws(SystemCallError) {
            try BundleFiles.write(options, bundle: request.bundle)
        } catch {
            throw TTRPCError(.unknown, error.description)
        }
        guard !request.rootfs.isEmpty else { return }
        let rootfs = request.bundle + "/rootfs"
        do throws(SystemCallError) {
            if mkdir(rootfs, 0o711) != 0 && cl_errno() != EEXIST {
                throw SystemCallError(number: cl_errno(), operation: "mkdir", subject: rootfs)
            }
            try RootfsMounts.mount(request.rootfs, on: rootfs)
        } catch {
            unmount(rootfs)
            throw TTRPCError(.unknown, "failed to mount rootfs component: " + error.reason)
        }
    }

    func unmount(_ rootfs: String?) {
        guard let rootfs else { return }
        do throws(SystemCallError) {
            try RootfsMounts.unmountAll(rootfs)
        } catch {
            log.warn("failed to cleanup rootfs mount: " + error.description)
        }
    }

    /// Opens what the process is started with; the socket for its terminal where it is to have one.
    func openStreams(_ process: TaskProcess, id: String, options: RuncOptions.Options)
        throws(TTRPCError) -> ConsoleSocket?
    {
        do throws(StreamFailure) {
            process.streams = try Streams(
                process.names, id: id, namespace: namespace, owner: options.ioUid, group: options.ioGid, loop: loop)
        } catch {
            throw TTRPCError(.unknown, error.message)
        }
        guard process.names.terminal else { return nil }
        do throws(SystemCallError) {
            return try ConsoleSocket()
        } catch {
            throw TTRPCError(.unknown, "failed to create OCI runtime console socket: " + error.description)
        }
    }

    /// What follows a runtime that has made a process: its terminal and its pid.
    func finish(
        _ process: TaskProcess, of container: Container, _ result: Result<Void, RuntimeFailure>,
        _ console: ConsoleSocket?, _ pidFile: String, _ prefix: String
    ) throws(TTRPCError) {
        if case .failure(let failure) = result {
            throw TTRPCError(.unknown, container.runtime.explain(failure, prefix).message)
        }
        do throws(SystemCallError) {
            if let console {
                let id = process.isInit ? container.id : process.execId
                try process.streams?.attach(terminal: try console.receive(), id: id, namespace: namespace)
            }
        } catch {
            throw TTRPCError(.unknown, "failed to retrieve console master: " + error.description)
        }
        do throws(SystemCallError) {
            try process.streams?.begin()
        } catch {
            throw TTRPCError(.unknown, "failed to start io pipe copy: " + error.description)
        }
        do throws(SystemCallError) {
            process.pid = try BundleFiles.pid(pidFile)
        } catch {
            throw TTRPCError(.unknown, "failed to retrieve OCI runtime container pid: " + error.description)
        }
    }

    private func announceCreated(_ container: Container, _ request: TaskAPI.CreateTaskRequest) {
        var io = ContainerdEvents.TaskIO()
        io.stdin = request.stdin
        io.stdout = request.stdout
        io.stderr = request.stderr
        io.terminal = request.terminal
        var event = ContainerdEvents.TaskCreate()
        event.containerId = container.id
        event.bundle = request.bundle
        event.rootfs = request.rootfs
        event.io = io
        event.checkpoint = request.checkpoint
        event.pid = UInt32(bitPattern: container.initProcess.pid)
        events.publish("/tasks/create", event)
    }
}
