public import CLinux

/// An open file descriptor that closes itself. Passing it on is `consuming`; `number` lends it.
@frozen
public struct Descriptor: ~Copyable, Sendable {
    /// The kernel's number, valid while this value lives.
    public let number: Int32

    /// Takes ownership of a raw descriptor.
    public init(owning number: Int32) { self.number = number }

    deinit { _ = CLinux.close(number) }

    /// Gives the raw descriptor up: the caller closes it.
    public consuming func release() -> Int32 {
        let given = number
        discard self
        return given
    }

    /// Opens `path`, close-on-exec (open(2)).
    public static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0o666) throws(SystemCallError) -> Descriptor
    {
        Descriptor(owning: try checked("open", path) { cl_open(path, flags | O_CLOEXEC, mode) })
    }

    /// Opens `path` relative to this directory, close-on-exec (openat(2)).
    public func open(_ path: String, _ flags: Int32, mode: UInt32 = 0o666) throws(SystemCallError) -> Descriptor {
        Descriptor(owning: try checked("openat", path) { cl_openat(number, path, flags | O_CLOEXEC, mode) })
    }

    /// Opens `path` with this directory as the root it cannot leave, symbolic links included (openat2(2),
    /// RESOLVE_IN_ROOT).
    public func openInRoot(
        _ path: String, _ flags: Int32, mode: UInt32 = 0, resolve: UInt64 = UInt64(CL_RESOLVE_IN_ROOT)
    ) throws(SystemCallError) -> Descriptor {
        let creates = flags & O_CREAT != 0
        return Descriptor(
            owning: try checked("openat2", path) {
                cl_openat2(
                    number, path, UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), creates ? UInt64(mode) : 0, resolve)
            })
    }

    /// A second descriptor for the same open file, close-on-exec.
    public func duplicate() throws(SystemCallError) -> Descriptor {
        Descriptor(owning: try checked("fcntl") { cl_fcntl(number, Int32(CL_F_DUPFD_CLOEXEC), 3) })
    }

    /// The bytes read into `buffer`; 0 at the end.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemCallError) -> Int {
        try checked("read") { CLinux.read(number, buffer.baseAddress, buffer.count) }
    }

    /// Everything up to the end of the file.
    public func readAll() throws(SystemCallError) -> [UInt8] {
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = try checked("read") {
                piece.withUnsafeMutableBytes { CLinux.read(number, $0.baseAddress, $0.count) }
            }
            if count == 0 { return all }
            all.append(contentsOf: piece[0..<count])
        }
    }

    /// Writes every byte, however many calls it takes.
    public func writeAll(_ bytes: [UInt8]) throws(SystemCallError) {
        try writeEverything(bytes, to: number)
    }

    public func writeAll(_ text: String) throws(SystemCallError) { try writeAll(Array(text.utf8)) }

    public func setNonBlocking(_ on: Bool = true) throws(SystemCallError) {
        let flags = try checked("fcntl") { cl_fcntl(number, F_GETFL, 0) }
        let wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        try checked("fcntl") { cl_fcntl(number, F_SETFL, Int(wanted)) }
    }

    public func setCloseOnExec(_ on: Bool) throws(SystemCallError) {
        try checked("fcntl") { cl_fcntl(number, F_SETFD, on ? Int(FD_CLOEXEC) : 0) }
    }
}

/// Writes every byte to a raw descriptor, however many calls it takes.
public func writeEverything(_ bytes: [UInt8], to descriptor: Int32) throws(SystemCallError) {
    try writeEverything(bytes[...], to: descriptor)
}

/// Writes every byte of a part of an array.
public func writeEverything(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws(SystemCallError) {
    var written = 0
    while written < bytes.count {
        written += try checked("write") {
            bytes.withUnsafeBytes {
                CLinux.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
        }
    }
}

/// Both ends of a pipe, close-on-exec.
@frozen
public struct Pipe: ~Copyable {
    public let reader: Descriptor
    public let writer: Descriptor

    public init() throws(SystemCallError) {
        var ends: (Int32, Int32) = (-1, -1)
        try checked("pipe2") {
            withUnsafeMutablePointer(to: &ends) {
                $0.withMemoryRebound(to: Int32.self, capacity: 2) { cl_pipe2($0, O_CLOEXEC) }
            }
        }
        reader = Descriptor(owning: ends.0)
        writer = Descriptor(owning: ends.1)
    }

    /// Closes the end that writes, once a child has it, and leaves the one that reads.
    public consuming func endWriting() -> Descriptor { reader }
}
