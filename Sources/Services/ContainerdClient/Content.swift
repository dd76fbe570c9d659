public import ContainerdAPI
public import GRPC
internal import Linux
internal import Protobuf

extension ContainerdClient {
    /// Blobs by digest, and writes in progress by reference.
    public struct Content: Sendable {
        let client: ContainerdClient

        public func info(_ digest: String) async throws(GRPCStatus) -> ContentService.Info {
            try .required(try await client.unary(ContentService.info, .init(digest: digest)).info)
        }

        /// Changes the fields of `info` named in `paths` ("labels", "labels.KEY").
        @discardableResult
        public func update(
            _ info: ContentService.Info, paths: [String]
        ) async throws(GRPCStatus) -> ContentService.Info {
            let mask = ProtobufFieldMask(paths: paths)
            return try .required(
                try await client.unary(ContentService.update, .init(info: info, updateMask: mask)).info)
        }

        public func list(filters: [String] = []) async throws(GRPCStatus) -> [ContentService.Info] {
            let stream = try await client.stream(ContentService.list, .init(filters: filters))
            var all: [ContentService.Info] = []
            while let part = try await stream.next() { all += part.info }
            return all
        }

        public func delete(_ digest: String) async throws(GRPCStatus) {
            _ = try await client.unary(ContentService.delete, .init(digest: digest))
        }

        /// The blob's bytes in parts, from `offset`; `size` 0: to its end.
        public func read(
            _ digest: String, offset: Int64 = 0, size: Int64 = 0
        ) async throws(GRPCStatus) -> GRPCResponses<ContentService.ReadContentResponse> {
            try await client.stream(ContentService.read, .init(digest: digest, offset: offset, size: size))
        }

        /// A whole blob, for small ones: manifests and configurations. Fails when it has more than `limit` bytes.
        public func readAll(_ digest: String, limit: Int = 64 << 20) async throws(GRPCStatus) -> [UInt8] {
            let stream = try await read(digest)
            var bytes: [UInt8] = []
            while let part = try await stream.next() {
                bytes += part.data
                if bytes.count > limit {
                    stream.cancel()
                    throw GRPCStatus(.resourceExhausted, "blob " + digest + " is larger than expected")
                }
            }
            return bytes
        }

        public func statuses(filters: [String] = []) async throws(GRPCStatus) -> [ContentService.Status] {
            try await client.unary(ContentService.listStatuses, .init(filters: filters)).statuses
        }

        /// Drops a write in progress.
        public func abort(_ ref: String) async throws(GRPCStatus) {
            _ = try await client.unary(ContentService.abort, .init(ref: ref))
        }

        /// Opens the write `ref`, at the offset where an earlier one stopped. `size` 0 and `digest` "": not known yet.
        /// Fails with `alreadyExists` when the blob is there, with `unavailable` when another writes this ref.
        public func write(
            ref: String, size: Int64 = 0, digest: String = ""
        ) async throws(GRPCStatus) -> BlobWriter {
            let call = try await client.duplex(ContentService.write)
            await call.send(.init(action: .stat, ref: ref, total: size, expected: digest))
            guard let answer = try await call.next() else {
                throw GRPCStatus(.internalError, "content write ended without an answer")
            }
            return BlobWriter(call: call, ref: ref, total: size, offset: answer.offset)
        }

        /// Stores a blob that is at hand. One that is there already is fine: it gets no new labels. Two that store the
        /// same blob at once do not meet: each writes under a reference of its own, which begins with `kind`.
        public func store(
            _ bytes: [UInt8], digest: String, kind: String = "blob", labels: [String: String] = [:]
        ) async throws(GRPCStatus) {
            do throws(GRPCStatus) {
                let ref = kind + "-" + randomHex(bytes: 8) + "-" + digest
                var writer = try await write(ref: ref, size: Int64(bytes.count), digest: digest)
                // A blob that another namespace has is whole from the start.
                try await writer.write(Array(bytes.dropFirst(Int(writer.offset))))
                try await writer.commit(digest: digest, labels: labels)
            } catch {
                if error.code != .alreadyExists { throw error }
            }
        }
    }

    /// A write in progress. Commit it, or drop it with `Content.abort`.
    public struct BlobWriter: Sendable {
        let call: GRPCDuplex<ContentService.WriteContentRequest, ContentService.WriteContentResponse>
        public let ref: String
        let total: Int64
        /// The bytes containerd has.
        public private(set) var offset: Int64

        private static let largestPart = 1 << 20

        /// Starts over at the first byte.
        public mutating func truncate() async throws(GRPCStatus) {
            let answer = try await send(.init(action: .write, ref: ref, offset: 0))
            offset = answer.offset
        }

        /// Adds bytes at the offset.
        public mutating func write(_ bytes: [UInt8]) async throws(GRPCStatus) {
            var start = 0
            while start < bytes.count {
                let end = min(start + Self.largestPart, bytes.count)
                let part = start == 0 && end == bytes.count ? bytes : Array(bytes[start..<end])
                let answer = try await send(.init(action: .write, ref: ref, offset: offset, data: part))
                guard answer.offset > offset else { throw GRPCStatus(.outOfRange, "short write") }
                offset = answer.offset
                start = end
            }
        }

        /// Makes the blob visible. `size` and `digest` are checked when they are given.
        public mutating func commit(
            digest: String, size: Int64 = 0, labels: [String: String] = [:]
        ) async throws(GRPCStatus) {
            let request = ContentService.WriteContentRequest(
                action: .commit, ref: ref, total: size == 0 ? total : size, expected: digest, offset: offset,
                labels: labels)
            let answer = try await send(request)
            call.finish()
            guard digest.isEmpty || answer.digest == digest else {
                throw GRPCStatus(
                    .failedPrecondition,
                    "unexpected digest, expected " + digest + ", got " + answer.digest)
            }
            while try await call.next() != nil {}
        }

        /// The digest of the bytes containerd has.
        public func digest() async throws(GRPCStatus) -> String {
            try await send(.init(action: .stat, ref: ref)).digest
        }

        /// Leaves the write as it is, to be taken up again by its ref.
        public func close() { call.cancel() }

        private func send(
            _ request: ContentService.WriteContentRequest
        ) async throws(GRPCStatus) -> ContentService.WriteContentResponse {
            await call.send(request)
            guard let answer = try await call.next() else {
                throw GRPCStatus(.internalError, "content write ended without an answer")
            }
            return answer
        }
    }
}
