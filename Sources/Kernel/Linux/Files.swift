public import CLinux

/// Whole-file operations on paths of the host that we own. Paths inside a container's root never come here: they are
/// resolved with `Descriptor.openInRoot`.
public enum Files {
    public static func read(_ path: String) throws(SystemCallError) -> [UInt8] {
        try Descriptor.open(path, O_RDONLY).readAll()
    }

    public static func readText(_ path: String) throws(SystemCallError) -> String {
        String(decoding: try read(path), as: UTF8.self)
    }

    /// Writes in place, creating or truncating.
    public static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o644) throws(SystemCallError) {
        try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode).writeAll(bytes)
    }

    /// Writes to a file that exists already, in one write: for procfs, sysfs and cgroup files.
    public static func put(_ text: String, into path: String) throws(SystemCallError) {
        let file = try Descriptor.open(path, O_WRONLY)
        let bytes = Array(text.utf8)
        try checked("write", path) { bytes.withUnsafeBytes { CLinux.write(file.number, $0.baseAddress, $0.count) } }
    }

    /// Replaces a file so that after a crash either the old or the new content is there (temporary file, fsync, rename,
    /// fsync of the directory).
    public static func replace(_ path: String, with bytes: [UInt8], mode: UInt32 = 0o644) throws(SystemCallError) {
        let temporary = path + ".tmp" + randomHex(bytes: 4)
        do throws(SystemCallError) {
            let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
            try file.writeAll(bytes)
            try checked("fsync", temporary) { fsync(file.number) }
            try checked("rename", path) { CLinux.rename(temporary, path) }
        } catch {
            unlink(temporary)
            throw error
        }
        let directory = try Descriptor.open(parent(of: path), O_RDONLY | O_DIRECTORY)
        try checked("fsync", path) { fsync(directory.number) }
    }

    public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    public static func isDirectory(_ path: String) -> Bool {
        guard let status = status(path) else { return false }
        return cl_format(status.st_mode) == S_IFDIR
    }

    /// lstat(2), or nil when there is nothing there.
    public static func linkStatus(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    /// stat(2), or nil when there is nothing there.
    public static func status(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    /// Makes a directory and the ones above it; one that exists is left as it is.
    public static func makeDirectories(_ path: String, mode: UInt32 = 0o755) throws(SystemCallError) {
        if mkdir(path, mode) == 0 { return }
        let number = cl_errno()
        if number == EEXIST && isDirectory(path) { return }
        if number == ENOENT && path != "/" && !path.isEmpty {
            try makeDirectories(parent(of: path), mode: mode)
            if mkdir(path, mode) == 0 || isDirectory(path) { return }
            throw SystemCallError(number: cl_errno(), operation: "mkdir", subject: path)
        }
        throw SystemCallError(number: number, operation: "mkdir", subject: path)
    }

    /// rename(2): what is at `target` is replaced in one step.
    public static func rename(_ path: String, to target: String) throws(SystemCallError) {
        try checked("rename", path) { CLinux.rename(path, target) }
    }

    public static func remove(_ path: String) throws(SystemCallError) {
        try checked("remove", path) { CLinux.remove(path) }
    }

    /// Removes a tree without following a symbolic link; what is gone already is no error. A file system that is
    /// mounted somewhere in it ends it with EBUSY: nothing of that is removed.
    public static func removeTree(_ path: String) throws(SystemCallError) {
        guard let status = linkStatus(path) else { return }
        try removeTree(path, status, device: status.st_dev)
    }

    private static func removeTree(_ path: String, _ status: stat, device: dev_t) throws(SystemCallError) {
        guard cl_format(status.st_mode) == S_IFDIR else {
            if unlink(path) != 0 && cl_errno() != ENOENT {
                throw SystemCallError(number: cl_errno(), operation: "unlink", subject: path)
            }
            return
        }
        if status.st_dev != device { throw SystemCallError(number: EBUSY, operation: "remove", subject: path) }
        for name in try names(in: path) {
            guard let inner = linkStatus(path + "/" + name) else { continue }
            try removeTree(path + "/" + name, inner, device: device)
        }
        if rmdir(path) != 0 && cl_errno() != ENOENT {
            throw SystemCallError(number: cl_errno(), operation: "rmdir", subject: path)
        }
    }

    /// The names in a directory, without "." and "..", in no order.
    public static func names(in path: String) throws(SystemCallError) -> [String] {
        var found: [String] = []
        guard let directory = cl_opendir(path) else {
            throw SystemCallError(number: cl_errno(), operation: "open", subject: path)
        }
        defer { cl_closedir(directory) }
        while let name = cl_readdir(directory) {
            let text = String(cString: name)
            if text != "." && text != ".." { found.append(text) }
        }
        return found
    }

    /// readlink(2).
    public static func link(_ path: String) throws(SystemCallError) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = try checked("readlink", path) { readlink(path, &buffer, 4096) }
        return String(decoding: buffer[0..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The absolute path with every symbolic link resolved (realpath(3)).
    public static func resolved(_ path: String) throws(SystemCallError) -> String {
        guard let text = realpath(path, nil) else {
            throw SystemCallError(number: cl_errno(), operation: "realpath", subject: path)
        }
        defer { free(text) }
        return String(cString: text)
    }

    /// The part before the last slash: "/" for "/a", "." for "a".
    public static func parent(of path: String) -> String {
        let bytes = Array(path.utf8)
        guard let slash = bytes.lastIndex(of: 47) else { return "." }
        return slash == 0 ? "/" : String(decoding: bytes[0..<slash], as: UTF8.self)
    }

    /// The part after the last slash.
    public static func name(of path: String) -> String {
        let bytes = Array(path.utf8)
        guard let slash = bytes.lastIndex(of: 47) else { return path }
        return String(decoding: bytes[(slash + 1)...], as: UTF8.self)
    }

    public static func currentDirectory() throws(SystemCallError) -> String {
        guard let text = getcwd(nil, 0) else { throw SystemCallError(number: cl_errno(), operation: "getcwd") }
        defer { free(text) }
        return String(cString: text)
    }

    /// The path made absolute against the current directory and cleaned of "." and ".." by text alone (Go's
    /// filepath.Abs).
    public static func absolute(_ path: String) throws(SystemCallError) -> String {
        cleaned(path.utf8.first == 47 ? path : try currentDirectory() + "/" + path)
    }

    /// Go's path.Clean.
    public static func cleaned(_ path: String) -> String {
        let rooted = path.utf8.first == 47
        var kept: [Substring] = []
        for part in path.split(separator: "/") {
            if part == "." { continue }
            if part != ".." {
                kept.append(part)
            } else if let last = kept.last, last != ".." {
                kept.removeLast()
            } else if !rooted {
                kept.append(part)
            }
        }
        let joined = kept.joined(separator: "/")
        if rooted { return "/" + joined }
        return joined.isEmpty ? "." : joined
    }
}

/// Random bytes from the kernel as hexadecimal digits, two for each byte.
public func randomHex(bytes count: Int) -> String {
    var bytes = [UInt8](repeating: 0, count: count)
    _ = bytes.withUnsafeMutableBytes { cl_getrandom($0.baseAddress, $0.count) }
    return hex(bytes)
}

/// Lower-case hexadecimal digits, two for each byte.
public func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
