internal import CLinux
internal import Cgroups
internal import Linux
internal import OCIRuntime

extension ContainerStore {
    /// Removes a container that has ended; with `force` it is ended first, and one that is not there is no failure.
    /// What is left all the same is told to `warn`.
    public func delete(_ id: String, force: Bool, warn: (String) -> Void) throws(RuntimeFailure) {
        let container: Container
        do throws(RuntimeFailure) {
            container = try load(id)
        } catch {
            guard error.message == "container does not exist" else { throw error }
            // A directory without a record is what a start that was cut short left behind.
            if Files.exists(directory(id)) { try forget(id) }
            if force { return }
            throw error
        }
        switch container.status {
        case .stopped: break
        case .created: try end(container)
        case let status:
            if !force {
                throw RuntimeFailure(
                    "cannot delete container " + id + " that is not stopped: " + status.rawValue)
            }
            try end(container)
        }
        do throws(RuntimeFailure) { try destroy(container) } catch { warn(error.message) }
    }

    /// Kills the first process, and waits until it is gone: ten seconds at most.
    private func end(_ container: Container) throws(RuntimeFailure) {
        let number = cl_pidfd_open(container.pid)
        defer { if number >= 0 { close(number) } }
        guard container.isAlive else { return }
        kill(container.pid, SIGKILL)
        // If it stays frozen the wait below ends with an error of its own.
        if container.cgroup.isFrozen { try? container.cgroup.thaw() }
        var wait = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        if number >= 0 { poll(&wait, 1, 10_000) }
        for _ in 0..<100 {
            if !container.isAlive { return }
            usleep(100_000)
        }
        throw RuntimeFailure("container init still running")
    }

    /// Takes away what an ended container has left: processes, cgroup, record; then runs its last hooks. Does all of
    /// it; the first failure is thrown at the end.
    public func destroy(_ container: Container) throws(RuntimeFailure) {
        var failed: RuntimeFailure?
        func attempt(_ body: () throws(RuntimeFailure) -> Void) {
            do throws(RuntimeFailure) { try body() } catch { failed = failed ?? error }
        }
        attempt { () throws(RuntimeFailure) in
            do throws(CgroupFailure) {
                // Without a pid namespace of its own the first process's end did not end the others.
                if container.shares("pid") || container.cgroup.isFrozen {
                    if container.cgroup.exists { try container.cgroup.signalAll(SIGKILL) }
                }
                try container.cgroup.remove()
            } catch {
                throw RuntimeFailure(error)
            }
        }
        attempt { () throws(RuntimeFailure) in try forget(container.id) }
        if let hooks = container.hooks {
            attempt { () throws(RuntimeFailure) in try runHooks(hooks.poststop, container.state("stopped")) }
        }
        if let failed { throw failed }
    }
}
