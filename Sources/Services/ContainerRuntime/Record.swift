internal import CLinux
internal import Cgroups
internal import JSON
internal import Linux
internal import OCIRuntime

// state.json has the members of upstream's, so that either runtime sees the other's containers.

extension Container {
    init(record: JSON.Object, directory: String) throws(JSON.Failure) {
        id = try record.string("id")
        self.directory = directory
        pid = Int32(clamping: try record.int("init_process_pid"))
        startTime = try record.uint("init_process_start") ?? 0
        created = try record.string("created")
        let config = try record.object("config") ?? JSON.Object()
        guard try config.object("cgroups") != nil else {
            throw JSON.Failure("cgroups/manager.New: config must not be nil")
        }
        rootfs = try config.string("rootfs")
        var labels: [String: String] = [:]
        for label in try config.strings("labels") {
            guard let equals = label.utf8.firstIndex(of: 61) else { continue }
            labels[String(label[..<equals])] = String(label[label.utf8.index(after: equals)...])
        }
        bundle = labels.removeValue(forKey: "bundle") ?? ""
        annotations = labels
        var paths: [(controller: String, path: String)] = []
        for pair in try record.stringMap("cgroup_paths") { paths.append((pair.name, pair.value)) }
        cgroup = Cgroup(paths: paths)
        namespaces = []
        for item in try config.objects("namespaces") {
            guard let kind = NamespaceKind.recorded(try item.string("type")) else { continue }
            namespaces.append(Spec.Namespace(kind.type, path: try item.string("path")))
        }
        if let inner = try config.object("Hooks") { hooks = try Container.hooks(inner) }
        owner = userName(Files.status(directory)?.st_uid ?? 0)
    }

    private static func hooks(_ json: JSON.Object) throws(JSON.Failure) -> Spec.Hooks {
        var hooks = try Spec.Hooks(json: json)
        // The record has nanoseconds where the specification has seconds.
        func seconds(_ list: [Spec.Hook]) -> [Spec.Hook] {
            list.map { hook in
                var changed = hook
                changed.timeout = hook.timeout.map { $0 / 1_000_000_000 }
                return changed
            }
        }
        hooks.poststart = seconds(hooks.poststart)
        hooks.poststop = seconds(hooks.poststop)
        return hooks
    }

    /// The record, for a container of this configuration.
    func record(_ spec: Spec, process: Spec.Process, noPivot: Bool, noNewKeyring: Bool) -> JSON {
        var namespacePaths = JSON.Object()
        for kind in NamespaceKind.all.sorted(by: { $0.recordName.utf8.lexicographicallyPrecedes($1.recordName.utf8) }) {
            namespacePaths[kind.recordName] = .string("/proc/" + String(pid) + "/ns/" + kind.file)
        }
        var cgroupPaths = JSON.Object()
        for entry in cgroup.paths { cgroupPaths[entry.controller] = .string(entry.path) }
        return .members([
            ("id", .string(id)), ("init_process_pid", .int(pid)), ("init_process_start", .int(startTime)),
            ("created", .string(created)),
            ("config", configuration(spec, process, noPivot: noPivot, noNewKeyring: noNewKeyring)),
            ("rootless", .bool(false)), ("cgroup_paths", .object(cgroupPaths)),
            ("namespace_paths", .object(namespacePaths)),
            ("external_descriptors", .strings((0..<3).map(Container.stream))), ("intel_rdt_path", .string("")),
        ])
    }

    private static func stream(_ number: Int) -> String {
        // A stream that is closed has no name.
        (try? Files.link("/proc/self/fd/" + String(number))) ?? ""
    }

