internal import CLinux
internal import Flags
internal import Linux

/// What the program does, behind its main.
public enum ShimCommand {
    /// The name by which containerd knows this runtime; it stands before every error.
    static let runtimeName = "io.containerd.runc.v2"
    static let version = "0.1.0"

    /// Runs the program and returns its exit status.
    public static func main(_ arguments: [String]) -> Int32 {
        let program = arguments.first ?? "containerd-shim-runc-v2"
        let flags = ShimFlags()
        switch flags.set.parseAsGo(Array(arguments.dropFirst()), program: program) {
        case .end(let text, let status):
            Console.error(text)
            return status
        case .arguments(let rest):
            if flags.showsVersion {
                Console.out(program + ":\n  Version:  " + version + "\n  Revision: \n  Swift version: 6.3\n\n")
                return 0
            }
            do throws(ShimFailure) {
                try run(flags, action: rest.first ?? "")
                return 0
            } catch {
                Console.error(runtimeName + ": " + error.message)
                return 1
            }
        }
    }

    private static func run(_ flags: ShimFlags, action: String) throws(ShimFailure) {
        if flags.namespace.isEmpty { throw ShimFailure("shim namespace cannot be empty") }
        cl_ignore_signal(SIGPIPE)
        switch action {
        case "start": try StartAction(flags).run()
        case "delete": try DeleteAction(flags).run()
        default: try Server.serve(flags)
        }
    }
}

/// Why the shim cannot do what its command line asks.
struct ShimFailure: Error {
    let message: String
    init(_ message: String) { self.message = message }
    init(_ prefix: String, _ error: SystemCallError) { message = prefix + ": " + error.description }
}

/// Go's flags of the shim.
struct ShimFlags {
    let set = FlagSet(.go)
    private let namespaceFlag: Flag<String>
    private let idFlag: Flag<String>
    private let addressFlag: Flag<String>
    private let bundleFlag: Flag<String>
    private let socketFlag: Flag<String>
    private let publishBinaryFlag: Flag<String>
    private let debugFlag: Flag<Bool>
    private let versionFlag: Flag<Bool>

    init() {
        namespaceFlag = set.string("namespace", usage: "namespace that owns the shim")
        idFlag = set.string("id", usage: "id of the task")
        addressFlag = set.string("address", usage: "grpc address back to main containerd")
        bundleFlag = set.string("bundle", usage: "path to the bundle if not workdir")
        socketFlag = set.string("socket", usage: "socket path to serve")
        publishBinaryFlag = set.string(
            "publish-binary", usage: "path to publish binary (used for publishing events)", default: "containerd")
        debugFlag = set.bool("debug", usage: "enable debug output in logs")
        versionFlag = set.bool("v", usage: "show the shim version and exit")
    }

    var namespace: String { namespaceFlag.value }
    var id: String { idFlag.value }
    /// containerd's own socket.
    var address: String { addressFlag.value }
    var bundle: String { bundleFlag.value }
    var socket: String { socketFlag.value }
    var debug: Bool { debugFlag.value }
    var showsVersion: Bool { versionFlag.value }
}
