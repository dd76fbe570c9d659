internal import CLinux

/// How a process ended (wait(2)).
public enum ExitStatus: Equatable, Sendable {
    case exited(Int32)
    case signaled(Int32)

    public init(waitStatus: Int32) {
        self = cl_exited(waitStatus) ? .exited(cl_exit_status(waitStatus)) : .signaled(cl_term_signal(waitStatus))
    }

    /// The number a shell reports: the exit status, or 128 and the signal.
    public var shellStatus: Int32 {
        switch self {
        case .exited(let status): status
        case .signaled(let signal): 128 + signal
        }
    }
}

/// A program to start from any process, threaded or not: everything between fork and exec runs in C.
public struct Spawn {
    public var path: String
    public var arguments: [String]
    /// nil: this process's own.
    public var environment: [String]?
    public var directory: String?
    /// `descriptors[i]` becomes descriptor i of the child; -1 is /dev/null. Everything else is closed at exec.
    public var descriptors: [Int32] = [0, 1, 2]
    public var networkNamespace: Int32 = -1
    /// Signal sent to the child when the *thread* that spawned it ends (prctl(2), PR_SET_PDEATHSIG); 0: none.
    public var parentDeathSignal: Int32 = 0
    public var newSession = false
    public var newProcessGroup = false

    /// `path` is searched on PATH when it has no slash; `arguments` starts with the program's own name.
    public init(_ path: String, _ arguments: [String], environment: [String]? = nil) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    /// Starts the program and returns its pid; the caller reaps it. A failed exec is thrown here.
    public func start() throws(SystemCallError) -> Int32 {
        let argumentList = CStrings(arguments)
        let environmentList = environment.map { CStrings($0) }
        let program = strdup(path)
        let folder = directory.flatMap { strdup($0) }
        defer {
            free(program)
            free(folder)
        }
        return try checked("exec", path) {
            descriptors.withUnsafeBufferPointer { list in
                var request = cl_spawn_request()
                request.path = UnsafePointer(program)
                request.arguments = argumentList.pointer
                request.environment = environmentList?.pointer
                request.directory = UnsafePointer(folder)
                request.descriptors = list.baseAddress
                request.descriptor_count = Int32(list.count)
                request.network_namespace = networkNamespace
                request.parent_death_signal = parentDeathSignal
                request.new_session = newSession
                request.new_process_group = newProcessGroup
                return cl_spawn(&request)
            }
        }
    }

    /// Starts the program and waits for its end.
    public func run() throws(SystemCallError) -> ExitStatus { try Process.wait(try start()) }
}

/// A NULL-terminated array of C strings, freed with its owner.
public final class CStrings {
    private let storage: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private let count: Int

    public init(_ strings: [String]) {
        count = strings.count
        storage = .allocate(capacity: strings.count + 1)
        for index in 0..<strings.count { storage[index] = UnsafePointer(strdup(strings[index])) }
        storage[strings.count] = nil
    }

    deinit {
        for index in 0..<count { free(UnsafeMutablePointer(mutating: storage[index])) }
        storage.deallocate()
    }

    /// Valid while this object lives.
    public var pointer: UnsafePointer<UnsafePointer<CChar>?> { UnsafePointer(storage) }
}

public enum Process {
    /// Waits for one child (waitpid(2)).
    public static func wait(_ pid: Int32) throws(SystemCallError) -> ExitStatus {
        var status: Int32 = 0
        try checked("waitpid") { waitpid(pid, &status, 0) }
        return ExitStatus(waitStatus: status)
    }

    /// Field 22 of /proc/PID/stat: the start time in clock ticks since boot, which with the pid names a process for
    /// good (proc(5)); nil when there is no such process, or only its zombie is left.
    public static func startTime(_ pid: Int32) -> UInt64? {
        // A process that is gone has no file: that is the answer, not an error.
        guard let text = try? Files.read("/proc/" + String(pid) + "/stat"), let end = text.lastIndex(of: 41) else {
            return nil
        }
        let fields = text[(end + 2)...].split(separator: 32)
        guard fields.count > 19, fields[0] != [UInt8(ascii: "Z")][...], fields[0] != [UInt8(ascii: "X")][...] else {
            return nil
        }
        return UInt64(String(decoding: fields[19], as: UTF8.self))
    }

    /// This process's command line, the program's name first.
    public static var arguments: [String] {
        let list = cl_argv()
        return (0..<Int(cl_argc())).map { index in list?[index].map { String(cString: $0) } ?? "" }
    }

    /// Whether this process is in a user namespace other than the machine's first: its users are not all of them.
    public static var isInUserNamespace: Bool {
        // Without the file the kernel has no user namespaces.
        guard let map = try? Files.readText("/proc/self/uid_map") else { return false }
        return !map.utf8.filter { $0 != 32 }.elementsEqual("004294967295\n".utf8)
    }

    /// The value of an environment variable.
    public static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// The whole environment as NAME=value.
    public static var environment: [String] {
        var all: [String] = []
        var next = cl_environ()
        while let entry = next?.pointee {
            all.append(String(cString: entry))
            next = next?.advanced(by: 1)
        }
        return all
    }
}

/// Writes text to a standard stream. A closed stream is no error: nobody listens.
public enum Console {
    public static func out(_ text: String) { write(text, to: 1) }
    public static func error(_ text: String) { write(text, to: 2) }

    private static func write(_ text: String, to descriptor: Int32) {
        // Losing output that nobody can receive is what every Unix tool does.
        try? writeEverything(Array(text.utf8), to: descriptor)
    }
}
