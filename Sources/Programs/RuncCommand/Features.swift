internal import ContainerRuntime
internal import Flags
internal import JSON
internal import Linux
internal import Mounts
internal import Seccomp

extension RuncCommand {
    /// What `--version` prints after the program's name.
    static var versionText: String {
        version + "\nspec: " + specVersion + "\nlibseccomp: " + SeccompFilter.libraryVersion
    }
}

var featuresCommand: UrfaveCommand<Verb> {
    UrfaveCommand<Verb>("features", usage: "print what this runc can do") { _ in
        Verb(.exactly(0)) { (use) throws(RuntimeFailure) in
            Console.out(features.indented("    ") + "\n")
            return 0
        }
    }
}

/// The runtime specification's "Features" structure.
private var features: JSON {
    .members([
        ("ociVersionMin", .string("1.0.0")), ("ociVersionMax", .string(RuncCommand.specVersion)),
        (
            "hooks",
            .strings(["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"])
        ), ("mountOptions", .strings(MountOptions.names)),
        (
            "linux",
            .members([
                ("namespaces", .strings(["cgroup", "ipc", "mount", "network", "pid", "user", "uts"])),
                ("capabilities", .strings(capabilityNames)),
                (
                    "cgroup",
                    .members([
                        ("v1", .bool(true)), ("v2", .bool(true)), ("systemd", .bool(false)),
                        ("systemdUser", .bool(false)),
                    ])
                ),
                (
                    "seccomp",
                    .members([
                        ("enabled", .bool(true)),
                        ("actions", .strings(SeccompFilter.actions)),
                        ("operators", .strings(SeccompFilter.operators)),
                        ("archs", .strings(SeccompFilter.architectures)),
                    ])
                ), ("apparmor", .members([("enabled", .bool(true))])),
                ("selinux", .members([("enabled", .bool(false))])),
            ])
        ),
        (
            "annotations",
            .members([
                ("io.github.seccomp.libseccomp.version", .string(SeccompFilter.libraryVersion)),
                ("org.opencontainers.runc.checkpoint.enabled", .string("false")),
                ("org.opencontainers.runc.version", .string(RuncCommand.version)),
            ])
        ),
    ])
}
