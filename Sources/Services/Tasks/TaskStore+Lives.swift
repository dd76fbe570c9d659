internal import ContainerdAPI
internal import Linux
internal import Logging
public import Metadata
internal import Protobuf
internal import Workers

/// Creating and deleting tasks.
extension TaskStore {
    /// Starts a shim and has it create the task; answers the task's pid. What was made is undone when a step fails.
    /// A caller that goes away meanwhile leaves nothing behind.
    public func create(_ creation: TaskCreation, in namespace: String) async throws(ServiceError) -> UInt32 {
        // In a task of its own: a cancelled one could neither go on nor undo what it has begun.
        let made = await Task { () -> Result<(shim: Shim, pid: UInt32), ServiceError> in
            do throws(ServiceError) { return .success(try await make(creation, namespace)) } catch {
                return .failure(error)
            }
        }.value
        let (shim, pid) = try made.get()
        if Task.isCancelled {
            await Task { await abandon(shim) }.value
            throw ServiceError(.canceled, "context canceled")
        }
        return pid
    }

    private func make(
        _ creation: TaskCreation, _ namespace: String
    ) async throws(ServiceError) -> (shim: Shim, pid: UInt32) {
        if find(creation.id, namespace) != nil { throw .alreadyExists("task \(creation.id)") }
        let bundle = Bundle(namespace: namespace, id: creation.id, state: state, root: root)
        let shim: Shim
        do throws(ServiceError) {
            shim = try await start(creation, bundle)
        } catch {
            throw error.prefixed("failed to start shim")
        }
        keep(shim)
        var request = TaskAPI.CreateTaskRequest()
        request.id = creation.id
        request.bundle = bundle.path
        request.rootfs = creation.rootfs
        request.terminal = creation.terminal
        request.stdin = creation.stdin
        request.stdout = creation.stdout
        request.stderr = creation.stderr
        request.options = creation.options.map { ProtobufAny(typeURL: $0.type, value: $0.bytes) }
        do throws(ServiceError) {
            return (shim, try await shim.call(TaskAPI.create, request).pid)
        } catch {
            await abandon(shim)
            throw error.prefixed("failed to create shim task")
        }
    }

    private func start(_ creation: TaskCreation, _ bundle: Bundle) async throws(ServiceError) -> Shim {
        let binary = try await Workers.shared.run { [settings] () throws(ServiceError) -> ShimBinary in
            let path: String
            do throws(ServiceError) {
                path = try ShimBinary.resolve(creation.runtime)
            } catch {
                throw error.prefixed("failed to resolve runtime path")
            }
            try bundle.create(specification: creation.specification)
            return ShimBinary(path: path, settings: settings)
        }
        let shim = Shim(bundle, binary)
        await openLog(shim)
        do throws(ServiceError) {
            let address = try await Workers.shared.run { () throws(ServiceError) -> String in
                try bundle.remember(binary: binary.path)
                do throws(ServiceError) {
                    return try binary.start(bundle, options: creation.options)
                } catch {
                    throw error.prefixed("start failed")
                }
            }
            try await attach(shim, address)
        } catch {
            closeLog(shim)
            await removeBundle(shim)
            throw error
        }
        return shim
    }

    /// Takes down a shim whose task could not be created.
    private func abandon(_ shim: Shim) async {
        var request = TaskAPI.DeleteRequest()
        request.id = shim.bundle.id
        // The shim may never have had the task, or be gone: the error to report is that of the creation.
        _ = try? await shim.call(TaskAPI.delete, request, timeout: 5_000)
        guard forget(shim) else { return }
        await shim.shutdown()
        shim.disconnect()
        await removeBundle(shim)
    }

