internal import CLinux
internal import GoText
internal import Linux

/// The shim's messages, which containerd reads from the fifo `log` in the bundle. A message that cannot be taken at
/// once is lost: nothing may stall the shim.
final class ShimLog {
    private let descriptor: Int32
    private let debugs: Bool
    private let id: String

    /// Opens the fifo both ways, so that a reader that goes and comes back finds it open.
    init(fifo path: String, id: String, debug: Bool) throws(SystemCallError) {
        descriptor = try Descriptor.open(path, O_RDWR | O_NONBLOCK).release()
        debugs = debug
        self.id = id
    }

    func warn(_ message: String) { write("warning", message) }
    func error(_ message: String) { write("error", message) }
    func debug(_ message: String) { if debugs { write("debug", message) } }

    private func write(_ level: String, _ message: String) {
        var text: [UInt8] = Array(
            ("time=\"" + Timestamp(WallClock.now).fixedWidth + "\" level=" + level + " msg=\"").utf8)
        for byte in message.utf8 {
            if byte == 34 || byte == 92 { text.append(92) }
            text.append(byte == 10 ? 32 : byte)
        }
        text.append(contentsOf: ("\" id=" + id + "\n").utf8)
        _ = text.withUnsafeBytes { CLinux.write(descriptor, $0.baseAddress, $0.count) }
    }
}
