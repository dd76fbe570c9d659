internal import CLinux
internal import Linux

/// One mounted cgroup hierarchy.
public struct Hierarchy: Equatable, Sendable {
    /// Where it is mounted.
    public var mountPoint: String
    /// The directory of the hierarchy that is mounted there, "/" outside a container.
    public var root: String
    /// The v1 controllers bound to it, a named one as "name=systemd"; empty for v2.
    public var controllers: [String]
}

/// The cgroup hierarchies of this machine as this process sees them (cgroups(7)).
public struct Hierarchies: Sendable {
    /// The v1 hierarchies, in the order mounted.
    public private(set) var legacy: [Hierarchy] = []
    /// The v2 hierarchy: the only one, or beside v1 ones in hybrid mode.
    public private(set) var unified: Hierarchy?
    /// This process's own cgroup by controller; "" is v2.
    private var own: [String: String] = [:]

    /// Whether v2 is all there is.
    public var isUnified: Bool { legacy.isEmpty && unified != nil }

    /// Reads /proc/self/mountinfo and /proc/self/cgroup.
    public init() throws(CgroupFailure) {
        do throws(SystemCallError) {
            try self.init(
                mountinfo: Files.readText("/proc/self/mountinfo"), ownCgroups: Files.readText("/proc/self/cgroup"))
        } catch {
            throw CgroupFailure(error)
        }
    }

    /// Where a process is in v2; nil when it has gone.
    static func unifiedDirectory(of pid: Int32) -> String? {
        guard let mountinfo = try? Files.readText("/proc/self/mountinfo"),
            let cgroups = try? Files.readText("/proc/" + String(pid) + "/cgroup")
        else { return nil }
        return Hierarchies(mountinfo: mountinfo, ownCgroups: cgroups).ownDirectory("")
    }

    /// From the text of both files.
    public init(mountinfo: String, ownCgroups: String) {
        for line in mountinfo.utf8.split(separator: 10) { read(mount: line) }
        for line in ownCgroups.utf8.split(separator: 10) {
            let parts = line.split(separator: 58, maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let path = String(decoding: Array(parts[2]), as: UTF8.self)
            for name in parts[1].split(separator: 44, omittingEmptySubsequences: false) {
                own[String(decoding: Array(name), as: UTF8.self)] = path
            }
        }
    }

    private mutating func read(mount line: Substring.UTF8View) {
        // "36 35 98:0 /root /mount/point options fields… - type source superoptions" (proc_pid_mountinfo(5))
        let fields = line.split(separator: 32)
        guard let dash = fields.firstIndex(where: { $0.count == 1 && $0.first == 45 }), dash + 3 < fields.count,
            dash >= 6, fields[dash + 1].starts(with: "cgroup".utf8)
        else { return }
        let point = unescaped(fields[4])
        let root = unescaped(fields[3])
        if fields[dash + 1].count == 7 {
            // Of several views of v2 the first is the machine's own.
            if unified == nil { unified = Hierarchy(mountPoint: point, root: root, controllers: []) }
            return
        }
        var controllers: [String] = []
        for option in fields[dash + 3].split(separator: 44) {
            let text = String(decoding: Array(option), as: UTF8.self)
            switch text {
            case "rw", "ro", "noprefix", "xattr", "clone_children", "nosuid", "nodev", "noexec": continue
            default: controllers.append(text)
            }
        }
        if legacy.contains(where: { $0.controllers == controllers }) { return }
        legacy.append(Hierarchy(mountPoint: point, root: root, controllers: controllers))
    }

    /// The hierarchy a v1 controller is in.
    public func hierarchy(of controller: String) -> Hierarchy? {
        legacy.first { $0.controllers.contains(controller) }
    }

    /// The directory of this process's own cgroup for a controller ("": v2).
    public func ownDirectory(_ controller: String) -> String? {
        guard let hierarchy = controller.isEmpty ? unified : hierarchy(of: controller) else { return nil }
        let path = own[controller] ?? "/"
        var relative = path
        if hierarchy.root != "/", path.utf8.starts(with: hierarchy.root.utf8) {
            relative = String(decoding: Array(path.utf8.dropFirst(hierarchy.root.utf8.count)), as: UTF8.self)
        }
        return Files.cleaned(hierarchy.mountPoint + "/" + relative)
    }
}

/// mountinfo writes blanks, tabs, new lines and backslashes as three octal digits.
func unescaped(_ text: Substring.UTF8View.SubSequence) -> String {
    var out: [UInt8] = []
    let bytes = Array(text)
    var index = 0
    while index < bytes.count {
        if bytes[index] == 92, index + 3 < bytes.count {
            out.append((bytes[index + 1] & 7) << 6 | (bytes[index + 2] & 7) << 3 | bytes[index + 3] & 7)
            index += 4
        } else {
            out.append(bytes[index])
            index += 1
        }
    }
    return String(decoding: out, as: UTF8.self)
}
