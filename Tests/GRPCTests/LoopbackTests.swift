import CLinux
import Protobuf
import Synchronization
import Testing

@testable import GRPC

private let echo = ProtobufMethod<ProtobufAny, ProtobufAny>("test.Echo", "Echo")
private let fail = ProtobufMethod<RPCStatus, ProtobufEmpty>("test.Echo", "Fail")
private let count = ProtobufMethod<ProtobufTimestamp, ProtobufTimestamp>("test.Echo", "Count", serverStreams: true)
private let sum = ProtobufMethod<ProtobufTimestamp, ProtobufTimestamp>("test.Echo", "Sum", clientStreams: true)
private let chat = ProtobufMethod<ProtobufAny, ProtobufAny>(
    "test.Echo", "Chat", clientStreams: true, serverStreams: true)
private let hang = ProtobufMethod<ProtobufEmpty, ProtobufEmpty>("test.Echo", "Hang")
private let missing = ProtobufMethod<ProtobufEmpty, ProtobufEmpty>("test.Echo", "Missing")
private let foreign = ProtobufMethod<ProtobufEmpty, ProtobufEmpty>("test.Other", "Missing")

/// How many `hang` handlers were cancelled.
private let cancelled = Atomic<Int>(0)
/// How many were started.
private let started = Atomic<Int>(0)

private func router() -> GRPCRouter {
    var router = GRPCRouter()
    router.unary(echo) { (request, context) throws(GRPCStatus) in
        var answer = request
        if answer.typeURL == "metadata" { answer.typeURL = context.metadata["containerd-namespace"] ?? "none" }
        return answer
    }
    router.unary(fail) { (request, _) throws(GRPCStatus) in
        throw GRPCStatus(GRPCStatus.Code(rawValue: Int(request.code)) ?? .unknown, request.message)
    }
    router.serverStream(count) { (request, _, responses) throws(GRPCStatus) in
        for number in 0..<request.seconds { try await responses.send(ProtobufTimestamp(seconds: number, nanos: 0)) }
    }
    router.clientStream(sum) { (requests, _) throws(GRPCStatus) in
        var total: Int64 = 0
        while let request = try await requests.next() { total += request.seconds }
        return ProtobufTimestamp(seconds: total, nanos: 0)
    }
    router.bidirectional(chat) { (requests, _, responses) throws(GRPCStatus) in
        while let request = try await requests.next() { try await responses.send(request) }
    }
    router.unary(hang) { (_, _) throws(GRPCStatus) in
        started.add(1, ordering: .relaxed)
        do {
            try await Task.sleep(for: .seconds(60))
        } catch {
            cancelled.add(1, ordering: .relaxed)
        }
        return ProtobufEmpty()
    }
    return router
}

/// A server and a client on a socket of their own.
private func withServer(_ body: (GRPCClient) async throws -> Void) async throws {
    let path = "/tmp/grpc-tests-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
    let server = GRPCServer(router())
    try await server.listen(unixPath: path)
    let client = GRPCClient(address: "unix://" + path)
    do {
        try await body(client)
    } catch {
        await client.close()
        await server.shutdown()
        unlink(path)
        throw error
    }
    await client.close()
    await server.shutdown()
    unlink(path)
}

