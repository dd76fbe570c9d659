internal import CLinux
internal import GoText
public import Linux

/// Why a cgroup could not be made, changed or read: words for the user.
public struct CgroupFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public let message: String
    /// The errno behind it; 0: none.
    let number: Int32

    public init(_ message: String, number: Int32 = 0) {
        self.message = message
        self.number = number
    }
    public init(_ error: SystemCallError) { self.init(error.description, number: error.number) }

    /// Whether this user may not do it.
    var isDenial: Bool { number == EPERM || number == EACCES || number == EROFS }
    public var description: String { message }
}

/// Writes one cgroup file, with the failure as runc words it.
func put(_ text: String, _ directory: String, _ file: String) throws(CgroupFailure) {
    let path = directory + "/" + file
    do throws(SystemCallError) {
        try Files.put(text, into: path)
    } catch {
        if error.operation == "open" { throw CgroupFailure(error) }
        throw CgroupFailure(
            "failed to write " + goQuoted(text) + ": write " + path + ": " + error.reason, number: error.number)
    }
}

/// Reads one cgroup file without its last new line; nil when it is not there.
func get(_ directory: String, _ file: String) -> String? {
    // A file that is not there is a kernel without this feature: the caller decides.
    guard var bytes = try? Files.read(directory + "/" + file) else { return nil }
    if bytes.last == 10 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
}
