import CLinux
import HTTPServer
import Linux
import Synchronization
import Testing
import Workers

/// A server on a unix socket of its own, and raw bytes to it.
private final class Fixture: Sendable {
    let path = "/tmp/slipway-http-" + randomHex(bytes: 6)
    let server: HTTPServer

    init(_ handler: @escaping HTTPServer.Handler) throws {
        server = HTTPServer(handler: handler)
        try server.serve(listening: try HTTPServer.listen(unix: path, gid: nil))
    }

    deinit { unlink(path) }

    func connect() throws -> Descriptor {
        let client = Descriptor(owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_un()
        let length = socklen_t(cl_unix_address(path, &address))
        try checked("connect") {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { CLinux.connect(client.number, $0, length) }
            }
        }
        return client
    }

    /// Sends everything, ends the input when told to, and reads to the end.
    func exchange(_ text: String, endInput: Bool = true) async throws -> String {
        try await Workers.shared.run { () throws(any Error) -> String in
            let client = try self.connect()
            try client.writeAll(text)
            if endInput { shutdown(client.number, Int32(SHUT_WR)) }
            return String(decoding: try client.readAll(), as: UTF8.self)
        }
    }
}

@Test func requestsFollowOneAnotherOnOneConnection() async throws {
    let fixture = try Fixture { request in
        let body = (try? await request.body.collect()) ?? []
        return HTTPResponse(body: .bytes(Array((request.path + ":").utf8) + body))
    }
    let answer = try await fixture.exchange(
        "POST /a%20b HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n\r\nabcGET /c HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n",
        endInput: false)
    #expect(answer.contains("\r\n\r\n/a b:abcHTTP/1.1 200 OK"))
    #expect(answer.hasSuffix("/c:"))
}

@Test func aRequestIsCarriedOutThoughItsClientHasGone() async throws {
    let done = Mutex(false)
    let fixture = try Fixture { _ in
        // Fails at once when the task is cancelled.
        let slept: Void? = try? await Task.sleep(for: .milliseconds(200))
        done.withLock { $0 = slept != nil }
        return HTTPResponse(body: .none)
    }
    try await Workers.shared.run { () throws(any Error) in
        let client = try fixture.connect()
        try client.writeAll("POST /start HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n")
        usleep(50_000)
    }
    for _ in 0..<200 where !done.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
    #expect(done.withLock { $0 })
}

@Test func aStreamIsChunkedAndEnds() async throws {
    let fixture = try Fixture { _ in
        HTTPResponse(
            body: .stream { writer in
                try await writer.write(Array("one".utf8))
                try await writer.write(Array("three".utf8))
            })
    }
    let answer = try await fixture.exchange("GET / HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n", endInput: false)
    #expect(answer.hasSuffix("3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"))
}

@Test func aHijackedConnectionGetsTheBytesSentWithItsRequest() async throws {
    let fixture = try Fixture { _ in
        HTTPResponse(
            status: 101, headers: [("Connection", "Upgrade"), ("Upgrade", "tcp")],
            body: .hijack { connection in
                while let bytes = try? await connection.read() { try? await connection.write(bytes.reversed()) }
                try? await connection.write(Array("end".utf8))
            })
    }
    let answer = try await fixture.exchange(
        "POST /attach HTTP/1.1\r\nHost: d\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\nabc")
    #expect(answer == "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\ncbaend")
}

@Test(arguments: [true, false])
func aSlowClientGetsAllThatWasWrittenBeforeTheEnd(_ hijacks: Bool) async throws {
    let bytes = [UInt8](repeating: 0x78, count: 3_000_000)
    let fixture = try Fixture { _ in
        hijacks
            // A client that has gone is not what is tested here.
            ? HTTPResponse(status: 101, body: .hijack { connection in try? await connection.write(bytes) })
            : HTTPResponse(body: .bytes(bytes))
    }
    let count = try await Workers.shared.run { () throws(any Error) -> Int in
        let client = try fixture.connect()
        try client.writeAll("GET /x HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
        usleep(200_000)
        return try client.readAll().count
    }
    #expect(count > bytes.count)
}

@Test func anAnswerBeforeTheEndOfTheBodyArrives() async throws {
    let fixture = try Fixture { _ in HTTPResponse(status: 400, body: .bytes(Array("no".utf8))) }
    let answer = try await fixture.exchange(
        "POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 1000000\r\n\r\n" + String(repeating: "x", count: 100_000),
        endInput: false)
    #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n") && answer.hasSuffix("\r\n\r\nno"))
}

@Test func aClientThatGoesEndsItsStream() async throws {
    let (ended, signal) = AsyncStream<Bool>.makeStream()
    let fixture = try Fixture { _ in
        HTTPResponse(
            body: .stream { _ in
                // Cancelled is what this test waits for.
                try? await Task.sleep(nanoseconds: 20_000_000_000)
                signal.yield(Task.isCancelled)
            })
    }
    try await Workers.shared.run { () throws(any Error) in
        let client = try fixture.connect()
        try client.writeAll("GET /events HTTP/1.1\r\nHost: d\r\n\r\n")
        var buffer = [UInt8](repeating: 0, count: 64)
        _ = try buffer.withUnsafeMutableBytes { try client.read(into: $0) }
    }
    for await cancelled in ended {
        #expect(cancelled)
        break
    }
}
