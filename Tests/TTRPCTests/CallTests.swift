import CLinux
import Linux
import Protobuf
import Testing

@testable import TTRPC

private let echo = ProtobufMethod<ProtobufFieldMask, ProtobufFieldMask>("test.Service", "Echo")

/// A server on a loop of its own thread. "Echo" answers with what it got, "later" first with what came last, "fail"
/// with an error, "silent" never.
private final class TestServer: @unchecked Sendable {
    // Safe to share: the thread's own state is made before it starts and is only its own from then on.
    let path = "/tmp/slipway-ttrpc-" + randomHex(bytes: 6)
    private let stopper: Int32

    init() throws {
        var pipe: [Int32] = [-1, -1]
        _ = cl_pipe2(&pipe, O_CLOEXEC)
        stopper = pipe[1]
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        let length = cl_unix_address(path, &address)
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(length)) }
        }
        listen(listener, 16)
        let start = Start(listener: listener, stop: pipe[0])
        var thread = pthread_t()
        pthread_create(&thread, nil, { TestServer.serve($0) }, Unmanaged.passRetained(start).toOpaque())
        pthread_detach(thread)
    }

    func stop() {
        close(stopper)
        unlink(path)
    }

    private final class Start {
        let listener: Int32
        let stop: Int32
        init(listener: Int32, stop: Int32) {
            self.listener = listener
            self.stop = stop
        }
    }

    private static func serve(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let context else { return nil }
        let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
        do {
            let loop = try EventLoop()
            try loop.watch(start.stop, .readable) { _ in loop.stop() }
            let server = try TTRPCServer(Descriptor(owning: start.listener), on: loop) { call in
                let message = (try? ProtobufFieldMask(protobuf: call.payload)) ?? ProtobufFieldMask()
                switch message.paths.first {
                case "fail": call.fail(TTRPCError(.notFound, "nothing here: not found"))
                case "later": loop.after(milliseconds: 200) { call.succeed(message) }
                case "silent": break
                case "end": loop.stop()
                default: call.succeed(message)
                }
            }
            try loop.run()
            _ = server
        } catch {
            Issue.record("\(error)")
        }
        // The process of a test goes on: a real server's connections end with it, these are closed by hand.
        return nil
    }
}

@Test func callsFromManyTasksShareAConnection() async throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try TTRPCClient(path: "unix://" + server.path)
    try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<200 {
            group.addTask {
                let sent = ProtobufFieldMask(paths: [number % 7 == 0 ? "later" : "x", String(number)])
                return try await client.call(echo, sent) == sent
            }
        }
        for try await isSame in group { #expect(isSame) }
    }
    client.close()
}

@Test func anErrorKeepsCodeAndWords() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try TTRPCClient(path: server.path)
    do throws(TTRPCError) {
        _ = try client.callAndWait(echo, ProtobufFieldMask(paths: ["fail"]))
        Issue.record("answered")
    } catch {
        #expect(error.code == .notFound)
        #expect(error.message == "nothing here: not found")
        #expect(!error.isClosed)
    }
    client.close()
}

@Test func aCallWithoutAnswerTimesOutAndOthersGoOn() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try TTRPCClient(path: server.path)
    do throws(TTRPCError) {
        _ = try client.callAndWait(echo, ProtobufFieldMask(paths: ["silent"]), timeout: 100_000_000)
        Issue.record("answered")
    } catch {
        #expect(error.code == .deadlineExceeded)
    }
    #expect(try client.callAndWait(echo, ProtobufFieldMask(paths: ["y"])).paths == ["y"])
    client.close()
}

@Test func closingFailsWhatWaits() async throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try TTRPCClient(path: server.path)
    let told = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
        client.onClose { continuation.resume(returning: true) }
        client.close()
    }
    #expect(told)
    #expect(throws: TTRPCError.closed) { try client.callAndWait(echo, ProtobufFieldMask(paths: ["y"])) }
    #expect(!client.isOpen)
}

@Test func nobodyListeningIsAnError() {
    #expect(throws: TTRPCError.self) { try TTRPCClient(path: "/tmp/slipway-nobody") }
}

@Test func aLinkAnswersOnItsLoop() throws {
    let server = try TestServer()
    defer { server.stop() }
    let loop = try EventLoop()
    let link = try TTRPCLink(path: server.path, on: loop)
    var answers: [String] = []
    func note(_ result: Result<[UInt8], TTRPCError>) {
        switch result {
        case .success(let bytes): answers.append((try? ProtobufFieldMask(protobuf: bytes))?.paths.first ?? "?")
        case .failure(let error): answers.append(error.message)
        }
        if answers.count == 3 { loop.stop() }
    }
    link.call(echo, ProtobufFieldMask(paths: ["later"]), completion: note)
    link.call(echo, ProtobufFieldMask(paths: ["first"]), completion: note)
    link.call(echo, ProtobufFieldMask(paths: ["fail"]), completion: note)
    try loop.run()
    #expect(answers == ["first", "nothing here: not found", "later"])
}
