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

/// What a link makes of calls whose masks are `sent`, in the order of the answers: the last path, or the error's words.
private func answers(to sent: [[String]]) throws -> [String] {
    let server = try TestServer()
    defer { server.stop() }
    let loop = try EventLoop()
    let link = try TTRPCLink(path: server.path, on: loop)
    var answers: [String] = []
    for paths in sent {
        link.call(echo, ProtobufFieldMask(paths: paths)) { result in
            switch result {
            case .success(let bytes): answers.append((try? ProtobufFieldMask(protobuf: bytes))?.paths.last ?? "?")
            case .failure(let error): answers.append(error.message)
            }
            if answers.count == sent.count { loop.stop() }
        }
    }
    try loop.run()
    return answers
}

@Test func answersComeInAnyOrder() throws {
    #expect(
        try answers(to: [["later", "1"], ["first"], ["fail"]]) == ["first", "nothing here: not found", "1"])
}

@Test func manyCallsShareAConnection() throws {
    let sent = (0..<200).map { [$0 % 7 == 0 ? "later" : "x", String($0)] }
    #expect(try answers(to: sent).sorted() == sent.map { $0[1] }.sorted())
}

@Test func aServerThatGoesFailsWhatWaits() throws {
    let server = try TestServer()
    let loop = try EventLoop()
    let link = try TTRPCLink(path: server.path, on: loop)
    var told: [Bool] = []
    link.onClose = { loop.stop() }
    link.call(echo, ProtobufFieldMask(paths: ["silent"])) { result in
        if case .failure(let error) = result { told.append(error.isClosed) }
    }
    loop.soon { link.close() }
    try loop.run()
    #expect(told == [true])
    #expect(!link.isOpen)
    server.stop()
}

@Test func nobodyListeningIsAnError() throws {
    let loop = try EventLoop()
    #expect(throws: SystemCallError.self) { try TTRPCLink(path: "/tmp/slipway-nobody", on: loop) }
}

@Test func aRequestIsReadAndWrittenWhole() throws {
    let request = CallRequest(
        service: "s", method: "m", payload: [1, 2], timeout: 5, metadata: [CallRequest.Pair("key", "value")])
    let read = try CallRequest(protobuf: request.protobuf())
    #expect(read.service == "s" && read.method == "m" && read.payload == [1, 2] && read.timeout == 5)
    #expect(read.metadata.map(\.key) == ["key"] && read.metadata.map(\.value) == ["value"])
    for length in 1..<request.protobuf().count - 1 {
        // A message that breaks off is an error or lacks its last fields; it never traps.
        _ = try? CallRequest(protobuf: Array(request.protobuf().prefix(length)))
    }
}
