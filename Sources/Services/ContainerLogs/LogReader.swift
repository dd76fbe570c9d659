internal import EngineAPI
internal import Workers

/// Reads a log, rotated files included, and goes on with what is written meanwhile.
public struct LogReader: Sendable {
    private let location: LogLocation
    private let query: LogQuery

    public init(_ location: LogLocation, query: LogQuery) {
        self.location = location
        self.query = query
    }

    /// Gives the wanted output to `write` in large pieces; `live` is the log when the container runs (without it
    /// nothing can be followed). Returns at the end of the log; cancellation ends it, too.
    public func read(
        live: ContainerLog?, write: (sending [UInt8]) async throws -> Void
    ) async throws {
        let cursor = try await Workers.shared.run { () throws(EngineError) in
            try LogCursor(location, live: live, query: query)
        }
        while !Task.isCancelled {
            let generation = live?.generation ?? 0
            while let piece = try await Workers.shared.run({ () throws(EngineError) in try cursor.next() }) {
                if !piece.isEmpty { try await write(piece) }
                if Task.isCancelled { return }
            }
            guard query.follow, !cursor.isPastUntil, let live else { return }
            if await !live.waitForMore(than: generation) {
                // What was written just before the close.
                while let piece = try await Workers.shared.run({ () throws(EngineError) in try cursor.next() }) {
                    if !piece.isEmpty { try await write(piece) }
                }
                return
            }
        }
    }
}
