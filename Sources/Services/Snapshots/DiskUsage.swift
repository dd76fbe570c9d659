internal import CLinux
public import Linux

/// What a tree takes on disk.
public struct DiskUsage: Sendable, Equatable {
    /// Bytes of blocks, a file with several links counted once.
    public var size: Int64
    public var inodes: Int64

    public init(size: Int64, inodes: Int64) {
        self.size = size
        self.inodes = inodes
    }

    /// Walks a tree without following links.
    public init(of root: String) throws(SystemCallError) {
        self.init(size: 0, inodes: 0)
        var seen: Set<UInt64> = []
        try add(root, &seen)
    }

    private mutating func add(_ path: String, _ seen: inout Set<UInt64>) throws(SystemCallError) {
        // What vanishes during the walk of a running container's tree counts for nothing.
        guard let status = Files.linkStatus(path) else { return }
        let isDirectory = cl_format(status.st_mode) == S_IFDIR
        if isDirectory || status.st_nlink == 1 || seen.insert(UInt64(status.st_ino)).inserted {
            size += Int64(status.st_blocks) * 512
            inodes += 1
        }
        guard isDirectory else { return }
        let names: [String]
        do throws(SystemCallError) {
            names = try Files.names(in: path)
        } catch {
            if error.number == ENOENT { return }
            throw error
        }
        for name in names { try add(path + "/" + name, &seen) }
    }
}
