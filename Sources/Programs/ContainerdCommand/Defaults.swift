internal import TOML

extension Configuration {
    /// What `config default` prints: the settings there are, with upstream's names.
    static let defaults = TOML.Table([
        ("disabled_plugins", .array([])),
        ("imports", .array([])),
        ("oom_score", .integer(0)),
        ("plugin_dir", .string("")),
        ("required_plugins", .array([])),
        ("root", .string("/var/lib/containerd")),
        ("state", .string("/run/containerd")),
        ("temp", .string("")),
        ("version", .integer(2)),
        ("cgroup", .table(TOML.Table([("path", .string(""))]))),
        (
            "debug",
            .table(
                TOML.Table([
                    ("address", .string("")), ("format", .string("")), ("gid", .integer(0)), ("level", .string("")),
                    ("uid", .integer(0)),
                ]))
        ),
        (
            "grpc",
            .table(
                TOML.Table([
                    ("address", .string("/run/containerd/containerd.sock")), ("gid", .integer(0)),
                    ("max_recv_message_size", .integer(16_777_216)), ("max_send_message_size", .integer(16_777_216)),
                    ("tcp_address", .string("")), ("tcp_tls_ca", .string("")), ("tcp_tls_cert", .string("")),
                    ("tcp_tls_key", .string("")), ("uid", .integer(0)),
                ]))
        ),
        ("metrics", .table(TOML.Table([("address", .string("")), ("grpc_histogram", .bool(false))]))),
        ("plugins", .table(pluginDefaults)),
        ("proxy_plugins", .table(TOML.Table())),
        ("stream_processors", .table(TOML.Table())),
        ("timeouts", .table(TOML.Table())),
        ("ttrpc", .table(TOML.Table([("address", .string("")), ("gid", .integer(0)), ("uid", .integer(0))]))),
    ])

    private static let pluginDefaults = TOML.Table([
        (
            "io.containerd.metadata.v1.sqlite",
            .table(TOML.Table([("content_sharing_policy", .string("shared"))]))
        ),
        (
            "io.containerd.runtime.v2.task",
            .table(TOML.Table([("platforms", .array([.string(Plugins.platform)])), ("sched_core", .bool(false))]))
        ),
        ("io.containerd.service.v1.diff-service", .table(TOML.Table([("default", .array([.string("walking")]))]))),
        (
            "io.containerd.snapshotter.v1.overlayfs",
            .table(TOML.Table([("root_path", .string("")), ("upperdir_label", .bool(false))]))
        ),
    ])
}
