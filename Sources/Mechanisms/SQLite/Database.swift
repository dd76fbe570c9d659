internal import Synchronization

/// A database file for many threads: one connection that writes, one that reads beside it (write-ahead log), each lent
/// under its own lock. Calls block: never make them on an event loop or the cooperative pool.
public final class Database: Sendable {
    private let writer: Mutex<Lent>
    private let reader: Mutex<Lent>

    /// A connection is only touched inside its lock.
    private struct Lent: @unchecked Sendable { let connection: Connection }

    /// Opens or creates the file and runs `schema` (statements that are harmless when repeated). A transaction that
    /// has returned survives the loss of power: `synchronous` is FULL, the log is synced at every commit.
    public init(path: String, schema: String) throws(SQLiteError) {
        let writing = try Connection(path: path, readOnly: false)
        try writing.executeScript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-512;"
                + "PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=1048576;")
        try writing.executeScript("BEGIN IMMEDIATE;" + schema + "COMMIT;")
        let reading = try Connection(path: path, readOnly: true)
        try reading.executeScript("PRAGMA cache_size=-256; PRAGMA temp_store=MEMORY;")
        writer = Mutex(Lent(connection: writing))
        reader = Mutex(Lent(connection: reading))
    }

    /// Runs `body` in one transaction: committed and durable when this returns, undone when it throws. `failed` turns
    /// SQLite's own failures into the caller's error.
    public func write<Result, Failure: Error>(
        failed: (SQLiteError) -> Failure, _ body: (Connection) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try locked(writer, begin: "BEGIN IMMEDIATE", failed: failed, body)
    }

    /// Runs `body` on one unchanging view of the database, beside any writer.
    public func read<Result, Failure: Error>(
        failed: (SQLiteError) -> Failure, _ body: (Connection) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try locked(reader, begin: "BEGIN", failed: failed, body)
    }

    private func locked<Result, Failure: Error>(
        _ mutex: borrowing Mutex<Lent>, begin: String, failed: (SQLiteError) -> Failure,
        _ body: (Connection) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var outcome: Swift.Result<Result, Failure>?
        mutex.withLock { lent in
            do throws(Failure) {
                outcome = .success(try transaction(lent.connection, begin: begin, failed: failed, body))
            } catch {
                outcome = .failure(error)
            }
        }
        guard let outcome else { throw failed(SQLiteError(code: 1, message: "transaction did not run")) }
        return try outcome.get()
    }

    private func transaction<Result, Failure: Error>(
        _ connection: Connection, begin: String, failed: (SQLiteError) -> Failure,
        _ body: (Connection) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        func run(_ sql: String) throws(Failure) {
            do throws(SQLiteError) { try connection.execute(sql) } catch { throw failed(error) }
        }
        try run(begin)
        do throws(Failure) {
            let result = try body(connection)
            try run("COMMIT")
            return result
        } catch {
            // The transaction may be undone already (a full disk does that); the first error is the one to report.
            try? run("ROLLBACK")
            throw error
        }
    }
}
