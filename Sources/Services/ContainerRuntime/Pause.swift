internal import Cgroups
public import OCIRuntime

extension Container {
    /// Holds every process.
    public func pause() throws(RuntimeFailure) {
        switch status {
        case .running, .created: try cgroupDo { () throws(CgroupFailure) in try cgroup.freeze() }
        case .paused, .stopped: throw RuntimeFailure("container not running")
        }
    }

    /// Lets them go on.
    public func resume() throws(RuntimeFailure) {
        guard status == .paused else { throw RuntimeFailure("container not paused") }
        try cgroupDo { () throws(CgroupFailure) in try cgroup.thaw() }
    }

    /// Changes limits; devices stay as they are.
    public func update(_ resources: Resources) throws(RuntimeFailure) {
        if status == .stopped { throw RuntimeFailure("container not running") }
        try cgroupDo { () throws(CgroupFailure) in try cgroup.apply(resources) }
    }

    /// The pids of every process, as the host sees them.
    public func processes() throws(RuntimeFailure) -> [Int32] {
        if !cgroup.exists { return [] }
        return try cgroupDo { () throws(CgroupFailure) in try cgroup.processes(recursive: true) }
    }

    private func cgroupDo<Value>(_ body: () throws(CgroupFailure) -> Value) throws(RuntimeFailure) -> Value {
        do throws(CgroupFailure) { return try body() } catch { throw RuntimeFailure(error) }
    }
}
