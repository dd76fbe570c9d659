import ContainerLogs
import Synchronization
import Testing

@testable import Engine

private func push(_ text: String, _ stream: LogStream, to queue: OutputQueue) -> Bool {
    Array(text.utf8).withUnsafeBytes { queue.push($0, stream) }
}

@Test func allThatWaitsIsTakenAtOnceInFrames() async {
    let queue = OutputQueue(streams: [.stdout, .stderr], isFramed: true) {}
    #expect(push("one", .stdout, to: queue))
    #expect(push("two!", .stderr, to: queue))
    queue.end()
    let frames: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 3] + "one".utf8 + [2, 0, 0, 0, 0, 0, 0, 4] + "two!".utf8
    #expect(await queue.next() == frames)
    #expect(await queue.next() == nil)
}

@Test func aStreamNobodyAskedForIsLeftOutAndOneWithoutFramesIsBare() async {
    let queue = OutputQueue(streams: [.stdout], isFramed: false) {}
    #expect(push("no", .stderr, to: queue))
    async let first = queue.next()
    while !push("a", .stdout, to: queue) {}
    #expect(await first == Array("a".utf8))
}

@Test func aSlowClientHoldsTheProcessBackUntilItHasTaken() async {
    let resumed = Mutex(0)
    let queue = OutputQueue(streams: [.stdout], isFramed: true) { resumed.withLock { $0 += 1 } }
    let piece = String(repeating: "x", count: 1000)
    var pushed = 1
    while push(piece, .stdout, to: queue) { pushed += 1 }
    #expect(pushed < 600 && !queue.hasRoom)
    #expect(await queue.next()?.count == pushed * 1008)
    #expect(queue.hasRoom && resumed.withLock { $0 } == 1)
}
