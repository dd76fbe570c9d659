internal import CLinux
internal import EngineAPI
internal import Linux
internal import Workers

/// Reads a json-file log, rotated files included, and goes on with what is written meanwhile.
public struct LogReader: Sendable {
    private let path: String
    private let query: LogQuery

    /// `path`: the current file.
    public init(path: String, query: LogQuery) {
        self.path = path
        self.query = query
    }

    /// Gives the wanted output to `write` in large pieces; `live` is the log when the container runs (without it
    /// nothing can be followed). Returns at the end of the log; cancellation ends it, too.
    public func read(
        live: ContainerLog?, write: (sending [UInt8]) async throws -> Void
    ) async throws {
        let cursor = try await Workers.shared.run { () throws(LogError) in try LogCursor(path: path, query: query) }
        while !Task.isCancelled {
            let generation = live?.generation ?? 0
            while let piece = try await Workers.shared.run({ () throws(LogError) in try cursor.next() }) {
                if !piece.isEmpty { try await write(piece) }
                if Task.isCancelled { return }
            }
            guard query.follow, !cursor.isPastUntil, let live else { return }
            if await !live.waitForMore(than: generation) {
                // What was written just before the close.
                while let piece = try await Workers.shared.run({ () throws(LogError) in try cursor.next() }) {
                    if !piece.isEmpty { try await write(piece) }
                }
                return
            }
        }
    }
}

/// A place in the files of a log.
///
/// Safety of `@unchecked`: one reading at a time uses it, and waits for each step before the next.
final class LogCursor: @unchecked Sendable {
    private let path: String
    private let query: LogQuery
    private var file: Descriptor?
    private var inode: UInt64 = 0
    private var offset = 0
    /// Bytes of a record whose end has not been read yet.
    private var rest: [UInt8] = []
    private(set) var isPastUntil = false
    private var sinceReached: Bool
    private static let pieceSize = 262_144

    init(path: String, query: LogQuery) throws(LogError) {
        self.path = path
        self.query = query
        sinceReached = query.since == nil
        do throws(SystemCallError) {
            try start()
        } catch {
            if error.number != ENOENT { throw LogError(error.description, status: 500) }
        }
    }

    /// Output for what is there; nil when there is no more now. An empty piece means that there may be more.
    func next() throws(LogError) -> [UInt8]? {
        guard !isPastUntil else { return nil }
        do throws(SystemCallError) {
            if file == nil { try openAt(path, 0) }
            var bytes = try read()
            if bytes.isEmpty {
                guard try moveOn() else { return nil }
                bytes = try read()
            }
            return output(bytes)
        } catch {
            if error.number == ENOENT { return nil }
            throw LogError(error.description, status: 500)
        }
    }

    private func read() throws(SystemCallError) -> [UInt8] {
        guard let number = file?.number else { return [] }
        var bytes = [UInt8](repeating: 0, count: Self.pieceSize)
        let count = try checked("read", path) { pread(number, &bytes, bytes.count, offset) }
        offset += count
        return count == bytes.count ? bytes : Array(bytes[..<count])
    }

    private func output(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        let all = rest.isEmpty ? bytes : rest + bytes
        rest = []
        all.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return }
            var start = 0
            while let found = memchr(base + start, 10, raw.count - start) {
                let end = UnsafeRawPointer(found) - base
                add(UnsafeRawBufferPointer(rebasing: raw[start..<end]), &out)
                start = end + 1
                if start == raw.count || isPastUntil { break }
            }
            if start < raw.count { rest = Array(raw[start...]) }
        }
        return out
    }

    private func add(_ line: UnsafeRawBufferPointer, _ out: inout [UInt8]) {
        guard let record = LogRecord(line) else { return }
        if !sinceReached || query.until != nil, let moment = record.moment {
            if let since = query.since, moment < since { return }
            sinceReached = true
            if let until = query.until, moment > until {
                isPastUntil = true
                return
            }
        }
        if record.isStderr ? query.stderr : query.stdout { record.append(to: &out, query) }
    }

    // MARK: Files

    /// Existing files, the oldest first.
    private func files() -> [String] {
        var found = [path]
        while Files.exists("\(path).\(found.count)") { found.append("\(path).\(found.count)") }
        return found.reversed()
    }

    private func openAt(_ name: String, _ offset: Int) throws(SystemCallError) {
        let opened = try Descriptor.open(name, O_RDONLY)
        var status = stat()
        fstat(opened.number, &status)
        inode = UInt64(status.st_ino)
        file = consume opened
        self.offset = offset
    }

    /// The oldest file, or the place of the last `tail` records.
    private func start() throws(SystemCallError) {
        let names = files()
        guard let tail = query.tail else { return try openAt(names[0], 0) }
        var left = tail
        for name in names.reversed() {
            try openAt(name, 0)
            guard let number = file?.number else { return }
            let (place, found) = try Self.tail(number, left)
            offset = place
            left -= found
            if left <= 0 { return }
        }
    }

    /// The offset at which the last `count` records begin, read backwards in blocks, and how many there are.
    static func tail(_ file: Int32, _ count: Int) throws(SystemCallError) -> (offset: Int, found: Int) {
        var status = stat()
        fstat(file, &status)
        var end = status.st_size
        guard count > 0 else { return (end, 0) }
        var found = 0
        var block = [UInt8](repeating: 0, count: 65536)
        var isLast = true
        while end > 0 {
            let size = min(block.count, end)
            let start = end - size
            try checked("read") { pread(file, &block, size, start) }
            for index in stride(from: size - 1, through: 0, by: -1) where block[index] == 10 {
                // The very last line feed ends the last record.
                if isLast && start + index == status.st_size - 1 { continue }
                found += 1
                if found == count { return (start + index + 1, count) }
            }
            isLast = false
            end = start
        }
        return (0, status.st_size > 0 ? found + 1 : 0)
    }

    /// After a rotation the open file is no longer the current one: the next younger follows it.
    private func moveOn() throws(SystemCallError) -> Bool {
        guard let current = Files.status(path), UInt64(current.st_ino) != inode else {
            // Cut to nothing in place (a log of one file).
            if let current = Files.status(path), current.st_size < offset {
                offset = 0
                rest = []
                return true
            }
            return false
        }
        let names = files()
        let index = names.firstIndex { name in Files.status(name).map { UInt64($0.st_ino) == inode } ?? false }
        rest = []
        try openAt(index.map { names[min($0 + 1, names.count - 1)] } ?? names[0], 0)
        return true
    }
}
