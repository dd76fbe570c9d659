internal import EngineAPI
internal import Linux

/// Where a container's files are, told by whoever keeps the container.
public struct ContainerRoot: Sendable {
    /// A mount of the container's snapshot, as containerd gives it.
    public struct Mount: Sendable {
        public var type: String
        public var source: String
        public var options: [String]

        public init(type: String, source: String, options: [String]) {
            self.type = type
            self.source = source
            self.options = options
        }
    }

    /// Something mounted into the container.
    public struct Volume: Sendable {
        /// The place in the container.
        public var destination: String
        /// The directory or file of the host.
        public var source: String
        public var isReadOnly: Bool

        public init(destination: String, source: String, isReadOnly: Bool) {
            self.destination = destination
            self.source = source
            self.isReadOnly = isReadOnly
        }
    }

    /// The name or id that the client used, for messages.
    public var name: String
    public var mounts: [Mount]
    /// The container's first process while it runs.
    public var pid: Int32?
    public var volumes: [Volume] = []
    public var isReadOnly = false

    public init(name: String, mounts: [Mount], pid: Int32?) {
        self.name = name
        self.mounts = mounts
        self.pid = pid
    }

    func notFound(_ path: String) -> EngineError {
        .notFound("Could not find the file \(path) in container \(name)")
    }
}

extension EngineError {
    init(_ error: SystemCallError) { self.init(500, error.description) }
}

/// Runs system calls where an `EngineError` is thrown.
func calling<Value: ~Copyable>(_ body: () throws(SystemCallError) -> Value) throws(EngineError) -> Value {
    do throws(SystemCallError) { return try body() } catch { throw EngineError(error) }
}
