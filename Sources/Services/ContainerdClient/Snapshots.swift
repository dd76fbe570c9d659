public import ContainerdAPI
public import GRPC
public import Protobuf

extension ContainerdClient {
    /// File systems of containers, layer upon layer.
    public struct Snapshots: Sendable {
        let client: ContainerdClient
        /// "overlayfs", "native"…
        public let snapshotter: String

        /// Makes a snapshot to write to, upon `parent` (empty: upon nothing), and answers how to mount it.
        public func prepare(
            _ key: String, parent: String, labels: [String: String] = [:]
        ) async throws(GRPCStatus) -> [ContainerdTypes.Mount] {
            try await client.unary(
                SnapshotsService.prepare, .init(snapshotter: snapshotter, key: key, parent: parent, labels: labels)
            ).mounts
        }

        /// Makes a read-only snapshot of `parent` and answers how to mount it.
        public func view(
            _ key: String, parent: String, labels: [String: String] = [:]
        ) async throws(GRPCStatus) -> [ContainerdTypes.Mount] {
            try await client.unary(
                SnapshotsService.view, .init(snapshotter: snapshotter, key: key, parent: parent, labels: labels)
            ).mounts
        }

        public func mounts(_ key: String) async throws(GRPCStatus) -> [ContainerdTypes.Mount] {
            try await client.unary(SnapshotsService.mounts, .init(snapshotter: snapshotter, key: key)).mounts
        }

        /// Turns the active snapshot `key` into the committed `name`, which others can be made upon.
        public func commit(
            _ name: String, key: String, labels: [String: String] = [:]
        ) async throws(GRPCStatus) {
            _ = try await client.unary(
                SnapshotsService.commit, .init(snapshotter: snapshotter, name: name, key: key, labels: labels))
        }

        public func remove(_ key: String) async throws(GRPCStatus) {
            _ = try await client.unary(SnapshotsService.remove, .init(snapshotter: snapshotter, key: key))
        }

        public func stat(_ key: String) async throws(GRPCStatus) -> SnapshotsService.Info {
            try .required(
                try await client.unary(SnapshotsService.stat, .init(snapshotter: snapshotter, key: key)).info)
        }

        /// Changes the fields of `info` named in `paths` ("labels", "labels.KEY").
        @discardableResult
        public func update(
            _ info: SnapshotsService.Info, paths: [String]
        ) async throws(GRPCStatus) -> SnapshotsService.Info {
            let mask = ProtobufFieldMask(paths: paths)
            return try .required(
                try await client.unary(
                    SnapshotsService.update, .init(snapshotter: snapshotter, info: info, updateMask: mask)
                ).info)
        }

        public func list(filters: [String] = []) async throws(GRPCStatus) -> [SnapshotsService.Info] {
            let stream = try await client.stream(
                SnapshotsService.list, .init(snapshotter: snapshotter, filters: filters))
            var all: [SnapshotsService.Info] = []
            while let part = try await stream.next() { all += part.info }
            return all
        }

        /// Bytes and inodes of the snapshot itself, without its parents.
        public func usage(_ key: String) async throws(GRPCStatus) -> SnapshotsService.UsageResponse {
            try await client.unary(SnapshotsService.usage, .init(snapshotter: snapshotter, key: key))
        }
    }

    /// Layers unpacked onto mounts, and made from two of them.
    public struct Diff: Sendable {
        let client: ContainerdClient

        /// Unpacks a layer onto `mounts` and answers the descriptor of the uncompressed tar.
        public func apply(
            _ layer: ContainerdTypes.Descriptor, mounts: [ContainerdTypes.Mount],
            payloads: [String: ProtobufAny] = [:]
        ) async throws(GRPCStatus) -> ContainerdTypes.Descriptor {
            try .required(
                try await client.unary(
                    DiffService.apply, .init(diff: layer, mounts: mounts, payloads: payloads)
                ).applied)
        }

        /// Makes a layer of what `right` has and `left` has not, and stores it as content.
        public func make(
            left: [ContainerdTypes.Mount], right: [ContainerdTypes.Mount], mediaType: String, ref: String,
            labels: [String: String] = [:]
        ) async throws(GRPCStatus) -> ContainerdTypes.Descriptor {
            try .required(
                try await client.unary(
                    DiffService.diff,
                    .init(left: left, right: right, mediaType: mediaType, ref: ref, labels: labels)
                ).diff)
        }
    }
}
