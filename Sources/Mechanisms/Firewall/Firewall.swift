internal import CLinux
internal import Linux

/// What iptables could not do.
public struct FirewallError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The command line, as it would be typed.
    public let command: String
    /// What the program said.
    public let output: String
    /// Its exit status, or -1 when it could not be run.
    public let status: Int32

    public var description: String {
        "(iptables failed: " + command + ": " + output + " (exit status " + String(status) + "))"
    }
}

/// The host's packet filter, by way of iptables-restore(8) and iptables-save(8). Every call runs a program: call from a
/// worker thread. Several threads may call at once; the programs wait for one another.
public struct Firewall: Sendable {
    public init() {}

    /// A run of iptables-restore that was started and not yet waited for.
    public struct Run: ~Copyable {
        fileprivate let pid: Int32
        fileprivate let output: Descriptor
        fileprivate let command: String

        /// Waits for the end of the run.
        public consuming func finish() throws(FirewallError) {
            _ = try Firewall.result(pid: pid, output: output, command: command)
        }
    }

    /// Makes the changes.
    /// `namespace`: the descriptor of the network namespace to make them in; -1 for this process's own.
    public func apply(_ transaction: FirewallTransaction, namespace: Int32 = -1) throws(FirewallError) {
        if transaction.isEmpty { return }
        try start(transaction, namespace: namespace).finish()
    }

    /// Starts making the changes; the run must be finished.
    public func start(
        _ transaction: FirewallTransaction, namespace: Int32 = -1
    ) throws(FirewallError) -> Run {
        let arguments = ["iptables-restore", "--wait", "10", "--noflush"]
        let command = arguments.joined(separator: " ")
        do throws(SystemCallError) {
            let input = try Firewall.memoryFile("rules")
            try input.writeAll(transaction.text)
            lseek(input.number, 0, SEEK_SET)
            let output = try Firewall.memoryFile("output")
            var spawn = Spawn(arguments[0], arguments)
            spawn.descriptors = [input.number, -1, output.number]
            spawn.networkNamespace = namespace
            return Run(pid: try spawn.start(), output: output, command: command)
        } catch {
            throw FirewallError(command: command, output: error.description, status: -1)
        }
    }

    /// Reads the rules of every table.
    public func read(namespace: Int32 = -1) throws(FirewallError) -> FirewallRules {
        let command = "iptables-save"
        let run: Run
        do throws(SystemCallError) {
            let output = try Firewall.memoryFile("output")
            var spawn = Spawn(command, [command])
            spawn.descriptors = [-1, output.number, -1]
            spawn.networkNamespace = namespace
            run = Run(pid: try spawn.start(), output: output, command: command)
        } catch {
            throw FirewallError(command: command, output: error.description, status: -1)
        }
        return FirewallRules(parsing: try Firewall.result(pid: run.pid, output: run.output, command: command))
    }

    private static func memoryFile(_ name: String) throws(SystemCallError) -> Descriptor {
        Descriptor(owning: try checked("memfd_create", name) { cl_memfd_create(name, UInt32(CL_MFD_CLOEXEC)) })
    }

    /// Waits for a program whose output goes into the file, and returns that when it succeeded.
    fileprivate static func result(
        pid: Int32, output: borrowing Descriptor, command: String
    ) throws(FirewallError) -> String {
        let status: ExitStatus
        let text: String
        do throws(SystemCallError) {
            status = try Process.wait(pid)
            lseek(output.number, 0, SEEK_SET)
            text = String(decoding: try output.readAll(), as: UTF8.self)
        } catch {
            throw FirewallError(command: command, output: error.description, status: -1)
        }
        if status == .exited(0) { return text }
        let lines = text.split(separator: "\n").map(String.init)
        throw FirewallError(command: command, output: lines.joined(separator: " "), status: status.shellStatus)
    }
}
