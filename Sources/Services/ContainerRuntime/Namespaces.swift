internal import CLinux
internal import Linux
internal import OCIRuntime

/// The kernel's side of a namespace of the specification.
struct NamespaceKind: Sendable {
    let type: String
    /// CLONE_NEW*.
    let flag: Int
    /// The file in /proc/PID/ns.
    let file: String
    /// Its name in runc's state ("NEWPID").
    let recordName: String

    static let all: [NamespaceKind] = [
        NamespaceKind(type: "user", flag: CL_CLONE_NEWUSER, file: "user", recordName: "NEWUSER"),
        NamespaceKind(type: "ipc", flag: CL_CLONE_NEWIPC, file: "ipc", recordName: "NEWIPC"),
        NamespaceKind(type: "uts", flag: CL_CLONE_NEWUTS, file: "uts", recordName: "NEWUTS"),
        NamespaceKind(type: "network", flag: CL_CLONE_NEWNET, file: "net", recordName: "NEWNET"),
        NamespaceKind(type: "pid", flag: CL_CLONE_NEWPID, file: "pid", recordName: "NEWPID"),
        NamespaceKind(type: "cgroup", flag: CL_CLONE_NEWCGROUP, file: "cgroup", recordName: "NEWCGROUP"),
        NamespaceKind(type: "mount", flag: CL_CLONE_NEWNS, file: "mnt", recordName: "NEWNS"),
    ]

    static func named(_ type: String) -> NamespaceKind? { all.first { $0.type == type } }
    static func recorded(_ name: String) -> NamespaceKind? { all.first { $0.recordName == name } }
}

/// Which namespaces a container makes, and which it joins.
struct NamespacePlan: Sendable {
    /// CLONE_NEW* of those made.
    private(set) var created = 0
    /// Those joined, in the order to enter them: a user namespace first.
    private(set) var joined: [(kind: NamespaceKind, path: String)] = []

    init(_ namespaces: [Spec.Namespace]) {
        for kind in NamespaceKind.all {
            guard let wanted = namespaces.first(where: { $0.type == kind.type }) else { continue }
            if wanted.path.isEmpty { created |= kind.flag } else { joined.append((kind, wanted.path)) }
        }
    }

    func creates(_ flag: Int) -> Bool { created & flag != 0 }
    func joins(_ flag: Int) -> Bool { joined.contains { $0.kind.flag == flag } }
    func has(_ flag: Int) -> Bool { creates(flag) || joins(flag) }

    /// Whether a process of its own must enter the joined namespaces before the container's is cloned: a pid namespace
    /// is only entered by children, and what is made inside a user namespace must be made from there.
    var needsIntermediate: Bool {
        joins(CL_CLONE_NEWUSER) || joins(CL_CLONE_NEWPID) || (creates(CL_CLONE_NEWUSER) && !joined.isEmpty)
    }

    /// What clone(2) makes. A cgroup namespace shows where the process is when it is made, so it comes later.
    var cloneFlags: UInt64 { UInt64(created & ~CL_CLONE_NEWCGROUP) }

    /// Moves this process into the joined namespaces. All are opened first, by their paths outside; a user namespace is
    /// entered last, since rights over the others may be lost in it.
    func join() throws(SystemCallError) {
        var opened: [(file: Int32, flag: Int, path: String)] = []
        defer { for entry in opened { close(entry.file) } }
        for (kind, path) in joined { opened.append((try Descriptor.open(path, O_RDONLY).release(), kind.flag, path)) }
        for entry in opened where entry.flag != CL_CLONE_NEWUSER { try enter(entry) }
        for entry in opened where entry.flag == CL_CLONE_NEWUSER { try enter(entry) }
    }

    private func enter(_ entry: (file: Int32, flag: Int, path: String)) throws(SystemCallError) {
        try checked("setns", entry.path) { cl_setns(entry.file, Int32(truncatingIfNeeded: entry.flag)) }
    }
}
