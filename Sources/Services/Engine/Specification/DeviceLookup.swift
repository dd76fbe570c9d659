internal import CLinux
internal import EngineAPI
internal import Linux
internal import OCIRuntime

/// Devices of the host for a container: nodes to make and cgroup rules to go with them.
struct DeviceLookup {
    var devices: [Spec.Device] = []
    var rules: [Resources.DeviceRule] = []

    /// What every container may use.
    static let usualRules: [Resources.DeviceRule] = [
        .init(allow: false, access: "rwm"),
        .init(allow: true, type: "c", major: 1, minor: 5, access: "rwm"),
        .init(allow: true, type: "c", major: 1, minor: 3, access: "rwm"),
        .init(allow: true, type: "c", major: 1, minor: 9, access: "rwm"),
        .init(allow: true, type: "c", major: 1, minor: 8, access: "rwm"),
        .init(allow: true, type: "c", major: 5, minor: 0, access: "rwm"),
        .init(allow: true, type: "c", major: 5, minor: 1, access: "rwm"),
        .init(allow: false, type: "c", major: 10, minor: 229, access: "rwm"),
    ]

    /// The node at `path` on the host, or nil when that is no device.
    static func device(at path: String) -> Spec.Device? {
        guard let status = Files.linkStatus(path) else { return nil }
        let type: String
        switch cl_format(status.st_mode) {
        case UInt32(S_IFCHR): type = "c"
        case UInt32(S_IFBLK): type = "b"
        case UInt32(S_IFIFO): type = "p"
        default: return nil
        }
        return Spec.Device(
            path: path, type: type, major: Int(cl_major(UInt64(status.st_rdev))),
            minor: Int(cl_minor(UInt64(status.st_rdev))), fileMode: status.st_mode & 0o7777, uid: status.st_uid,
            gid: status.st_gid)
    }

    /// Adds what one `--device` asks for: a node, or all nodes below a directory.
    mutating func add(_ mapping: DeviceMapping) throws(EngineError) {
        let inside = mapping.pathInContainer.isEmpty ? mapping.pathOnHost : mapping.pathInContainer
        let access = mapping.cgroupPermissions.isEmpty ? "rwm" : mapping.cgroupPermissions
        guard access.allSatisfy({ "rwm".contains($0) }) else { throw .invalid("invalid device mode: " + access) }
        let resolved: String
        do throws(SystemCallError) {
            resolved = try Files.resolved(mapping.pathOnHost)
        } catch {
            throw failure(mapping.pathOnHost, error.reason)
        }
        if var device = DeviceLookup.device(at: resolved), device.type != "p" {
            device.path = inside
            add(device, access)
            return
        }
        guard Files.isDirectory(resolved) else { throw failure(mapping.pathOnHost, "not a device node") }
        let found = DeviceLookup.below(resolved)
        if found.isEmpty { throw failure(mapping.pathOnHost, "not a device node") }
        for var device in found {
            device.path = inside + String(device.path.dropFirst(resolved.count))
            add(device, access)
        }
    }

    private func failure(_ path: String, _ reason: String) -> EngineError {
        .failed("error gathering device information while adding custom device \"\(path)\": \(reason)")
    }

    private mutating func add(_ device: Spec.Device, _ access: String) {
        devices.append(device)
        rules.append(
            Resources.DeviceRule(
                allow: true, type: device.type, major: device.major, minor: device.minor, access: access))
    }

    /// Every device of the host, for a privileged container.
    mutating func addAll() {
        devices += DeviceLookup.below("/dev").filter { $0.type != "p" }
        rules = [Resources.DeviceRule(allow: true, access: "rwm")]
    }

    private static func below(_ directory: String) -> [Spec.Device] {
        let skipped: Set<String> = ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console", "ptmx"]
        var found: [Spec.Device] = []
        // A directory that goes away meanwhile has no devices to give.
        for name in ((try? Files.names(in: directory)) ?? []).sorted() where !skipped.contains(name) {
            let path = directory + "/" + name
            guard let status = Files.linkStatus(path) else { continue }
            if cl_format(status.st_mode) == S_IFDIR {
                found += below(path)
            } else if let device = device(at: path) {
                found.append(device)
            }
        }
        return found
    }

    /// Adds a rule in the kernel's words: "c 42:* rmw".
    mutating func addRule(_ text: String) throws(EngineError) {
        let parts = text.split(separator: " ")
        guard parts.count == 3, ["a", "b", "c"].contains(String(parts[0])), parts[2].allSatisfy({ "rwm".contains($0) }),
            !parts[2].isEmpty, parts[2].count <= 3
        else { throw .invalid("invalid device cgroup rule format: '\(text)'") }
        let numbers = parts[1].split(separator: ":", omittingEmptySubsequences: false)
        guard numbers.count == 2 else { throw .invalid("invalid device cgroup rule format: '\(text)'") }
        var rule = Resources.DeviceRule(allow: true, type: String(parts[0]), access: String(parts[2]))
        if numbers[0] != "*" {
            guard let major = Int(numbers[0]), major >= 0 else {
                throw .invalid("invalid device cgroup rule format: '\(text)'")
            }
            rule.major = major
        }
        if numbers[1] != "*" {
            guard let minor = Int(numbers[1]), minor >= 0 else {
                throw .invalid("invalid device cgroup rule format: '\(text)'")
            }
            rule.minor = minor
        }
        rules.append(rule)
    }
}
