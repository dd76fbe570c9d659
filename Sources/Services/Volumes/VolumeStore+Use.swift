internal import CLinux
public import EngineAPI
internal import Linux

extension VolumeStore {
    /// Notes that a container's record names the volume, so that it is in use. 404 when there is no such volume.
    public func refer(_ name: String, from containerID: String) throws(EngineError) {
        try state.withLock { (state: inout State) throws(EngineError) in
            guard state.volumes[name] != nil else { throw .noSuchVolume(name) }
            state.references[name, default: []].insert(containerID)
        }
    }

    /// Ends `refer`. With `removingAnonymous` a volume with a name made up here goes too when nobody else uses it.
    public func unrefer(_ name: String, from containerID: String, removingAnonymous: Bool = false) {
        let isLast = state.withLock { state in
            state.references[name]?.remove(containerID)
            return state.references[name, default: []].isEmpty && state.volumes[name]?.isAnonymous ?? false
        }
        guard removingAnonymous, isLast else { return }
        // Somebody took it in between, or its files resist: it is an ordinary unused volume then.
        try? remove(name)
    }

    /// Makes a volume's content available for a container that starts, mounting it when it is the first, and returns
    /// its path on the host.
    public func mount(_ name: String, for containerID: String) throws(EngineError) -> String {
        let path = path(name)
        try changes.withLock { (_: inout Void) throws(EngineError) in
            guard let record = state.withLock({ $0.volumes[name] }) else { throw .noSuchVolume(name) }
            if let options = record.mount {
                do throws(SystemCallError) {
                    if try MountOptions.isMounted(path) {
                        state.withLock { _ = $0.mounted[name, default: []].insert(containerID) }
                        return
                    }
                } catch {
                    throw .failed(error.description)
                }
                do throws(EngineError) {
                    try options.mount(on: path)
                } catch {
                    throw .failed("error while mounting volume '" + path + "': " + error.message)
                }
            }
            state.withLock { _ = $0.mounted[name, default: []].insert(containerID) }
        }
        observe(VolumeEvent(action: "mount", volume: name, driver: "local", containerID: containerID))
        return path
    }

    /// Ends `mount`. Unknown names and containers are no error.
    public func unmount(_ name: String, for containerID: String) throws(EngineError) {
        let wasMounted = try changes.withLock { (_: inout Void) throws(EngineError) in
            let (wasMounted, isLast, record) = state.withLock { state in
                let removed = state.mounted[name]?.remove(containerID)
                return (removed != nil, state.mounted[name, default: []].isEmpty, state.volumes[name])
            }
            if wasMounted, isLast, record?.mount != nil { try unmount(path(name)) }
            return wasMounted
        }
        if wasMounted {
            observe(VolumeEvent(action: "unmount", volume: name, driver: "local", containerID: containerID))
        }
    }

    /// Takes away what is mounted on a path, if anything is.
    func unmount(_ path: String) throws(EngineError) {
        while true {
            if umount2(path, Int32(CL_MNT_DETACH) | Int32(CL_UMOUNT_NOFOLLOW)) == 0 { continue }
            let number = cl_errno()
            // Nothing mounted there; no such path.
            if number == EINVAL || number == ENOENT { return }
            throw .failed("error while unmounting volume path '" + path + "': " + errorText(number))
        }
    }

    /// Copies what an image has at `path` into an empty volume, with modes and owners, as a container's first use of
    /// it does. `root` is the image's mounted root; the path is resolved inside it and cannot leave it.
    public func copyUp(_ name: String, from path: String, inRoot root: String) throws(EngineError) {
        try changes.withLock { (_: inout Void) throws(EngineError) in
            guard state.withLock({ $0.volumes[name] }) != nil else { throw .noSuchVolume(name) }
            do throws(SystemCallError) {
                let target = try Descriptor.open(self.path(name), O_RDONLY | O_DIRECTORY)
                guard try Files.names(in: self.path(name)).isEmpty else { return }
                let image = try Descriptor.open(root, O_RDONLY | O_DIRECTORY)
                let source: Descriptor
                do throws(SystemCallError) {
                    source = try image.openInRoot(path, O_RDONLY | O_DIRECTORY)
                } catch  where error.number == ENOENT {
                    return
                } catch  where error.number == ENOTDIR {
                    throw SystemCallError(number: ENOTDIR, operation: "source", subject: path)
                }
                try copyWhole(source, into: target, name)
            } catch {
                throw .failed("failed to copy image content to volume " + name + ": " + error.description)
            }
        }
    }

    /// Copies all or nothing: a volume that is being filled has a file beside its data that says so, and whoever finds
    /// that empties the volume.
    private func copyWhole(
        _ source: borrowing Descriptor, into target: borrowing Descriptor, _ name: String
    ) throws(SystemCallError) {
        try Files.write([], to: Self.fillingMark(directory + "/" + name))
        do throws(SystemCallError) {
            var copy = TreeCopy()
            try copy.copyContent(of: source, into: target)
        } catch {
            let failure = error
            try Self.emptyUnfilled(directory + "/" + name)
            throw failure
        }
        try Files.remove(Self.fillingMark(directory + "/" + name))
    }

    private static func fillingMark(_ folder: String) -> String { folder + "/filling" }

    /// Empties a volume whose filling did not come to its end.
    static func emptyUnfilled(_ folder: String) throws(SystemCallError) {
        guard Files.exists(fillingMark(folder)) else { return }
        for name in try Files.names(in: folder + "/_data") { try Files.removeTree(folder + "/_data/" + name) }
        try Files.remove(fillingMark(folder))
    }
}
