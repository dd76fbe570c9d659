internal import ContainerdAPI
internal import JSON
internal import Linux

/// What the shim leaves in a bundle for `delete` to find.
enum BundleFiles {
    /// Keeps the runtime's options as upstream does: a JSON object, and the binary's name in a file of its own.
    static func write(_ options: RuncOptions.Options, bundle: String) throws(SystemCallError) {
        var object = JSON.Object()
        if options.noPivotRoot { object["no_pivot_root"] = .bool(true) }
        if options.noNewKeyring { object["no_new_keyring"] = .bool(true) }
        if !options.shimCgroup.isEmpty { object["shim_cgroup"] = .string(options.shimCgroup) }
        if options.ioUid != 0 { object["io_uid"] = .int(options.ioUid) }
        if options.ioGid != 0 { object["io_gid"] = .int(options.ioGid) }
        if !options.binaryName.isEmpty { object["binary_name"] = .string(options.binaryName) }
        if !options.root.isEmpty { object["root"] = .string(options.root) }
        if options.systemdCgroup { object["systemd_cgroup"] = .bool(true) }
        if !options.criuImagePath.isEmpty { object["criu_image_path"] = .string(options.criuImagePath) }
        if !options.criuWorkPath.isEmpty { object["criu_work_path"] = .string(options.criuWorkPath) }
        try Files.write(JSON.object(object).encoded(), to: bundle + "/options.json", mode: 0o600)
        try Files.write(Array(options.binaryName.utf8), to: bundle + "/runtime", mode: 0o600)
    }

    /// The options kept in a bundle; all defaults when there are none.
    static func options(_ bundle: String) -> RuncOptions.Options {
        var options = RuncOptions.Options()
        // A bundle whose container was never created has no such files: upstream's defaults then hold.
        if let name = try? Files.readText(bundle + "/runtime") { options.binaryName = name }
        guard let bytes = try? Files.read(bundle + "/options.json"), let json = try? JSON(parsing: bytes) else {
            return options
        }
        options.root = json["root"]?.string ?? ""
        options.systemdCgroup = json["systemd_cgroup"]?.bool ?? false
        if let name = json["binary_name"]?.string { options.binaryName = name }
        return options
    }

    static func pid(_ path: String) throws(SystemCallError) -> Int32 {
        let text = try Files.readText(path)
        return text.split(separator: "\n").first.flatMap { Int32($0) } ?? 0
    }
}
