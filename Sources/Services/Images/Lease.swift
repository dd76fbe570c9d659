internal import ContainerdClient
public import EngineAPI
internal import GRPC

/// What an operation makes is kept from the garbage collector by a lease, until the operation ends.
extension ImageStore {
    /// Marks the leases of operations that end with the daemon.
    private static let operation = "org.mobyproject.operation"

    /// A client whose work is kept until `release`, or for a day should we die.
    func leased(_ lease: String) async throws(EngineError) -> ContainerdClient {
        do throws(GRPCStatus) {
            try await client.leases.create(
                lease, labels: ["containerd.io/gc.expire": Self.later(hours: 24), Self.operation: "true"])
        } catch {
            // It may have been made all the same, when the answer got lost.
            await release(lease)
            throw EngineError(error)
        }
        return client.with(lease: lease)
    }

    /// Takes down what the operations of an earlier daemon left when it was killed: half-written blobs, and the leases
    /// that kept them and what was unpacked from the collector. To be called at start, before any operation.
    public func removeAbandoned() async throws(EngineError) {
        try await calling { () async throws(GRPCStatus) in
            for lease in try await client.leases.list() where lease.labels[Self.operation] != nil {
                try await takeDown(lease.id)
            }
        }
    }

    private func takeDown(_ lease: String) async throws(GRPCStatus) {
        for resource in try await client.leases.resources(lease) where resource.type == "ingests" {
            // One that is gone already is what is wanted.
            try? await client.content.abort(resource.id)
        }
        try await client.leases.delete(lease)
    }

    /// Ends a lease. While containerd does not answer, that is tried again in the background, as long as the lease
    /// would last by itself.
    func release(_ lease: String) async {
        do throws(GRPCStatus) {
            try await client.leases.delete(lease)
        } catch {
            if error.code == .notFound { return }
            Task {
                for _ in 0..<86_400 {
                    // This task is never cancelled.
                    try? await Task.sleep(for: .seconds(1))
                    do throws(GRPCStatus) { return try await takeDown(lease) } catch {
                        if error.code == .notFound { return }
                    }
                }
            }
        }
    }
}
