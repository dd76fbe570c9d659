internal import CLinux
public import ContainerdAPI
internal import ContainerdClient
public import EngineAPI
internal import GRPC
internal import GoText
internal import Linux

/// Containers' root file systems: writable snapshots upon the image's top layer.
extension ImageStore {
    /// Marks a snapshot as a container's root: containerd keeps it until it is removed here.
    static let rootLabel = "org.mobyproject.container.root"

    /// Makes the root of a new container, named by the container's id, and answers how to mount it. An image that was
    /// not unpacked is unpacked first.
    public func prepareRoot(_ key: String, of image: StoredImage) async throws(EngineError) -> [ContainerdTypes.Mount] {
        // The garbage collector keeps what bears its root label; the container's record comes only later.
        let labels = ["containerd.io/gc.root": Self.now(), Self.rootLabel: image.id]
        let parent = Self.stubs(image)
        do throws(GRPCStatus) {
            return try await client.snapshots.prepare(key, parent: parent, labels: labels)
        } catch {
            if error.code != .notFound { throw EngineError(error) }
        }
        try await makeStubs(image)
        return try await calling { () async throws(GRPCStatus) in
            try await client.snapshots.prepare(key, parent: parent, labels: labels)
        }
    }

    /// How to mount a container's root.
    public func rootMounts(_ key: String) async throws(EngineError) -> [ContainerdTypes.Mount] {
        try await calling { () async throws(GRPCStatus) in try await client.snapshots.mounts(key) }
    }

    /// Removes a container's root. One that is gone already is no error.
    public func removeRoot(_ key: String) async throws(EngineError) {
        _ = try await found { () async throws(GRPCStatus) in try await client.snapshots.remove(key) }
    }

    /// The keys of all containers' roots, to find those whose container is gone.
    public func roots() async throws(EngineError) -> [String] {
        let all = try await calling { () async throws(GRPCStatus) in try await client.snapshots.list() }
        return all.filter { $0.labels[Self.rootLabel] != nil }.map(\.name)
    }

    /// Bytes that a container added to its image.
    public func size(ofRoot key: String) async throws(EngineError) -> Int {
        Int(try await calling { () async throws(GRPCStatus) in try await client.snapshots.usage(key) }.size)
    }

    static func now() -> String { Timestamp(WallClock.now).description }

    static func later(hours: Int) -> String {
        Timestamp(seconds: WallClock.now.tv_sec + hours * 3600).description
    }
}
