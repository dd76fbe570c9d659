internal import CLinux
internal import EngineAPI
internal import Linux

/// What mount(8) would be told: `-t type -o options device`.
struct MountOptions: Equatable, Sendable {
    var type: String
    var device: String
    var options: String

    /// MS_* by option; those of a negation clear it.
    private static let flags: [String: (clears: Bool, flag: UInt)] = [
        "defaults": (false, 0), "ro": (false, 1), "rw": (true, 1), "nosuid": (false, 2), "suid": (true, 2),
        "nodev": (false, 4), "dev": (true, 4), "noexec": (false, 8), "exec": (true, 8), "sync": (false, 16),
        "async": (true, 16), "remount": (false, 32), "mand": (false, 64), "nomand": (true, 64), "dirsync": (false, 128),
        "noatime": (false, 1024), "atime": (true, 1024), "nodiratime": (false, 2048), "diratime": (true, 2048),
        "bind": (false, 4096), "rbind": (false, 4096 | 16384), "relatime": (false, 1 << 21),
        "norelatime": (true, 1 << 21), "strictatime": (false, 1 << 24), "nostrictatime": (true, 1 << 24),
    ]
    private static let propagations: [String: UInt] = [
        "unbindable": 1 << 17, "runbindable": 1 << 17 | 16384, "private": 1 << 18, "rprivate": 1 << 18 | 16384,
        "slave": 1 << 19, "rslave": 1 << 19 | 16384, "shared": 1 << 20, "rshared": 1 << 20 | 16384,
    ]

    /// The options as the system call takes them: flags, flags of propagation for a second call, and the rest as text.
    var parsed: (flags: UInt, propagation: UInt, data: String) {
        var flags: UInt = 0
        var propagation: UInt = 0
        var data: [Substring] = []
        for option in options.split(separator: ",") {
            if let known = MountOptions.flags[String(option)] {
                flags = known.clears ? flags & ~known.flag : flags | known.flag
            } else if let known = MountOptions.propagations[String(option)] {
                propagation |= known
            } else {
                data.append(option)
            }
        }
        return (flags, propagation, data.joined(separator: ","))
    }

    /// Mounts on a directory. The error has upstream's words.
    func mount(on path: String) throws(EngineError) {
        let (flags, propagation, data) = parsed
        let bind: UInt = 4096
        let remount: UInt = 32
        try call(device, path, type, flags, data)
        do throws(EngineError) {
            // A bind takes over no other flag in its own call (mount(2)).
            if flags & bind != 0 && flags & ~(bind | 16384) != 0 { try call(device, path, "", flags | remount, "") }
            if propagation != 0 { try call("", path, "", propagation, "") }
        } catch {
            umount2(path, Int32(CL_MNT_DETACH))
            throw error
        }
    }

    private func call(_ source: String, _ target: String, _ type: String, _ flags: UInt, _ data: String)
        throws(EngineError)
    {
        if CLinux.mount(source, target, type, flags, data) == 0 { return }
        let reason = errorText(cl_errno())
        var text = "mount " + source + ":" + target
        if flags != 0 { text += ", flags: 0x" + String(flags, radix: 16) }
        if !data.isEmpty { text += ", data: " + data }
        throw .failed("failed to mount local volume: " + text + ": " + reason)
    }

    /// Whether something is mounted on a path.
    static func isMounted(_ path: String) throws(SystemCallError) -> Bool {
        let text = String(decoding: try Files.read("/proc/self/mountinfo"), as: UTF8.self)
        return text.split(separator: "\n").contains { line in
            let fields = line.split(separator: " ", maxSplits: 5)
            return fields.count > 4 && fields[4] == path
        }
    }
}
