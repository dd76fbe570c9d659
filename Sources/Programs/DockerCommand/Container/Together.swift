internal import CLinux
internal import EngineClient
internal import Flags
internal import JSON
internal import Linux

/// Requests for several names at once, each over a connection of its own.
enum Together {
    /// Asks for each name and gives the answers in the order of the names. One name needs no thread.
    static func collect(
        _ names: [String], _ client: EngineClient, _ body: @escaping (String, EngineClient) throws -> JSON
    ) throws -> [(name: String, answer: JSON)] {
        let jobs = try finished(names, client, body)
        let failures = jobs.compactMap { $0.failure.map { failure(from: $0).message } }
        if !failures.isEmpty { throw CommandFailure(failures.joined(separator: "\n")) }
        return jobs.map { ($0.name, $0.answer) }
    }

    fileprivate static func finished(
        _ names: [String], _ client: EngineClient, _ body: @escaping (String, EngineClient) throws -> JSON
    ) throws -> [Job] {
        // The version is agreed on before threads share it.
        _ = try client.version()
        let jobs = names.map { Job(name: $0, client: client.sibling(), body: body) }
        if jobs.count == 1 {
            jobs[0].run()
        } else {
            for thread in jobs.map({ $0.start() }) { if let thread { pthread_join(thread, nil) } }
        }
        return jobs
    }
}

/// Does something for each name at once, and reports in the order given.
func forEachAtOnce(
    _ names: [String], _ client: EngineClient, _ body: @escaping (String, EngineClient) throws -> Void
) throws -> Int32 {
    let jobs = try Together.finished(names, client) { name, client in
        try body(name, client)
        return .null
    }
    return try forEach(jobs.indices.map { String($0) }) { text in
        let job = jobs[Int(text) ?? 0]
        if let failure = job.failure { throw failure }
        Console.out(job.name + "\n")
    }
}

/// One name's work, on a thread of its own.
private final class Job {
    let name: String
    private let client: EngineClient
    private let body: (String, EngineClient) throws -> JSON
    private(set) var answer = JSON.null
    private(set) var failure: (any Error)?

    init(name: String, client: EngineClient, body: @escaping (String, EngineClient) throws -> JSON) {
        self.name = name
        self.client = client
        self.body = body
    }

    /// Starts the thread; nil when there can be none, and then the work is already done.
    func start() -> pthread_t? {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(self).toOpaque()
        let code = pthread_create(
            &thread, nil,
            { argument in
                // The thread owns the reference it was given.
                if let argument { Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, box)
        if code == 0 { return thread }
        Unmanaged<Job>.fromOpaque(box).release()
        run()
        return nil
    }

    func run() {
        do {
            answer = try body(name, client)
        } catch {
            failure = error
        }
    }
}
