internal import CLinux
internal import Linux

extension Cgroup {
    /// Whether the processes are held.
    public var isFrozen: Bool {
        if isUnified {
            guard let path = path("") else { return false }
            return get(path, "cgroup.freeze") == "1"
        }
        guard let path = path("freezer"), let state = get(path, "freezer.state") else { return false }
        return state == "FROZEN" || state == "FREEZING"
    }

    /// Holds every process, and waits until they stand still.
    public func freeze() throws(CgroupFailure) {
        if isUnified, let path = path("") {
            try put("1", path, "cgroup.freeze")
            for _ in 0..<1000 {
                if (get(path, "cgroup.events") ?? "").utf8.split(separator: 10).contains(where: {
                    $0.elementsEqual("frozen 1".utf8)
                }) {
                    return
                }
                usleep(1000)
            }
            throw CgroupFailure("timeout of reaching frozen state")
        }
        guard let path = path("freezer") else { throw CgroupFailure("freezer not supported: no freezer cgroup") }
        for round in 0..<1000 {
            try put("FROZEN", path, "freezer.state")
            if get(path, "freezer.state") == "FROZEN" { return }
            // A process that forks while it is being held can keep the group from settling: let it run for a moment.
            if round % 50 == 49 {
                try put("THAWED", path, "freezer.state")
                usleep(100)
            }
            usleep(round < 20 ? 10 : 1000)
        }
        // The failure that is thrown is the first one; thawing is a second try to leave nothing frozen.
        try? put("THAWED", path, "freezer.state")
        throw CgroupFailure("unable to freeze")
    }

    /// Lets the processes go on.
    public func thaw() throws(CgroupFailure) {
        if isUnified, let path = path("") { return try put("0", path, "cgroup.freeze") }
        guard let path = path("freezer") else { return }
        try put("THAWED", path, "freezer.state")
    }

    /// Sends a signal to every process, held meanwhile so that none escapes by forking.
    public func signalAll(_ signal: Int32) throws(CgroupFailure) {
        if isUnified, signal == SIGKILL, let path = path(""), Files.exists(path + "/cgroup.kill") {
            return try put("1", path, "cgroup.kill")
        }
        let wasFrozen = isFrozen
        // A group that cannot be held is signalled all the same.
        if !wasFrozen { try? freeze() }
        let all = try processes(recursive: true)
        for pid in all { kill(pid, signal) }
        // The signals are sent; a group that has emptied meanwhile cannot be thawed and need not be.
        if !wasFrozen || signal == SIGKILL { try? thaw() }
    }
}
