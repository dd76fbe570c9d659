public import JSON

extension Spec {
    /// What is Linux's own in a container's configuration.
    public struct Linux: Equatable, Sendable {
        public var uidMappings: [IDMapping] = []
        public var gidMappings: [IDMapping] = []
        public var sysctl: [String: String] = [:]
        public var resources: Resources?
        public var cgroupsPath = ""
        public var namespaces: [Namespace] = []
        public var devices: [Device] = []
        /// Network interfaces to move in, by their name outside; the value is the name inside ("": the same).
        public var netDevices: [String: String] = [:]
        public var seccomp: SeccompProfile?
        /// The profile, unless it says nothing at all: then there is no filter.
        public var activeSeccomp: SeccompProfile? {
            guard let seccomp, !seccomp.defaultAction.isEmpty || !seccomp.syscalls.isEmpty else { return nil }
            return seccomp
        }
        public var rootfsPropagation = ""
        public var maskedPaths: [String] = []
        public var readonlyPaths: [String] = []
        public var mountLabel = ""
        public var intelRdt: IntelRdt?
        public var memoryPolicy: MemoryPolicy?
        public var personality: Personality?
        /// Offsets of a time namespace by clock name ("monotonic", "boottime").
        public var timeOffsets: [String: TimeOffset] = [:]

        public init() {}

        public init(json: JSON.Object) throws(JSON.Failure) {
            uidMappings = try json.each("uidMappings") { (item) throws(JSON.Failure) in try IDMapping(json: item) }
            gidMappings = try json.each("gidMappings") { (item) throws(JSON.Failure) in try IDMapping(json: item) }
            sysctl = try json.map("sysctl")
            if let inner = try json.object("resources") { resources = try Resources(json: inner) }
            cgroupsPath = try json.string("cgroupsPath")
            namespaces = try json.each("namespaces") { (item) throws(JSON.Failure) in try Namespace(json: item) }
            devices = try json.each("devices") { (item) throws(JSON.Failure) in try Device(json: item) }
            for member in try json.object("netDevices")?.members ?? [] {
                netDevices[member.name] = try member.value.object?.string("name") ?? ""
            }
            if let inner = try json.object("seccomp") { seccomp = try SeccompProfile(json: inner) }
            rootfsPropagation = try json.string("rootfsPropagation")
            maskedPaths = try json.strings("maskedPaths")
            readonlyPaths = try json.strings("readonlyPaths")
            mountLabel = try json.string("mountLabel")
            if let inner = try json.object("intelRdt") { intelRdt = try IntelRdt(json: inner) }
            if let inner = try json.object("memoryPolicy") { memoryPolicy = try MemoryPolicy(json: inner) }
            if let inner = try json.object("personality") { personality = try Personality(json: inner) }
            for member in try json.object("timeOffsets")?.members ?? [] {
                if let inner = member.value.object { timeOffsets[member.name] = try TimeOffset(json: inner) }
            }
        }

        public var json: JSON {
            var members = Members()
            members.add("uidMappings", uidMappings.map { $0.json })
            members.add("gidMappings", gidMappings.map { $0.json })
            members.add("sysctl", sysctl)
            members.add("resources", resources?.json)
            members.add("cgroupsPath", cgroupsPath)
            members.add("namespaces", namespaces.map { $0.json })
            members.add("devices", devices.map { $0.json })
            if !netDevices.isEmpty {
                var inner = Members()
                for name in sortedKeys(netDevices) {
                    var device = Members()
                    device.add("name", netDevices[name] ?? "")
                    inner.always(name, device.json)
                }
                members.always("netDevices", inner.json)
            }
            members.add("seccomp", seccomp?.json)
            members.add("rootfsPropagation", rootfsPropagation)
            members.add("maskedPaths", maskedPaths)
            members.add("readonlyPaths", readonlyPaths)
            members.add("mountLabel", mountLabel)
            members.add("intelRdt", intelRdt?.json)
            members.add("memoryPolicy", memoryPolicy?.json)
            members.add("personality", personality?.json)
            if !timeOffsets.isEmpty {
                var inner = Members()
                for name in sortedKeys(timeOffsets) { inner.add(name, timeOffsets[name]?.json) }
                members.always("timeOffsets", inner.json)
            }
            return members.json
        }
    }

    /// A namespace to make, or with a path to join. `type` is the specification's word: pid, network, mount, ipc, uts,
    /// user, cgroup, time.
    public struct Namespace: Equatable, Sendable {
        public var type: String
        public var path: String

