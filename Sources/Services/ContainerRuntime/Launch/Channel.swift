internal import CLinux
internal import Linux

/// What the two sides of a start say to each other, each message one packet.
enum Message {
    /// The container's process: a failure while the container is set up.
    static let failure = UInt8(ascii: "E")
    /// The container's process: a failure once it is set up, reported without a preface.
    static let refusal = UInt8(ascii: "X")
    /// The container's process: mounts are made, run the hooks.
    static let hooks = UInt8(ascii: "H")
    /// The container's process: ready to run the program.
    static let ready = UInt8(ascii: "R")
    /// The intermediate process: the container's process has this pid.
    static let child = UInt8(ascii: "P")
    /// The runtime: go on.
    static let proceed = UInt8(ascii: "G")
}

/// One end of the pair of sockets between the runtime and the container's process. Closed by exec.
struct Channel: ~Copyable {
    let socket: Descriptor

    static func pair() throws(SystemCallError) -> (runtime: Int32, container: Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        try checked("socketpair") { socketpair(AF_UNIX, kind, 0, &ends) }
        return (ends[0], ends[1])
    }

    init(owning number: Int32) { socket = Descriptor(owning: number) }

    func send(_ kind: UInt8, _ text: String = "") throws(SystemCallError) {
        let bytes = [kind] + Array(text.utf8.prefix(32000))
        let number = socket.number
        try checked("send") { CLinux.send(number, bytes, bytes.count, Int32(truncatingIfNeeded: MSG_NOSIGNAL)) }
    }

    /// The next message; nil when the other side is gone.
    func receive() throws(SystemCallError) -> (kind: UInt8, text: String)? {
        var bytes = [UInt8](repeating: 0, count: 32768)
        let number = socket.number
        let count = bytes.count
        let received = try checked("recv") { recv(number, &bytes, count, 0) }
        if received <= 0 { return nil }
        return (bytes[0], String(decoding: bytes[1..<received], as: UTF8.self))
    }
}
