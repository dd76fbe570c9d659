internal import OCIRuntime

/// All that a container's OCI configuration depends on beside its record: gathered before, so that building it is a
/// function of values.
struct SpecInputs: Sendable {
    var record: ContainerRecord
    var facts: HostFacts
    var configuration: EngineConfiguration
    var user: Spec.User
    var home: String
    /// nil: the host's network.
    var networkNamespace: String?
    /// Paths on the host of the three files of the network; empty: no file.
    var hostsPath = ""
    var hostnamePath = ""
    var resolvConfPath = ""
    /// The host's directory mounted at /dev/shm; empty: a tmpfs of its own.
    var shmPath = ""
    /// Of linked containers, under the container's own variables.
    var linkEnvironment: [String] = []
    /// Namespaces to join, by type.
    var joined: [String: String] = [:]
    /// Types for which the host's namespace is kept.
    var hosts: Set<String> = []
    /// Where docker-init is on the host; nil without `--init`.
    var initPath: String?
    /// "size" of the terminal, when it has one.
    var consoleSize: Spec.ConsoleSize?
}
