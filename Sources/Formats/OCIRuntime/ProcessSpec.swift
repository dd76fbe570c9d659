public import JSON

extension Spec {
    /// The program a container (or `exec`) runs, and as whom.
    public struct Process: Equatable, Sendable {
        public var terminal = false
        public var consoleSize: ConsoleSize?
        public var user = User()
        public var args: [String] = []
        public var env: [String] = []
        public var cwd: String
        public var capabilities: Capabilities?
        public var rlimits: [Rlimit] = []
        public var noNewPrivileges = false
        public var apparmorProfile = ""
        public var oomScoreAdj: Int?
        public var selinuxLabel = ""
        public var scheduler: Scheduler?
        public var ioPriority: IOPriority?
        public var execCPUAffinity: CPUAffinity?

        public init(args: [String], env: [String] = [], cwd: String = "/") {
            self.args = args
            self.env = env
            self.cwd = cwd
        }

        /// Reads the text of a `process.json` (`runc exec --process`).
        public init(parsing bytes: [UInt8]) throws(JSON.Failure) {
            try self.init(json: try JSON.leadingObject(bytes, type: "specs.Process"))
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            terminal = try json.bool("terminal")
            if let inner = try json.object("consoleSize") { consoleSize = try ConsoleSize(json: inner) }
            if let inner = try json.object("user") { user = try User(json: inner) }
            args = try json.strings("args")
            env = try json.strings("env")
            cwd = try json.string("cwd")
            if let inner = try json.object("capabilities") { capabilities = try Capabilities(json: inner) }
            rlimits = try json.each("rlimits") { (item) throws(JSON.Failure) in try Rlimit(json: item) }
            noNewPrivileges = try json.bool("noNewPrivileges")
            apparmorProfile = try json.string("apparmorProfile")
            oomScoreAdj = try json.optionalInt("oomScoreAdj")
            selinuxLabel = try json.string("selinuxLabel")
            if let inner = try json.object("scheduler") { scheduler = try Scheduler(json: inner) }
            if let inner = try json.object("ioPriority") { ioPriority = try IOPriority(json: inner) }
            if let inner = try json.object("execCPUAffinity") { execCPUAffinity = try CPUAffinity(json: inner) }
        }

        public var json: JSON {
            var members = Members()
            members.add("terminal", terminal)
            members.add("consoleSize", consoleSize?.json)
            members.always("user", user.json)
            members.add("args", args)
            members.add("env", env)
            members.always("cwd", cwd)
            members.add("capabilities", capabilities?.json)
            members.add("rlimits", rlimits.map { $0.json })
            members.add("noNewPrivileges", noNewPrivileges)
            members.add("apparmorProfile", apparmorProfile)
            members.add("oomScoreAdj", oomScoreAdj)
            members.add("scheduler", scheduler?.json)
            members.add("selinuxLabel", selinuxLabel)
            members.add("ioPriority", ioPriority?.json)
            members.add("execCPUAffinity", execCPUAffinity?.json)
            return members.json
        }
    }

    /// A terminal's size in characters.
    public struct ConsoleSize: Equatable, Sendable {
        public var height: Int
        public var width: Int

        public init(height: Int, width: Int) {
            self.height = height
            self.width = width
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            height = try json.int("height")
            width = try json.int("width")
        }

        public var json: JSON { .members([("height", .int(height)), ("width", .int(width))]) }
    }

    /// Numbers only: names were looked up by whoever wrote the configuration.
    public struct User: Equatable, Sendable {
        public var uid: UInt32
        public var gid: UInt32
        public var umask: UInt32?
        public var additionalGids: [UInt32]
        public var username = ""

        public init(uid: UInt32 = 0, gid: UInt32 = 0, additionalGids: [UInt32] = [], umask: UInt32? = nil) {
            self.uid = uid
            self.gid = gid
            self.umask = umask
            self.additionalGids = additionalGids
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            uid = try json.uint32("uid")
            gid = try json.uint32("gid")
            umask = try json.optionalUInt32("umask")
            additionalGids = try json.numbers32("additionalGids")
            username = try json.string("username")
        }

