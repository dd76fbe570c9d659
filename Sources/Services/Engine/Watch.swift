internal import ContainerdAPI
internal import GRPC
internal import GoText
internal import Protobuf

extension Engine {
    /// Follows containerd's events as long as the daemon lives. After each break it looks what was missed.
    func watchContainerd() async {
        var pause = 50
        while !Task.isCancelled {
            do throws(GRPCStatus) {
                let stream = try await containerd.events.subscribe(
                    filters: ["namespace==" + configuration.containerdNamespace])
                await reconcileAll()
                pause = 50
                while let envelope = try await stream.next() { take(envelope) }
            } catch {
                if Task.isCancelled { return }
            }
            // Being cancelled is seen at the head of the loop.
            try? await Task.sleep(for: .milliseconds(pause))
            pause = min(pause * 2, 2000)
        }
    }

    private func take(_ envelope: EventsService.Envelope) {
        guard envelope.namespace == configuration.containerdNamespace, let event = envelope.event else { return }
        // An event that cannot be read is one we do not know.
        if let exit = try? event.unpack(ContainerdEvents.TaskExit.self) {
            take(exit)
        } else if let oom = try? event.unpack(ContainerdEvents.TaskOOM.self) {
            guard let container = registry.withLock({ $0.entries[oom.containerId] }) else { return }
            // Refused when it ended already: the mark is of no use then.
            _ = try? container.handle(.outOfMemory)
            publish("oom", container.record)
        }
    }

    private func take(_ exit: ContainerdEvents.TaskExit) {
        let moment = Timestamp(exit.exitedAt)
        if exit.id == exit.containerId || exit.id.isEmpty {
            guard let container = registry.withLock({ $0.entries[exit.containerId] }) else { return }
            Task { [self] in
                await containerExited(
                    container, status: Int(exit.exitStatus), at: moment, pid: Int(exit.pid))
            }
        } else if let exec = execs.withLock({ $0[exit.id] }) {
            Task { [self] in await execExited(exec, status: Int(exit.exitStatus)) }
        }
    }

    /// Compares every container that runs by our record with containerd's tasks.
    func reconcileAll() async {
        let tasks: [ContainerdTypes.Process]
        do throws(GRPCStatus) {
            tasks = try await containerd.tasks.list()
        } catch {
            configuration.report("cannot list containerd's tasks: \(error.containerdText)")
            return
        }
        let byID = Dictionary(tasks.map { ($0.id.isEmpty ? $0.containerId : $0.id, $0) }) { first, _ in first }
        for container in containers where container.record.life.isRunning {
            await compare(container, byID[container.id])
        }
        await reconcileExecs()
    }

    /// An exec may have ended while nobody told us.
    private func reconcileExecs() async {
        let running = execs.withLock { execs in
            execs.values.filter { exec in exec.state.withLock { $0.isRunning && $0.exitCode == nil } }
        }
        for exec in running {
            do throws(GRPCStatus) {
                let process = try await containerd.tasks.get(exec.containerID, exec: exec.id)
                if process.status == .stopped { await execExited(exec, status: Int(process.exitStatus)) }
            } catch {
                if error.code == .notFound { await execExited(exec, status: 255) }
            }
        }
    }

    /// The same for one container.
    func reconcile(_ container: Container) async {
        do throws(GRPCStatus) {
            await compare(container, try await containerd.tasks.get(container.id))
        } catch {
            if error.code == .notFound { await compare(container, nil) }
        }
    }

    private func compare(_ container: Container, _ task: ContainerdTypes.Process?) async {
        guard let task else {
            // A task that is being made is not listed yet, and its maker holds the line.
            await container.operations.perform { () async in
                guard container.record.life.isRunning else { return }
                do throws(GRPCStatus) {
                    _ = try await self.containerd.tasks.get(container.id)
                } catch {
                    if error.code == .notFound { await self.exitedInLine(container, status: 255, at: Clock.now) }
                }
            }
            return
        }
        if task.status == .stopped {
            await containerExited(
                container, status: Int(task.exitStatus), at: Timestamp(task.exitedAt), pid: 0)
        }
    }
}
