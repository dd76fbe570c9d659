internal import ByteStream
internal import ContainerdClient
internal import Flags
internal import GRPC
internal import GoText
internal import JSON
internal import Linux
internal import OCIImage

/// Why a command ended badly, as the person who ran it reads it.
enum CtrError: Error {
    /// "ctr: " and these words, status 1.
    case message(String)
    /// This status, without a word: a container's own exit status.
    case exit(Int32)
    /// The command's help on standard output, then the words if there are any; a wrong call.
    case help(String?)

    /// Words that end in the kind of the error, as containerd's own errors do.
    static func invalid(_ text: String) -> CtrError { .message(text + ": invalid argument") }
}

/// The words for whatever a command threw.
func words(_ error: any Error) -> String {
    switch error {
    case CtrError.message(let text): text
    case let error as GRPCStatus: error.containerdText
    case let error as SystemCallError: error.description
    case let error as StreamError: error.message
    case let error as JSON.Failure: error.message
    case let error as UsageError: error.message
    case let error as ReferenceError: error.message
    case let error as EditFailure: error.description
    case is CancellationError: "context canceled"
    default: String(describing: error)
    }
}

/// Runs `body`; what it throws is told after these words.
func explaining<Answer>(_ what: String, _ body: () async throws -> Answer) async throws -> Answer {
    do { return try await body() } catch { throw CtrError.message(what + ": " + words(error)) }
}

extension GRPCStatus {
    /// The thing asked for is not there.
    var isNotFound: Bool { code == .notFound }
}

/// One line of a log on standard error, as logrus writes it where nobody watches.
func log(_ level: String, _ message: String, _ fields: [(String, String)] = []) {
    var line = "time=" + logValue(Timestamp.now.wholeSeconds) + " level=" + level + " msg=" + logValue(message)
    for (name, value) in fields { line += " " + name + "=" + logValue(value) }
    Console.error(line + "\n")
}