    private func configuration(
        _ spec: Spec, _ process: Spec.Process, noPivot: Bool, noNewKeyring: Bool
    ) -> JSON {
        let linux = spec.linux ?? Spec.Linux()
        var labels: [String] = []
        for key in annotations.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            labels.append(key + "=" + (annotations[key] ?? ""))
        }
        labels.append("bundle=" + bundle)
        let capabilities = process.capabilities
        return .members([
            ("no_pivot_root", .bool(noPivot)), ("parent_death_signal", .int(0)), ("rootfs", .string(rootfs)),
            ("umask", process.user.umask.map { .int($0) } ?? .null),
            ("readonlyfs", .bool(spec.root?.readonly ?? false)),
            ("rootPropagation", .int(0)), ("mounts", .array([])), ("devices", .null),
            ("mount_label", .string(linux.mountLabel)), ("hostname", .string(spec.hostname)),
            ("namespaces", .array(namespaces.compactMap(Container.recorded))),
            (
                "capabilities",
                capabilities.map {
                    .members([
                        ("Bounding", .strings($0.bounding)), ("Effective", .strings($0.effective)),
                        ("Inheritable", .strings($0.inheritable)), ("Permitted", .strings($0.permitted)),
                        ("Ambient", .strings($0.ambient)),
                    ])
                } ?? .null
            ),
            ("cgroups", cgroupRecord(linux)),
            ("oom_score_adj", process.oomScoreAdj.map { .int($0) } ?? .null),
            ("uid_mappings", Container.mappings(linux.uidMappings)),
            ("gid_mappings", Container.mappings(linux.gidMappings)),
            ("mask_paths", .strings(linux.maskedPaths)), ("readonly_paths", .strings(linux.readonlyPaths)),
            ("no_new_privileges", .bool(process.noNewPrivileges)), ("Hooks", hooksRecord),
            ("version", .string(spec.ociVersion)), ("labels", .strings(labels)),
            ("no_new_keyring", .bool(noNewKeyring)),
        ])
    }

    private static func recorded(_ namespace: Spec.Namespace) -> JSON? {
        NamespaceKind.named(namespace.type).map {
            .members([("type", .string($0.recordName)), ("path", .string(namespace.path))])
        }
    }

    private static func mappings(_ list: [Spec.IDMapping]) -> JSON {
        if list.isEmpty { return .null }
        return .array(
            list.map {
                .members([
                    ("container_id", .int($0.containerID)), ("host_id", .int($0.hostID)), ("size", .int($0.size)),
                ])
            })
    }

    private func cgroupRecord(_ linux: Spec.Linux) -> JSON {
        let resources = linux.resources ?? Resources()
        let rules = Cgroup.withDefaults(resources.devices).map { rule -> JSON in
            let type = rule.type.utf8.first ?? UInt8(ascii: "a")
            return .members([
                ("type", .int(type)), ("major", .int(rule.major ?? -1)), ("minor", .int(rule.minor ?? -1)),
                ("permissions", .string(rule.access)), ("allow", .bool(rule.allow)),
            ])
        }
        return .members([
            ("name", .string(linux.cgroupsPath.isEmpty ? id : "")), ("path", .string(linux.cgroupsPath)),
            ("scope_prefix", .string("")), ("devices", .array(rules)), ("memory", .int(resources.memory?.limit ?? 0)),
            ("memory_reservation", .int(resources.memory?.reservation ?? 0)),
            ("memory_swap", .int(resources.memory?.swap ?? 0)), ("cpu_shares", .int(resources.cpu?.shares ?? 0)),
            ("cpu_quota", .int(resources.cpu?.quota ?? 0)), ("cpu_period", .int(resources.cpu?.period ?? 0)),
            ("cpuset_cpus", .string(resources.cpu?.cpus ?? "")), ("cpuset_mems", .string(resources.cpu?.mems ?? "")),
            ("pids_limit", .int(resources.pidsLimit ?? 0)), ("blkio_weight", .int(resources.blockIO?.weight ?? 0)),
            ("freezer", .string("")), ("Systemd", .bool(false)), ("Rootless", .bool(false)),
        ])
    }

    private var hooksRecord: JSON {
        guard let hooks else { return .null }
        func list(_ hooks: [Spec.Hook]) -> JSON {
            if hooks.isEmpty { return .null }
            return .array(
                hooks.map { hook in
                    .members([
                        ("path", .string(hook.path)), ("args", .strings(hook.args)), ("env", .strings(hook.env)),
                        ("dir", .string("")), ("timeout", hook.timeout.map { .int($0 * 1_000_000_000) } ?? .null),
                    ])
                })
        }
        return .members([
            ("createContainer", list(hooks.createContainer)), ("createRuntime", list(hooks.createRuntime)),
            ("poststart", list(hooks.poststart)), ("poststop", list(hooks.poststop)),
            ("prestart", list(hooks.prestart)), ("startContainer", list(hooks.startContainer)),
        ])
    }

    /// Writes the record, all of it or none.
    func save(_ record: JSON) throws(RuntimeFailure) {
        // The record lives on a file system that does not outlast the machine: renaming is enough, nothing to flush.
        let temporary = directory + "/.state.json"
        try system { () throws(SystemCallError) in
            try Files.write(record.encoded(), to: temporary, mode: 0o600)
            try checked("rename", temporary) { rename(temporary, directory + "/state.json") }
        }
    }
}

/// The name of a user of the host; "" when it has none.
func userName(_ uid: UInt32) -> String {
    // Without the file nobody has a name.
    guard let bytes = try? Files.read("/etc/passwd") else { return "" }
    return passwordEntry(bytes, uid: uid)?.name ?? ""
}

/// The name and home of a user in the text of a passwd(5) file.
func passwordEntry(_ bytes: [UInt8], uid: UInt32) -> (name: String, home: String)? {
    let wanted = Array(String(uid).utf8)
    for line in bytes.split(separator: 10) {
        let fields = line.split(separator: 58, omittingEmptySubsequences: false)
        guard fields.count >= 6, fields[2].elementsEqual(wanted) else { continue }
        return (String(decoding: fields[0], as: UTF8.self), String(decoding: fields[5], as: UTF8.self))
    }
    return nil
}
