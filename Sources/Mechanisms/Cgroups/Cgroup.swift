internal import CLinux
internal import Linux
public import OCIRuntime

/// A container's cgroup: one directory in every v1 hierarchy, or one of v2, or both in hybrid mode. The value is only
/// paths; whoever made the container removes it.
public struct Cgroup: Sendable {
    /// The directory by controller, sorted; "" is v2's.
    public private(set) var paths: [(controller: String, path: String)]
    /// Whether v2 is all there is, so that limits go there.
    public let isUnified: Bool
    /// Hierarchies that this user has no rights over are left out, and device rules that it may not set are no failure:
    /// for a container without root, at a path that nobody asked for.
    public var toleratesDenial = false
    private var isPathGiven = false

    /// From a container's record.
    public init(paths: [(controller: String, path: String)]) {
        self.paths = paths
        isUnified = paths.count == 1 && paths[0].controller.isEmpty
    }

    /// The cgroup for a container. `path` is the specification's `cgroupsPath`: from the hierarchy's root when
    /// absolute, from this process's own cgroup when relative, `id` when empty.
    public init(path: String, id: String, in hierarchies: Hierarchies) {
        let inner = path.isEmpty ? id : Cgroup.cleaned(path)
        var found: [(controller: String, path: String)] = []
        func add(_ controller: String, _ hierarchy: Hierarchy) {
            let base = inner.utf8.first == 47 ? hierarchy.mountPoint : hierarchies.ownDirectory(controller)
            if let base { found.append((controller, Files.cleaned(base + "/" + inner))) }
        }
        if let unified = hierarchies.unified { add("", unified) }
        for hierarchy in hierarchies.legacy {
            for controller in hierarchy.controllers { add(controller, hierarchy) }
        }
        found.sort { $0.controller.utf8.lexicographicallyPrecedes($1.controller.utf8) }
        if hierarchies.isUnified, inner.utf8.first != 47 {
            // Processes may not live beside child cgroups in v2, so a relative path starts at the root there.
            found = [("", Files.cleaned((hierarchies.unified?.mountPoint ?? "/sys/fs/cgroup") + "/" + inner))]
        }
        paths = found
        isUnified = hierarchies.isUnified
        isPathGiven = !path.isEmpty
    }

    private var leavesOutDenied: Bool { toleratesDenial && !isPathGiven }

    /// A path cleaned so that it cannot climb out of where it starts.
    static func cleaned(_ path: String) -> String {
        if path.utf8.first == 47 { return Files.cleaned(path) }
        return String(decoding: Array(Files.cleaned("/" + path).utf8.dropFirst()), as: UTF8.self)
    }

    /// The directory of a controller; v2's own answers for every one there.
    public func path(_ controller: String) -> String? {
        for entry in paths where entry.controller == controller { return entry.path }
        return isUnified ? paths.first?.path : nil
    }

    /// The directories, each once: controllers that share a hierarchy share one.
    public var directories: [String] {
        var all: [String] = []
        for entry in paths where !all.contains(entry.path) { all.append(entry.path) }
        return all
    }

    public var exists: Bool { directories.contains { Files.exists($0) } }

    // MARK: Making

    /// Makes the directories. Real-time budgets are set here, since a v1 group without one takes no real-time process.
    public mutating func create(_ resources: Resources?) throws(CgroupFailure) {
        for entry in paths {
            do throws(CgroupFailure) {
                try create(entry.controller, entry.path, resources)
            } catch {
                // In hybrid mode v2 holds no limits: without it the container is complete.
                if entry.controller.isEmpty && !isUnified {
                    paths.removeAll { $0.controller.isEmpty }
                } else {
                    try leaveOut(entry.path, after: error)
                }
            }
        }
    }

    private func create(_ controller: String, _ path: String, _ resources: Resources?) throws(CgroupFailure) {
        do throws(SystemCallError) { try Files.makeDirectories(path) } catch { throw CgroupFailure(error) }
        switch controller {
        case "cpuset" where !isUnified: try inheritCpuset(path, resources?.cpu)
        case "cpu" where !isUnified: try setRealtime(path, resources?.cpu)
        case "" where isUnified: try enableControllers(for: path)
        default: break
        }
    }

    /// Goes on without the hierarchies of a directory where that is asked for; throws the failure where it is not.
    private mutating func leaveOut(_ path: String, after failure: CgroupFailure) throws(CgroupFailure) {
        guard leavesOutDenied, failure.isDenial else { throw failure }
        paths.removeAll { $0.path == path }
    }

    /// Moves a process in, with all its threads.
    public mutating func add(_ pid: Int32) throws(CgroupFailure) {
        for directory in directories {
            do throws(SystemCallError) {
                try Files.put(String(pid), into: directory + "/cgroup.procs")
            } catch {
                if directory == path("") && !isUnified { continue }
                let words = "failed to write " + String(pid) + ": write " + directory + "/cgroup.procs: " + error.reason
                try leaveOut(directory, after: CgroupFailure(words, number: error.number))
            }
        }
    }

    /// Moves a process in. A group of v2 that has handed controllers down takes none: then to where `first` is, a
    /// process of the container's that has gone further down.
    public mutating func add(_ pid: Int32, with first: Int32) throws(CgroupFailure) {
        do throws(CgroupFailure) {
            try add(pid)
        } catch {
            guard isUnified, let directory = Hierarchies.unifiedDirectory(of: first) else { throw error }
            try put(String(pid), directory, "cgroup.procs")
        }
    }

