internal import CLinux
internal import Linux

/// A program beside this one that is asked something: it reads all of its standard input, answers and ends. Plugins
/// are asked for their metadata so, and credential helpers for secrets.
struct OutsideProgram {
    /// With a slash, or looked for on PATH.
    let path: String
    let arguments: [String]
    var environment: [String]?
    /// Where its standard error goes; -1: nowhere.
    var errors: Int32 = -1

    /// Runs it to its end. Both streams are files in memory, so that neither side ever waits for the other.
    func ask(_ input: [UInt8] = []) throws(SystemCallError) -> (answer: [UInt8], ending: ExitStatus) {
        let question = try Self.memory()
        try question.writeAll(input)
        try checked("lseek") { Int32(truncatingIfNeeded: lseek(question.number, 0, SEEK_SET)) }
        let answer = try Self.memory()
        var spawn = Spawn(path, [path] + arguments, environment: environment)
        spawn.descriptors = [question.number, answer.number, errors]
        let ending = try spawn.run()
        try checked("lseek") { Int32(truncatingIfNeeded: lseek(answer.number, 0, SEEK_SET)) }
        return (try answer.readAll(), ending)
    }

    private static func memory() throws(SystemCallError) -> Descriptor {
        Descriptor(owning: try checked("memfd_create") { cl_memfd_create("docker", 1 /* MFD_CLOEXEC */) })
    }
}

extension ExitStatus {
    /// In the words of Go's os/exec.
    var words: String {
        switch self {
        case .exited(let status): "exit status " + String(status)
        case .signaled(let signal): "signal: " + (strsignal(signal).map { String(cString: $0).lowercased() } ?? "")
        }
    }
}
