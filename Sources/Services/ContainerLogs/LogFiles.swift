internal import CLinux
internal import Linux

/// The files of a log that is written: the current one, and those it was before, rotated.
struct LogFiles: ~Copyable {
    let path: String
    private let maximumSize: Int?
    /// The current one counted.
    let maximumFiles: Int
    private var file: Descriptor?
    private var size = 0
    /// How often the current file was put aside: its number among all files of this log.
    private(set) var rotations = 0
    /// Whether a thread compresses what was put aside.
    var isCompressing = false

    /// Opens the current file, made when missing, to append to it.
    init(_ path: String, _ configuration: LogConfiguration) throws(SystemCallError) {
        self.path = path
        maximumSize = configuration.maximumSize
        maximumFiles = configuration.maximumFiles
        let opened = try Descriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o640)
        var status = stat()
        fstat(opened.number, &status)
        size = Int(status.st_size)
        file = consume opened
    }

    mutating func close() { file = nil }

    /// Appends whole records; `ends` are the lengths of `bytes` after each of them.
    mutating func append(_ bytes: [UInt8], _ ends: [Int]) throws(SystemCallError) {
        guard let most = maximumSize else { return try put(bytes[...]) }
        var start = 0
        var end = 0
        for next in ends {
            if size + end - start >= most {
                try put(bytes[start..<end])
                start = end
                try rotate()
            }
            end = next
        }
        try put(bytes[start..<end])
    }

    private mutating func put(_ bytes: ArraySlice<UInt8>) throws(SystemCallError) {
        guard !bytes.isEmpty else { return }
        if file == nil { file = try open(O_APPEND) }
        guard let number = file?.number else { return }
        var written = 0
        while written < bytes.count {
            written += try checked("write", path) {
                bytes.withUnsafeBytes {
                    CLinux.write(number, $0.baseAddress?.advanced(by: written), $0.count - written)
                }
            }
        }
        size += written
    }

    private func open(_ flags: Int32) throws(SystemCallError) -> Descriptor {
        try Descriptor.open(path, O_WRONLY | O_CREAT | flags, mode: 0o640)
    }

    private mutating func rotate() throws(SystemCallError) {
        file = nil
        if maximumFiles > 1 {
            // What is not there needs not be moved.
            for suffix in ["", ".gz"] { unlink("\(path).\(maximumFiles - 1)\(suffix)") }
            for number in stride(from: maximumFiles - 1, to: 1, by: -1) {
                for suffix in ["", ".gz"] { rename("\(path).\(number - 1)\(suffix)", "\(path).\(number)\(suffix)") }
            }
            rename(path, path + ".1")
        }
        file = try open(O_TRUNC | O_APPEND)
        size = 0
        rotations += 1
    }

    /// The oldest file that is not compressed and no longer written.
    func uncompressed() -> Descriptor? {
        for number in stride(from: maximumFiles - 1, to: 0, by: -1) {
            // One that cannot be opened is left as it is.
            if let found = try? Descriptor.open("\(path).\(number)", O_RDONLY) { return found }
        }
        return nil
    }

    /// Puts a compressed file in the place of the one it was made of, unless that has gone meanwhile.
    func replace(inode: UInt64, by compressed: String) throws(SystemCallError) {
        for number in 1..<max(2, maximumFiles) {
            let name = "\(path).\(number)"
            guard let status = Files.status(name), UInt64(status.st_ino) == inode else { continue }
            try Files.rename(compressed, to: name + ".gz")
            return try Files.remove(name)
        }
        try Files.remove(compressed)
    }
}
