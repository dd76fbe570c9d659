internal import ContainerdAPI
internal import JSON
internal import Linux

/// One container that this shim looks after.
final class Container {
    let id: String
    let bundle: String
    let runtime: Runtime
    let options: RuncOptions.Options
    let initProcess: TaskProcess
    var execs: [String: TaskProcess] = [:]
    var cgroup: CgroupPaths?
    var memoryWatch: MemoryWatch?
    /// Without a pid namespace of its own, the kernel does not end the other processes with init.
    let sharesPidNamespace: Bool

    init(
        id: String, bundle: String, runtime: Runtime, options: RuncOptions.Options, initProcess: TaskProcess
    ) {
        self.id = id
        self.bundle = bundle
        self.runtime = runtime
        self.options = options
        self.initProcess = initProcess
        sharesPidNamespace = Container.sharesPidNamespace(bundle)
    }

    /// The init process, or the exec of that name.
    func process(_ execId: String) -> TaskProcess? { execId.isEmpty ? initProcess : execs[execId] }

    private static func sharesPidNamespace(_ bundle: String) -> Bool {
        // What the runtime can read was read by it before; here an unreadable file just means no guess.
        guard let bytes = try? Files.read(bundle + "/config.json"), let config = try? JSON(parsing: bytes) else {
            return false
        }
        for namespace in config["linux"]?["namespaces"]?.array ?? [] where namespace["type"]?.string == "pid" {
            return !(namespace["path"]?.string ?? "").isEmpty
        }
        return true
    }
}
