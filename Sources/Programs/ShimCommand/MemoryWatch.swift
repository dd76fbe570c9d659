internal import CLinux
internal import Linux

/// Tells when the kernel has ended a process of a cgroup for want of memory.
final class MemoryWatch {
    private let loop: EventLoop
    private let descriptor: Descriptor
    private let directory: String
    private let onKill: () -> Void
    private var kills: UInt64 = 0

    /// v1: an eventfd registered with memory.oom_control; v2: changes of memory.events.
    init(_ cgroup: CgroupPaths, on loop: EventLoop, onKill: @escaping () -> Void) throws(SystemCallError) {
        self.loop = loop
        self.onKill = onKill
        if let unified = cgroup.unified {
            directory = unified
            let path = unified + "/memory.events"
            descriptor = Descriptor(
                owning: try checked("inotify_init1") { inotify_init1(Int32(O_CLOEXEC | O_NONBLOCK)) })
            try checked("inotify_add_watch", path) { [number = descriptor.number] in
                inotify_add_watch(number, path, UInt32(IN_MODIFY))
            }
            kills = MemoryWatch.killCount(unified)
            try loop.watch(descriptor.number, .readable) { _ in self.changed() }
        } else {
            guard let legacy = cgroup.directory("memory") else {
                throw SystemCallError(number: ENOENT, operation: "open", subject: "memory.oom_control")
            }
            directory = legacy
            descriptor = Descriptor(
                owning: try checked("eventfd") { eventfd(0, Int32(O_CLOEXEC | O_NONBLOCK)) })
            let control = try Descriptor.open(legacy + "/memory.oom_control", O_RDONLY)
            try Files.put(
                String(descriptor.number) + " " + String(control.number), into: legacy + "/cgroup.event_control")
            try loop.watch(descriptor.number, .readable) { _ in self.signalled() }
        }
    }

    func stop() { loop.forget(descriptor.number) }

    private func signalled() {
        var count: UInt64 = 0
        _ = read(descriptor.number, &count, 8)
        // The removal of the cgroup is signalled in the same way.
        if !Files.exists(directory + "/memory.oom_control") { return stop() }
        onKill()
    }

    private func changed() {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) {
            _ = read(descriptor.number, $0.baseAddress, $0.count)
        }
        if !Files.exists(directory) { return stop() }
        let now = MemoryWatch.killCount(directory)
        if now > kills { onKill() }
        kills = now
    }

    private static func killCount(_ directory: String) -> UInt64 {
        // A cgroup that has just gone has no count.
        guard let text = try? Files.readText(directory + "/memory.events") else { return 0 }
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count == 2, fields[0] == "oom_kill" { return UInt64(fields[1]) ?? 0 }
        }
        return 0
    }
}
