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
    /// The container's process: its filter leaves calls to an agent, which needs the descriptor of this number.
    static let listener = UInt8(ascii: "L")
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

    /// Sends a message. The other side may have ended already: then `receive` tells what it said before.
    func send(_ kind: UInt8, _ text: String = "") throws(SystemCallError) {
        let bytes = [kind] + Array(text.utf8.prefix(32000))
        let number = socket.number
        do throws(SystemCallError) {
            try checked("send") { CLinux.send(number, bytes, bytes.count, Int32(truncatingIfNeeded: MSG_NOSIGNAL)) }
        } catch {
            if error.number != EPIPE && error.number != ECONNRESET { throw error }
        }
    }

    /// Tells the runtime the number of a filter's listener, and waits until the agent has it. Only with write(2), which
    /// no filter leaves to an agent.
    func handOver(_ listener: Int32) throws(SystemCallError) {
        let bytes = [Message.listener] + Array(String(listener).utf8)
        let number = socket.number
        try checked("write") { write(number, bytes, bytes.count) }
        var answer: UInt8 = 0
        try checked("read") { read(number, &answer, 1) }
        close(listener)
        if answer != Message.proceed { throw SystemCallError(number: ECANCELED, operation: "seccomp") }
    }

    /// The next message; nil when the other side is gone.
    func receive() throws(SystemCallError) -> (kind: UInt8, text: String)? {
        var bytes = [UInt8](repeating: 0, count: 32768)
        let number = socket.number
        let count = bytes.count
        var received = recv(number, &bytes, count, 0)
        // The other side ended without hearing everything: what it has said before is there all the same.
        while received < 0 && (cl_errno() == EINTR || cl_errno() == ECONNRESET) {
            received = recv(number, &bytes, count, 0)
        }
        if received < 0 { throw SystemCallError(number: cl_errno(), operation: "recv") }
        if received <= 0 { return nil }
        return (bytes[0], String(decoding: bytes[1..<received], as: UTF8.self))
    }
}
