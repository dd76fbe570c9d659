internal import CLinux
internal import Linux

/// What the command line and the environment ask of init.
struct Options {
    var becomesSubreaper = false
    /// Signal to receive when the parent dies; 0: none.
    var parentDeathSignal: Int32 = 0
    /// 0: only fatal errors; 1: warnings; 2: information; 3: debugging; 4: traces.
    var verbosity = 1
    var warnsOnReap = false
    /// Send what arrives to the child's whole process group.
    var signalsGroup = false
    /// Exit statuses of the child that become 0.
    var remapped = [Bool](repeating: false, count: 256)
    /// The program to run and its arguments.
    var command: [String] = []

    /// What parsing came to, when it is no command to run.
    enum Refusal: Error, Equatable {
        case version
        case help
        case license
        /// A fatal message to print.
        case fatal(String)
        /// getopt's complaint (without the program's name), then the help on standard error.
        case usage(String)
        /// The help on standard error: no program was named.
        case noProgram
    }

    init() {}

    /// Reads the arguments after the program's name. Options and arguments may stand in any order up to `--`, as with
    /// getopt(3), unless POSIXLY_CORRECT is set.
    init(_ arguments: [String], permuting: Bool = true) throws(Refusal) {
        if arguments.count == 1 && arguments[0].utf8.elementsEqual("--version".utf8) { throw .version }
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if argument.utf8.elementsEqual("--".utf8) {
                command += arguments[index...]
                break
            }
            let bytes = Array(argument.utf8)
            guard bytes.count > 1, bytes[0] == UInt8(ascii: "-") else {
                command.append(argument)
                if permuting { continue }
                command += arguments[index...]
                break
            }
            if try take(bytes, next: index < arguments.count ? arguments[index] : nil) { index += 1 }
        }
        if command.isEmpty { throw .noProgram }
    }

    /// Reads one bundle of letters ("-sv", "-eN"); true when `next` was the value of the last one.
    private mutating func take(_ bytes: [UInt8], next: String?) throws(Refusal) -> Bool {
        var position = 1
        while position < bytes.count {
            let letter = bytes[position]
            position += 1
            switch letter {
            case UInt8(ascii: "h"): throw .help
            case UInt8(ascii: "l"): throw .license
            case UInt8(ascii: "s"): becomesSubreaper = true
            case UInt8(ascii: "v"): verbosity += 1
            case UInt8(ascii: "w"): warnsOnReap = true
            case UInt8(ascii: "g"): signalsGroup = true
            case UInt8(ascii: "p"), UInt8(ascii: "e"):
                if position < bytes.count {
                    try set(letter, String(decoding: bytes[position...], as: UTF8.self))
                    return false
                }
                guard let next else { throw .usage("option requires an argument -- '" + text(letter) + "'") }
                try set(letter, next)
                return true
            default: throw .usage("invalid option -- '" + text(letter) + "'")
            }
        }
        return false
    }

    private mutating func set(_ letter: UInt8, _ value: String) throws(Refusal) {
        if letter == UInt8(ascii: "p") {
            guard let signal = signalNumber(value) else { throw .fatal("Not a valid option for -p: " + value) }
            parentDeathSignal = signal
        } else {
            guard let status = value.isEmpty ? 0 : Int(value), status >= 0, status < 256 else {
                throw .fatal("Not a valid option for -e: " + value)
            }
            remapped[status] = true
        }
    }

    /// Adds what the environment asks.
    mutating func readEnvironment() {
        if Process.environment("TINI_SUBREAPER") != nil { becomesSubreaper = true }
        if Process.environment("TINI_KILL_PROCESS_GROUP") != nil { signalsGroup = true }
        if let text = Process.environment("TINI_VERBOSITY") { verbosity = Int(atoi(text)) }
    }

    private func text(_ byte: UInt8) -> String { String(decoding: [byte], as: UTF8.self) }
}

/// The signals that -p knows.
private let signals: [(StaticString, Int32)] = [
    ("SIGHUP", SIGHUP),
    ("SIGINT", SIGINT),
    ("SIGQUIT", SIGQUIT),
    ("SIGILL", SIGILL),
    ("SIGTRAP", SIGTRAP),
    ("SIGABRT", SIGABRT),
    ("SIGBUS", SIGBUS),
    ("SIGFPE", SIGFPE),
    ("SIGKILL", SIGKILL),
    ("SIGUSR1", SIGUSR1),
    ("SIGSEGV", SIGSEGV),
    ("SIGUSR2", SIGUSR2),
    ("SIGPIPE", SIGPIPE),
    ("SIGALRM", SIGALRM),
    ("SIGTERM", SIGTERM),
    ("SIGCHLD", SIGCHLD),
    ("SIGCONT", SIGCONT),
    ("SIGSTOP", SIGSTOP),
    ("SIGTSTP", SIGTSTP),
    ("SIGTTIN", SIGTTIN),
    ("SIGTTOU", SIGTTOU),
    ("SIGURG", SIGURG),
    ("SIGXCPU", SIGXCPU),
    ("SIGXFSZ", SIGXFSZ),
    ("SIGVTALRM", SIGVTALRM),
    ("SIGPROF", SIGPROF),
    ("SIGWINCH", SIGWINCH),
    ("SIGSYS", SIGSYS),
]

/// The number of a signal by its full name ("SIGKILL"); nil when -p does not know it.
func signalNumber(_ name: String) -> Int32? {
    for (known, number) in signals {
        let bytes = UnsafeBufferPointer(start: known.utf8Start, count: known.utf8CodeUnitCount)
        if name.utf8.elementsEqual(bytes) { return number }
    }
    return nil
}
