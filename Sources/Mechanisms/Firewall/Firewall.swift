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

extension FirewallFamily {
    /// What the family's programs are called: with "-restore" and "-save" behind it.
    fileprivate var program: String { self == .four ? "iptables" : "ip6tables" }
}

/// The host's packet filters, by way of iptables-restore(8) and iptables-save(8) and their sisters for IPv6. Every call
/// runs a program: call from a worker thread. Several threads may call at once; the programs wait for one another.
public struct Firewall: Sendable {
    public init() {}

    /// A program that was started and not yet waited for, and whose output goes into a file.
    private struct Program: ~Copyable {
        let pid: Int32
        let output: Descriptor
        let command: String

        /// `input`: the descriptor it reads; -1 for none. `namespace`: that of the network namespace it works in; -1
        /// for this process's own.
        static func start(_ arguments: [String], input: Int32, namespace: Int32) throws(FirewallError) -> Program {
            let output = try Firewall.memoryFile()
            var spawn = Spawn(arguments[0], arguments)
            spawn.descriptors = [input, input < 0 ? output.number : -1, output.number]
            spawn.networkNamespace = namespace
            let command = arguments.joined(separator: " ")
            let pid: Int32
            do throws(SystemCallError) { pid = try spawn.start() } catch {
                throw FirewallError(command: command, output: error.description, status: -1)
            }
            return Program(pid: pid, output: output, command: command)
        }

        /// Waits for its end, and returns what it said when it succeeded.
        consuming func finish() throws(FirewallError) -> String {
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

    /// Changes that are being made and were not yet waited for: a program for each family that has some.
    public struct Run: ~Copyable {
        private var four: Program?
        private var six: Program?
        /// IPv6 changes that could not even be started.
        private var failure: FirewallError?

        fileprivate init(_ transaction: FirewallTransaction, namespace: Int32) throws(FirewallError) {
            four = try Firewall.restore(transaction, .four, namespace)
            do throws(FirewallError) { six = try Firewall.restore(transaction, .six, namespace) } catch {
                failure = error
            }
        }

        /// Waits for the end. Both families are tried; the first failure is thrown.
        public consuming func finish() throws(FirewallError) {
            var failure = failure
            if let four = four.take() {
                do throws(FirewallError) { _ = try four.finish() } catch { failure = failure ?? error }
            }
            if let six = six.take() {
                do throws(FirewallError) { _ = try six.finish() } catch { failure = failure ?? error }
            }
            if let failure { throw failure }
        }
    }

    /// Makes the changes.
    /// `namespace`: the descriptor of the network namespace to make them in; -1 for this process's own.
    public func apply(_ transaction: FirewallTransaction, namespace: Int32 = -1) throws(FirewallError) {
        try start(transaction, namespace: namespace).finish()
    }

    /// Starts making the changes; the run must be finished.
    public func start(
        _ transaction: FirewallTransaction, namespace: Int32 = -1
    ) throws(FirewallError) -> Run { try Run(transaction, namespace: namespace) }

    private static func restore(
        _ transaction: FirewallTransaction, _ family: FirewallFamily, _ namespace: Int32
    ) throws(FirewallError) -> Program? {
        if transaction.isEmpty(family) { return nil }
        let arguments = [family.program + "-restore", "--wait", "10", "--noflush"]
        let input = try memoryFile(transaction.text(family))
        return try Program.start(arguments, input: input.number, namespace: namespace)
    }

    /// Reads a family's rules of every table.
    public func read(
        _ family: FirewallFamily = .four, namespace: Int32 = -1
    ) throws(FirewallError) -> FirewallRules {
        let text = try Program.start([family.program + "-save"], input: -1, namespace: namespace).finish()
        return FirewallRules(parsing: text, family)
    }

    /// A file without a name, to be read from its start.
    private static func memoryFile(_ text: String = "") throws(FirewallError) -> Descriptor {
        do throws(SystemCallError) {
            let file = Descriptor(
                owning: try checked("memfd_create") { cl_memfd_create("firewall", UInt32(CL_MFD_CLOEXEC)) })
            try file.writeAll(text)
            lseek(file.number, 0, SEEK_SET)
            return file
        } catch {
            throw FirewallError(command: "memfd_create", output: error.description, status: -1)
        }
    }
}
