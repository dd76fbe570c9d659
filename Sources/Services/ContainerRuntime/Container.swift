internal import CLinux
public import Cgroups
internal import JSON
internal import Linux
public import OCIRuntime

/// A container by its record: `state.json` in a directory of its own below the runtime's root.
public struct Container: Sendable {
    public let id: String
    /// The record's directory.
    public let directory: String
    /// The first process, by the pid and the start time that make it unmistakable.
    public var pid: Int32
    public var startTime: UInt64
    /// When it was made, as Go's RFC3339Nano.
    public var created: String
    public var bundle: String
    public var rootfs: String
    public var cgroup: Cgroup
    public var namespaces: [Spec.Namespace]
    public var hooks: Spec.Hooks?
    public var annotations: [String: String]
    /// Who made it: the owner of the record's directory.
    public var owner: String

    /// What a container is doing.
    public enum Status: String, Sendable {
        case created, running, paused, stopped
    }

    /// Whether its first process is still there.
    public var isAlive: Bool { pid > 0 && Process.startTime(pid) == startTime }

    public var status: Status {
        if !isAlive { return .stopped }
        if cgroup.isFrozen { return .paused }
        return Files.exists(fifo) ? .created : .running
    }

    /// The pipe that a container which is created waits at.
    var fifo: String { directory + "/exec.fifo" }

    /// What hooks are told.
    func state(_ status: String) -> State {
        State(
            id: id, status: status, pid: status == "stopped" ? 0 : pid, bundle: bundle, annotations: annotations)
    }

    func shares(_ type: String) -> Bool { !namespaces.contains { $0.type == type } }
}

/// The containers below one root directory (`--root`).
public struct ContainerStore: Sendable {
    public let root: String

    public init(root: String) { self.root = root }

    /// Refuses a name that is no plain file name.
    public static func validate(_ id: String) throws(RuntimeFailure) {
        for byte in id.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 43...46:
                continue
            default: throw RuntimeFailure("invalid container ID format")
            }
        }
        if id.isEmpty || id == "." || id == ".." { throw RuntimeFailure("invalid container ID format") }
    }

    func directory(_ id: String) -> String { root + "/" + id }

    /// Makes a container's directory: from here on its name is taken.
    func claim(_ id: String) throws(RuntimeFailure) -> String {
        try ContainerStore.validate(id)
        try system { () throws(SystemCallError) in try Files.makeDirectories(root, mode: 0o700) }
        let path = directory(id)
        if mkdir(path, 0o711) != 0 {
            let number = cl_errno()
            if number == EEXIST { throw RuntimeFailure("container with given ID already exists") }
            throw RuntimeFailure("mkdir " + path + ": " + errorText(number))
        }
        return path
    }

    /// The names of all containers, sorted.
    public func names() throws(RuntimeFailure) -> [String] {
        if !Files.exists(root) { return [] }
        var names = try system { () throws(SystemCallError) in try Files.names(in: root) }
        names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return names.filter { Files.isDirectory(directory($0)) }
    }

    /// Reads a container's record.
    public func load(_ id: String) throws(RuntimeFailure) -> Container {
        if id.isEmpty { throw RuntimeFailure("container id cannot be empty") }
        try ContainerStore.validate(id)
        let path = directory(id) + "/state.json"
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try Files.read(path)
        } catch {
            if error.number == ENOENT { throw RuntimeFailure("container does not exist") }
            throw RuntimeFailure(error)
        }
        do throws(JSON.Failure) {
            guard case .object(let object) = try JSON(parsing: bytes) else { throw JSON.Failure("no object") }
            return try Container(record: object, directory: directory(id))
        } catch {
            throw RuntimeFailure(streamWords(error, bytes))
        }
    }

    /// Removes what the runtime keeps about a container.
    func forget(_ id: String) throws(RuntimeFailure) {
        try system { () throws(SystemCallError) in try Files.removeTree(directory(id)) }
    }
}