@Suite(.serialized, .timeLimit(.minutes(1))) struct Loopback {
    @Test func aCallThatHasEndedIsFreed() async throws {
        try await withServer { client in
            weak var ended: ClientCall?
            do {
                let call = try await client.bidirectional(chat)
                ended = call.call
                await call.send(ProtobufAny(typeURL: "a", value: []))
                #expect(try await call.next()?.typeURL == "a")
                call.finish()
                #expect(try await call.next() == nil)
            }
            // The stream's own end comes to the loop after the call's.
            for _ in 0..<200 where ended != nil { try await Task.sleep(for: .milliseconds(10)) }
            #expect(ended == nil)
        }
    }

    @Test func whatIsSentRightAfterACallIsOpenedArrives() async throws {
        try await withServer { client in
            for number in 0..<300 {
                let call = try await client.bidirectional(chat)
                let sent = ProtobufAny(typeURL: "number", value: Array(String(number).utf8))
                await call.send(sent)
                call.finish()
                let answer = try await call.next()
                #expect(answer?.value == sent.value)
            }
        }
    }

    @Test(arguments: [0, 1, 100, 16_378, 65_535, 1 << 20, 15 << 20])
    func aMessageOfAnySizeComesBack(size: Int) async throws {
        try await withServer { client in
            let request = ProtobufAny(typeURL: "x", value: (0..<size).map { UInt8(truncatingIfNeeded: $0) })
            let answer = try await client.unary(echo, request)
            #expect(answer == request)
        }
    }

    @Test func metadataArrives() async throws {
        try await withServer { client in
            let options = GRPCCallOptions(metadata: GRPCMetadata([("containerd-namespace", "moby")]))
            let request = ProtobufAny(typeURL: "metadata", value: [])
            let answer = try await client.unary(echo, request, options: options)
            #expect(answer.typeURL == "moby")
        }
    }

    @Test(arguments: [
        GRPCStatus(.notFound, "container \"x\": not found"), GRPCStatus(.unavailable, ""),
        GRPCStatus(.internalError, "100% grüß\ngott"), GRPCStatus(.unauthenticated, "%41"),
    ])
    func aStatusArrivesAsItWasThrown(status: GRPCStatus) async throws {
        try await withServer { client in
            await #expect(throws: status) {
                try await client.unary(fail, RPCStatus(code: Int32(status.code.rawValue), message: status.message))
            }
        }
    }

    @Test func unknownMethodsAndServicesAreTold() async throws {
        try await withServer { client in
            await #expect(throws: GRPCStatus(.unimplemented, "unknown method Missing for service test.Echo")) {
                try await client.unary(missing, ProtobufEmpty())
            }
            await #expect(throws: GRPCStatus(.unimplemented, "unknown service test.Other")) {
                try await client.unary(foreign, ProtobufEmpty())
            }
        }
    }

    @Test func aMessageOverTheLimitIsRefusedAndTheConnectionLives() async throws {
        try await withServer { client in
            let request = ProtobufAny(typeURL: "", value: [UInt8](repeating: 1, count: grpcMessageLimit))
            let error = await #expect(throws: GRPCStatus.self) { try await client.unary(echo, request) }
            #expect(error?.code == .resourceExhausted)
            let answer = try await client.unary(echo, ProtobufAny(typeURL: "y", value: []))
            #expect(answer.typeURL == "y")
        }
    }

    @Test(arguments: [0, 1, 3, 20_000]) func aStreamOfResponsesComesWholeAndInOrder(length: Int64) async throws {
        try await withServer { client in
            let responses = try await client.serverStream(count, ProtobufTimestamp(seconds: length, nanos: 0))
            var expected: Int64 = 0
            for try await response in responses {
                #expect(response.seconds == expected)
                expected += 1
            }
            #expect(expected == length)
        }
    }

    @Test func aStreamOfRequestsIsSummed() async throws {
        try await withServer { client in
            let call = try await client.bidirectional(sum)
            for number in 1...1_000 as ClosedRange<Int64> {
                await call.send(ProtobufTimestamp(seconds: number, nanos: 0))
            }
            call.finish()
            let total = try await call.next()
            #expect(total?.seconds == 500_500)
            let end = try await call.next()
            #expect(end == nil)
        }
    }

    @Test func bothSidesStreamWithBackPressure() async throws {
        try await withServer { client in
            let call = try await client.bidirectional(chat)
            let part = ProtobufAny(typeURL: "", value: [UInt8](repeating: 9, count: 300_000))
            async let sent: Void = {
                for _ in 0..<100 { await call.send(part) }
                call.finish()
            }()
            var received = 0
            while let answer = try await call.next() {
                received += answer.value.count
                if received < 3_000_000 { try await Task.sleep(for: .milliseconds(5)) }
            }
            await sent
            #expect(received == 30_000_000)
        }
    }

    @Test func aDeadlineEndsBothSides() async throws {
        try await withServer { client in
            await #expect(throws: GRPCStatus.deadlineExceeded) {
                try await client.unary(hang, ProtobufEmpty(), options: GRPCCallOptions(timeout: .milliseconds(50)))
            }
        }
    }

    @Test func cancellingTheTaskCancelsTheHandler() async throws {
        try await withServer { client in
            let before = cancelled.load(ordering: .relaxed)
            let startedBefore = started.load(ordering: .relaxed)
            let task = Task { try await client.unary(hang, ProtobufEmpty()) }
            while started.load(ordering: .relaxed) == startedBefore { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            let error = await #expect(throws: GRPCStatus.self) { try await task.value }
            #expect(error?.code == .cancelled)
            for _ in 0..<100 where cancelled.load(ordering: .relaxed) == before {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(cancelled.load(ordering: .relaxed) > before)
        }
    }

    @Test func manyCallsAtOnceOnOneConnection() async throws {
        try await withServer { client in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<500 {
                    group.addTask {
                        let request = ProtobufAny(typeURL: String(number), value: [])
                        return try await client.unary(echo, request) == request
                    }
                }
                for try await same in group { #expect(same) }
            }
        }
    }

    @Test func aServerThatIsAwayIsToldAndFoundWhenItIsBack() async throws {
        let path = "/tmp/grpc-tests-\(getpid())-away.sock"
        let client = GRPCClient(address: path)
        let error = await #expect(throws: GRPCStatus.self) { try await client.unary(echo, ProtobufAny()) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("no such file or directory") == true)
        for _ in 0..<3 {
            let server = GRPCServer(router())
            try await server.listen(unixPath: path)
            let answer = try await client.unary(echo, ProtobufAny(typeURL: "a", value: []))
            #expect(answer.typeURL == "a")
            await server.shutdown()
        }
        await client.close()
        unlink(path)
    }
}