        public init(_ type: String, path: String = "") {
            self.type = type
            self.path = path
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            type = try json.string("type")
            path = try json.string("path")
        }

        public var json: JSON {
            var members = Members()
            members.always("type", type)
            members.add("path", path)
            return members.json
        }
    }

    /// A device node to make. `type` is "c", "b", "u" or "p".
    public struct Device: Equatable, Sendable {
        public var path: String
        public var type: String
        public var major: Int
        public var minor: Int
        public var fileMode: UInt32?
        public var uid: UInt32?
        public var gid: UInt32?

        public init(
            path: String, type: String, major: Int, minor: Int, fileMode: UInt32? = nil, uid: UInt32? = nil,
            gid: UInt32? = nil
        ) {
            self.path = path
            self.type = type
            self.major = major
            self.minor = minor
            self.fileMode = fileMode
            self.uid = uid
            self.gid = gid
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            path = try json.string("path")
            type = try json.string("type")
            major = try json.int("major")
            minor = try json.int("minor")
            fileMode = try json.optionalUInt32("fileMode")
            uid = try json.optionalUInt32("uid")
            gid = try json.optionalUInt32("gid")
        }

        public var json: JSON {
            var members = Members()
            members.always("path", path)
            members.always("type", type)
            members.always("major", major)
            members.always("minor", minor)
            members.add("fileMode", fileMode)
            members.add("uid", uid)
            members.add("gid", gid)
            return members.json
        }
    }

    /// Intel's cache and bandwidth allocation (resctrl).
    public struct IntelRdt: Equatable, Sendable {
        public var closID = ""
        public var schemata: [String] = []
        public var l3CacheSchema = ""
        public var memBwSchema = ""
        public var enableMonitoring = false
        public var enableCMT = false
        public var enableMBM = false

        public init() {}

        public init(json: JSON.Object) throws(JSON.Failure) {
            closID = try json.string("closID")
            schemata = try json.strings("schemata")
            l3CacheSchema = try json.string("l3CacheSchema")
            memBwSchema = try json.string("memBwSchema")
            enableMonitoring = try json.bool("enableMonitoring")
            enableCMT = try json.bool("enableCMT")
            enableMBM = try json.bool("enableMBM")
        }

        public var json: JSON {
            var members = Members()
            members.add("closID", closID)
            members.add("schemata", schemata)
            members.add("l3CacheSchema", l3CacheSchema)
            members.add("memBwSchema", memBwSchema)
            members.add("enableMonitoring", enableMonitoring)
            members.add("enableCMT", enableCMT)
            members.add("enableMBM", enableMBM)
            return members.json
        }
    }

    /// set_mempolicy(2): mode and flags by their C names, nodes as a list.
    public struct MemoryPolicy: Equatable, Sendable {
        public var mode: String
        public var nodes = ""
        public var flags: [String] = []

        public init(mode: String) { self.mode = mode }

        public init(json: JSON.Object) throws(JSON.Failure) {
            mode = try json.string("mode")
            nodes = try json.string("nodes")
            flags = try json.strings("flags")
        }

        public var json: JSON {
            var members = Members()
            members.always("mode", mode)
            members.add("nodes", nodes)
            members.add("flags", flags)
            return members.json
        }
    }

    /// personality(2): "LINUX" or "LINUX32".
    public struct Personality: Equatable, Sendable {
        public var domain: String
        public var flags: [String] = []

        public init(domain: String) { self.domain = domain }

        public init(json: JSON.Object) throws(JSON.Failure) {
            domain = try json.string("domain")
            flags = try json.strings("flags")
        }

        public var json: JSON {
            var members = Members()
            members.always("domain", domain)
            members.add("flags", flags)
            return members.json
        }
    }

    /// How far a clock of a time namespace is moved (time_namespaces(7)).
    public struct TimeOffset: Equatable, Sendable {
        public var secs: Int
        public var nanosecs: Int

        public init(secs: Int, nanosecs: Int) {
            self.secs = secs
            self.nanosecs = nanosecs
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            secs = try json.int("secs")
            nanosecs = try json.int("nanosecs")
        }

        public var json: JSON {
            var members = Members()
            members.add("secs", secs == 0 ? nil : secs)
            members.add("nanosecs", nanosecs == 0 ? nil : nanosecs)
            return members.json
        }
    }
}
