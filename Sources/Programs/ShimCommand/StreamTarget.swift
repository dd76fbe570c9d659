internal import CLinux
internal import Linux

/// What an output's name means: a plain path is a fifo, a URI says its kind.
enum StreamTarget: Equatable {
    case none
    case fifo(String)
    case file(String)
    /// A logging program, and what its URI gives it as arguments.
    case program(String, [String])
    case unknown(String)

    init(_ name: String) {
        let bytes = Array(name.utf8)
        guard !bytes.isEmpty else {
            self = .none
            return
        }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[0] != UInt8(ascii: "/"),
            bytes.count > colon + 2, bytes[colon + 1] == 47, bytes[colon + 2] == 47
        else {
            self = .fifo(name)
            return
        }
        let scheme = String(decoding: bytes[0..<colon], as: UTF8.self)
        let rest = bytes[(colon + 3)...]
        let mark = rest.firstIndex(of: UInt8(ascii: "?"))
        let path = StreamTarget.decoded(rest[..<(mark ?? rest.endIndex)])
        switch scheme {
        case "fifo": self = .fifo(path)
        case "file": self = .file(path)
        case "binary": self = .program(path, mark.map { StreamTarget.arguments(rest[($0 + 1)...]) } ?? [])
        default: self = .unknown(scheme)
        }
    }

    /// `k=v&k2=v2` as the arguments k v k2 v2.
    private static func arguments(_ query: ArraySlice<UInt8>) -> [String] {
        var all: [String] = []
        for pair in query.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1)
            all.append(decoded(parts[0]))
            if parts.count > 1 { all.append(decoded(parts[1])) }
        }
        return all
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String {
        var out: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.endIndex,
                let value = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                out.append(value)
                index += 3
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

/// A logging program: it reads the container's output from descriptors 3 and 4, and says on 5 that it is ready.
enum LoggingProgram {
    /// Starts it and waits until it is ready. Returns the writing ends for the container; the caller closes them.
    static func start(_ path: String, _ arguments: [String], id: String, namespace: String)
        throws(SystemCallError) -> (stdout: Int32, stderr: Int32)
    {
        let output = try Pipe()
        let errors = try Pipe()
        let ready = try Pipe()
        var program = Spawn(
            path, [path] + arguments,
            environment: Process.environment + ["CONTAINER_ID=" + id, "CONTAINER_NAMESPACE=" + namespace])
        program.descriptors = [-1, -1, -1, output.reader.number, errors.reader.number, ready.writer.number]
        _ = try program.start()
        let (reader, writer) = try ready.split()
        close(writer)
        defer { close(reader) }
        var poll = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
        // It closes its end, or writes to it, when it is ready; one that says nothing must not hold the shim for ever.
        if CLinux.poll(&poll, 1, 10_000) <= 0 {
            throw SystemCallError(number: ETIMEDOUT, operation: "start logging program", subject: path)
        }
        let out = try output.split()
        let err = try errors.split()
        close(out.reader)
        close(err.reader)
        return (out.writer, err.writer)
    }
}
