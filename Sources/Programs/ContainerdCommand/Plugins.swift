/// What this containerd is made of, in the words of upstream's plugins: clients look for some of them by name.
struct Plugins {
    let type: String
    let id: String
    var capabilities: [String] = []
    /// Its directory below the root, when it has one of its own.
    var hasRoot = false

    var uri: String { type + "." + id }

    /// "linux/amd64".
    static var platform: String { "linux/" + architecture }

    static var architecture: String {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }

    static let all: [Plugins] =
        [
            Plugins(type: "io.containerd.content.v1", id: "content", hasRoot: true),
            Plugins(type: "io.containerd.snapshotter.v1", id: "overlayfs", hasRoot: true),
            Plugins(type: "io.containerd.metadata.v1", id: "sqlite", hasRoot: true),
            Plugins(type: "io.containerd.differ.v1", id: "walking"),
            Plugins(type: "io.containerd.event.v1", id: "exchange"),
            Plugins(type: "io.containerd.gc.v1", id: "scheduler"),
            Plugins(type: "io.containerd.runtime.v2", id: "task"),
        ]
        + [
            "introspection-service", "containers-service", "content-service", "diff-service", "images-service",
            "leases-service", "namespaces-service", "snapshots-service", "tasks-service",
        ].map { Plugins(type: "io.containerd.service.v1", id: $0) }
        + [
            "containers", "content", "diff", "events", "healthcheck", "images", "introspection", "leases",
            "namespaces", "snapshots", "tasks", "version",
        ].map { Plugins(type: "io.containerd.grpc.v1", id: $0) }
}
