public import EngineAPI
internal import GRPC
internal import Linux
internal import Workers

extension Engine {
    /// `GET /containers/{id}/top`: what ps says of the container's processes.
    public func top(_ reference: String, arguments: String) async throws(EngineError) -> TopResponse {
        let container = try find(reference)
        let record = container.record
        guard record.life.isRunning else { throw .notRunning(record.id) }
        if record.life.phase == .restarting {
            throw .conflict("Container \(record.id) is restarting, wait until the container is running")
        }
        let words = (arguments.isEmpty ? "-ef" : arguments).split(separator: " ").map { String($0) }
        try Engine.checkPS(words)
        let processes = try await calling { () async throws(GRPCStatus) in
            try await self.containerd.tasks.pids(record.id)
        }
        let pids = Set(processes.map { Int($0.pid) })
        let text = try await Workers.shared.run { () throws(EngineError) in try Engine.ps(words) }
        return try ProcessTable.parse(text, pids: pids)
    }

    /// Options that would make ps leave out what is asked for, or name files.
    private static func checkPS(_ words: [String]) throws(EngineError) {
        for word in words where word.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 < 32 }) {
            throw .invalid("invalid ps_args: " + word)
        }
    }

    /// Runs ps and takes its output.
    private static func ps(_ words: [String]) throws(EngineError) -> String {
        let complaint: String
        do throws(SystemCallError) {
            let ran = try ProgramOutput.run("ps", words)
            if ran.status == 0 { return ran.text }
            // The first line of what it has to say about its arguments.
            let line = try ProgramOutput.run("ps", words, descriptor: 2).text.split(separator: "\n").first
            complaint = line.map { String($0) } ?? "exit status \(ran.status)"
        } catch {
            complaint = error.description
        }
        throw .failed("ps: " + complaint)
    }
}

/// ps's output as titles and rows.
enum ProcessTable {
    static func parse(_ text: String, pids: Set<Int>) throws(EngineError) -> TopResponse {
        var lines = text.split(separator: "\n").makeIterator()
        guard let head = lines.next() else { throw .failed("Couldn't find PID field in ps output") }
        var answer = TopResponse()
        let titles = head.split(separator: " ").map { String($0) }
        guard let column = titles.firstIndex(of: "PID") else { throw .failed("Couldn't find PID field in ps output") }
        var rows: [[String]] = []
        while let line = lines.next() {
            // The last column is the command, with its spaces.
            let fields = line.split(separator: " ", maxSplits: titles.count - 1).map { String($0) }
            guard fields.count > column, let pid = Int(fields[column]) else {
                // A line without a number goes with the process above it (threads, as "-m" shows them).
                if fields.count > column, fields[column] == "-", !rows.isEmpty { rows.append(fields) }
                continue
            }
            if pids.contains(pid) { rows.append(fields.map { $0.trimmed }) }
        }
        answer.titles = titles
        answer.processes = rows
        return answer
    }
}

extension String {
    /// Without spaces at its ends.
    fileprivate var trimmed: String {
        var rest = Substring(self)
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}
