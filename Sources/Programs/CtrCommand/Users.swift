internal import CLinux
internal import ContainerdClient
internal import Linux
internal import OCIRuntime

/// Who a process is, looked up in the container's own user database.
struct UserDatabase: Sendable {
    var passwd: [[String]] = []
    var group: [[String]] = []

    /// Reads /etc/passwd and /etc/group below `root`, whose links cannot lead out of it. A file that is not there has
    /// nobody in it.
    init(root: String) throws(SystemCallError) {
        let folder = try Descriptor.open(root, Int32(CL_O_PATH) | O_DIRECTORY)
        passwd = try Self.read("etc/passwd", folder)
        group = try Self.read("etc/group", folder)
    }

    private static func read(_ path: String, _ folder: borrowing Descriptor) throws(SystemCallError) -> [[String]] {
        let bytes: [UInt8]
        do throws(SystemCallError) {
            let file = try folder.openInRoot(path, O_RDONLY | O_NONBLOCK)
            var all: [UInt8] = []
            while all.count < 4 << 20 {
                let part = try readSome(file.number)
                if part.isEmpty { break }
                all += part
            }
            bytes = all
        } catch {
            if error.number == ENOENT || error.number == ENOTDIR { return [] }
            throw error
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            line.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
        }
    }

    /// Sets the user of `process` from "name", "uid", "name:group" and so on; empty: as it is.
    func apply(_ text: String, to process: inout Spec.Process) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        if !text.isEmpty {
            let user = parts[0]
            if let entry = passwd.first(where: { $0.first == user || $0.count > 2 && $0[2] == user }) {
                process.user.uid = entry.count > 2 ? UInt32(entry[2]) ?? 0 : 0
                process.user.gid = entry.count > 3 ? UInt32(entry[3]) ?? 0 : 0
            } else if let number = UInt32(user) {
                process.user.uid = number
                process.user.gid = 0
            } else {
                throw CtrError.message("no users found")
            }
        }
        if parts.count == 2 {
            if let entry = group.first(where: { $0.first == parts[1] }), entry.count > 2, let gid = UInt32(entry[2]) {
                process.user.gid = gid
            } else if let number = UInt32(parts[1]) {
                process.user.gid = number
            } else {
                throw CtrError.message("no groups found")
            }
        }
        addGroups(to: &process)
    }

    /// The groups that list the user, with the user's own group before them.
    private func addGroups(to process: inout Spec.Process) {
        let uid = String(process.user.uid)
        let name = passwd.first { $0.count > 2 && $0[2] == uid }?.first ?? (uid == "0" ? "root" : uid)
        var gids = [process.user.gid]
        for entry in group where entry.count > 3 && entry[0] != name {
            guard entry[3].split(separator: ",").contains(where: { $0 == name }), let gid = UInt32(entry[2]) else {
                continue
            }
            if !gids.contains(gid) { gids.append(gid) }
        }
        process.user.additionalGids = gids
    }
}
