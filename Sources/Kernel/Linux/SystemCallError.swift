internal import CLinux

/// A system call that failed: what was attempted, on what, and why (errno(3)).
public struct SystemCallError: Error, Equatable, Sendable, CustomStringConvertible {
    /// errno, read in the same expression as the call.
    public let number: Int32
    /// The call's name, as its manual page has it.
    public let operation: String
    /// The path, name or process it was about; empty when there is none.
    public let subject: String

    public init(number: Int32, operation: String, subject: String = "") {
        self.number = number
        self.operation = operation
        self.subject = subject
    }

    /// The C library's words for the number ("no such file or directory"), in lower case as Go prints them.
    public var reason: String { errorText(number) }

    /// As Go's `PathError` prints: `open /a/b: no such file or directory`.
    public var description: String {
        subject.isEmpty ? operation + ": " + reason : operation + " " + subject + ": " + reason
    }
}

/// strerror(3) with a lower-case first letter, as Go's `syscall.Errno` prints it.
public func errorText(_ number: Int32) -> String {
    let text = String(cString: cl_strerror(number))
    guard let first = text.utf8.first, first >= 65, first <= 90 else { return text }
    // An abbreviation keeps its capitals ("RFS specific error").
    let second = text.utf8.dropFirst().first ?? 0
    if second >= 65 && second <= 90 { return text }
    return String(decoding: [first + 32], as: UTF8.self) + String(decoding: Array(text.utf8.dropFirst()), as: UTF8.self)
}

/// Runs a call that answers -1 on failure, repeats it on EINTR, and reads errno at once.
@discardableResult @inline(__always)
public func checked<Answer: SignedInteger>(
    _ operation: String, _ subject: String = "", _ call: () -> Answer
) throws(SystemCallError) -> Answer {
    while true {
        let answer = call()
        if answer != -1 { return answer }
        let number = cl_errno()
        if number != EINTR { throw SystemCallError(number: number, operation: operation, subject: subject) }
    }
}
