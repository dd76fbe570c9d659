public import JSON

/// A container's configuration: `config.json` of an OCI bundle (runtime-spec, "Configuration"). Members that the
/// specification does not name are dropped; written again, absent and empty members are left out as Go leaves them.
public struct Spec: Equatable, Sendable {
    public var ociVersion: String
    public var process: Process?
    public var root: Root?
    public var hostname = ""
    public var domainname = ""
    public var mounts: [Mount] = []
    public var hooks: Hooks?
    public var annotations: [String: String] = [:]
    public var linux: Linux?

    public init(
        ociVersion: String = "1.0.2-dev", process: Process? = nil, root: Root? = nil, hostname: String = "",
        mounts: [Mount] = [], linux: Linux? = nil
    ) {
        self.ociVersion = ociVersion
        self.process = process
        self.root = root
        self.hostname = hostname
        self.mounts = mounts
        self.linux = linux
    }

    /// Reads the text of a `config.json`.
    public init(parsing bytes: [UInt8]) throws(JSON.Failure) {
        try self.init(json: try JSON.leadingObject(bytes, type: "specs.Spec"))
    }

    public init(json: JSON.Object) throws(JSON.Failure) {
        ociVersion = try json.string("ociVersion")
        if let inner = try json.object("process") { process = try Process(json: inner) }
        if let inner = try json.object("root") { root = try Root(json: inner) }
        hostname = try json.string("hostname")
        domainname = try json.string("domainname")
        mounts = try json.each("mounts") { (item) throws(JSON.Failure) in try Mount(json: item) }
        if let inner = try json.object("hooks") { hooks = try Hooks(json: inner) }
        annotations = try json.map("annotations")
        if let inner = try json.object("linux") { linux = try Linux(json: inner) }
    }

    public var json: JSON {
        var members = Members()
        members.always("ociVersion", ociVersion)
        members.add("process", process?.json)
        members.add("root", root?.json)
        members.add("hostname", hostname)
        members.add("domainname", domainname)
        members.add("mounts", mounts.map { $0.json })
        members.add("hooks", hooks?.json)
        members.add("annotations", annotations)
        members.add("linux", linux?.json)
        return members.json
    }
}

extension Spec {
    /// The root file system, its path relative to the bundle unless absolute.
    public struct Root: Equatable, Sendable {
        public var path: String
        public var readonly = false

        public init(path: String, readonly: Bool = false) {
            self.path = path
            self.readonly = readonly
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            path = try json.string("path")
            readonly = try json.bool("readonly")
        }

        public var json: JSON {
            var members = Members()
            members.always("path", path)
            members.add("readonly", readonly)
            return members.json
        }
    }

    /// One mount, made in the order listed. `options` are those of mount(8) and the runtime's own (`rro`, `tmpcopyup`).
    public struct Mount: Equatable, Sendable {
        public var destination: String
        public var type = ""
        public var source = ""
        public var options: [String] = []
        public var uidMappings: [IDMapping] = []
        public var gidMappings: [IDMapping] = []

        public init(destination: String, type: String = "", source: String = "", options: [String] = []) {
            self.destination = destination
            self.type = type
            self.source = source
            self.options = options
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            destination = try json.string("destination")
            type = try json.string("type")
            source = try json.string("source")
            options = try json.strings("options")
            uidMappings = try json.each("uidMappings") { (item) throws(JSON.Failure) in try IDMapping(json: item) }
            gidMappings = try json.each("gidMappings") { (item) throws(JSON.Failure) in try IDMapping(json: item) }
        }

        public var json: JSON {
            var members = Members()
            members.always("destination", destination)
            members.add("type", type)
            members.add("source", source)
            members.add("options", options)
            members.add("uidMappings", uidMappings.map { $0.json })
            members.add("gidMappings", gidMappings.map { $0.json })
            return members.json
        }
    }

    /// `size` ids from `containerID` inside are those from `hostID` outside (user_namespaces(7)).
    public struct IDMapping: Equatable, Sendable {
        public var containerID: UInt32
        public var hostID: UInt32
        public var size: UInt32

        public init(containerID: UInt32, hostID: UInt32, size: UInt32) {
            self.containerID = containerID
            self.hostID = hostID
            self.size = size
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            containerID = try json.uint32("containerID")
            hostID = try json.uint32("hostID")
            size = try json.uint32("size")
        }

        public var json: JSON {
            .members([("containerID", .int(containerID)), ("hostID", .int(hostID)), ("size", .int(size))])
        }
    }
}

extension Spec {
    /// Programs run at points of a container's life, with its state on their standard input.
    public struct Hooks: Equatable, Sendable {
        public var prestart: [Hook] = []
        public var createRuntime: [Hook] = []
        public var createContainer: [Hook] = []
        public var startContainer: [Hook] = []
        public var poststart: [Hook] = []
        public var poststop: [Hook] = []

        public init() {}

        public init(json: JSON.Object) throws(JSON.Failure) {
            prestart = try json.each("prestart") { (item) throws(JSON.Failure) in try Hook(json: item) }
            createRuntime = try json.each("createRuntime") { (item) throws(JSON.Failure) in try Hook(json: item) }
            createContainer = try json.each("createContainer") { (item) throws(JSON.Failure) in try Hook(json: item) }
            startContainer = try json.each("startContainer") { (item) throws(JSON.Failure) in try Hook(json: item) }
            poststart = try json.each("poststart") { (item) throws(JSON.Failure) in try Hook(json: item) }
            poststop = try json.each("poststop") { (item) throws(JSON.Failure) in try Hook(json: item) }
        }

        public var json: JSON {
            var members = Members()
            members.add("prestart", prestart.map { $0.json })
            members.add("createRuntime", createRuntime.map { $0.json })
            members.add("createContainer", createContainer.map { $0.json })
            members.add("startContainer", startContainer.map { $0.json })
            members.add("poststart", poststart.map { $0.json })
            members.add("poststop", poststop.map { $0.json })
            return members.json
        }
    }

    /// One program; `path` is absolute, `args` begins with its name, `timeout` is in seconds.
    public struct Hook: Equatable, Sendable {
        public var path: String
        public var args: [String] = []
        public var env: [String] = []
        public var timeout: Int?

        public init(path: String, args: [String] = [], env: [String] = [], timeout: Int? = nil) {
            self.path = path
            self.args = args
            self.env = env
            self.timeout = timeout
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            path = try json.string("path")
            args = try json.strings("args")
            env = try json.strings("env")
            timeout = try json.optionalInt("timeout")
        }

        public var json: JSON {
            var members = Members()
            members.always("path", path)
            members.add("args", args)
            members.add("env", env)
            members.add("timeout", timeout)
            return members.json
        }
    }
}
