public import EngineAPI
internal import GRPC

extension Engine {
    /// `POST /containers/{id}/resize`: the size of the terminal.
    public func resize(_ reference: String, height: Int, width: Int) async throws(EngineError) {
        let container = try find(reference)
        let record = container.record
        guard record.life.isRunning else { throw .notRunning(record.id) }
        _ = try await calling { () async throws(GRPCStatus) in
            try await self.containerd.tasks.resize(
                record.id, width: UInt32(clamping: width), height: UInt32(clamping: height))
        }
        publish("resize", record, ["height": String(height), "width": String(width)])
    }
}
