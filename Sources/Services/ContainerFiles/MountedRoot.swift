internal import CLinux
internal import Linux

/// A container's root file system as a directory that is held open: for a moment it is mounted somewhere, then the
/// mount has no place any more and ends when the descriptor is closed.
enum MountedRoot {
    /// The layers of a snapshot, the uppermost first; the upper directory of an overlay apart.
    struct Layers {
        var upper = ""
        var work = ""
        var lower: [String] = []

        init(_ mounts: [ContainerRoot.Mount]) throws(FilesError) {
            guard let mount = mounts.first else { throw FilesError(500, "container has no root file system") }
            guard mount.type == "overlay" else {
                upper = mount.source
                return
            }
            for option in mount.options {
                let parts = option.split(separator: "=", maxSplits: 1)
                guard parts.count == 2 else { continue }
                switch parts[0] {
                case "upperdir": upper = String(parts[1])
                case "workdir": work = String(parts[1])
                case "lowerdir": lower = parts[1].split(separator: ":").map { String($0) }
                default: break
                }
            }
        }
    }

    /// The root as the container sees it without its volumes, not to be written to. Works while the container runs,
    /// too: what it writes meanwhile may or may not be seen.
    static func readOnly(_ layers: Layers, temporary: String) throws(FilesError) -> Descriptor {
        try merged(([layers.upper] + layers.lower).filter { !$0.isEmpty }, temporary: temporary)
    }

    /// The root as the image gives it; nil when there is no image below.
    static func image(_ layers: Layers, temporary: String) throws(FilesError) -> HeldDirectory? {
        layers.lower.isEmpty ? nil : HeldDirectory(try merged(layers.lower, temporary: temporary))
    }

    private static func merged(_ directories: [String], temporary: String) throws(FilesError) -> Descriptor {
        // overlayfs without an upper directory wants two lower ones.
        if directories.count == 1 { return try calling { () throws(SystemCallError) in try open(directories[0]) } }
        return try mounted(lower: directories, upper: "", work: "", temporary: temporary)
    }

    /// The root to be written to, of a container that does not run: an upper directory has one user at a time.
    static func writable(_ layers: Layers, temporary: String) throws(FilesError) -> Descriptor {
        if layers.lower.isEmpty { return try calling { () throws(SystemCallError) in try open(layers.upper) } }
        return try mounted(lower: layers.lower, upper: layers.upper, work: layers.work, temporary: temporary)
    }

    private static func open(_ path: String) throws(SystemCallError) -> Descriptor {
        try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    }

    private static func mounted(
        lower: [String], upper: String, work: String, temporary: String
    ) throws(FilesError) -> Descriptor {
        // Short names for the layers: mount(2) takes one page of options.
        let folder = temporary + "/r" + randomHex(bytes: 4)
        defer {
            // Only links and empty directories are in it.
            try? Files.removeTree(folder)
        }
        return try calling { () throws(SystemCallError) in
            try Files.makeDirectories(folder + "/m", mode: 0o700)
            var names: [String] = []
            for (index, directory) in lower.enumerated() {
                let name = folder + "/" + String(index)
                try checked("symlink", name) { symlink(directory, name) }
                names.append(name)
            }
            var options = "lowerdir=" + names.joined(separator: ":")
            if !upper.isEmpty { options += ",upperdir=" + upper + ",workdir=" + work }
            try checked("mount", folder) {
                mount("overlay", folder + "/m", "overlay", upper.isEmpty ? UInt(MS_RDONLY) : 0, options)
            }
            defer { umount2(folder + "/m", Int32(CL_MNT_DETACH)) }
            return try open(folder + "/m")
        }
    }
}

/// A directory that is open as long as somebody has this.
final class HeldDirectory {
    let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}
