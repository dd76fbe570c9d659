internal import CLinux
internal import Linux
internal import SQLite

/// Whose request it is: the namespace it is about, and the lease that keeps what it makes.
public struct Scope: Sendable, Equatable {
    public let namespace: String
    public let lease: String?

    public init(namespace: String, lease: String? = nil) {
        self.namespace = namespace
        self.lease = lease
    }
}

/// Nanoseconds since 1970, as times are stored.
public typealias Nanoseconds = Int64

/// The time now.
public func nanosecondsNow() -> Nanoseconds {
    let time = WallClock.now
    return Nanoseconds(time.tv_sec) * 1_000_000_000 + Nanoseconds(time.tv_nsec)
}

/// All that containerd knows apart from the bytes of blobs and layers, in one database. Every method is one
/// transaction, durable when it returns; all block, so call them on `Workers`.
public final class Metadata: Sendable {
    private let database: Database

    /// Opens the database `meta.db` in a directory that exists, making it when it is not there.
    public init(directory: String) throws(ServiceError) {
        do throws(SQLiteError) {
            database = try Database(path: directory + "/meta.db", schema: Metadata.schema)
        } catch {
            throw Metadata.failed(error)
        }
    }

    /// Runs `body` in one transaction that writes.
    func update<Result>(_ body: (Transaction) throws(ServiceError) -> Result) throws(ServiceError) -> Result {
        try database.write(failed: Metadata.failed) { (connection) throws(ServiceError) in
            try body(Transaction(connection: connection))
        }
    }

    /// Runs `body` on an unchanging view.
    func view<Result>(_ body: (Transaction) throws(ServiceError) -> Result) throws(ServiceError) -> Result {
        try database.read(failed: Metadata.failed) { (connection) throws(ServiceError) in
            try body(Transaction(connection: connection))
        }
    }

    static func failed(_ error: SQLiteError) -> ServiceError { ServiceError(.unknown, error.description) }
}

/// A transaction of the database, with SQLite's failures turned into the services' error.
struct Transaction {
    let connection: Connection

    @discardableResult
    func execute(_ sql: String, _ values: [Value] = []) throws(ServiceError) -> Int {
        do throws(SQLiteError) { return try connection.execute(sql, values) } catch { throw Metadata.failed(error) }
    }

    func rows<Element>(
        _ sql: String, _ values: [Value] = [], _ element: (Row) -> Element
    ) throws(ServiceError) -> [Element] {
        do throws(SQLiteError) {
            return try connection.rows(sql, values, element)
        } catch {
            throw Metadata.failed(error)
        }
    }

    func first<Element>(
        _ sql: String, _ values: [Value] = [], _ element: (Row) -> Element
    ) throws(ServiceError) -> Element? {
        do throws(SQLiteError) {
            return try connection.first(sql, values, element)
        } catch {
            throw Metadata.failed(error)
        }
    }

    func exists(_ sql: String, _ values: [Value]) throws(ServiceError) -> Bool {
        try first(sql, values) { _ in true } ?? false
    }

    /// A namespace comes to be with the first thing in it.
    func useNamespace(_ name: String) throws(ServiceError) {
        try execute("INSERT OR IGNORE INTO namespaces(name, labels) VALUES(?, '')", [.text(name)])
    }
}
