internal import CLinux
internal import ContainerLogs
internal import EngineAPI
internal import Linux
internal import Synchronization

/// The three fifos of one run of a process between the shim and this daemon.
///
/// They lie in exec-root/containerd/ID and outlive the daemon: the next one opens them again.
final class ProcessStreams: Sendable {
    /// Paths of the fifos; empty for a stream the process does not have.
    struct Paths: Equatable, Sendable {
        var input = ""
        var output = ""
        var error = ""
        /// What an exec was asked for, for a daemon that finds it running.
        var record = ""

        /// `directory`/`process`-stdin and so on. A terminal has no stream for errors.
        init(directory: String, process: String, hasInput: Bool, hasTerminal: Bool) {
            input = hasInput ? directory + "/" + process + "-stdin" : ""
            output = directory + "/" + process + "-stdout"
            error = hasTerminal ? "" : directory + "/" + process + "-stderr"
            record = directory + "/" + process + "-exec.json"
        }

        var all: [String] { [input, output, error].filter { !$0.isEmpty } }
    }

    private struct Line: ~Copyable {
        /// What has not begun to be read.
        var output: Descriptor?
        var error: Descriptor?
        var collection: LogCollection?
        var isEnded = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    let paths: Paths
    let input: StandardInput?
    let log: ContainerLog?
    private let hub: StreamHub
    private let collector: LogCollector
    private let line: Mutex<Line>

    /// Makes the fifos if need be and opens them; `begin` reads. Blocks shortly: call from a worker.
    init(_ paths: Paths, hub: StreamHub, log: ContainerLog?, collector: LogCollector) throws(EngineError) {
        self.paths = paths
        self.hub = hub
        self.log = log
        self.collector = collector
        do {
            for path in paths.all where mkfifo(path, 0o700) != 0 && cl_errno() != EEXIST {
                throw SystemCallError(number: cl_errno(), operation: "mkfifo", subject: path)
            }
            // Both ways, so that opening waits for nobody and a write before the shim has opened its end is kept.
            input = paths.input.isEmpty ? nil : StandardInput(try Descriptor.open(paths.input, O_RDWR | O_NONBLOCK))
            let output = try Descriptor.open(paths.output, O_RDONLY | O_NONBLOCK)
            let error: Descriptor? =
                paths.error.isEmpty ? nil : try Descriptor.open(paths.error, O_RDONLY | O_NONBLOCK)
            line = Mutex(Line(output: output, error: error))
        } catch {
            throw .failed(String(describing: error))
        }
        hub.begin(self)
    }

    /// Begins to read, once. What is written before the process is there are the runtime's own words about a process
    /// that cannot be: they are in the failure, and never part of the output.
    func begin() throws(EngineError) {
        var output: Descriptor?
        var error: Descriptor?
        let isDue = line.withLock { line -> Bool in
            swap(&output, &line.output)
            swap(&error, &line.error)
            return !line.isEnded
        }
        guard isDue else { return }
        do throws(EngineError) {
            let collection = try collector.collect(
                stdout: output, stderr: error, into: log,
                onOutput: { [hub] stream, bytes in hub.deliver(bytes, stream) }, onEnd: { [self] in finish() })
            line.withLock { if !$0.isEnded { $0.collection = collection } }
        } catch {
            finish()
            throw error
        }
    }

    /// Tells everyone that there is no more.
    private func finish() {
        let waiting = line.withLock { line -> [CheckedContinuation<Void, Never>] in
            defer {
                line.output = nil
                line.error = nil
                line.collection = nil
                line.waiting = []
                line.isEnded = true
            }
            return line.waiting
        }
        log?.close()
        hub.end(self)
        for continuation in waiting { continuation.resume() }
    }

    /// Goes on reading after the listeners had no room.
    func resume() { line.withLock { $0.collection }?.resume() }

    /// Waits until all output has been taken, or `limit` has passed.
    func drain(within limit: Duration) async {
        let timeout = Task { [weak self] in
            // Being cancelled is how a drained stream ends the wait.
            try? await Task.sleep(for: limit)
            if !Task.isCancelled { self?.close() }
        }
        await withCheckedContinuation { continuation in
            let isEnded = line.withLock { line -> Bool in
                if !line.isEnded { line.waiting.append(continuation) }
                return line.isEnded
            }
            if isEnded { continuation.resume() }
        }
        timeout.cancel()
        input?.closeNow()
    }

    /// Takes what is in the pipes and stops reading, whoever still holds them. Removes nothing.
    func close() {
        input?.closeNow()
        let (collection, hasBegun) = line.withLock { ($0.collection, $0.output == nil) }
        if hasBegun { collection?.end() } else { finish() }
    }

    /// Removes the fifos, and the record of an exec.
    func removeFiles() { for path in paths.all + [paths.record] { unlink(path) } }
}