    /// Deletes a task that has ended, with its shim and bundle.
    public func delete(_ id: String, in namespace: String) async throws(ServiceError) -> TaskExit {
        let shim = try shim(id, namespace)
        var request = TaskAPI.DeleteRequest()
        request.id = id
        let response: TaskAPI.DeleteResponse
        do throws(ServiceError) {
            response = try await shim.call(TaskAPI.delete, request)
            forget(shim)
        } catch {
            // A shim that is gone, or knows of no task, is taken down all the same. When it is gone the end of its
            // task is published by the clean-up that follows the end of its connection.
            if error.kind == .notFound, forget(shim) { await takeDown(shim) }
            throw error
        }
        await takeDown(shim)
        return TaskExit(pid: response.pid, status: response.exitStatus, exitedAt: response.exitedAt)
    }

    private func takeDown(_ shim: Shim) async {
        await shim.shutdown()
        shim.disconnect()
        await removeBundle(shim)
    }

    // MARK: After a start

    /// Finds the shims that run, and removes what is left of those that do not. Call once, before anything else.
    public func restore(runtimeOf: @escaping @Sendable (_ id: String, _ namespace: String) -> String?) async {
        let found = await Workers.shared.run { [state] () -> [(namespace: String, id: String)] in
            // No directory: no task was ever made.
            let namespaces = (try? Files.names(in: state)) ?? []
            return namespaces.flatMap { namespace in
                ((try? Files.names(in: state + "/" + namespace)) ?? []).map { (namespace, $0) }
            }
        }
        await withTaskGroup(of: Void.self) { group in
            for (namespace, id) in found {
                group.addTask { await self.restore(id, namespace, runtimeOf) }
            }
        }
        await removeWork()
    }

    private func restore(
        _ id: String, _ namespace: String, _ runtimeOf: @escaping @Sendable (String, String) -> String?
    ) async {
        let bundle = Bundle(namespace: namespace, id: id, state: state, root: root)
        // Hidden: half removed by a containerd that was killed.
        let binary =
            id.hasPrefix(".")
            ? nil
            : await Workers.shared.run { [settings] () -> ShimBinary? in
                let runtime = runtimeOf(id, namespace) ?? "io.containerd.runc.v2"
                // A program that is gone cannot clean up after its shim: the bundle is removed without it.
                guard let path = bundle.rememberedBinary ?? (try? ShimBinary.resolve(runtime)) else { return nil }
                return ShimBinary(path: path, settings: settings)
            }
        guard let binary else {
            let shim = Shim(bundle, ShimBinary(path: "", settings: settings))
            return await removeBundle(shim)
        }
        let shim = Shim(bundle, binary)
        do throws(ServiceError) {
            guard let address = await Workers.shared.run({ bundle.address }) else {
                throw .notFound("address of shim \(id)")
            }
            await openLog(shim)
            keep(shim)
            try await attach(shim, address)
        } catch {
            logger.error("loading container \(id)", metadata: ["error": "\(error.message)"])
            closeLog(shim)
            return await cleanUp(after: shim)
        }
        await removeIfEmpty(shim)
    }

    /// A shim that was started for a task which was then never created is taken down.
    private func removeIfEmpty(_ shim: Shim) async {
        do throws(ServiceError) {
            // A shim that is stuck does not keep the daemon from starting: it is taken to have its task.
            _ = try await shim.state(timeout: 1_000)
        } catch {
            guard error.kind == .notFound, forget(shim) else { return }
            logger.info("cleaning leaked shim process", metadata: ["id": "\(shim.bundle.id)"])
            await takeDown(shim)
        }
    }

    /// Removes working directories that have no bundle.
    private func removeWork() async {
        await Workers.shared.run { [state, root] in
            // Nothing there: nothing to remove.
            for namespace in (try? Files.names(in: root)) ?? [] {
                for id in (try? Files.names(in: root + "/" + namespace)) ?? []
                where !Files.exists(state + "/" + namespace + "/" + id) {
                    // A directory that cannot be removed now is tried again at the next start.
                    try? Files.removeTree(root + "/" + namespace + "/" + id)
                }
            }
        }
    }
}
