internal import CLinux
internal import Linux
internal import OCIRuntime

extension ContainerStore {
    /// Lets a created container's program run.
    public func start(_ container: Container) throws(RuntimeFailure) {
        switch container.status {
        case .stopped: throw RuntimeFailure("cannot start a container that has stopped")
        case .running: throw RuntimeFailure("cannot start an already running container")
        case .paused: throw RuntimeFailure("cannot start a container in the paused state")
        case .created: break
        }
        let pipe = try system { () throws(SystemCallError) in
            try Descriptor.open(container.fifo, O_RDONLY | O_NONBLOCK)
        }
        var wait = pollfd(fd: pipe.number, events: Int16(POLLIN), revents: 0)
        while poll(&wait, 1, 100) == 0 {
            if !container.isAlive { throw RuntimeFailure("container process is already dead") }
        }
        let bytes = try system { () throws(SystemCallError) in
            try pipe.setNonBlocking(false)
            return try pipe.readAll()
        }
        if bytes.isEmpty { throw RuntimeFailure("cannot start an already running container") }
        unlink(container.fifo)
        if let hooks = container.hooks, !hooks.poststart.isEmpty {
            try runHooks(hooks.poststart, container.state("running"))
        }
    }
}
