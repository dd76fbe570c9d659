internal import CLinux
internal import Linux

/// Where one process's cgroup is in the file system, for cgroup v1, v2 and the hybrid of both (cgroups(7)).
struct CgroupPaths {
    /// v1: the directory under each controller. Empty under v2.
    private(set) var controllers: [(name: String, directory: String)] = []
    /// v2: the one directory. nil where any v1 controller is mounted.
    private(set) var unified: String?

    func directory(_ controller: String) -> String? {
        for found in controllers where found.name == controller { return found.directory }
        return nil
    }

    /// Any directory whose cgroup.procs lists the container's processes; one with a count of them first.
    var processes: String? { unified ?? directory("pids") ?? directory("memory") ?? controllers.first?.directory }

    /// Reads where `pid` is now; throws when it is gone.
    init(of pid: Int32) throws(SystemCallError) {
        let mounts = try CgroupPaths.mounts()
        let membership = try Files.readText("/proc/" + String(pid) + "/cgroup")
        for line in membership.split(separator: "\n") {
            // "hierarchy:controllers:path"; the path itself may have colons.
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let path = String(fields[2])
            if fields[1].isEmpty {
                if !mounts.contains(where: { !$0.isUnified }), let mount = mounts.first(where: { $0.isUnified }) {
                    unified = mount.directory(of: path)
                }
                continue
            }
            for name in fields[1].split(separator: ",") {
                guard let mount = mounts.first(where: { !$0.isUnified && $0.controllers.contains(String(name)) }) else {
                    continue
                }
                controllers.append((String(name), mount.directory(of: path)))
            }
        }
    }

    /// Puts a process into the cgroup named `path`, in every hierarchy; a cgroup that is missing is made.
    static func join(_ path: String, pid: Int32) throws(SystemCallError) {
        let mounts = try mounts()
        let hasLegacy = mounts.contains { !$0.isUnified }
        for mount in mounts where mount.isUnified != hasLegacy && !mount.controllers.contains("name=systemd") {
            let directory = mount.point + "/" + path
            try Files.makeDirectories(directory)
            try Files.put(String(pid), into: directory + "/cgroup.procs")
        }
    }

    private struct Mount {
        let root: String
        let point: String
        let isUnified: Bool
        let controllers: [String]

        /// The directory of a cgroup; this mount may show only a part of the hierarchy.
        func directory(of path: String) -> String {
            if root == "/" { return path == "/" ? point : point + path }
            if path.utf8.starts(with: root.utf8) {
                return point + String(decoding: Array(path.utf8.dropFirst(root.utf8.count)), as: UTF8.self)
            }
            return point + path
        }
    }

    private static func mounts() throws(SystemCallError) -> [Mount] {
        var found: [Mount] = []
        for line in try Files.readText("/proc/self/mountinfo").split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else { continue }
            let type = fields[dash + 1]
            guard type == "cgroup" || type == "cgroup2" else { continue }
            let names = fields[dash + 3].split(separator: ",").map { String($0) }
            found.append(
                Mount(
                    root: String(fields[3]), point: String(fields[4]), isUnified: type == "cgroup2",
                    controllers: names))
        }
        return found
    }
}
