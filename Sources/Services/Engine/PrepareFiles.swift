internal import CLinux
internal import ContainerdAPI
internal import EngineAPI
internal import Linux
internal import Networks
internal import Volumes
internal import Workers

extension Engine {
    /// What needs the network's answer and the root: files for the container, its user, shared memory, volumes' first
    /// contents.
    func finish(
        _ given: SpecInputs, _ container: Container, _ sandbox: Sandbox, _ root: [ContainerdTypes.Mount]
    ) async throws(EngineError) -> SpecInputs {
        let (store, volumes, temporary) = (store, volumes, configuration.dataRoot + "/tmp")
        let needsShm = given.record.hostConfig.ipcMode == "shareable"
        let done = try await Workers.shared.run { () throws(EngineError) -> SpecInputs in
            var inputs = given
            let id = inputs.record.id
            inputs.networkNamespace = sandbox.namespacePath
            let files = RootFiles(root)
            let lookup = UserLookup(passwd: files.read("etc/passwd"), group: files.read("etc/group"))
            (inputs.user, inputs.home) = try lookup.resolve(
                inputs.record.config.user, extraGroups: inputs.record.hostConfig.groupAdd ?? [])
            do throws(SystemCallError) {
                inputs.hostsPath = try write(sandbox.hosts, store.file(id, "hosts"))
                inputs.hostnamePath = try write(sandbox.hostnameFile, store.file(id, "hostname"))
                inputs.resolvConfPath = try write(sandbox.resolvConf, store.file(id, "resolv.conf"))
                if needsShm {
                    inputs.shmPath = try SharedMemory.mount(
                        store.file(id, "mounts") + "/shm", size: inputs.record.hostConfig.shmSize)
                }
            } catch {
                throw .failed(error.description)
            }
            if inputs.record.hostConfig.ipcMode == "host" { inputs.shmPath = "/dev/shm" }
            try Engine.fillVolumes(inputs.record.mounts, root, volumes, temporary: temporary)
            return inputs
        }
        if needsShm { container.updateRun { $0.shmPath = done.shmPath } }
        return done
    }

    /// An empty volume gets what the image has at its destination.
    private static func fillVolumes(
        _ mounts: [StoredMount], _ root: [ContainerdTypes.Mount], _ volumes: VolumeStore, temporary: String
    ) throws(EngineError) {
        let wanted = mounts.filter { mount in
            mount.type == "volume" && mount.copiesImageContent
                && (mount.specification.volumeOptions?.subpath ?? "").isEmpty && isEmptyDirectory(mount.source)
        }
        if wanted.isEmpty { return }
        let view = try RootView(root, in: temporary)
        for mount in wanted {
            try volumes.copyUp(mount.name, from: mount.destination, inRoot: view.path)
        }
    }

    private static func isEmptyDirectory(_ path: String) -> Bool {
        // What cannot be read is left to whoever mounts it.
        ((try? Files.names(in: path)) ?? ["?"]).isEmpty
    }
}

/// Writes a file that a container sees, in place: a bind of it into a running container stays good.
private func write(_ text: String, _ path: String) throws(SystemCallError) -> String {
    if text.isEmpty { return "" }
    try Files.write(Array(text.utf8), to: path)
    return path
}

/// A tmpfs on the host that several containers mount as /dev/shm.
enum SharedMemory {
    static func mount(_ path: String, size: Int) throws(SystemCallError) -> String {
        try Files.makeDirectories(path, mode: 0o700)
        let options = "mode=1777,size=" + String(size)
        try checked("mount", path) {
            CLinux.mount("shm", path, "tmpfs", UInt(MS_NOEXEC | MS_NOSUID | MS_NODEV), options)
        }
        return path
    }

    /// What is not mounted is no error.
    static func unmount(_ path: String) {
        if !path.isEmpty && path != "/dev/shm" { umount2(path, Int32(CL_MNT_DETACH)) }
    }
}

/// A container's root mounted read-only for a moment, to read what an image brings. Unmounted with the value; what a
/// killed daemon left is unmounted at the next start, with the rest of the folder of temporary files.
struct RootView: ~Copyable {
    let path: String

    /// Blocks: call from a worker.
    init(_ mounts: [ContainerdTypes.Mount], in temporary: String) throws(EngineError) {
        path = temporary + "/view-" + randomHex(bytes: 8)
        do throws(SystemCallError) {
            try Files.makeDirectories(path, mode: 0o700)
            for mount in mounts {
                if mount.type == "overlay" {
                    let options = RootView.readOnly(mount.options).joined(separator: ",")
                    try checked("mount", path) { CLinux.mount("overlay", path, "overlay", UInt(MS_RDONLY), options) }
                } else {
                    try checked("mount", path) { CLinux.mount(mount.source, path, nil, UInt(MS_BIND | MS_REC), nil) }
                }
            }
        } catch {
            rmdir(path)
            throw .failed(error.description)
        }
    }

    /// The upper directory becomes the topmost lower one: the same files, and nothing can be written.
    private static func readOnly(_ options: [String]) -> [String] {
        var upper = ""
        var lower = ""
        for option in options {
            if option.hasPrefix("upperdir=") { upper = String(option.dropFirst(9)) }
            if option.hasPrefix("lowerdir=") { lower = String(option.dropFirst(9)) }
        }
        return ["lowerdir=" + (upper.isEmpty ? lower : upper + ":" + lower)]
    }

    deinit {
        umount2(path, Int32(CL_MNT_DETACH))
        rmdir(path)
    }
}
