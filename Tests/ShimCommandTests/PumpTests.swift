import CLinux
import Linux
import Testing

@testable import ShimCommand

/// Bytes that a dropped, repeated or swapped piece would show in.
private func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) } }

/// Both ends of a pipe that never blocks.
private func ends() throws -> (reader: Int32, writer: Int32) {
    let pipe = try Pipe()
    try pipe.reader.setNonBlocking()
    try pipe.writer.setNonBlocking()
    return try pipe.split()
}

/// Sends bytes through a pump, so many a write, to a reader that rests after each read, in milliseconds.
private func carried(_ bytes: [UInt8], pieces: Int, rest: Int) throws -> [UInt8] {
    let loop = try EventLoop()
    let source = try ends()
    let target = try ends()
    var sent = 0
    try loop.watch(source.writer, .writable) { _ in
        let end = min(sent + pieces, bytes.count)
        sent += max(0, bytes.withUnsafeBytes { write(source.writer, $0.baseAddress.map { $0 + sent }, end - sent) })
        guard sent == bytes.count else { return }
        loop.forget(source.writer)
        close(source.writer)
    }
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    func take() {
        let count = read(target.reader, &buffer, buffer.count)
        if count == 0 { return loop.stop() }
        if count > 0 { all += buffer[..<count] }
        if rest > 0 { loop.after(milliseconds: rest, take) }
    }
    if rest > 0 { take() } else { try loop.watch(target.reader, .readable) { _ in take() } }
    try Pump(from: source.reader, to: target.writer, on: loop).start()
    try loop.run()
    close(target.reader)
    return all
}

// One after the other: all pumps of a process share one buffer, for a shim has one thread.
@Test(.serialized, arguments: [(4096, 0), (100, 0), (65536, 0), (4096, 1), (1 << 20, 1)])
func aFastStreamArrivesWholeAndInOrder(_ pieces: Int, _ rest: Int) throws {
    let bytes = pattern(3_000_001)
    #expect(try carried(bytes, pieces: pieces, rest: rest) == bytes)
}