        public var json: JSON {
            var members = Members()
            members.always("uid", uid)
            members.always("gid", gid)
            members.add("umask", umask)
            members.add("additionalGids", additionalGids.map { .int($0) })
            members.add("username", username)
            return members.json
        }
    }

    /// Capability names ("CAP_CHOWN") by set (capabilities(7)).
    public struct Capabilities: Equatable, Sendable {
        public var bounding: [String] = []
        public var effective: [String] = []
        public var inheritable: [String] = []
        public var permitted: [String] = []
        public var ambient: [String] = []

        public init() {}

        public init(
            bounding: [String], effective: [String], inheritable: [String], permitted: [String], ambient: [String]
        ) {
            self.bounding = bounding
            self.effective = effective
            self.inheritable = inheritable
            self.permitted = permitted
            self.ambient = ambient
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            bounding = try json.strings("bounding")
            effective = try json.strings("effective")
            inheritable = try json.strings("inheritable")
            permitted = try json.strings("permitted")
            ambient = try json.strings("ambient")
        }

        public var json: JSON {
            var members = Members()
            members.add("bounding", bounding)
            members.add("effective", effective)
            members.add("inheritable", inheritable)
            members.add("permitted", permitted)
            members.add("ambient", ambient)
            return members.json
        }
    }

    /// A resource limit by its C name, "RLIMIT_NOFILE".
    public struct Rlimit: Equatable, Sendable {
        public var type: String
        public var hard: UInt64
        public var soft: UInt64

        public init(type: String, hard: UInt64, soft: UInt64) {
            self.type = type
            self.hard = hard
            self.soft = soft
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            type = try json.string("type")
            hard = try json.uint("hard") ?? 0
            soft = try json.uint("soft") ?? 0
        }

        public var json: JSON { .members([("type", .string(type)), ("hard", .int(hard)), ("soft", .int(soft))]) }
    }
}

extension Spec {
    /// sched_setattr(2): the policy's C name and its parameters.
    public struct Scheduler: Equatable, Sendable {
        public var policy: String
        public var nice = 0
        public var priority = 0
        public var flags: [String] = []
        public var runtime: UInt64 = 0
        public var deadline: UInt64 = 0
        public var period: UInt64 = 0

        public init(policy: String) { self.policy = policy }

        public init(json: JSON.Object) throws(JSON.Failure) {
            policy = try json.string("policy")
            nice = try json.int("nice")
            priority = try json.int("priority")
            flags = try json.strings("flags")
            runtime = try json.uint("runtime") ?? 0
            deadline = try json.uint("deadline") ?? 0
            period = try json.uint("period") ?? 0
        }

        public var json: JSON {
            var members = Members()
            members.always("policy", policy)
            members.add("nice", nice == 0 ? nil : nice)
            members.add("priority", priority == 0 ? nil : priority)
            members.add("flags", flags)
            members.add("runtime", runtime == 0 ? nil : runtime)
            members.add("deadline", deadline == 0 ? nil : deadline)
            members.add("period", period == 0 ? nil : period)
            return members.json
        }
    }

    /// ioprio_set(2): the class's C name and the priority within it.
    public struct IOPriority: Equatable, Sendable {
        public var `class`: String
        public var priority: Int

        public init(class name: String, priority: Int) {
            self.class = name
            self.priority = priority
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            `class` = try json.string("class")
            priority = try json.int("priority")
        }

        public var json: JSON { .members([("class", .string(`class`)), ("priority", .int(priority))]) }
    }

    /// CPU lists ("0-3,7") of an `exec`'s process before and after it enters the container's cgroup.
    public struct CPUAffinity: Equatable, Sendable {
        public var initial = ""
        public var final = ""

        public init(json: JSON.Object) throws(JSON.Failure) {
            initial = try json.string("initial")
            final = try json.string("final")
        }

        public var json: JSON {
            var members = Members()
            members.add("initial", initial)
            members.add("final", final)
            return members.json
        }
    }
}
