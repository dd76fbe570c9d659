internal import CLinux
internal import ContainerdAPI
internal import Linux

/// The mounts that make a container's root from its snapshot.
enum RootfsMounts {
    private static let flags: [(String, clear: Bool, Int)] = [
        ("async", true, 16), ("atime", true, 1024), ("bind", false, 4096), ("defaults", false, 0), ("dev", true, 4),
        ("diratime", true, 2048), ("dirsync", false, 128), ("exec", true, 8), ("mand", false, 64),
        ("noatime", false, 1024), ("nodev", false, 4), ("nodiratime", false, 2048), ("noexec", false, 8),
        ("nomand", true, 64), ("norelatime", true, 1 << 21), ("nostrictatime", true, 1 << 24), ("nosuid", false, 2),
        ("rbind", false, 4096 | 16384), ("relatime", false, 1 << 21), ("remount", false, 32), ("ro", false, 1),
        ("rw", true, 1), ("strictatime", false, 1 << 24), ("suid", true, 2), ("sync", false, 16),
        ("shared", false, 1 << 20), ("rshared", false, 1 << 20 | 16384), ("slave", false, 1 << 19),
        ("rslave", false, 1 << 19 | 16384), ("private", false, 1 << 18), ("rprivate", false, 1 << 18 | 16384),
        ("unbindable", false, 1 << 17), ("runbindable", false, 1 << 17 | 16384),
    ]
    private static let bind = 4096
    private static let readOnly = 1
    private static let recursive = 16384
    private static let propagation = 1 << 20 | 1 << 19 | 1 << 18 | 1 << 17

    /// Mounts one after the other on `target`.
    static func mount(_ mounts: [ContainerdTypes.Mount], on target: String) throws(SystemCallError) {
        for mount in mounts { try mountOne(mount, on: target) }
    }

    private static func mountOne(_ mount: ContainerdTypes.Mount, on target: String) throws(SystemCallError) {
        var set = 0
        var data: [String] = []
        for option in mount.options {
            if let flag = flags.first(where: { $0.0 == option }) {
                if flag.clear { set &= ~flag.2 } else { set |= flag.2 }
            } else {
                data.append(option)
            }
        }
        let spread = set & propagation
        set &= ~propagation
        if spread != 0 { set &= ~recursive }
        try call(mount.source, target, mount.type, set, data)
        if spread != 0 {
            try checked("mount", target) { CLinux.mount("", target, "", UInt(spread | set & recursive), nil) }
        }
        // A bind mount takes other flags only on a second call.
        if set & bind != 0 && set & readOnly != 0 {
            try checked("mount", target) { CLinux.mount("", target, "", UInt(set | 32), nil) }
        }
    }

    private static func call(_ source: String, _ target: String, _ type: String, _ set: Int, _ data: [String])
        throws(SystemCallError)
    {
        var text = data.joined(separator: ",")
        var directory: String?
        // The kernel takes one page of options: many layers are named relative to the directory above them.
        if type == "overlay" && text.utf8.count >= 4095 {
            (directory, text) = shortened(data)
        }
        guard let directory else {
            try checked("mount", target) { CLinux.mount(source, target, type, UInt(set), text.isEmpty ? nil : text) }
            return
        }
        let home = try Descriptor.open(".", O_RDONLY | O_DIRECTORY)
        try checked("chdir", directory) { chdir(directory) }
        defer { _ = fchdir(home.number) }
        try checked("mount", target) { CLinux.mount(source, target, type, UInt(set), text) }
    }

    /// The longest directory above all lower layers, and the options with the layers relative to it.
    private static func shortened(_ data: [String]) -> (String?, String) {
        let key = "lowerdir="
        guard let index = data.firstIndex(where: { $0.utf8.starts(with: key.utf8) }) else {
            return (nil, data.joined(separator: ","))
        }
        let value = String(decoding: Array(data[index].utf8.dropFirst(key.utf8.count)), as: UTF8.self)
        let layers = value.split(separator: ":").map { Array($0.utf8) }
        var common = layers[0]
        for layer in layers {
            var length = 0
            while length < min(common.count, layer.count), common[length] == layer[length] { length += 1 }
            common = Array(common[0..<length])
        }
        guard let slash = common.lastIndex(of: 47), slash > 0 else { return (nil, data.joined(separator: ",")) }
        var options = data
        options[index] = key + layers.map { String(decoding: $0[(slash + 1)...], as: UTF8.self) }.joined(separator: ":")
        return (String(decoding: common[0..<slash], as: UTF8.self), options.joined(separator: ","))
    }

    /// Unmounts all that is stacked on a path; what is no mount, or not there, is no error.
    static func unmountAll(_ path: String) throws(SystemCallError) {
        while true {
            if umount2(path, Int32(CL_UMOUNT_NOFOLLOW)) == 0 { continue }
            switch cl_errno() {
            case EINVAL, ENOENT: return
            // Whoever still stands in it keeps his view; the name is free again.
            case EBUSY: try checked("umount", path) { umount2(path, Int32(CL_UMOUNT_NOFOLLOW | CL_MNT_DETACH)) }
            case let number: throw SystemCallError(number: number, operation: "umount", subject: path)
            }
        }
    }
}
