public import JSON

/// Limits of a container, set through cgroups. nil leaves a value as it is; `runc update --resources` reads the same.
public struct Resources: Equatable, Sendable {
    public var devices: [DeviceRule] = []
    public var memory: Memory?
    public var cpu: CPU?
    /// pids.limit: 0 and less is no limit; nil says nothing.
    public var pidsLimit: Int?
    public var blockIO: BlockIO?
    public var hugepageLimits: [HugepageLimit] = []
    public var network: Network?
    /// RDMA limits by device.
    public var rdma: [String: RDMA] = [:]
    /// Files of cgroup v2 and their content.
    public var unified: [String: String] = [:]

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        devices = try json.each("devices") { (item) throws(JSON.Failure) in try DeviceRule(json: item) }
        if let inner = try json.object("memory") { memory = try Memory(json: inner) }
        if let inner = try json.object("cpu") { cpu = try CPU(json: inner) }
        if let inner = try json.object("pids") { pidsLimit = try inner.int("limit") }
        if let inner = try json.object("blockIO") { blockIO = try BlockIO(json: inner) }
        hugepageLimits = try json.each("hugepageLimits") { (item) throws(JSON.Failure) in try HugepageLimit(json: item)
        }
        if let inner = try json.object("network") { network = try Network(json: inner) }
        for member in try json.object("rdma")?.members ?? [] {
            if let inner = member.value.object { rdma[member.name] = try RDMA(json: inner) }
        }
        unified = try json.map("unified")
    }

    public var json: JSON {
        var members = Members()
        members.add("devices", devices.map { $0.json })
        members.add("memory", memory?.json)
        members.add("cpu", cpu?.json)
        members.add("pids", pidsLimit.map { .members([("limit", .int($0))]) })
        members.add("blockIO", blockIO?.json)
        members.add("hugepageLimits", hugepageLimits.map { $0.json })
        members.add("network", network?.json)
        if !rdma.isEmpty {
            var inner = Members()
            for name in sortedKeys(rdma) { inner.add(name, rdma[name]?.json) }
            members.always("rdma", inner.json)
        }
        members.add("unified", unified)
        return members.json
    }
}

extension Resources {
    /// A rule of the devices cgroup. `type` is "a", "b" or "c" ("": all); a nil number is every number.
    public struct DeviceRule: Equatable, Sendable {
        public var allow: Bool
        public var type: String
        public var major: Int?
        public var minor: Int?
        public var access: String

        public init(allow: Bool, type: String = "", major: Int? = nil, minor: Int? = nil, access: String = "") {
            self.allow = allow
            self.type = type
            self.major = major
            self.minor = minor
            self.access = access
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            allow = try json.bool("allow")
            type = try json.string("type")
            major = try json.optionalInt("major")
            minor = try json.optionalInt("minor")
            access = try json.string("access")
        }

        public var json: JSON {
            var members = Members()
            members.always("allow", allow)
            members.add("type", type)
            members.add("major", major)
            members.add("minor", minor)
            members.add("access", access)
            return members.json
        }
    }

    /// Sizes in bytes; -1 is no limit.
    public struct Memory: Equatable, Sendable {
        public var limit: Int?
        public var reservation: Int?
        public var swap: Int?
        public var kernel: Int?
        public var kernelTCP: Int?
        public var swappiness: UInt64?
        public var disableOOMKiller: Bool?
        public var useHierarchy: Bool?
        public var checkBeforeUpdate: Bool?

        public init() {}

        public init(json: JSON.Object) throws(JSON.Failure) {
            limit = try json.optionalInt("limit")
            reservation = try json.optionalInt("reservation")
            swap = try json.optionalInt("swap")
            kernel = try json.optionalInt("kernel")
            kernelTCP = try json.optionalInt("kernelTCP")
            swappiness = try json.uint("swappiness")
            disableOOMKiller = try json.optionalBool("disableOOMKiller")
            useHierarchy = try json.optionalBool("useHierarchy")
            checkBeforeUpdate = try json.optionalBool("checkBeforeUpdate")
        }

        public var json: JSON {
            var members = Members()
            members.add("limit", limit)
            members.add("reservation", reservation)
            members.add("swap", swap)
            members.add("kernel", kernel)
            members.add("kernelTCP", kernelTCP)
            members.add("swappiness", swappiness)
            members.add("disableOOMKiller", disableOOMKiller)
            members.add("useHierarchy", useHierarchy)
            members.add("checkBeforeUpdate", checkBeforeUpdate)
            return members.json
        }
    }

    /// Times in microseconds; `cpus` and `mems` are lists ("0-3,7").
    public struct CPU: Equatable, Sendable {
        public var shares: UInt64?
        public var quota: Int?
        public var burst: UInt64?
        public var period: UInt64?
        public var realtimeRuntime: Int?
        public var realtimePeriod: UInt64?
        public var cpus = ""
        public var mems = ""
        public var idle: Int?

        public init() {}

        public init(json: JSON.Object) throws(JSON.Failure) {
            shares = try json.uint("shares")
            quota = try json.optionalInt("quota")
            burst = try json.uint("burst")
            period = try json.uint("period")
            realtimeRuntime = try json.optionalInt("realtimeRuntime")
            realtimePeriod = try json.uint("realtimePeriod")
            cpus = try json.string("cpus")
            mems = try json.string("mems")
            idle = try json.optionalInt("idle")
        }

