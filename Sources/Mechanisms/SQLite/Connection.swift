internal import CSQLite

/// One connection to a database. Not for two threads at once: `Database` lends it under a lock.
public final class Connection {
    private let handle: OpaquePointer
    /// Prepared statements by their text; the set of texts in the program is small.
    private var prepared: [String: OpaquePointer] = [:]

    /// Opens or creates the file.
    init(path: String, readOnly: Bool) throws(SQLiteError) {
        var opened: OpaquePointer?
        let flags = (readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            throw SQLiteError(code: code, message: "unable to open " + path + ": " + message)
        }
        handle = opened
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, 10_000)
    }

    deinit {
        for statement in prepared.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    /// Runs one statement for its effect and returns how many rows it changed.
    @discardableResult
    public func execute(_ sql: String, _ values: [Value] = []) throws(SQLiteError) -> Int {
        let statement = try bound(sql, values)
        defer { finish(statement) }
        while true {
            let code = sqlite3_step(statement)
            if code == SQLITE_DONE { return Int(sqlite3_changes(handle)) }
            if code != SQLITE_ROW { throw failure(code) }
        }
    }

    /// Runs several statements without parameters, separated by semicolons: a schema.
    public func executeScript(_ sql: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        if code != SQLITE_OK { throw failure(code) }
    }

    /// All rows of one statement, each turned into a value.
    public func rows<Element>(
        _ sql: String, _ values: [Value] = [], _ element: (Row) -> Element
    ) throws(SQLiteError) -> [Element] {
        let statement = try bound(sql, values)
        defer { finish(statement) }
        var found: [Element] = []
        while true {
            let code = sqlite3_step(statement)
            if code == SQLITE_DONE { return found }
            if code != SQLITE_ROW { throw failure(code) }
            found.append(element(Row(statement: statement)))
        }
    }

    /// The first row, or nil when there is none.
    public func first<Element>(
        _ sql: String, _ values: [Value] = [], _ element: (Row) -> Element
    ) throws(SQLiteError) -> Element? {
        let statement = try bound(sql, values)
        defer { finish(statement) }
        let code = sqlite3_step(statement)
        if code == SQLITE_DONE { return nil }
        if code != SQLITE_ROW { throw failure(code) }
        return element(Row(statement: statement))
    }

    private func bound(_ sql: String, _ values: [Value]) throws(SQLiteError) -> OpaquePointer {
        let statement = try statement(sql)
        for (index, value) in values.enumerated() {
            let place = Int32(index + 1)
            let code: Int32
            switch value {
            case .null: code = sqlite3_bind_null(statement, place)
            case .int(let number): code = sqlite3_bind_int64(statement, place, number)
            case .text(let text):
                var text = text
                code = text.withUTF8 { bytes in
                    bytes.withMemoryRebound(to: CChar.self) {
                        // An empty text has no address, and a null address would bind NULL.
                        cs_bind_text(statement, place, $0.baseAddress ?? UnsafePointer(emptyText), Int32($0.count))
                    }
                }
            case .blob(let bytes):
                code = bytes.withUnsafeBytes { cs_bind_blob(statement, place, $0.baseAddress, Int32($0.count)) }
            }
            if code != SQLITE_OK {
                let error = failure(code)
                finish(statement)
                throw error
            }
        }
        return statement
    }

    private func statement(_ sql: String) throws(SQLiteError) -> OpaquePointer {
        if let known = prepared[sql] { return known }
        var made: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &made, nil)
        guard code == SQLITE_OK, let made else { throw failure(code) }
        prepared[sql] = made
        return made
    }

    private func finish(_ statement: OpaquePointer) {
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
    }

    private func failure(_ code: Int32) -> SQLiteError {
        SQLiteError(code: code, message: String(cString: sqlite3_errmsg(handle)))
    }
}

/// One byte of zero that lives as long as the program; never written.
nonisolated(unsafe) private let emptyText: UnsafeMutablePointer<CChar> = {
    let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
    pointer.pointee = 0
    return pointer
}()

/// A row while its statement stands on it; columns count from 0.
public struct Row {
    let statement: OpaquePointer

    public func isNull(_ column: Int) -> Bool { sqlite3_column_type(statement, Int32(column)) == SQLITE_NULL }

    public func int(_ column: Int) -> Int64 { sqlite3_column_int64(statement, Int32(column)) }

    /// The text; empty for NULL.
    public func text(_ column: Int) -> String {
        guard let bytes = sqlite3_column_text(statement, Int32(column)) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, Int32(column)))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    /// The bytes; empty for NULL.
    public func blob(_ column: Int) -> [UInt8] {
        guard let bytes = sqlite3_column_blob(statement, Int32(column)) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(statement, Int32(column)))))
    }

    public func optionalText(_ column: Int) -> String? { isNull(column) ? nil : text(column) }
    public func optionalInt(_ column: Int) -> Int64? { isNull(column) ? nil : int(column) }
}
