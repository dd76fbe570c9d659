import CSQLite
import Testing

@testable import SQLite

#if canImport(Glibc)
    import Glibc
#endif

/// A database in a directory of its own.
private func withDatabase(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/sqlite-test-XXXXXX".utf8CString)
    _ = mkdtemp(&template)
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { for name in ["db", "db-wal", "db-shm"] { unlink(directory + "/" + name) }; rmdir(directory) }
    try body(directory + "/db")
}

private struct Stop: Error {}
private let schema = "CREATE TABLE IF NOT EXISTS t(a TEXT, b INTEGER, c BLOB, UNIQUE(a));"

@Test func valuesComeBackAsTheyWere() throws {
    try withDatabase { path in
        let database = try Database(path: path, schema: schema)
        try database.write(failed: { $0 }) { (connection) throws(SQLiteError) in
            try connection.execute("INSERT INTO t VALUES(?, ?, ?)", [.text("é\u{0}x"), .int(-5), .blob([0, 255])])
            try connection.execute("INSERT INTO t VALUES(?, ?, ?)", [.text(""), .int(.max), .blob([])])
            try connection.execute("INSERT INTO t VALUES(?, ?, ?)", [.null, .null, .null])
        }
        let rows = try database.read(failed: { $0 }) { (connection) throws(SQLiteError) in
            try connection.rows("SELECT a, b, c FROM t ORDER BY rowid") {
                ($0.optionalText(0), $0.optionalInt(1), $0.isNull(2), $0.blob(2))
            }
        }
        #expect(rows.map(\.0) == ["é\u{0}x", "", nil])
        #expect(rows.map(\.1) == [-5, .max, nil])
        #expect(rows.map(\.2) == [false, false, true])
        #expect(rows[0].3 == [0, 255])
    }
}

@Test func aTransactionThatThrowsLeavesNothing() throws {
    try withDatabase { path in
        let database = try Database(path: path, schema: schema)
        #expect(throws: Stop.self) {
            try database.write(failed: { _ in Stop() }) { (connection) throws(Stop) in
                // That it is undone is what is tested.
                _ = try? connection.execute("INSERT INTO t VALUES('x', 1, NULL)")
                throw Stop()
            }
        }
        let count = try database.read(failed: { $0 }) { (connection) throws(SQLiteError) in
            try connection.first("SELECT count(*) FROM t") { $0.int(0) }
        }
        #expect(count == 0)
    }
}

@Test func aDuplicateIsTold() throws {
    try withDatabase { path in
        let database = try Database(path: path, schema: schema)
        let insert = "INSERT INTO t(a) VALUES('x')"
        let error = #expect(throws: SQLiteError.self) {
            try database.write(failed: { $0 }) { (connection) throws(SQLiteError) in
                try connection.execute(insert)
                try connection.execute(insert)
            }
        }
        #expect(error?.isDuplicate == true)
    }
}

@Test func whatIsWrittenIsThereForTheNextOne() throws {
    try withDatabase { path in
        do {
            let database = try Database(path: path, schema: schema)
            try database.write(failed: { $0 }) { (connection) throws(SQLiteError) in
                _ = try connection.execute("INSERT INTO t(a) VALUES('kept')")
            }
        }
        let again = try Database(path: path, schema: schema)
        let found = try again.read(failed: { $0 }) { (connection) throws(SQLiteError) in
            try connection.rows("SELECT a FROM t") { $0.text(0) }
        }
        #expect(found == ["kept"])
    }
}
