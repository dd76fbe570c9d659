public import JSON

/// A seccomp filter as the specification writes it; names are libseccomp's ("SCMP_ACT_ERRNO").
public struct SeccompProfile: Equatable, Sendable {
    public var defaultAction: String
    public var defaultErrnoRet: UInt64?
    public var architectures: [String] = []
    public var flags: [String] = []
    public var listenerPath = ""
    public var listenerMetadata = ""
    public var syscalls: [Rule] = []

    /// What happens to some system calls, where every condition of `args` holds.
    public struct Rule: Equatable, Sendable {
        public var names: [String]
        public var action: String
        public var errnoRet: UInt64?
        public var args: [Condition] = []

        public init(names: [String], action: String, errnoRet: UInt64? = nil, args: [Condition] = []) {
            self.names = names
            self.action = action
            self.errnoRet = errnoRet
            self.args = args
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            names = try json.strings("names")
            action = try json.string("action")
            errnoRet = try json.uint("errnoRet")
            args = try json.each("args") { (item) throws(JSON.Failure) in try Condition(json: item) }
        }

        public var json: JSON {
            var members = Members()
            members.always("names", .strings(names))
            members.always("action", action)
            members.add("errnoRet", errnoRet)
            members.add("args", args.map { $0.json })
            return members.json
        }
    }

    /// A comparison of one argument, `op` by its libseccomp name ("SCMP_CMP_EQ").
    public struct Condition: Equatable, Sendable {
        public var index: Int
        public var value: UInt64
        public var valueTwo: UInt64
        public var op: String

        public init(index: Int, value: UInt64, valueTwo: UInt64 = 0, op: String) {
            self.index = index
            self.value = value
            self.valueTwo = valueTwo
            self.op = op
        }

        public init(json: JSON.Object) throws(JSON.Failure) {
            index = try json.int("index")
            value = try json.uint("value") ?? 0
            valueTwo = try json.uint("valueTwo") ?? 0
            op = try json.string("op")
        }

        public var json: JSON {
            var members = Members()
            members.always("index", index)
            members.always("value", value)
            members.add("valueTwo", valueTwo == 0 ? nil : valueTwo)
            members.always("op", op)
            return members.json
        }
    }

    /// Whether some calls are left to an agent outside (seccomp_unotify(2)).
    public var notifies: Bool { syscalls.contains { $0.action == "SCMP_ACT_NOTIFY" && !$0.names.isEmpty } }

    public init(defaultAction: String) { self.defaultAction = defaultAction }

    public init(json: JSON.Object) throws(JSON.Failure) {
        defaultAction = try json.string("defaultAction")
        defaultErrnoRet = try json.uint("defaultErrnoRet")
        architectures = try json.strings("architectures")
        flags = try json.strings("flags")
        listenerPath = try json.string("listenerPath")
        listenerMetadata = try json.string("listenerMetadata")
        syscalls = try json.each("syscalls") { (item) throws(JSON.Failure) in try Rule(json: item) }
    }

    public var json: JSON {
        var members = Members()
        members.always("defaultAction", defaultAction)
        members.add("defaultErrnoRet", defaultErrnoRet)
        members.add("architectures", architectures)
        members.add("flags", flags)
        members.add("listenerPath", listenerPath)
        members.add("listenerMetadata", listenerMetadata)
        members.add("syscalls", syscalls.map { $0.json })
        return members.json
    }
}
