internal import CLinux
internal import ContainerdClient
internal import Flags
internal import GRPC
internal import GoText
internal import Linux
internal import NIOCore
internal import TextTable

/// One run of the program: what the global flags say, and the connection to containerd once something needs it.
final class Session {
    let address: Flag<String>
    let timeout: Flag<Int64>
    let connectTimeout: Flag<Int64>
    let namespace: Flag<String>
    let debug: Flag<Bool>
    let loop: any NIOCore.EventLoop
    /// Tasks that run beside the command run on the same loop.
    let executor: EventLoopExecutor
    /// The help of the command that runs.
    var help = ""
    private var opened: ContainerdClient?

    init(_ flags: FlagSet, loop: any NIOCore.EventLoop) {
        self.loop = loop
        executor = EventLoopExecutor(loop)
        debug = flags.bool("debug", usage: "enable debug output in logs")
        address = flags.string(
            "address", "a", usage: "address for containerd's GRPC server", default: ContainerdClient.defaultAddress)
        address.environment = ["CONTAINERD_ADDRESS"]
        timeout = flags.duration("timeout", usage: "total timeout for ctr commands")
        connectTimeout = flags.duration("connect-timeout", usage: "timeout for connecting to containerd")
        namespace = flags.string(
            "namespace", "n", usage: "namespace to use with commands", default: "default")
        namespace.environment = ["CONTAINERD_NAMESPACE"]
    }

    /// The connection to containerd, in the namespace asked for.
    func client() async throws -> ContainerdClient {
        if let opened { return opened }
        let path = address.value
        let client = ContainerdClient(address: path, namespace: namespace.value, group: loop)
        let limit = connectTimeout.value > 0 ? connectTimeout.value : 10_000_000_000
        let start = ContinuousClock.now
        while true {
            do throws(GRPCStatus) {
                try await client.connect()
                break
            } catch {
                // A daemon that is only starting has no socket yet.
                guard error.message.contains("no such file") else {
                    throw CtrError.message("failed to dial " + goQuoted(path) + ": " + error.message)
                }
                if start.duration(to: .now) > Duration.nanoseconds(limit) {
                    throw CtrError.message("failed to dial " + goQuoted(path) + ": context deadline exceeded")
                }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        let limited = timeout.value > 0 ? client.with(timeout: .nanoseconds(timeout.value)) : client
        opened = limited
        return limited
    }

    /// Runs `body` under a lease of its own: what it makes is not collected before it is done.
    func withLease<Answer: Sendable>(_ body: (ContainerdClient) async throws -> Answer) async throws -> Answer {
        let client = try await client()
        let id = generatedLeaseID()
        let expire = Timestamp.now.adding(seconds: 86_400).wholeSeconds
        do throws(LeaseFailure<any Error>) {
            return try await client.withLease(id, expire: expire, body)
        } catch {
            switch error {
            case .lease(let status): throw status
            case .body(let error): throw error
            }
        }
    }

    func print(_ text: String) { Console.out(text + "\n") }

    /// Lines of cells that each end in a tab, aligned.
    func table(_ rows: [[String]], minimumWidth: Int = 4, padding: Int = 4) {
        let text = rows.map { $0.map { $0 + "\t" }.joined() + "\n" }.joined()
        Console.out(aligned(text, minimumWidth: minimumWidth, padding: padding))
    }
}

extension FlagSet {
    /// A length of time in nanoseconds.
    func duration(_ name: String, _ alias: String..., usage: String, seconds: Int = 0) -> Flag<Int64> {
        let parse: (String, Int64) throws(UsageError) -> Int64 = { (text, _) throws(UsageError) in
            guard let value = GoDuration.parse(text) else { throw UsageError("strconv.parse error") }
            return value
        }
        let flag: Flag<Int64>
        let shown = GoDuration.text(Int64(seconds) * 1_000_000_000)
        if let first = alias.first {
            flag = value(
                name, first, usage: usage, type: "duration", default: Int64(seconds) * 1_000_000_000,
                defaultText: shown, parse: parse)
        } else {
            flag = value(
                name, usage: usage, type: "duration", default: Int64(seconds) * 1_000_000_000, defaultText: shown,
                parse: parse)
        }
        return flag
    }

    /// The flag that names a snapshotter; empty stands for overlayfs.
    func snapshotter() -> Flag<String> {
        let flag = string(
            "snapshotter", usage: "snapshotter name. Empty value stands for the default value.")
        flag.environment = ["CONTAINERD_SNAPSHOTTER"]
        return flag
    }
}

/// The snapshotter's name behind a flag.
func snapshotterName(_ flag: Flag<String>?) -> String {
    guard let flag, !flag.value.isEmpty else { return "overlayfs" }
    return flag.value
}

/// A name that no other lease has.
func generatedLeaseID() -> String { String(Timestamp.now.nanoseconds) + "-" + randomHex(bytes: 3) }

/// `key=value` arguments; a key alone means "true".
func labels(_ arguments: [String]) -> [String: String] {
    var all: [String: String] = [:]
    for argument in arguments {
        let (key, value) = splitOnce(argument, at: UInt8(ascii: "="))
        all[key] = value ?? "true"
    }
    return all
}

/// An object and the labels to set on it, for the label commands; an empty value removes the label.
func objectWithLabels(_ arguments: [String]) -> (object: String, labels: [String: String]) {
    (arguments.first ?? "", labels(Array(arguments.dropFirst())))
}

/// `a=b,c=d`, sorted.
func labelText(_ labels: [String: String]) -> String {
    labels.sorted { $0.key < $1.key }.map { $0.key + "=" + $0.value }.joined(separator: ",")
}
