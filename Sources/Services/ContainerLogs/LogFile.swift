internal import Archive
internal import ByteStream
internal import CLinux
internal import Compression
internal import Linux

/// One file of a log being read, compressed or not.
final class LogFile {
    private static let pieceSize = 262_144

    private let format: LogFormat
    private let descriptor: Descriptor
    private var offset = 0
    /// Reads a compressed file; nil for others.
    private var content: Inflater?

    private init(_ format: LogFormat, _ descriptor: consuming Descriptor, compressed: Bool) throws(SystemCallError) {
        self.format = format
        self.descriptor = descriptor
        if compressed { try rewind() }
    }

    /// The file that was put aside `age` rotations ago; 0 is the current one. nil when it is not there.
    static func open(_ location: LogLocation, age: Int) throws(SystemCallError) -> LogFile? {
        guard age >= 0 else { return nil }
        let name = age == 0 ? location.path : "\(location.path).\(age)"
        for suffix in age == 0 ? [""] : ["", ".gz"] {
            do throws(SystemCallError) {
                let opened = try Descriptor.open(name + suffix, O_RDONLY)
                return try LogFile(location.format, opened, compressed: !suffix.isEmpty)
            } catch {
                if error.number != ENOENT { throw error }
            }
        }
        return nil
    }

    /// What comes next; empty at the end.
    func read() throws(SystemCallError) -> [UInt8] {
        var failure: SystemCallError?
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { buffer, count in
            do throws(SystemCallError) {
                count = try read(into: UnsafeMutableRawBufferPointer(buffer))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemCallError) -> Int {
        guard let content else {
            let count = try checked("read") { pread(descriptor.number, buffer.baseAddress, buffer.count, offset) }
            offset += count
            return count
        }
        do throws(StreamError) {
            return try content.read(into: buffer)
        } catch {
            // A damaged file ends where it is damaged.
            return 0
        }
    }

    private func rewind() throws(SystemCallError) {
        let copy = try descriptor.duplicate()
        try checked("lseek") { lseek(copy.number, 0, SEEK_SET) }
        do throws(StreamError) {
            content = try Inflater(DescriptorSource(copy))
        } catch {
            throw SystemCallError(number: ENOMEM, operation: "inflate")
        }
    }

    /// Goes to the last `count` records and tells how many there are; where that is no place in the file, `skipped`
    /// gets the number of records before them.
    func seek(toLast count: Int, _ skipped: inout Int) throws(SystemCallError) -> Int {
        skipped = 0
        if content != nil { return try seekForwards(toLast: count, &skipped) }
        var status = stat()
        fstat(descriptor.number, &status)
        let size = Int(status.st_size)
        let (place, found) =
            try format == .local ? lastLocal(count, size) : lastLines(count, size)
        offset = place
        return found
    }

    private func seekForwards(toLast count: Int, _ skipped: inout Int) throws(SystemCallError) -> Int {
        var total = 0
        var rest: [UInt8] = []
        while true {
            let bytes = try read()
            if bytes.isEmpty { break }
            rest += bytes
            let taken = rest.withUnsafeBytes { raw in
                format.split(raw) { _ in
                    total += 1
                    return true
                }
            }
            rest.removeFirst(taken)
        }
        try rewind()
        skipped = max(0, total - count)
        return min(total, count)
    }

    /// The offset at which the last `count` lines begin, read backwards in blocks, and how many there are.
    private func lastLines(_ count: Int, _ size: Int) throws(SystemCallError) -> (offset: Int, found: Int) {
        guard count > 0 else { return (size, 0) }
        var end = size
        var found = 0
        var block = [UInt8](repeating: 0, count: 65536)
        while end > 0 {
            let length = min(block.count, end)
            let start = end - length
            try checked("read") { pread(descriptor.number, &block, length, start) }
            for index in stride(from: length - 1, through: 0, by: -1) where block[index] == 10 {
                // The very last line feed ends the last record.
                if start + index == size - 1 { continue }
                found += 1
                if found == count { return (start + index + 1, count) }
            }
            end = start
        }
        return (0, size > 0 ? found + 1 : 0)
    }

    /// The same by the lengths behind the records.
    private func lastLocal(_ count: Int, _ size: Int) throws(SystemCallError) -> (offset: Int, found: Int) {
        var end = size
        var found = 0
        while found < count && end >= 8 {
            var bytes: [UInt8] = [0, 0, 0, 0]
            try checked("read") { pread(descriptor.number, &bytes, 4, end - 4) }
            let length = Int(bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
            guard length <= LogRecord.longestLocal, length + 8 <= end else { break }
            end -= length + 8
            found += 1
        }
        return (end, found)
    }
}

extension LogFormat {
    /// Gives the whole records at the beginning of `bytes` to `body`, without what separates them, until it answers
    /// false; the number of bytes they take with what separates them.
    func split(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Bool) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var start = 0
        switch self {
        case .jsonFile:
            while start < bytes.count, let found = memchr(base + start, 10, bytes.count - start) {
                let end = UnsafeRawPointer(found) - base
                let record = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                start = end + 1
                if !body(record) { break }
            }
        case .local:
            while bytes.count - start >= 8 {
                let length = bytes[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                // Nothing behind a damaged record can be read.
                guard length <= LogRecord.longestLocal else { return bytes.count }
                let end = start + 8 + Int(length)
                guard end <= bytes.count else { break }
                let record = UnsafeRawBufferPointer(rebasing: bytes[(start + 4)..<(end - 4)])
                start = end
                if !body(record) { break }
            }
        }
        return start
    }
}
