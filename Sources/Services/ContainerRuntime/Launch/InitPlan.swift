internal import Mounts
internal import OCIRuntime
internal import Seccomp

/// All that the container's first process needs to know, decided before it exists.
struct InitPlan {
    var spec: Spec
    var process: Spec.Process
    var rootfs: String
    var namespaces: NamespacePlan
    /// Of a process that says nothing about them: none.
    var capabilities = CapabilitySets(Spec.Capabilities())
    var filter: SeccompFilter?
    var cgroups = CgroupView()
    /// What hooks in the container are told, but for the pid.
    var state: State
    /// The session keyring's name; nil: the caller's is kept.
    var keyring: String?
    var noPivot = false
    /// Descriptors from 3 on that the program inherits.
    var preserved = 0
    /// Where the terminal goes; -1: there is none.
    var consoleSocket: Int32 = -1
    /// The pipe to wait at, opened with O_PATH; -1: run at once.
    var fifo: Int32 = -1

    var linux: Spec.Linux { spec.linux ?? Spec.Linux() }

    /// Whether mounts must wait until the runtime has mapped users or moved the process into its cgroup.
    var waitsToEnter: Bool {
        namespaces.creates(userNamespaceFlag) || namespaces.has(cgroupNamespaceFlag)
    }

    /// Whether the runtime has hooks to run once the mounts are made.
    var hasRuntimeHooks: Bool {
        guard let hooks = spec.hooks else { return false }
        return !hooks.prestart.isEmpty || !hooks.createRuntime.isEmpty
    }
}
