/// Words that are always the same.
enum CompletionWords {
    /// Platforms that images are commonly made for.
    static let platforms = [
        "linux/386", "linux/amd64", "linux/arm", "linux/arm/v5", "linux/arm/v6", "linux/arm/v7",
        "linux/arm64", "linux/arm64/v8", "linux/ppc64le", "linux/s390x", "linux/riscv64", "windows/amd64",
        "wasip1/wasm",
    ]

    /// What `docker inspect --type` takes.
    static let kinds = [
        "config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume",
    ]

    /// Capabilities by libcap's names.
    static let capabilities = [
        "ALL", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID",
        "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE",
        "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK",
        "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE",
        "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE",
        "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
        "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG",
        "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF",
        "CAP_CHECKPOINT_RESTORE",
    ]

    /// What `--ulimit` can limit.
    static let limits = [
        "as", "chroot", "core", "cpu", "data", "fsize", "locks", "maxlogins", "maxsyslogins", "memlock",
        "msgqueue", "nice", "nofile", "nproc", "priority", "rss", "rtprio", "sigpending", "stack",
    ]

    /// The types of events.
    static let eventKinds = [
        "builder", "config", "container", "daemon", "image", "network", "node", "plugin", "secret",
        "service", "volume",
    ]

    /// What events tell of.
    static let actions = [
        "create", "start", "restart", "stop", "checkpoint", "pause", "unpause", "attach", "detach",
        "resize", "update", "rename", "kill", "die", "oom", "destroy", "remove", "commit", "top", "copy",
        "archive-path", "extract-to-dir", "export", "import", "save", "load", "tag", "untag", "push",
        "pull", "prune", "delete", "enable", "disable", "connect", "disconnect", "reload", "mount",
        "unmount", "exec_create", "exec_start", "exec_die", "exec_detach", "health_status",
    ]

    /// Signals by name, the real-time ones last.
    static let signals: [String] = {
        var names = [
            "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT",
            "KILL", "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM",
            "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
        ]
        names.append("RTMIN")
        for number in 1...15 { names.append("RTMIN+" + String(number)) }
        for number in (1...14).reversed() { names.append("RTMAX-" + String(number)) }
        return names + ["RTMAX"]
    }()

    /// The options of log drivers, and whether a driver can add labels and variables of the container.
    static let logOptions: [(driver: String, selects: Bool, options: [String])] = [
        (
            "awslogs", false,
            [
                "awslogs-create-group", "awslogs-credentials-endpoint", "awslogs-datetime-format",
                "awslogs-group", "awslogs-multiline-pattern", "awslogs-region", "awslogs-stream",
                "tag",
            ]
        ),
        (
            "fluentd", true,
            [
                "fluentd-address", "fluentd-async", "fluentd-buffer-limit", "fluentd-request-ack",
                "fluentd-retry-wait", "fluentd-max-retries", "fluentd-sub-second-precision",
                "fluentd-write-timeout", "tag",
            ]
        ),
        (
            "gcplogs", true,
            [
                "gcp-log-cmd", "gcp-meta-id", "gcp-meta-name", "gcp-meta-zone", "gcp-project",
            ]
        ),
        (
            "gelf", true,
            [
                "gelf-address", "gelf-compression-level", "gelf-compression-type",
                "gelf-tcp-max-reconnect", "gelf-tcp-reconnect-delay", "tag",
            ]
        ),
        (
            "json-file", true,
            [
                "compress", "max-file", "max-size",
            ]
        ),
        (
            "local", false,
            [
                "compress", "max-file", "max-size",
            ]
        ),
        (
            "syslog", true,
            [
                "syslog-address", "syslog-facility", "syslog-format", "syslog-tls-ca-cert",
                "syslog-tls-cert", "syslog-tls-key", "syslog-tls-skip-verify", "tag",
            ]
        ),
        (
            "splunk", true,
            [
                "splunk-caname", "splunk-capath", "splunk-format", "splunk-gzip",
                "splunk-gzip-level", "splunk-index", "splunk-insecureskipverify", "splunk-source",
                "splunk-sourcetype", "splunk-token", "splunk-url", "splunk-verify-connection",
                "tag",
            ]
        ),
    ]
}