        public var json: JSON {
            var members = Members()
            members.add("shares", shares)
            members.add("quota", quota)
            members.add("burst", burst)
            members.add("period", period)
            members.add("realtimeRuntime", realtimeRuntime)
            members.add("realtimePeriod", realtimePeriod)
            members.add("cpus", cpus)
            members.add("mems", mems)
            members.add("idle", idle)
            return members.json
        }
    }

    /// Weights and throttles of block devices; rates in bytes or operations a second.
    public struct BlockIO: Equatable, Sendable {
        public var weight: UInt64?
        public var leafWeight: UInt64?
        public var weightDevice: [WeightDevice] = []
        public var throttleReadBpsDevice: [ThrottleDevice] = []
        public var throttleWriteBpsDevice: [ThrottleDevice] = []
        public var throttleReadIOPSDevice: [ThrottleDevice] = []
        public var throttleWriteIOPSDevice: [ThrottleDevice] = []

        public init() {}

        public init(json: JSON.Object) throws(JSON.Failure) {
            weight = try json.uint("weight")
            leafWeight = try json.uint("leafWeight")
            weightDevice = try json.each("weightDevice") { (item) throws(JSON.Failure) in try WeightDevice(json: item) }
            throttleReadBpsDevice = try ThrottleDevice.list(json, "throttleReadBpsDevice")
            throttleWriteBpsDevice = try ThrottleDevice.list(json, "throttleWriteBpsDevice")
            throttleReadIOPSDevice = try ThrottleDevice.list(json, "throttleReadIOPSDevice")
            throttleWriteIOPSDevice = try ThrottleDevice.list(json, "throttleWriteIOPSDevice")
        }

        public var json: JSON {
            var members = Members()
            members.add("weight", weight)
            members.add("leafWeight", leafWeight)
            members.add("weightDevice", weightDevice.map { $0.json })
            members.add("throttleReadBpsDevice", throttleReadBpsDevice.map { $0.json })
            members.add("throttleWriteBpsDevice", throttleWriteBpsDevice.map { $0.json })
            members.add("throttleReadIOPSDevice", throttleReadIOPSDevice.map { $0.json })
            members.add("throttleWriteIOPSDevice", throttleWriteIOPSDevice.map { $0.json })
            return members.json
        }
    }

    /// The weight of one block device.
    public struct WeightDevice: Equatable, Sendable {
        public var major: Int
        public var minor: Int
        public var weight: UInt64?
        public var leafWeight: UInt64?

        public init(major: Int, minor: Int, weight: UInt64? = nil, leafWeight: UInt64? = nil) {
            self.major = major
            self.minor = minor
            self.weight = weight
            self.leafWeight = leafWeight
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            major = try json.int("major")
            minor = try json.int("minor")
            weight = try json.uint("weight")
            leafWeight = try json.uint("leafWeight")
        }

        public var json: JSON {
            var members = Members()
            members.always("major", major)
            members.always("minor", minor)
            members.add("weight", weight)
            members.add("leafWeight", leafWeight)
            return members.json
        }
    }

    /// The rate one block device is held to.
    public struct ThrottleDevice: Equatable, Sendable {
        public var major: Int
        public var minor: Int
        public var rate: UInt64

        public init(major: Int, minor: Int, rate: UInt64) {
            self.major = major
            self.minor = minor
            self.rate = rate
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            major = try json.int("major")
            minor = try json.int("minor")
            rate = try json.uint("rate") ?? 0
        }

        static func list(_ json: JSON.Object, _ name: String) throws(JSON.Failure) -> [ThrottleDevice] {
            try json.each(name) { (item) throws(JSON.Failure) in try ThrottleDevice(json: item) }
        }

        public var json: JSON { .members([("major", .int(major)), ("minor", .int(minor)), ("rate", .int(rate))]) }
    }

    /// A limit in bytes for one size of huge pages ("2MB").
    public struct HugepageLimit: Equatable, Sendable {
        public var pageSize: String
        public var limit: UInt64

        public init(pageSize: String, limit: UInt64) {
            self.pageSize = pageSize
            self.limit = limit
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            pageSize = try json.string("pageSize")
            limit = try json.uint("limit") ?? 0
        }

        public var json: JSON { .members([("pageSize", .string(pageSize)), ("limit", .int(limit))]) }
    }

    /// net_cls and net_prio.
    public struct Network: Equatable, Sendable {
        public var classID: UInt64?
        /// Priorities by interface, in order.
        public var priorities: [Priority] = []

        /// An interface's priority.
        public struct Priority: Equatable, Sendable {
            public var name: String
            public var priority: UInt64
        }

        public init() {}

        public init(json: JSON.Object) throws(JSON.Failure) {
            classID = try json.uint("classID")
            priorities = try json.each("priorities") { (item) throws(JSON.Failure) in
                Priority(name: try item.string("name"), priority: try item.uint("priority") ?? 0)
            }
        }

        public var json: JSON {
            var members = Members()
            members.add("classID", classID)
            members.add(
                "priorities",
                priorities.map { .members([("name", .string($0.name)), ("priority", .int($0.priority))]) })
            return members.json
        }
    }

    /// RDMA limits of one device; nil is no limit.
    public struct RDMA: Equatable, Sendable {
        public var hcaHandles: UInt64?
        public var hcaObjects: UInt64?

        public init(json: JSON.Object) throws(JSON.Failure) {
            hcaHandles = try json.uint("hcaHandles")
            hcaObjects = try json.uint("hcaObjects")
        }

        public var json: JSON {
            var members = Members()
            members.add("hcaHandles", hcaHandles)
            members.add("hcaObjects", hcaObjects)
            return members.json
        }
    }
}
