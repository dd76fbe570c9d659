public import ContainerdAPI
public import GRPC
internal import Protobuf

extension ContainerdClient {
    /// What holds resources against garbage collection.
    public struct Leases: Sendable {
        let client: ContainerdClient

        @discardableResult
        public func create(
            _ id: String, labels: [String: String] = [:]
        ) async throws(GRPCStatus) -> LeasesService.Lease {
            try .required(try await client.unary(LeasesService.create, .init(id: id, labels: labels)).lease)
        }

        /// `sync`: returns when what only this lease held has been collected.
        public func delete(_ id: String, sync: Bool = false) async throws(GRPCStatus) {
            _ = try await client.unary(LeasesService.delete, .init(id: id, sync: sync))
        }

        public func list(filters: [String] = []) async throws(GRPCStatus) -> [LeasesService.Lease] {
            try await client.unary(LeasesService.list, .init(filters: filters)).leases
        }

        public func addResource(_ id: String, _ resource: LeasesService.Resource) async throws(GRPCStatus) {
            _ = try await client.unary(LeasesService.addResource, .init(id: id, resource: resource))
        }

        public func resources(_ id: String) async throws(GRPCStatus) -> [LeasesService.Resource] {
            try await client.unary(LeasesService.listResources, .init(id: id)).resources
        }
    }

    /// Runs `body` with a client whose calls are under a lease of that id, which is deleted afterwards. `expire`: a
    /// time (RFC 3339) at which containerd deletes the lease itself, should this process die before.
    public func withLease<Answer: Sendable, Failure: Error>(
        _ id: String, expire: String? = nil, _ body: (ContainerdClient) async throws(Failure) -> Answer
    ) async throws(LeaseFailure<Failure>) -> Answer {
        do throws(GRPCStatus) {
            try await leases.create(id, labels: expire.map { ["containerd.io/gc.expire": $0] } ?? [:])
        } catch {
            throw .lease(error)
        }
        let answer: Result<Answer, Failure>
        do throws(Failure) {
            answer = .success(try await body(with(lease: id)))
        } catch {
            answer = .failure(error)
        }
        // The work is done or has its own error to report; a lease that cannot be deleted now expires.
        try? await leases.delete(id)
        switch answer {
        case .success(let answer): return answer
        case .failure(let error): throw .body(error)
        }
    }
}

/// What `withLease` fails with.
public enum LeaseFailure<Failure: Error>: Error {
    case lease(GRPCStatus)
    case body(Failure)
}