    /// The same with groups below, made elsewhere, in place of some directories. `controller` nil: of every one.
    public func below(_ groups: [(controller: String?, path: String)]) throws(CgroupFailure) -> Cgroup {
        var changed = self
        for group in groups {
            var isKnown = false
            for (index, entry) in paths.enumerated() where group.controller ?? entry.controller == entry.controller {
                let path = Files.cleaned(entry.path + "/" + group.path)
                guard path.utf8.starts(with: entry.path.utf8) else {
                    throw CgroupFailure(group.path + " is not a sub cgroup path")
                }
                changed.paths[index].path = path
                isKnown = true
            }
            if !isKnown { throw CgroupFailure("unknown controller " + (group.controller ?? "") + " in SubCgroupPaths") }
        }
        return changed
    }

    private func setRealtime(_ path: String, _ cpu: Resources.CPU?) throws(CgroupFailure) {
        if let period = cpu?.realtimePeriod, period != 0 { try put(String(period), path, "cpu.rt_period_us") }
        if let runtime = cpu?.realtimeRuntime, runtime != 0 { try put(String(runtime), path, "cpu.rt_runtime_us") }
    }

    /// A new v1 cpuset is empty and takes no process: it and every group above it starts with its parent's.
    private func inheritCpuset(_ path: String, _ cpu: Resources.CPU?) throws(CgroupFailure) {
        do throws(CgroupFailure) {
            if let cpus = cpu?.cpus, !cpus.isEmpty { try put(cpus, path, "cpuset.cpus") }
            if let mems = cpu?.mems, !mems.isEmpty { try put(mems, path, "cpuset.mems") }
        } catch {
            // The parent may have none yet: then it takes its own parent's first.
            if !Cgroup.isEmpty(Files.parent(of: path), "cpuset.cpus") { throw error }
        }
        for file in ["cpuset.cpus", "cpuset.mems"] { try Cgroup.copyFromParent(path, file) }
    }

    private static func isEmpty(_ path: String, _ file: String) -> Bool { get(path, file)?.isEmpty ?? true }

    private static func copyFromParent(_ path: String, _ file: String) throws(CgroupFailure) {
        guard let own = get(path, file), own.isEmpty else { return }
        let parent = Files.parent(of: path)
        try copyFromParent(parent, file)
        if let value = get(parent, file), !value.isEmpty { try put(value, path, file) }
    }

    /// Makes v2's controllers available in `path` by naming them in every group above.
    private func enableControllers(for path: String) throws(CgroupFailure) {
        var above: [String] = []
        var next = Files.parent(of: path)
        while Files.exists(next + "/cgroup.controllers") {
            above.append(next)
            next = Files.parent(of: next)
        }
        for directory in above.reversed() {
            let available = (get(directory, "cgroup.controllers") ?? "").split(separator: " ")
            let enabled = (get(directory, "cgroup.subtree_control") ?? "").split(separator: " ")
            for controller in available where !enabled.contains(controller) {
                // One that the kernel refuses (threaded, in use) is missed when a limit asks for it.
                try? put("+" + String(controller), directory, "cgroup.subtree_control")
            }
        }
    }

    // MARK: Processes

    /// The processes in it, those of groups below included when `recursive`.
    public func processes(recursive: Bool) throws(CgroupFailure) -> [Int32] {
        guard let directory = path("devices") ?? path("") ?? paths.first?.path else { return [] }
        var found: [Int32] = []
        try Cgroup.collect(directory, recursive, &found)
        return found
    }

    private static func collect(_ directory: String, _ recursive: Bool, _ found: inout [Int32]) throws(CgroupFailure) {
        let text: String
        do throws(SystemCallError) {
            text = try Files.readText(directory + "/cgroup.procs")
        } catch {
            throw CgroupFailure(error)
        }
        for line in text.utf8.split(separator: 10) {
            if let pid = Int32(String(decoding: Array(line), as: UTF8.self)), !found.contains(pid) { found.append(pid) }
        }
        guard recursive else { return }
        // A directory that went away meanwhile has no processes.
        for name in (try? Files.names(in: directory)) ?? [] where Files.isDirectory(directory + "/" + name) {
            try? collect(directory + "/" + name, true, &found)
        }
    }

    // MARK: Removing

    /// Removes the directories and those below. Waits for the last processes to leave, all in all a second at most.
    public func remove() throws(CgroupFailure) {
        var left = directories
        var wait: UInt32 = 1000
        while true {
            var failed: SystemCallError?
            left.removeAll { directory in
                do throws(SystemCallError) { try Cgroup.removeDirectory(directory) } catch { failed = error }
                return failed?.subject != directory
            }
            guard let failed else { return }
            if wait > 300_000 || failed.number != EBUSY && failed.number != ENOTEMPTY { throw CgroupFailure(failed) }
            usleep(wait)
            wait *= 2
        }
    }

    private static func removeDirectory(_ path: String) throws(SystemCallError) {
        if rmdir(path) == 0 || cl_errno() == ENOENT { return }
        // Groups that the container made below.
        for name in (try? Files.names(in: path)) ?? [] where Files.isDirectory(path + "/" + name) {
            // One that stays keeps this one from going, which is reported.
            try? removeDirectory(path + "/" + name)
        }
        if rmdir(path) == 0 || cl_errno() == ENOENT { return }
        throw SystemCallError(number: cl_errno(), operation: "rmdir", subject: path)
    }
}
