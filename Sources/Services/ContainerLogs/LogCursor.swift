internal import CLinux
internal import EngineAPI
internal import Linux

/// A place in the files of a log.
///
/// Safety of `@unchecked`: one reading at a time uses it, and waits for each step before the next.
final class LogCursor: @unchecked Sendable {
    private let location: LogLocation
    private let live: ContainerLog?
    private let query: LogQuery
    private var file: LogFile?
    /// The open file's number, as `LogFiles.rotations` counts; below 0 for those put aside before the log was opened.
    private var number = 0
    /// Bytes of a record whose end has not been read yet.
    private var rest: [UInt8] = []
    /// Records to pass over: those before the last `tail` in a file that can only be read from its beginning.
    private var skipped = 0
    private(set) var isPastUntil = false
    private var sinceReached: Bool

    /// `live`: the log, when it is being written.
    init(_ location: LogLocation, live: ContainerLog?, query: LogQuery) throws(EngineError) {
        self.location = location
        self.live = live
        self.query = query
        sinceReached = query.since == nil
        do throws(SystemCallError) {
            try start()
        } catch {
            throw .failed(error.description)
        }
    }

    /// Output for what is there; nil when there is no more now. An empty piece means that there may be more.
    func next() throws(EngineError) -> [UInt8]? {
        guard !isPastUntil else { return nil }
        do throws(SystemCallError) {
            // Asked for before the file is read: what was put aside by then gets no more records.
            let newest = rotations
            if file == nil || (number < newest && isCutInPlace) { try move(to: newest) }
            guard let bytes = try file?.read() else { return nil }
            if !bytes.isEmpty { return output(bytes) }
            guard number < newest else { return nil }
            try move(to: newest)
            return []
        } catch {
            throw .failed(error.description)
        }
    }

    private func output(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        let all = rest.isEmpty ? bytes : rest + bytes
        let taken = all.withUnsafeBytes { raw in
            location.format.split(raw) { record in
                add(record, &out)
                return !isPastUntil
            }
        }
        rest = taken < all.count ? Array(all[taken...]) : []
        return out
    }

    private func add(_ bytes: UnsafeRawBufferPointer, _ out: inout [UInt8]) {
        if skipped > 0 {
            skipped -= 1
            return
        }
        guard let record = location.format == .local ? LogRecord(local: bytes) : LogRecord(bytes) else { return }
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

    /// A log of one file is rotated by cutting it to nothing.
    private var isCutInPlace: Bool { live.map { $0.withFiles { $0.maximumFiles < 2 } } ?? false }

    private var rotations: Int { live.map { $0.withFiles { $0.rotations } } ?? 0 }

    /// The file with a number; nil when there is none.
    private func open(_ number: Int) throws(SystemCallError) -> LogFile? {
        guard let live else { return try LogFile.open(location, age: -number) }
        return try live.withFiles { files throws(SystemCallError) in
            try LogFile.open(location, age: files.rotations - number)
        }
    }

    private func isThere(_ number: Int) throws(SystemCallError) -> Bool { try open(number) != nil }

    /// The oldest file, or the place of the last `tail` records.
    private func start() throws(SystemCallError) {
        number = rotations
        guard let tail = query.tail else {
            while try isThere(number - 1) { number -= 1 }
            file = try open(number)
            return
        }
        file = try open(number)
        var left = tail - (try file?.seek(toLast: tail, &skipped) ?? 0)
        while left > 0, let older = try open(number - 1) {
            number -= 1
            file = older
            left -= try older.seek(toLast: left, &skipped)
        }
    }

    /// Goes to the next younger file, or the oldest after it that is still there.
    private func move(to newest: Int) throws(SystemCallError) {
        rest = []
        number = file == nil || isCutInPlace ? newest : number + 1
        while try !isThere(number) && number < newest { number += 1 }
        file = try open(number)
    }
}
