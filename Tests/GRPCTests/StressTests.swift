import CLinux
import GRPC
import Protobuf
import Synchronization
import Testing

private let echo = ProtobufMethod<ProtobufAny, ProtobufAny>("test.Stress", "Echo")
private let chat = ProtobufMethod<ProtobufAny, ProtobufAny>(
    "test.Stress", "Chat", clientStreams: true, serverStreams: true)
private let flood = ProtobufMethod<ProtobufTimestamp, ProtobufAny>("test.Stress", "Flood", serverStreams: true)

/// Calls of `aServerThatGoesAwayEndsEveryCall` that were under way, and those that have ended.
private let begun = Atomic<Int>(0)
private let ended = Atomic<Int>(0)

private func router() -> GRPCRouter {
    var router = GRPCRouter()
    router.unary(echo) { (request, _) throws(GRPCStatus) in request }
    router.bidirectional(chat) { (requests, _, responses) throws(GRPCStatus) in
        while let request = try await requests.next() { try await responses.send(request) }
    }
    // So many mebibytes; without end for a negative number.
    router.serverStream(flood) { (request, _, responses) throws(GRPCStatus) in
        let part = ProtobufAny(typeURL: "", value: [UInt8](repeating: 7, count: 1 << 20))
        var number: Int64 = 0
        while number != request.seconds {
            try await responses.send(part)
            number += 1
        }
    }
    return router
}

private func withServer(_ body: (GRPCClient, GRPCServer) async throws -> Void) async throws {
    let path = "/tmp/grpc-stress-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
    let server = GRPCServer(router())
    try await server.listen(unixPath: path)
    let client = GRPCClient(address: path)
    defer { unlink(path) }
    try await body(client, server)
    await client.close()
    await server.shutdown()
}

/// What hangs fails by the time limit.
@Suite(.serialized, .timeLimit(.minutes(1))) struct Stress {
    @Test func thousandsOfStreamsThatEndAtOnce() async throws {
        try await withServer { client, _ in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<2_000 {
                    group.addTask {
                        let call = try await client.bidirectional(chat)
                        let sent = ProtobufAny(typeURL: "number", value: Array(String(number).utf8))
                        await call.send(sent)
                        call.finish()
                        let answer = try await call.next()
                        let end = try await call.next()
                        return answer == sent && end == nil
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test func aSlowReaderHoldsUpNobody() async throws {
        try await withServer { client, _ in
            let slow = try await client.serverStream(flood, ProtobufTimestamp(seconds: 64, nanos: 0))
            let stuck = try await client.serverStream(flood, ProtobufTimestamp(seconds: 64, nanos: 0))
            var received = 0
            while let part = try await slow.next() {
                received += part.value.count
                let answer = try await client.unary(echo, ProtobufAny(typeURL: String(received), value: []))
                #expect(answer.typeURL == String(received))
            }
            #expect(received == 64 << 20)
            var late = 0
            while let part = try await stuck.next() { late += part.value.count }
            #expect(late == 64 << 20)
        }
    }

    @Test func streamsGivenUpLeaveTheConnectionUsable() async throws {
        try await withServer { client, _ in
            for number in 0..<600 {
                let call = try await client.serverStream(flood, ProtobufTimestamp(seconds: -1, nanos: 0))
                if number % 3 > 0 { _ = try await call.next() }
                call.cancel()
                let chatting = try await client.bidirectional(chat)
                if number % 2 == 0 {
                    await chatting.send(ProtobufAny(typeURL: "", value: [UInt8](repeating: 1, count: 100_000)))
                }
                chatting.cancel()
            }
            let answer = try await client.unary(echo, ProtobufAny(typeURL: "after", value: []))
            #expect(answer.typeURL == "after")
            // What nobody read has been given back to the connection's window.
            let whole = try await client.serverStream(flood, ProtobufTimestamp(seconds: 32, nanos: 0))
            var received = 0
            while let part = try await whole.next() { received += part.value.count }
            #expect(received == 32 << 20)
        }
    }

    @Test func aServerThatGoesAwayEndsEveryCall() async throws {
        try await withServer { client, server in
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        do throws(GRPCStatus) {
                            if number % 2 == 0 {
                                let endless = ProtobufTimestamp(seconds: -1, nanos: 0)
                                let call = try await client.serverStream(flood, endless)
                                _ = try await call.next()
                                begun.add(1, ordering: .relaxed)
                                while try await call.next() != nil {}
                            } else {
                                let call = try await client.bidirectional(chat)
                                await call.send(ProtobufAny(typeURL: "a", value: []))
                                _ = try await call.next()
                                begun.add(1, ordering: .relaxed)
                                // Neither side says anything more.
                                _ = try await call.next()
                            }
                        } catch {
                            #expect(error.code == .unavailable)
                            ended.add(1, ordering: .relaxed)
                        }
                    }
                }
                group.addTask {
                    while begun.load(ordering: .relaxed) < 200 { await Task.yield() }
                    await server.shutdown()
                }
            }
            #expect(ended.load(ordering: .relaxed) == 200)
        }
    }

    @Test func thousandsOfSmallCalls() async throws {
        try await withServer { client, _ in
            for number in 0..<3_000 {
                let answer = try await client.unary(echo, ProtobufAny(typeURL: String(number), value: []))
                #expect(answer.typeURL == String(number))
            }
        }
    }

    @Test func aClientClosedWhileItConnectsAnswers() async throws {
        for _ in 0..<200 {
            let client = GRPCClient(address: "/tmp/grpc-stress-none-\(getpid()).sock")
            async let call: ProtobufAny = client.unary(echo, ProtobufAny(typeURL: "", value: []))
            await client.close()
            do {
                _ = try await call
                Issue.record("nobody was there to answer")
            } catch { #expect(error is GRPCStatus) }
        }
    }
}
