internal import CLinux
internal import JSON
internal import Linux
internal import Metadata

/// The directory a shim and its runtime work from: `STATE/NAMESPACE/ID` with `config.json`, `rootfs` and a link to the
/// working directory `ROOT/NAMESPACE/ID`. All methods block.
struct Bundle: Sendable {
    let namespace: String
    let id: String
    let path: String
    let work: String

    init(namespace: String, id: String, state: String, root: String) {
        self.namespace = namespace
        self.id = id
        path = state + "/" + namespace + "/" + id
        work = root + "/" + namespace + "/" + id
    }

    var rootfs: String { path + "/rootfs" }
    private var configuration: String { path + "/config.json" }
    private var binaryFile: String { path + "/shim-binary-path" }

    /// Makes it. One that is there already is refused: it belongs to another task.
    func create(specification: [UInt8]) throws(ServiceError) {
        try Identifier.check(id)
        do throws(SystemCallError) {
            try Files.makeDirectories(Files.parent(of: path), mode: 0o711)
            try checked("mkdir", path) { mkdir(path, 0o700) }
        } catch {
            throw ServiceError(error.number == EEXIST ? .alreadyExists : .unknown, error.description)
        }
        do throws(SystemCallError) {
            try openToMappedRoot(specification)
            try Files.makeDirectories(Files.parent(of: work), mode: 0o711)
            try Files.removeTree(work)
            try checked("mkdir", work) { mkdir(work, 0o711) }
            try checked("mkdir", rootfs) { mkdir(rootfs, 0o711) }
            try checked("symlink", path + "/work") { symlink(work, path + "/work") }
            try Files.write(specification, to: configuration, mode: 0o644)
        } catch {
            // What is left is removed at the next start if it cannot be now; the first error is the one to report.
            try? delete()
            throw ServiceError(.unknown, error.description)
        }
    }

    /// With a user namespace the mapped root must get through to the root file system: it enters by its group.
    private func openToMappedRoot(_ specification: [UInt8]) throws(SystemCallError) {
        // What is no JSON the runtime refuses with better words.
        guard let linux = (try? JSON(parsing: specification))?["linux"] else { return }
        guard let mappings = linux["gidMappings"]?.array else { return }
        for mapping in mappings where mapping["containerID"]?.int == 0 {
            let gid = UInt32(truncatingIfNeeded: mapping["hostID"]?.int ?? 0)
            if gid == 0 { return }
            try checked("chown", path) { chown(path, UInt32.max, gid) }
            try checked("chmod", path) { chmod(path, 0o710) }
        }
    }

    /// The shim's binary, kept so that it can be found again by a containerd that starts later.
    func remember(binary: String) throws(ServiceError) {
        do throws(SystemCallError) {
            try Files.write(Array(binary.utf8), to: binaryFile, mode: 0o600)
        } catch {
            throw ServiceError(.unknown, error.description)
        }
    }

    var rememberedBinary: String? {
        // An absent file is an answer: the bundle was made, but no shim was started yet.
        guard let text = try? Files.readText(binaryFile), !text.isEmpty else { return nil }
        return text
    }

    /// Where the shim listens: what `start` printed, kept as `bootstrap.json` by containerd 2 and as `address` by
    /// shims.
    var address: String? {
        // Neither file is there when no shim was started yet.
        if let text = try? Files.readText(path + "/bootstrap.json"), let address = Bundle.address(in: text) {
            return address
        }
        // As above.
        // No address: the shim never came up.
        guard let text = try? Files.readText(path + "/address") else { return nil }
        return Bundle.address(in: text)
    }

    /// The address in what a shim's `start` prints: plain, or in a JSON object.
    static func address(in output: String) -> String? {
        let text = output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if text.hasPrefix("{") {
            // Not JSON: then it is no address, and the caller says so.
            return (try? JSON(parsing: Array(output.utf8)))?["address"]?.string
        }
        return text.isEmpty ? nil : text
    }

    /// Unmounts the root file system and removes the bundle and its working directory, each renamed first, so that a
    /// half-removed one is never taken for a task.
    func delete() throws(SystemCallError) {
        try unmountAll(rootfs)
        if rmdir(rootfs) != 0 && cl_errno() != ENOENT {
            throw SystemCallError(number: cl_errno(), operation: "remove", subject: rootfs)
        }
        try Bundle.remove(path)
        try Bundle.remove(work)
    }

    private static func remove(_ path: String) throws(SystemCallError) {
        let hidden = Files.parent(of: path) + "/." + Files.name(of: path)
        if rename(path, hidden) != 0 {
            if cl_errno() == ENOENT { return }
            try Files.removeTree(path)
            return
        }
        try Files.removeTree(hidden)
    }
}

/// Unmounts all that is stacked on a path; what is no mount point is no error.
func unmountAll(_ path: String) throws(SystemCallError) {
    while umount2(path, Int32(CL_UMOUNT_NOFOLLOW)) == 0 {}
    let number = cl_errno()
    if number == EINVAL || number == ENOENT { return }
    if number == EBUSY && umount2(path, Int32(CL_UMOUNT_NOFOLLOW | CL_MNT_DETACH)) == 0 { return }
    throw SystemCallError(number: number, operation: "unmount", subject: path)
}
